"""Errors as problem details (RFC 9457): the cause, and a hint how to fix it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, TypeAlias

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match, Mount

from splicedex.search.query.nodes import QueryError
from splicedex.splice.errors import UnavailableError, UserError

Responses: TypeAlias = dict[int | str, dict[str, Any]]
"""Responses of a route by status, in the format of FastAPI."""

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
MEDIA_TYPE = "application/problem+json"
HINTS = {
    401: "send the token as 'Authorization: Bearer TOKEN' or 'X-API-Key: TOKEN'",
    400: "correct the request",
    404: "check the URL against /openapi.json",
    405: "use a method that the Allow header lists",
    408: "send it faster",
    413: "send less, or serve with a larger --max-upload-mb",
    500: "try again; if it fails again, see the server's log",
}


class Problem(BaseModel):
    """Problem details of an error (RFC 9457)."""

    type: str = Field("about:blank", description="Kind of problem, as a URI.")
    title: str = Field(description="The name of the status.", examples=["Bad Request"])
    status: int = Field(description="HTTP status.", examples=[400])
    detail: str = Field(
        description="The cause of the error.", examples=["query, character 1: a quote ..."]
    )
    hint: str = Field(description="What to do about it.", examples=["add another '\"'"])
    at: int | None = Field(
        None, description="Offset of the character in the query, from 0.", examples=[0]
    )
    query: str | None = Field(None, description="The query that `at` points into.")


class ProblemError(UserError):
    """An error of the user that has its own HTTP status.

    Args:
        status: HTTP status.
        cause: What is wrong.
        hint: What to do about it.
        headers: Headers of the response.
    """

    def __init__(
        self, status: int, cause: str, hint: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(cause, hint)
        self.status = status
        self.headers = dict(headers or {})


def answer(
    status: int,
    cause: str,
    hint: str,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> JSONResponse:
    """A response with problem details.

    Args:
        status: HTTP status.
        cause: What is wrong.
        hint: What to do about it.
        headers: Headers of the response.
        more: Further fields of `Problem`.
    """
    title = HTTPStatus(status).phrase
    problem = Problem(title=title, status=status, detail=cause, hint=hint, **more)
    return JSONResponse(
        problem.model_dump(exclude_none=True), status, dict(headers or {}), MEDIA_TYPE
    )


def responses(*statuses: int) -> Responses:
    """The errors of a route by status, for its OpenAPI description."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "model": Problem,
            "content": {MEDIA_TYPE: schema},
        }
        for status in statuses
    }


def install_handlers(app: FastAPI) -> None:
    """Make an application answer every error with problem details."""

    @app.exception_handler(UserError)
    async def _user_error(_: Request, error: UserError) -> JSONResponse:
        if isinstance(error, QueryError):
            return answer(400, error.cause, error.hint, at=error.at, query=error.query)
        if isinstance(error, UnavailableError):
            return answer(503, error.cause, error.hint, {"Retry-After": "10"})
        return answer(400, error.cause, error.hint)

    @app.exception_handler(ProblemError)
    async def _problem(_: Request, error: ProblemError) -> JSONResponse:
        return answer(error.status, error.cause, error.hint, error.headers)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        status = error.status_code
        hint = HINTS.get(status, "correct the request")
        headers = dict(error.headers or {})
        if status == 405:
            headers["Allow"] = ", ".join(sorted(_methods(app, request)))
        return answer(status, str(error.detail), hint, headers)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        return answer(422, f"{where}: {first['msg']}", "see /openapi.json for the parameters")

    @app.exception_handler(Exception)
    async def _unexpected(_: Request, error: Exception) -> JSONResponse:
        return answer(500, "the server failed", HINTS[500])


def _methods(app: FastAPI, request: Request) -> set[str]:
    """Methods of a path: those of all its routes, while the framework lists those of the first."""
    return {
        method
        for method in METHODS
        for route in app.routes
        if not isinstance(route, Mount)
        and route.matches({**request.scope, "method": method})[0] is Match.FULL
    } or {"GET"}

"""A route whose only input is a model of its URL parameters."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, get_args, get_origin

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from splicedex.api.http.service import service_of


class QueryRoute(APIRoute):
    """A route that reads its URL parameters as FastAPI does, in a quarter of the time.

    FastAPI looks at the types of all fields again for every request. The function of such a route
    has two parameters: the service, and `asked`, a model of the URL parameters. It returns a
    response.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The function that answers a request.

        Raises:
            RequestValidationError: The URL parameters are not valid.
        """
        [asked] = self.dependant.query_params
        model = asked.field_info.annotation
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
        lists = {name for name, one in model.model_fields.items() if _has_list(one.annotation)}

        async def handle(request: Request) -> Response:
            sent = request.query_params
            values = {name: sent.getlist(name) if name in lists else sent[name] for name in sent}
            try:
                read = model.model_validate(values)
            except ValidationError as error:
                found = error.errors(include_url=False)
                placed = [{**one, "loc": ("query", *one["loc"])} for one in found]
                raise RequestValidationError(placed) from error
            response: Response = await self.endpoint(service_of(request), read)
            return response

        return handle


def _has_list(kind: Any) -> bool:
    return get_origin(kind) is list or any(map(_has_list, get_args(kind)))

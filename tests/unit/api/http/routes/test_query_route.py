"""Routes that read their URL parameters themselves answer as FastAPI's do."""

from typing import Annotated
from urllib.parse import urlencode

import pytest
from fastapi import APIRouter, FastAPI, Query
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from splicedex.api.http.guard.problems import install_handlers
from splicedex.api.http.models import SearchRequest
from splicedex.api.http.routes.query_route import QueryRoute
from splicedex.api.http.service import Served

VALUES = st.sampled_from(
    [
        "",
        "0",
        "1",
        "20",
        "201",
        "-1",
        "1.5",
        "nan",
        "true",
        "maybe",
        "auto",
        "dog",
        "null",
        "ü",
        "+",
    ]
)
PARAMETERS = st.lists(
    st.tuples(st.sampled_from([*SearchRequest.model_fields, "unknown"]), VALUES), max_size=6
)


def client_of(kind: type[APIRoute]) -> TestClient:
    router = APIRouter(route_class=kind)

    @router.get("/echo")
    async def echo(_: Served, asked: Annotated[SearchRequest, Query()]) -> JSONResponse:
        return JSONResponse(asked.model_dump())

    app = FastAPI()
    app.state.service = None
    install_handlers(app)
    app.include_router(router)
    return TestClient(app)


@pytest.fixture(scope="module")
def clients() -> list[TestClient]:
    return [client_of(APIRoute), client_of(QueryRoute)]


@given(sent=PARAMETERS)
def test_answers_and_errors_are_those_of_fastapi(clients, sent):
    usual, ours = (client.get(f"/echo?{urlencode(sent)}") for client in clients)
    assert ours.status_code == usual.status_code
    assert ours.json() == usual.json()


def test_the_description_is_that_of_fastapi(clients):
    usual, ours = (client.get("/openapi.json").json() for client in clients)
    assert ours == usual

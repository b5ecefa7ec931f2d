import httpx
import pytest
from fastapi import FastAPI

from splicedex.api.http.guard.problems import MEDIA_TYPE, ProblemError, install_handlers
from splicedex.search.query.nodes import QueryError
from splicedex.splice.errors import UnavailableError, UserError

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


def application(error):
    app = FastAPI()
    install_handlers(app)

    @app.get("/")
    async def fail(number: int = 0):
        raise error

    @app.post("/")
    async def also():
        pass

    return app


async def ask(app, method="GET", path="/"):
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.request(method, path)


@pytest.mark.parametrize(
    ("error", "status", "more"),
    [
        (UserError("this is wrong", "do that"), 400, {}),
        (QueryError("(dog", 0, "not closed", "close it"), 400, {"at": 0, "query": "(dog"}),
        (ProblemError(404, "this is wrong", "do that"), 404, {}),
        (ProblemError(503, "busy", "wait", {"Retry-After": "2"}), 503, {}),
        (UnavailableError("the disk is away", "put it back"), 503, {}),
    ],
)
async def test_what_users_do_wrong_is_told(error, status, more):
    answer = await ask(application(error))
    assert answer.status_code == status
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert ("retry-after" in answer.headers) == (status == 503)
    told = answer.json()
    assert told["detail"] == error.cause
    assert told["hint"] == error.hint
    assert {key: told[key] for key in ("at", "query") if key in told} == more


async def test_what_we_do_wrong_tells_nothing():
    answer = await ask(application(RuntimeError("/home/me/secret")))
    assert answer.status_code == 500
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert "secret" not in answer.text


async def test_the_framework_s_errors_are_problems_too():
    app = application(None)
    for method, path, status in (("GET", "/x", 404), ("GET", "/?number=x", 422), ("PUT", "/", 405)):
        answer = await ask(app, method, path)
        assert answer.status_code == answer.json()["status"] == status
        assert answer.headers["content-type"] == MEDIA_TYPE
        assert answer.json()["hint"]
    assert answer.headers["allow"] == "GET, POST"

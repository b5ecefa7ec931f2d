import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from splicedex.api.http.guard.limits import JSON_BYTES, ROOM, BodyLimits

pytestmark = pytest.mark.anyio
MOST = 100_000


@pytest.fixture
def anyio_backend():
    return "asyncio"


async def size(request: Request):
    return JSONResponse(len(await request.body()))


APP = Starlette(routes=[Route("/", size, methods=["POST"])])
FORM = {"content-type": "multipart/form-data; boundary=x"}


async def post(content, headers, seconds=3600.0):
    transport = httpx.ASGITransport(BodyLimits(APP, MOST, seconds))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.post("/", content=content, headers=headers)


async def pieces(total):
    for start in range(0, total, 10_000):
        await asyncio.sleep(0)
        yield b"x" * min(10_000, total - start)


async def stalled():
    """A body of which the rest never comes."""
    yield b"x" * 10_000
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("headers", "most"),
    [({}, JSON_BYTES), ({"content-type": "text/plain"}, JSON_BYTES), (FORM, MOST + ROOM)],
)
@pytest.mark.parametrize("told", [True, False])
async def test_bodies_up_to_the_bound_pass(headers, most, told):
    def body(count):
        return b"x" * count if told else pieces(count)

    passed = await post(body(most), headers)
    assert (passed.status_code, passed.json()) == (200, most)
    refused = await post(body(most + 1), headers)
    assert refused.status_code == 413
    assert refused.headers["connection"] == "close"


async def test_slow_bodies_are_given_up():
    answer = await post(stalled(), FORM, seconds=0.05)
    assert answer.status_code == 408

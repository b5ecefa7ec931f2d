import hmac

import httpx
import pytest
from starlette.responses import PlainTextResponse

from splicedex.api.http.guard import security
from splicedex.api.http.guard.security import COOKIE, HEADERS, AccessControl, SecureHeaders

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


async def inside(scope, receive, send):
    await PlainTextResponse("inside")(scope, receive, send)


async def ask(app, path="/v1/info", method="GET", headers=(), host="localhost"):
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.request(method, path, headers=[("host", host), *headers])


@pytest.mark.parametrize(
    ("hosts", "host", "status"),
    [
        ((), "localhost", 200),
        ((), "LOCALHOST:8765", 200),
        ((), "127.0.0.1:1", 200),
        ((), "[::1]:8765", 200),
        ((), "10.0.0.7", 200),
        ((), "evil.example", 421),
        ((), "localhost.evil.example", 421),
        ((), "127.0.0.1.evil.example", 421),
        ((), "", 421),
        (("photos.example.org",), "Photos.Example.org:80", 200),
        (("photos.example.org",), "localhost", 200),
        (("photos.example.org",), "example.org", 421),
        (("*",), "anything", 200),
    ],
)
async def test_only_our_names_are_answered(hosts, host, status):
    assert (await ask(AccessControl(inside, None, hosts), host=host)).status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([], 200),
        ([("origin", "http://localhost")], 200),
        ([("origin", "https://localhost")], 200),
        ([("origin", "http://localhost:99")], 403),
        ([("origin", "null")], 403),
        ([("origin", "http://evil.example")], 403),
        ([("sec-fetch-site", "same-origin")], 200),
        ([("sec-fetch-site", "none")], 200),
        ([("sec-fetch-site", "same-site")], 403),
        ([("sec-fetch-site", "cross-site")], 403),
    ],
)
async def test_other_sites_pages_cannot_change_anything(headers, status):
    gate = AccessControl(inside, None, ())
    assert (await ask(gate, method="POST", headers=headers)).status_code == status
    assert (await ask(gate, method="GET", headers=headers)).status_code == 200


@pytest.mark.parametrize("token", ["a", "token", "päss wörd", "x" * 5000])
async def test_the_token_opens_by_header_or_cookie(token):
    gate = AccessControl(inside, token, ())
    coded = token.encode()
    assert (await ask(gate)).status_code == 401
    assert (await ask(gate, path="/healthz")).status_code == 200
    # Headers are bytes; servers hand them on as Latin-1, which is how a token is compared.
    if token.isascii():
        assert (await ask(gate, headers=[("authorization", b"Bearer " + coded)])).status_code == 200
        assert (await ask(gate, headers=[("x-api-key", coded)])).status_code == 200
        welcome = await ask(gate, path=f"/?token={token.replace(' ', '+')}")
        assert welcome.status_code == 303
        cookie = welcome.headers["set-cookie"].partition(";")[0]
        assert token not in cookie.partition("=")[2] or len(token) == 1
        assert (await ask(gate, headers=[("cookie", cookie)])).status_code == 200
        assert (await ask(gate, headers=[("cookie", cookie + "0")])).status_code == 401
    for wrong in (coded + b"x", coded[:-1] or b"z", b"x" * len(coded) + b"y"):
        assert (await ask(gate, headers=[("x-api-key", wrong)])).status_code == 401
    assert (await ask(gate, headers=[("cookie", f"{COOKIE}=")])).status_code == 401


async def test_comparing_takes_one_time(monkeypatch):
    """By construction: hashes of one length, compared by the function made for it."""
    compared = []

    def note(mine, theirs):
        compared.append((mine, theirs))
        return hmac.compare_digest(mine, theirs)

    class Noting:
        compare_digest = staticmethod(note)

    monkeypatch.setattr(security, "hmac", Noting)
    gate = AccessControl(inside, "token", ())
    for wrong in ("", "t", "toke", "token!", "x" * 9000):
        await ask(gate, headers=[("x-api-key", wrong or "-"), ("authorization", f"Bearer {wrong}")])
    assert compared
    assert {len(mine) for mine, _ in compared} == {len(theirs) for _, theirs in compared} == {64}


async def test_every_answer_carries_the_headers():
    answer = await ask(SecureHeaders(AccessControl(inside, None, ())))
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert answer.headers["cache-control"] == "no-store"
    refused = await ask(SecureHeaders(AccessControl(inside, "token", ())), path="/")
    assert {name: refused.headers[name] for name in HEADERS} == HEADERS

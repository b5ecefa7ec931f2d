"""Injection of headers, queries and scripts."""

from __future__ import annotations

import pytest

from tests.faults.strangers.wire import get, raw, status
from tests.serving import HOSTILE


def test_header_injection_goes_nowhere(server):
    for target in (
        "/v1/search?q=cat%0d%0aX-Injected:%20yes",
        "/?token=x%0d%0aSet-Cookie:%20a=b",
        "/static/%0d%0aX-Injected:%20yes",
        "/v1/images/%0d%0aX-Injected:yes",
    ):
        head = raw(server, get(target)).partition(b"\r\n\r\n")[0]
        assert b"\r\nx-injected" not in head.lower()
        assert b"set-cookie: a=b" not in head.lower()


@pytest.mark.parametrize(
    "query",
    [
        "'; DROP TABLE images; --",
        '{"must": []}',
        "path:../../* OR path:/etc/*",
        'label:{"$ne":null}',
        "(" * 3000,
        "cat" * 2000,
        "\0",
        "cat\u202e",
        "__proto__:x",
        "presence:1",
        "signature:*",
        "location:*",
        "dog^1e309",
        "*" * 500 + ":x",
        "path:" + "*a" * 200 + "b",
    ],
)
def test_query_injection_is_a_query_or_a_mistake(client, query):
    answer = client.get("/v1/search", params={"q": query})
    assert answer.status_code in {200, 400, 422}
    for hit in answer.json().get("hits", []):
        assert set(hit["columns"]) <= {"width", "height", "content_hash"}


@pytest.mark.parametrize(
    "request_",
    [
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nA" + b"a" * 1_000_000 + b": b\r\n\r\n",
        b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200,
    ],
)
def test_malformed_http_is_refused(server, request_):
    answer = raw(server, request_, wait=2)
    assert not answer or 400 <= status(answer) < 500


def test_script_in_names_and_queries_comes_back_as_json(client):
    script = "<script>alert(1)</script>"
    for answer in (
        client.get("/v1/search", params={"q": script}),
        client.get("/v1/search", params={"q": f'"{script}"'}),
        client.get(f"/v1/concepts/{script.replace('/', '%2f')}"),
        client.get("/" + script),
        client.get("/v1/search", params={"limit": 200}),
    ):
        assert answer.headers["content-type"] in {
            "application/json",
            "application/problem+json",
        }
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert any(hit["path"].endswith(HOSTILE) for hit in answer.json()["hits"])


def test_browsers_are_told_to_run_only_our_scripts(client):
    for path in ("/", "/v1/info", "/static/nothing.js", "/nowhere", "/openapi.json"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers

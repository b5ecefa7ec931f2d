"""Requests that pages of other sites send through a visitor's browser."""

from __future__ import annotations

import pytest

from tests.faults.strangers.wire import get, raw, status


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "127.0.0.1.nip.io"])
def test_requests_by_a_name_that_is_not_ours_are_refused(server, host):
    """DNS rebinding: the host name of another page that resolves to this machine."""
    assert status(raw(server, get("/v1/search?q=cat", host=host))) in {400, 421}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "localhost:80", "192.168.1.7"])
def test_requests_by_localhost_or_address_are_answered(server, host):
    assert status(raw(server, get("/v1/info", host=host))) == 200


def test_requests_from_another_sites_page_are_refused(client, server):
    body = {"q": "cat"}
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
    ):
        assert client.post("/v1/search", json=body, headers=headers).status_code == 403
    own = {"origin": server.url, "sec-fetch-site": "same-origin"}
    assert client.post("/v1/search", json=body, headers=own).status_code == 200


def test_no_other_site_may_read_the_answers(client):
    answer = client.get("/v1/info", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers
    preflight = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    asked = client.options("/v1/search", headers=preflight)
    assert "access-control-allow-origin" not in asked.headers

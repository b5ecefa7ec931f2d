"""A server that requires a token, and clients without one."""

from __future__ import annotations

import shutil

import httpx
import pytest

from tests.serving import serving

TOKEN = "correct horse battery staple"


@pytest.fixture(scope="module")
def guarded(index, folder, tmp_path_factory):
    """A server that requires a token."""
    copy = tmp_path_factory.mktemp("guarded") / "photos.idx"
    shutil.copytree(index, copy)
    with serving(copy, folder, "--token", TOKEN) as made:
        yield made


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer"},
        {"authorization": f"Basic {TOKEN}"},
        {"authorization": f"Bearer {TOKEN[:-1]}"},
        {"authorization": f"Bearer {TOKEN}x"},
        {"authorization": "Bearer " + "x" * 20_000},
        {"x-api-key": TOKEN.upper()},
        {"x-api-key": "é".encode("latin-1")},
        {"x-api-key": TOKEN, "authorization": "Bearer wrong"},
        {"cookie": f"splicedex={TOKEN}"},
        {"cookie": "splicedex=;;;=\x01"},
    ],
)
def test_none_or_another_is_refused_everywhere(guarded, headers):
    headers = [
        (key.encode(), value if isinstance(value, bytes) else value.encode("latin-1"))
        for key, value in headers.items()
    ]
    for path in (
        "/",
        "/v1/info",
        "/v1/search?q=cat",
        "/metrics",
        "/openapi.json",
        "/static/app.js",
        "/nowhere",
    ):
        with httpx.Client(base_url=guarded.url) as client:
            answer = client.get(path, headers=headers)
        assert answer.status_code in {400, 401}, path
    assert TOKEN not in answer.text


def test_the_right_one_opens_everything(guarded):
    for headers in ({"authorization": f"Bearer {TOKEN}"}, {"x-api-key": TOKEN}):
        assert httpx.get(f"{guarded.url}/v1/info", headers=headers).status_code == 200
    assert httpx.get(f"{guarded.url}/healthz").status_code == 200


def test_a_browser_is_let_in_by_a_cookie_that_scripts_cannot_read(guarded):
    with httpx.Client(base_url=guarded.url) as browser:
        assert browser.get("/", params={"token": TOKEN + "x"}).status_code == 401
        assert browser.get("/v1/info", params={"token": TOKEN}).status_code == 401
        welcome = browser.get("/", params={"token": TOKEN})
        assert (welcome.status_code, welcome.headers["location"]) == (303, "/")
        cookie = welcome.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert TOKEN not in cookie
        assert browser.get("/v1/info").status_code == 200

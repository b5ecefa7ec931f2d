from __future__ import annotations

import http.server
import logging
import threading

import pytest
from huggingface_hub import constants

import splicedex.splice.encoders.hub as hub
from splicedex.splice.encoders.hub import load_from_hub, load_local
from splicedex.splice.errors import UserError


class Handler(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_error(403)

    def log_message(self, *_: object) -> None:
        pass


class Loader:
    """Fails offline, as a client does whose cache lacks the model, and notes how it was asked."""

    def __init__(self, cached: bool) -> None:
        self.cached = cached
        self.asked_offline: list[bool] = []

    def __call__(self) -> str:
        self.asked_offline.append(constants.is_offline_mode())
        if constants.is_offline_mode() and not self.cached:
            raise RuntimeError("not in the cache")
        return "model"


@pytest.fixture(autouse=True)
def online(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)


def test_cache_is_used_without_asking_the_network(monkeypatch):
    monkeypatch.setattr(hub, "_reachable", lambda: pytest.fail("asked the network"))
    loader = Loader(cached=True)
    assert load_from_hub("m", loader) == "model"
    assert loader.asked_offline == [True]


def test_network_is_used_when_the_cache_fails(monkeypatch):
    monkeypatch.setattr(hub, "_reachable", lambda: True)
    loader = Loader(cached=False)
    level = logging.root.manager.disable
    assert load_from_hub("m", loader) == "model"
    assert loader.asked_offline == [True, False]
    assert logging.root.manager.disable == level


def test_a_user_who_is_offline_by_choice_stays_offline(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(hub, "_reachable", lambda: True)
    loader = Loader(cached=False)
    with pytest.raises(UserError, match="cannot be reached"):
        load_from_hub("m", loader)
    assert loader.asked_offline == [True]


def test_reachable_is_whatever_answers(monkeypatch):
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        assert hub._reachable()
        thread.join()
    assert not hub._reachable()


def test_failure_is_one_line():
    def fail() -> None:
        raise RuntimeError("size mismatch\nfor a hundred layers")

    with pytest.raises(UserError) as caught:
        load_local("m", fail)
    assert caught.value.cause == "cannot load m: size mismatch"

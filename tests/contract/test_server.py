"""The server engine alone: errors name the server, and the caller's client stays open."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from conftest import DIM, Points
from qdrant_client import QdrantClient

from splicedex.indexer.engines.server.connection import Connection
from splicedex.indexer.engines.server.engine import ServerEngine
from splicedex.splice.errors import UserError

Serve = Callable[[int, dict[str, str]], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server that gives the same response to every GET; returns its URL."""

    def start(status: int, answer: dict[str, str]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, *_: object) -> None:
                pass

        server = stack.enter_context(HTTPServer(("127.0.0.1", 0), Handler))
        stack.callback(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    with ExitStack() as stack:
        yield start


def test_server_that_is_away() -> None:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"

        with pytest.raises(UserError, match="no Qdrant server answers") as error:
            Connection(url, patience=0.1)

    assert url in error.value.cause


def test_server_that_refuses_the_key(serve: Serve) -> None:
    url = serve(401, {"error": "no"})

    with pytest.raises(UserError, match="refuses the API key") as error:
        Connection(url)

    assert url in error.value.cause


def test_server_too_old_for_weighted_fusion(serve: Serve) -> None:
    url = serve(200, {"title": "qdrant", "version": "1.16.3"})

    with pytest.raises(UserError, match=r"runs Qdrant 1\.16\.3; upgrade it to 1\.17 or later"):
        Connection(url)


def test_collection_is_made_once_and_opened_by_name() -> None:
    client = QdrantClient(":memory:")
    with ServerEngine.create(Connection(client), "photos", DIM) as engine:
        engine.upsert(Points(1).batch)

    with ServerEngine.create(Connection(client), "photos", DIM) as engine:
        assert engine.count() == 1
    with pytest.raises(UserError, match="already has another collection 'photos'"):
        ServerEngine.create(Connection(client), "photos", DIM + 1)
    with pytest.raises(UserError, match="has no collection 'phtos'"):
        ServerEngine.open(Connection(client), "phtos")
    with ServerEngine.open(Connection(client), "photos") as engine:
        assert engine.count() == 1


def test_given_client_stays_open() -> None:
    client = QdrantClient(":memory:")

    ServerEngine.create(Connection(client), "photos", DIM).close()

    assert client.collection_exists("photos")

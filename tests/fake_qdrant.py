"""A fake Qdrant server: the part of the REST API that we use, on the memory mode of the client.

The data outlive a stop, as a server's do; faults are put in between for the tests that need them.
Unlike the client's memory, and like a server, it leaves unit vectors as they are.
"""

from __future__ import annotations

import json
import re
import socket
import threading
import time
import warnings
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

import numpy as np
from pydantic import TypeAdapter
from qdrant_client import QdrantClient, models

from splicedex.indexer.engines.query import DENSE

VERSION = "1.18.0"

Fault = Literal["busy", "ill", "deaf", "mute", None]
"""Faults: 429 with Retry-After, 500, no response before or after doing the request."""


class FakeQdrant:
    """A server at a port of this machine.

    Args:
        api_key: Asked for, if given.
    """

    def __init__(self, api_key: str | None = None) -> None:
        self.api_key = api_key
        self.client = QdrantClient(":memory:")
        self.requests: list[tuple[str, str]] = []
        self.made: dict[str, dict[str, Any]] = {}
        self.fault: Callable[[str, str], Fault] = lambda method, path: None
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> FakeQdrant:
        """Start listening."""
        fake = self

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, *_: object) -> None:
                pass  # connections that we cut

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                key = self.headers.get("api-key")
                if fake._server is not self.server:
                    return self.cut()
                status, answer = fake.answer(self.command, self.path, body, key)
                if status == 0 or fake._server is not self.server:
                    return self.cut()
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                if status == 429:
                    self.send_header("Retry-After", "0")
                self.end_headers()
                self.wfile.write(content)
                return None

            def cut(self) -> None:
                self.close_connection = True
                self.connection.close()

            do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Stop listening, and do not answer running requests."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def answer(self, method: str, path: str, body: bytes, key: str | None) -> tuple[int, Any]:
        """Status and body of the response to a request; status 0 for no response."""
        path = path.partition("?")[0]
        if key != self.api_key:
            return 401, {"status": {"error": "Must provide an API key"}}
        with self._lock:
            self.requests.append((method, path))
            fault = self.fault(method, path)
            if fault == "busy":
                return 429, {"status": {"error": "Too many requests"}}
            if fault == "ill":
                return 500, {"status": {"error": "Service internal error"}}
            if fault == "deaf":
                return 0, None
            status, answer = self._do(method, path, json.loads(body) if body else {})
        return (0, None) if fault == "mute" else (status, answer)

    def _do(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        if (method, path) == ("GET", "/"):
            return 200, {"title": "qdrant - vector search engine", "version": VERSION}
        for verb, pattern, do in _ROUTES:
            found = re.fullmatch(pattern, path)
            if verb == method and found:
                name = found[1]
                there = self.client.collection_exists(name)
                if not there and do not in (_exists, _create):
                    return 404, {"status": {"error": f"Not found: Collection `{name}`"}}
                if there and do is _create:
                    return 409, {"status": {"error": f"Collection `{name}` already exists!"}}
                if do is _create:
                    self.made[name] = body
                result = do(self.client, name, body)
                return 200, {"result": _plain(result), "status": "ok", "time": 0.0}
        return 404, {"status": {"error": f"no {method} {path}"}}

    def ids(self, name: str) -> list[str]:
        """Ids of the points of a collection."""
        return sorted(str(one.id) for one in self.client.scroll(name, limit=10**6)[0])

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds."""
        while not condition():
            time.sleep(0.005)


def _exists(client: QdrantClient, name: str, _: Any) -> Any:
    return {"exists": client.collection_exists(name)}


def _create(client: QdrantClient, name: str, body: Any) -> bool:
    asked = models.CreateCollection(**body)
    vectors = asked.vectors or {}
    assert isinstance(vectors, dict)
    # With inner products of what we scale ourselves, the memory leaves vectors as they are.
    change = {"distance": models.Distance.DOT}
    dot = {key: one.model_copy(update=change) for key, one in vectors.items()}
    return client.create_collection(
        name, vectors_config=dot, sparse_vectors_config=asked.sparse_vectors
    )


def _get(client: QdrantClient, name: str, _: Any) -> Any:
    info = _plain(client.get_collection(name))
    for vector in info["config"]["params"]["vectors"].values():
        vector["distance"] = "Cosine"
    return info


def _upsert(client: QdrantClient, name: str, body: Any) -> Any:
    unless = body.pop("update_filter", None)
    if "batch" in body:
        points: Any = models.Batch(**body["batch"])
        if DENSE in points.vectors:
            points.vectors[DENSE] = [_unit(one) for one in points.vectors[DENSE]]
    else:
        points = [models.PointStruct(**one) for one in body["points"]]
        for point in points:
            if DENSE in point.vector:
                point.vector[DENSE] = _unit(point.vector[DENSE])
    return client.upsert(name, points, update_filter=models.Filter(**unless) if unless else None)


def _delete(client: QdrantClient, name: str, body: Any) -> Any:
    kind = models.PointIdsList if "points" in body else models.FilterSelector
    return client.delete(name, kind(**body))


def _set_payload(client: QdrantClient, name: str, body: Any) -> Any:
    (condition,) = models.Filter(**body["filter"]).must  # by number, as it scans for a filter
    there = [one.id for one in client.retrieve(name, condition.has_id, with_payload=False)]
    if there:  # an empty selection is refused here, and fine on a server
        client.set_payload(name, body["payload"], there)
    return {"operation_id": 0, "status": "completed"}


def _batch(client: QdrantClient, name: str, body: Any) -> Any:
    for change in body["operations"]:
        _set_payload(client, name, change["set_payload"])
    return [{"operation_id": 0, "status": "completed"}]


def _retrieve(client: QdrantClient, name: str, body: Any) -> Any:
    asked = models.PointRequest(**body)
    return client.retrieve(
        name, asked.ids, with_payload=asked.with_payload, with_vectors=asked.with_vector or False
    )


def _scroll(client: QdrantClient, name: str, body: Any) -> Any:
    asked = models.ScrollRequest(**body)
    points, following = client.scroll(
        name,
        scroll_filter=asked.filter,
        limit=asked.limit or 10,
        offset=asked.offset,
        with_payload=asked.with_payload,
        with_vectors=asked.with_vector or False,
    )
    return {"points": points, "next_page_offset": following}


def _count(client: QdrantClient, name: str, body: Any) -> Any:
    return client.count(name, count_filter=models.CountRequest(**body).filter)


def _query(client: QdrantClient, name: str, body: Any) -> Any:
    asked = models.QueryRequestBatch(**body).searches
    for one in asked:
        _scale(one)
    with warnings.catch_warnings(action="ignore"):  # it is always exact: we know
        return client.query_batch_points(name, asked)


def _facet(client: QdrantClient, name: str, body: Any) -> Any:
    asked = models.FacetRequest(**body)
    return client.facet(name, asked.key, facet_filter=asked.filter, limit=asked.limit or 10)


def _index(client: QdrantClient, name: str, body: Any) -> Any:
    schema = body["field_schema"]
    kind = schema["type"] if isinstance(schema, dict) else schema
    with warnings.catch_warnings(action="ignore"):  # it has no effect in memory: we know
        return client.create_payload_index(name, body["field_name"], kind)


def _nothing(*_: Any) -> bool:
    return True


_COLLECTION = "/collections/([^/]+)"
_ROUTES: list[tuple[str, str, Any]] = [
    ("GET", f"{_COLLECTION}/exists", _exists),
    ("PUT", _COLLECTION, _create),
    ("GET", _COLLECTION, _get),
    ("PATCH", _COLLECTION, _nothing),
    ("DELETE", _COLLECTION, lambda client, name, _: client.delete_collection(name)),
    ("PUT", f"{_COLLECTION}/points", _upsert),
    ("POST", f"{_COLLECTION}/points/delete", _delete),
    ("POST", f"{_COLLECTION}/points/payload", _set_payload),
    ("POST", f"{_COLLECTION}/points/batch", _batch),
    ("POST", f"{_COLLECTION}/points", _retrieve),
    ("POST", f"{_COLLECTION}/points/scroll", _scroll),
    ("POST", f"{_COLLECTION}/points/count", _count),
    ("POST", f"{_COLLECTION}/points/query/batch", _query),
    ("POST", f"{_COLLECTION}/facet", _facet),
    ("PUT", f"{_COLLECTION}/index", _index),
]


def _scale(request: Any) -> None:
    """Normalise the dense vectors of a query."""
    for part in request.prefetch or []:
        _scale(part)
    nearest = getattr(request.query, "nearest", request.query)
    if isinstance(nearest, list):
        request.query = _unit(nearest)


def _unit(vector: list[float]) -> list[float]:
    """As a server stores it: normalised, or unchanged if it already has length 1."""
    row = np.array(vector, np.float32)
    length = float(np.linalg.norm(row))
    if abs(length - 1) < 1e-6 or length == 0:
        return vector
    return list(map(float, row / np.float32(length)))


def _plain(result: Any) -> Any:
    return TypeAdapter(Any).dump_python(result, mode="json")

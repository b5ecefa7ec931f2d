"""Vectors are sent by gRPC if the server supports it, and come back unchanged."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import grpc
import numpy as np
import pytest
from conftest import DIM, Points

import splicedex.indexer.engines.server.connection
from splicedex.indexer.engines.server.connection import Connection
from splicedex.indexer.engines.server.engine import ServerEngine
from splicedex.splice.errors import UserError
from tests.fake_grpc import FakeGrpc
from tests.fake_qdrant import FakeQdrant


@pytest.fixture
def qdrant() -> Iterator[FakeQdrant]:
    """The REST API of a fake server."""
    fake = FakeQdrant().start()
    yield fake
    fake.stop()


@pytest.fixture
def bulk(qdrant: FakeQdrant, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGrpc]:
    """The gRPC API of the same fake server, set in the environment."""
    made = FakeGrpc(qdrant)
    monkeypatch.setenv("SPLICEDEX_GRPC_PORT", str(made.port))
    monkeypatch.setattr(splicedex.indexer.engines.server.connection, "FIRST_PAUSE", 0.001)
    with warnings.catch_warnings(action="ignore"):
        yield made
    made.stop()


def written(qdrant: FakeQdrant, points: Points) -> ServerEngine:
    engine = ServerEngine.create(Connection(qdrant.url, patience=5), "photos", DIM)
    engine.upsert(points.batch)
    return engine


def assert_whole(engine: ServerEngine, points: Points) -> None:
    fetched = engine.retrieve(points.ids, with_dense=True, with_concepts=True)
    for hits in (fetched, list(engine.scroll(with_dense=True, with_concepts=True, page=7))):
        assert [hit.id for hit in hits] == points.ids
        assert [hit.payload for hit in hits] == points.payloads
        for hit, dense, concepts in zip(hits, points.dense, points.concepts, strict=True):
            assert hit.dense is not None
            assert hit.concepts is not None
            np.testing.assert_allclose(hit.dense, dense / np.linalg.norm(dense), atol=1e-6)
            np.testing.assert_array_equal(hit.concepts.values, concepts[concepts > 0])


def test_vectors_go_by_grpc(qdrant: FakeQdrant, bulk: FakeGrpc) -> None:
    points = Points(30)
    with written(qdrant, points) as engine:
        assert_whole(engine, points)
        assert engine.count() == 30
    assert bulk.asked[:2] == ["List", "Upsert"]
    assert set(bulk.asked[2:]) == {"Get", "Scroll"}
    assert ("PUT", "/collections/photos/points") not in qdrant.requests


@pytest.mark.parametrize("port", ["0", "1"])
def test_where_there_is_no_grpc_rest_will_do(
    qdrant: FakeQdrant, monkeypatch: pytest.MonkeyPatch, port: str
) -> None:
    monkeypatch.setenv("SPLICEDEX_GRPC_PORT", port)
    points = Points(30)
    with written(qdrant, points) as engine:
        assert_whole(engine, points)
    assert ("PUT", "/collections/photos/points") in qdrant.requests


def test_a_server_on_this_machine_is_not_asked(qdrant: FakeQdrant) -> None:
    assert splicedex.indexer.engines.server.connection._grpc_port(qdrant.url) is None
    assert splicedex.indexer.engines.server.connection._grpc_port("http://localhost:6333") is None
    assert splicedex.indexer.engines.server.connection._grpc_port("http://qdrant:6333") == 6334
    assert splicedex.indexer.engines.server.connection._grpc_port("https://qdrant") == 6334
    assert splicedex.indexer.engines.server.connection._grpc_port("https://proxy:443") is None


def test_what_passes_is_asked_again(qdrant: FakeQdrant, bulk: FakeGrpc) -> None:
    codes = [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL]
    bulk.fault = lambda name: codes.pop() if name == "Upsert" and codes else None
    points = Points(3)
    with written(qdrant, points) as engine:
        assert_whole(engine, points)
    assert codes == []


def test_what_does_not_is_told(qdrant: FakeQdrant, bulk: FakeGrpc) -> None:
    refused = grpc.StatusCode.INVALID_ARGUMENT
    bulk.fault = lambda name: refused if name == "Upsert" else None
    with pytest.raises(UserError, match=r"refuses a request \(as asked for\)"):
        written(qdrant, Points(3))
    bulk.fault = lambda name: grpc.StatusCode.PERMISSION_DENIED if name == "Upsert" else None
    with pytest.raises(UserError, match="refuses the API key"):
        written(qdrant, Points(3))

"""The engines under contract: embedded, in-memory client, the same behind REST, and a real server.

Set QDRANT_URL (and QDRANT_API_KEY) to hold a real server to the contract; every engine made gets a
collection of its own there, deleted at the end.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qdrant_client import QdrantClient
from scipy.sparse import csr_array

from splicedex.indexer.engines.base import Batch, Engine
from splicedex.indexer.engines.edge.engine import EdgeEngine
from splicedex.indexer.engines.server.connection import Connection
from splicedex.indexer.engines.server.engine import ServerEngine
from tests.fake_qdrant import FakeQdrant

DIM = 8
CONCEPTS = 12
URL = os.environ.get("QDRANT_URL")

Make = Callable[[], Engine]


def pytest_configure(config: pytest.Config) -> None:
    """Hide warnings that the client's memory mode needs no indexes and searches exactly."""
    for message in ("Payload indexes have no effect", "Local mode performs exact"):
        config.addinivalue_line("filterwarnings", f"ignore:{message}:UserWarning")


def ids_of(count: int) -> list[str]:
    """Ids in the order of their numbers."""
    return [str(uuid.UUID(int=(number + 1) << 64)) for number in range(count)]


@dataclass
class Points:
    """Points without ties: dense (n, DIM) of any length, concepts (n, CONCEPTS), payloads."""

    count: int
    seed: int = 0
    ids: list[str] = field(init=False)
    dense: Any = field(init=False)
    concepts: Any = field(init=False)
    payloads: list[dict[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        self.ids = ids_of(self.count)
        self.dense = rng.normal(size=(self.count, DIM)).astype(np.float32)
        kept = rng.random((self.count, CONCEPTS)) < 0.3
        self.concepts = np.where(kept, rng.random(kept.shape) + 0.1, 0).astype(np.float32)
        self.concepts[::10] = 0
        self.payloads = [
            {"path": f"{row}.jpg", "row": row, "label": "abc"[row % 3]} for row in range(self.count)
        ]

    @property
    def batch(self) -> Batch:
        return Batch(self.ids, self.dense, csr_array(self.concepts), self.payloads)


@pytest.fixture(
    scope="module",
    params=[
        "edge",
        "memory",
        "rest",
        pytest.param(
            "server", marks=pytest.mark.skipif(URL is None, reason="needs a server in QDRANT_URL")
        ),
    ],
)
def make(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Make]:
    """Creates empty engines of one kind; closes them after the module."""

    def edge() -> Engine:
        return EdgeEngine.create(tmp_path_factory.mktemp("edge") / "points", DIM)

    def memory() -> Engine:
        return ServerEngine.create(Connection(QdrantClient(":memory:")), "photos", DIM)

    def rest() -> Engine:
        fake = FakeQdrant().start()
        stack.callback(fake.stop)
        return ServerEngine.create(Connection(fake.url), "photos", DIM)

    def server() -> Engine:
        name = f"contract-{uuid.uuid4()}"
        key = os.environ.get("QDRANT_API_KEY")
        client = QdrantClient(url=URL, api_key=key, timeout=60)
        stack.callback(client.delete_collection, name)
        return ServerEngine.create(Connection(client), name, DIM)

    with ExitStack() as stack:
        kinds = {"edge": edge, "memory": memory, "rest": rest, "server": server}
        yield lambda: stack.enter_context(kinds[request.param]())


@pytest.fixture
def engine(make: Make) -> Engine:
    """An empty engine."""
    return make()


@pytest.fixture(scope="module")
def points() -> Points:
    """Fifty points, as `full` holds them."""
    return Points(50)


@pytest.fixture(scope="module")
def full(make: Make, points: Points) -> Engine:
    """An engine that holds `points`, for tests that only read."""
    engine = make()
    engine.upsert(points.batch)
    return engine


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for an embedded engine."""
    return tmp_path / "points"

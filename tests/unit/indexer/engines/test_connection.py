from __future__ import annotations

import warnings

import pytest
from qdrant_client import QdrantClient

import splicedex.indexer.engines.server.connection
from splicedex.indexer.engines.server.connection import Connection, create_collection
from splicedex.splice.errors import UserError
from tests.fake_qdrant import FakeQdrant


@pytest.fixture
def qdrant(monkeypatch):
    monkeypatch.setattr(splicedex.indexer.engines.server.connection, "FIRST_PAUSE", 0.001)
    fake = FakeQdrant().start()
    with warnings.catch_warnings(action="ignore"):
        yield fake
    fake.stop()


def count(client):
    return client.count("photos").count


@pytest.fixture
def connection(qdrant):
    made = Connection(qdrant.url, patience=5)
    create_collection(made, "photos", vectors_config={})
    yield made
    made.close()


@pytest.mark.parametrize("fault", ["busy", "ill", "deaf", "mute"])
def test_asks_again_until_it_is_answered(qdrant, connection, fault):
    faults = [fault] * 4
    qdrant.fault = lambda *_: faults.pop() if faults else None
    assert connection.ask(count) == 0
    assert faults == []


def test_gives_up_in_the_end(qdrant, connection):
    impatient = Connection(qdrant.url, patience=0)
    qdrant.fault = lambda *_: "ill"
    with pytest.raises(UserError, match=r"no Qdrant server answers at .*500 Service"):
        impatient.ask(count)
    assert len(qdrant.requests) == len({*qdrant.requests}) + 1  # asked for its version twice


def test_says_once_that_it_waits(qdrant, connection):
    faults = ["deaf"] * 3
    qdrant.fault = lambda *_: faults.pop() if faults else None
    with pytest.warns(UserWarning, match="is away .* trying again"):
        connection.ask(count)


def test_does_not_ask_again_what_is_refused(qdrant, connection):
    qdrant.requests.clear()
    with pytest.raises(UserError, match=r"refuses a request \(404 Not found"):
        connection.ask(lambda client: client.count("others"))
    assert len(qdrant.requests) == 1


def test_a_collection_is_made_once(qdrant, connection):
    create_collection(connection, "photos", vectors_config={})
    assert len(qdrant.made) == 1


def test_what_is_not_qdrant(qdrant, monkeypatch):
    monkeypatch.setattr(qdrant, "_do", lambda *_: (200, ["hello"]))
    with pytest.raises(UserError, match="is no Qdrant"):
        Connection(qdrant.url)


def test_closed(qdrant, connection):
    connection.close()
    connection.close()
    with pytest.raises(RuntimeError, match="closed"):
        connection.ask(count)


def test_bugs_are_not_hidden():
    connection = Connection(QdrantClient(":memory:"))
    with pytest.raises(ZeroDivisionError):
        connection.ask(lambda _: 1 // 0)

"""Copies between folders and a server: complete, continued, refused."""

from __future__ import annotations

import pytest

import splicedex.indexer.maintenance.copy
from splicedex.indexer.engines.query import Match
from splicedex.indexer.maintenance.checksum import digest
from splicedex.indexer.maintenance.copy import checksum, copy_index
from splicedex.indexer.store.address import Collection, Folder
from splicedex.indexer.store.index import open_index
from splicedex.splice.errors import UserError
from tests.fake_qdrant import FakeQdrant
from tests.photos import make_embeddings, make_index, make_space

IMAGES = 45


@pytest.fixture
def address(tmp_path):
    """The address of an index of 45 photos."""
    space = make_space()
    make_index(tmp_path / "made", "edge", space, make_embeddings(space, IMAGES)).close()
    return Folder(tmp_path / "made" / "index")


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server; its collections are made by name."""
    monkeypatch.setenv("SPLICEDEX_CACHE", str(tmp_path / "cache"))
    fake = FakeQdrant().start()
    yield fake
    fake.stop()


def copied(address, target):
    with open_index(address) as index:
        return copy_index(index, target)


def contents(address):
    with open_index(address) as index:
        hits = index.engine.scroll(with_dense=True, with_concepts=True)
        return {hit.id: digest(hit) for hit in hits}, index.manifest, index.calibration.images


def test_copies_between_folder_and_server(address, server, tmp_path):
    there, back = Collection(server.url, "photos"), Folder(tmp_path / "back")
    on = Collection(server.url, "others")
    for source, target in (
        (address, there),
        (there, back),
        (there, on),
        (back, Folder(tmp_path / "b")),
    ):
        done = copied(source, target)
        assert (done.images, done.written) == (IMAGES, IMAGES)
        assert contents(target) == contents(address)
    with open_index(back) as index:
        cats = index.engine.count(Match("label", ("cat",)))
        assert dict(index.engine.facet("label"))["cat"] == cats == IMAGES / 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "back", "cache", "made"]


@pytest.mark.parametrize("kind", ["folder", "server"])
def test_a_copy_that_was_stopped_is_continued(address, server, tmp_path, monkeypatch, kind):
    target = Folder(tmp_path / "to") if kind == "folder" else Collection(server.url, "photos")
    monkeypatch.setattr(splicedex.indexer.maintenance.copy, "BLOCK", 16)

    def stop(done, total):
        assert total == IMAGES
        if done > 30:
            raise KeyboardInterrupt

    with open_index(address) as index, pytest.raises(KeyboardInterrupt):
        copy_index(index, target, on_progress=stop)
    with pytest.raises(UserError, match="holds no index"), open_index(target):
        pass
    done = copied(address, target)
    assert (done.images, done.written) == (IMAGES, IMAGES - 32)
    assert contents(target) == contents(address)


def test_a_complete_copy_is_not_written_again(address, server):
    there = Collection(server.url, "photos")
    first = copied(address, there)
    again = copied(address, there)
    assert (again.written, again.checksum) == (0, first.checksum)


def test_an_occupied_destination_is_refused(address, server, tmp_path):
    space = make_space()
    make_index(tmp_path / "less", "edge", space, make_embeddings(space, 5)).close()
    less = Folder(tmp_path / "less" / "index")
    with pytest.raises(UserError, match="holds another index"):
        copied(address, less)
    with pytest.raises(UserError, match="exists and is not an index"):
        copied(address, Folder(tmp_path / "less"))
    there = Collection(server.url, "photos")
    copied(address, there)
    server.client.delete_collection("photos.files")
    with pytest.raises(UserError, match=r"holds points that .* does not"):
        copied(less, there)


def test_a_copy_that_differs_does_not_become_an_index(address, server, monkeypatch):
    there = Collection(server.url, "photos")
    upsert = server._do

    def lossy(method, path, body):
        if (method, path) == ("PUT", "/collections/photos/points"):
            body["batch"]["payloads"][3]["label"] = "dog"
        return upsert(method, path, body)

    monkeypatch.setattr(server, "_do", lossy)
    with pytest.raises(UserError, match=r"the copy in .* is not the same"):
        copied(address, there)
    with pytest.raises(UserError, match="holds no index"), open_index(there):
        pass
    monkeypatch.setattr(server, "_do", upsert)
    assert copied(address, there).written == 1


def test_shards_and_replicas(address, server):
    copied(address, Collection(server.url, "photos", shards=4, replicas=2))
    assert server.made["photos"]["shard_number"] == 4
    assert server.made["photos.files"]["replication_factor"] == 2


def test_the_checksum_covers_all_but_the_order(address):
    with open_index(address) as index:
        whole = checksum(index.engine)
        assert (whole.points, len(str(whole))) == (IMAGES, 32)
        assert checksum(index.engine) == whole
        first = next(index.engine.scroll())
        index.engine.set_payload([first.id], {"label": "another"})
        assert checksum(index.engine) != whole

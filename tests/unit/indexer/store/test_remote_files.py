from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qdrant_client import QdrantClient

from splicedex.indexer.engines.server.connection import Connection, create_collection
from splicedex.indexer.store.blobs import CHUNK, Blobs
from splicedex.indexer.store.local_files import LocalFiles
from splicedex.indexer.store.remote_files import RemoteFiles
from splicedex.splice.errors import UserError


@pytest.fixture
def connection():
    return Connection(QdrantClient(":memory:"))


@pytest.fixture
def client(connection, tmp_path):
    """Makes clients that see files through copies of their own."""

    def make(name):
        return RemoteFiles(connection, "photos.files", tmp_path / name, "photos")

    return make


@pytest.fixture
def shared(client, tmp_path):
    """Two files, shared by the first client."""
    made = tmp_path / "made"
    (made / "space").mkdir(parents=True)
    (made / "manifest.json").write_text("{}")
    (made / "space" / "words.txt").write_text("dog\n" * CHUNK)
    files = client("first")
    files.create(LocalFiles(made))
    return files


def writing(text):
    return lambda path: path.write_text(text)


def test_every_client_sees_the_files(shared, client, tmp_path):
    other = client("other")
    assert other.exist
    assert other.refresh()
    assert not other.refresh()
    assert other.names() == ["manifest.json", "space/words.txt"]
    words = (other.folder / "space" / "words.txt").read_text()
    assert words == (tmp_path / "made" / "space" / "words.txt").read_text()


def test_nothing_is_there_before_all_is(client):
    files = client("first")
    assert not files.exist
    with pytest.raises(UserError, match="photos holds no index"):
        files.refresh()


def test_a_change_reaches_the_others(shared, client):
    other = client("other")
    other.refresh()
    shared.refresh()
    assert shared.save("manifest.json", writing("mine"))
    assert other.refresh()
    assert (other.folder / "manifest.json").read_text() == "mine"


def test_a_change_reaches_others_with_the_same_folder(shared, client):
    other = client("first")
    other.refresh()
    shared.refresh()
    assert shared.save("manifest.json", writing("mine"))
    assert other.refresh()
    assert not other.refresh()


def test_of_two_that_change_a_file_the_second_is_told(shared, client):
    other = client("other")
    other.refresh()
    shared.refresh()
    assert shared.save("manifest.json", writing("first"))
    assert not other.save("manifest.json", writing("second"))
    assert (other.folder / "manifest.json").read_text() == "first"
    assert other.save("manifest.json", writing("second"))
    assert not shared.save("manifest.json", writing("third"))


def test_changes_of_different_files_do_not_meet(shared, client):
    other = client("other")
    other.refresh()
    shared.refresh()
    assert shared.save("manifest.json", writing("mine"))
    assert other.save("space/words.txt", writing("theirs"))
    shared.refresh()
    assert (shared.folder / "manifest.json").read_text() == "mine"
    assert (shared.folder / "space" / "words.txt").read_text() == "theirs"


def test_the_first_to_create_wins(shared, client, tmp_path):
    late = client("late")
    late._catalogue = None  # as it was when it looked
    (tmp_path / "made" / "manifest.json").write_text("late")
    late.create(LocalFiles(tmp_path / "made"))
    late.refresh()
    assert (late.folder / "manifest.json").read_text() == "{}"


def test_what_was_replaced_is_gone(shared, connection):
    shared.refresh()
    points = connection.ask(lambda client: client.count("photos.files").count)
    for text in "abc":
        assert shared.save("manifest.json", writing(text))
    assert connection.ask(lambda client: client.count("photos.files").count) == points


def test_a_copy_that_was_damaged_here_is_fetched_again(shared, client):
    other = client("other")
    other.refresh()
    (other.folder / "manifest.json").write_text("damaged")
    assert other.refresh()
    assert (other.folder / "manifest.json").read_text() == "{}"


def test_a_file_that_was_damaged_there_is_refused(shared, client, connection):
    entry = shared._catalogue.files["manifest.json"]
    Blobs(connection, "photos.files").drop(entry)
    with pytest.raises(UserError, match=r"manifest.json of photos is damaged on the server"):
        client("other").refresh()


@settings(deadline=None, max_examples=20)
@given(content=st.binary(max_size=64), times=st.integers(0, 40000))
def test_contents_come_back_as_put(content, times):
    connection = Connection(QdrantClient(":memory:"))
    create_collection(connection, "files", vectors_config={})
    contents = Blobs(connection, "files")
    entry = contents.put(content * times)
    assert contents.get(entry) == content * times
    contents.drop(entry)
    assert contents.get(entry) == (None if content and times else b"")

"""The two stores, by one interface: a folder and a server."""

from contextlib import nullcontext

import numpy as np
import pytest

from splicedex.indexer.pipeline.index_images import Images, index_images
from splicedex.indexer.pipeline.settings import Settings
from splicedex.indexer.store.address import Collection, Folder
from splicedex.indexer.store.folder import FolderStore
from splicedex.indexer.store.index import create_index, open_index, store_of
from splicedex.indexer.store.manifest import FILE, Manifest
from splicedex.indexer.store.server import ServerStore
from splicedex.splice.dictionary.lexicon import Lexicon
from splicedex.splice.dictionary.word_frequency import bundled_frequency
from splicedex.splice.encoders.load import load_encoder
from splicedex.splice.errors import UserError
from tests.fake_qdrant import FakeQdrant
from tests.photos import make_embeddings, make_space, name

SPACE = make_space()
MANIFEST = Manifest(
    "made up", None, "words", SPACE.fingerprint, "its own", len(SPACE.concepts), SPACE.dim,
    0.25, None,
)  # fmt: skip
LEXICON = Lexicon.of_space(SPACE, bundled_frequency())


@pytest.fixture(params=["folder", "server"])
def address(request, tmp_path, monkeypatch):
    if request.param == "folder":
        yield Folder(tmp_path / "index")
        return
    monkeypatch.setenv("SPLICEDEX_CACHE", str(tmp_path / "cache"))
    fake = FakeQdrant().start()
    yield Collection(fake.url, "photos")
    fake.stop()


@pytest.fixture
def reads(monkeypatch):
    """The manifests that are read, by folder."""
    found = []
    load = Manifest.load

    def spy(folder, *args, **options):
        found.append(folder)
        return load(folder, *args, **options)

    monkeypatch.setattr(Manifest, "load", spy)
    return found


def test_an_address_becomes_a_store_once(address, tmp_path):
    store = store_of(address)
    assert isinstance(store, FolderStore if isinstance(address, Folder) else ServerStore)
    assert str(store) == str(address)
    assert store_of(store) is store
    assert store_of(tmp_path).address == Folder(tmp_path)


def test_where_there_is_no_index(address):
    store = store_of(address)
    assert store.files() is None
    assert store.manifest() is None
    with pytest.raises(UserError, match="holds no index"), store.open():
        pass


def test_files_are_listed_read_and_written(address):
    store = store_of(address)
    store.create(MANIFEST, SPACE, LEXICON)
    with store.open() as (files, engine):
        assert engine.count() == 0
        assert {FILE, "presence.npz", "space/concepts.txt"} <= set(files.names())
        assert files.save("notes.txt", lambda path: path.write_text("new"))
        assert files.read("notes.txt") == b"new"
    again = store_of(address).files()
    assert "notes.txt" in again.names()
    assert again.read("notes.txt") == b"new"


def test_a_folder_has_one_holder_and_a_server_any_number(address):
    store = store_of(address)
    store.create(MANIFEST, SPACE, LEXICON)
    alone = isinstance(address, Folder)
    refused = pytest.raises(UserError, match="holds the index") if alone else nullcontext()
    with store.lock(), refused, store_of(address).open():
        pass


def test_what_is_filled_is_an_index_once_it_is_finished(address, tmp_path):
    store, source = store_of(address), store_of(tmp_path / "source")
    source.create(MANIFEST, SPACE, LEXICON)
    with store.fill(SPACE.dim) as target:
        assert target.engine.count() == 0
    assert store.files() is None
    with store.fill(SPACE.dim) as target:
        target.finish(source.files(), "auto")
    with open_index(store) as index:
        assert index.manifest == MANIFEST
        assert index.files.names() == source.files().names()


def test_the_manifest_is_read_once_unless_it_is_replaced(address, reads):
    store = store_of(address)
    create_index(store, MANIFEST, SPACE)
    with open_index(store) as index:
        assert store.manifest() == index.manifest == MANIFEST
        assert len(reads) == 1
        index.register_columns({"label": "keyword"})
        assert store.manifest().columns == {"label": "keyword"}
    assert len(reads) == 2
    with open_index(store) as index:
        assert index.columns["label"] == "keyword"
    assert len(reads) == 2


@pytest.fixture
def embedded(tmp_path):
    """Embeddings of photos, and the folder of their concept space."""
    np.save(tmp_path / "x.npy", make_embeddings(SPACE, 20))
    (tmp_path / "files.csv").write_text("\n".join(["file", *map(name, range(20))]))
    SPACE.save(tmp_path / "space")
    images = Images(embeddings=tmp_path / "x.npy", files=tmp_path / "files.csv")
    return images, Settings(model=str(tmp_path / "space"))


class Silent:
    def indexing(self, total):
        return nullcontext(lambda report: None)

    def optimizing(self):
        return nullcontext()


def test_a_run_reads_the_manifest_once(address, reads, embedded):
    images, settings = embedded
    for given in (settings, settings, Settings()):
        reads.clear()
        outcome = index_images(address, images, given, load=load_encoder, progress=Silent())
        assert outcome.images == 20
        assert len(reads) == 1

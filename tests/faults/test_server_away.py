"""A server that becomes unavailable, for a moment or for good, during indexing and search."""

from __future__ import annotations

import random
import threading

import numpy as np
import pytest

from splicedex.indexer.store.address import Collection
from tests.conftest import small_space
from tests.e2e.conftest import environment_of
from tests.fake_qdrant import FakeQdrant
from tests.faults.conftest import Contents, assert_same, one_line

IMAGES = 2500


@pytest.fixture
def qdrant(environment, monkeypatch):
    """A fake server; this process and the commands use separate caches."""
    monkeypatch.setenv("SPLICEDEX_CACHE", environment["SPLICEDEX_CACHE"] + "-ours")
    environment["SPLICEDEX_PATIENCE"] = "60"
    fake = FakeQdrant().start()
    yield fake
    fake.stop()


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A folder with a concept space and enough embeddings for many requests."""
    folder, space = tmp_path_factory.mktemp("many"), small_space()
    space.save(folder / "space")
    random = np.random.default_rng(6)
    weights = random.random((IMAGES, len(space.concepts))) ** 6
    rows = weights @ space.atoms + space.image_mean
    np.save(folder / "x.npy", rows.astype(np.float32))
    names = "".join(f"{row}.jpg\n" for row in range(IMAGES))
    (folder / "files.csv").write_text(f"file\n{names}")
    return folder


def indexing(many, url):
    """Words that index them on a server."""
    return (
        "index", "--url", url, "--model", f"{many}/space", "--embeddings", f"{many}/x.npy",
        "--files", f"{many}/files.csv", "--json",
    )  # fmt: skip


@pytest.fixture
def words(many, qdrant):
    return indexing(many, qdrant.url)


@pytest.fixture(scope="module")
def expected(many, run_to_end, tmp_path_factory):
    """The content after a run without faults."""
    cache = tmp_path_factory.mktemp("cache")
    fake = FakeQdrant().start()
    try:
        done = run_to_end(indexing(many, fake.url), environment_of(cache / "theirs"))
        assert done.returncode == 0, done.stderr
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SPLICEDEX_CACHE", str(cache / "ours"))
            return Contents.of(Collection(fake.url))
    finally:
        fake.stop()


def upserts(qdrant):
    return qdrant.requests.count(("PUT", "/collections/splicedex/points"))


def test_stopped_for_good_mid_index_then_continued(splicedex, environment, qdrant, words, expected):
    environment["SPLICEDEX_PATIENCE"] = "0.5"
    for after in (1, 2, 3):
        qdrant.fault = lambda *_, after=after: "deaf" if upserts(qdrant) >= after else None
        qdrant.requests.clear()
        said = splicedex(*words, expect=2)
        assert f"no Qdrant server answers at {qdrant.url}" in said
        assert "Traceback" not in said
    qdrant.fault = lambda *_: None

    done = splicedex(*words)

    assert done["images"] == len(qdrant.ids("splicedex")) == IMAGES
    assert_same(Contents.of(Collection(qdrant.url)), expected)


def test_restarted_mid_index(splicedex, qdrant, words, expected):
    """The port is closed for a second; the run waits and continues."""
    stopping = threading.Event()

    def restart():
        qdrant.stop()
        threading.Timer(1.0, qdrant.start).start()

    def once(*_):
        if upserts(qdrant) == 2 and not stopping.is_set():
            stopping.set()
            threading.Thread(target=restart).start()

    qdrant.fault = once
    assert splicedex(*words)["added"] == IMAGES
    assert stopping.is_set()
    assert_same(Contents.of(Collection(qdrant.url)), expected)


@pytest.mark.parametrize("seed", range(2))
def test_one_request_in_five_goes_wrong(splicedex, qdrant, words, expected, seed):
    """Lost requests, lost responses, temporary refusals: nothing is lost or duplicated."""
    chance = random.Random(seed)

    def fault(*_):
        return chance.choice(("busy", "ill", "deaf", "mute")) if chance.random() < 0.2 else None

    qdrant.fault = fault
    assert splicedex(*words)["images"] == IMAGES
    qdrant.fault = lambda *_: None
    assert len(qdrant.ids("splicedex")) == IMAGES
    assert_same(Contents.of(Collection(qdrant.url)), expected)


def test_stopped_mid_query(splicedex, environment, qdrant, words):
    splicedex(*words)
    asked = ("search", "dog NOT car", "--url", qdrant.url, "--json")
    expected = splicedex(*asked)["hits"]

    def away(method, path):
        return "deaf" if path.endswith("/query/batch") else None

    qdrant.fault = away
    environment["SPLICEDEX_PATIENCE"] = "0.5"
    said = splicedex(*asked, expect=2)
    assert "no Qdrant server answers" in said
    assert "Traceback" not in said

    environment["SPLICEDEX_PATIENCE"] = "60"
    tries = iter(("mute", "ill", "busy"))
    qdrant.fault = lambda method, path: next(tries, None) if path.endswith("/batch") else None
    assert splicedex(*asked)["hits"] == expected

    qdrant.stop()
    environment["SPLICEDEX_PATIENCE"] = "0"
    assert "no Qdrant server answers" in one_line(splicedex(*asked, expect=2))

"""Indexes on a server: two clients see what the other does."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest

import splicedex.search.opening
from splicedex.indexer.store.address import Collection
from splicedex.indexer.store.index import create_index, open_index
from splicedex.indexer.store.manifest import Manifest
from splicedex.search.opening import kept_fresh
from splicedex.search.query.nodes import QueryError
from splicedex.search.searcher import Searcher
from splicedex.splice.errors import UserError
from tests.fake_qdrant import FakeQdrant
from tests.photos import make_space


@pytest.fixture
def manifest():
    space = make_space()
    return Manifest(
        "made up", None, "words", space.fingerprint, "its own", len(space.concepts), space.dim,
        0.25, None,
    )  # fmt: skip


@pytest.fixture
def place(tmp_path, monkeypatch, manifest):
    """An index without images on a server."""
    monkeypatch.setenv("SPLICEDEX_CACHE", str(tmp_path / "cache"))
    fake = FakeQdrant().start()
    there = Collection(fake.url, "photos")
    create_index(there, manifest, make_space())
    yield there
    fake.stop()


@pytest.fixture(params=["cache", "another machine's cache"])
def two(place, tmp_path, monkeypatch, request):
    """The same index, opened twice, on one machine or two."""
    with open_index(place) as one:
        monkeypatch.setenv("SPLICEDEX_CACHE", str(tmp_path / request.param))
        with open_index(place) as other:
            yield one, other


def test_made_once(place, manifest):
    create_index(place, manifest, make_space())
    with pytest.raises(UserError, match=f"{place} was made with l1_penalty 0.25, not"):
        create_index(place, replace(manifest, l1_penalty=0.3), make_space())


def test_columns_of_both_are_known(two):
    one, other = two
    one.register_columns({"label": "keyword"})
    other.register_columns({"width": "integer"})
    both = {"label": "keyword", "width": "integer"}
    assert other.manifest.columns == both
    assert one.manifest.columns == {"label": "keyword"}
    one.refresh()
    assert one.manifest.columns == both


def test_a_refresh_does_not_come_between(two, monkeypatch):
    """If it did, what the other remembered would be overwritten."""
    one, other = two
    save, refresh = one.files.save, threading.Thread(target=one.refresh)

    def meanwhile(*args):
        if refresh.ident is None:
            other.register_columns({"width": "integer"})
            refresh.start()
            refresh.join(0.2)
        return save(*args)

    monkeypatch.setattr(one.files, "save", meanwhile)
    one.register_columns({"label": "keyword"})
    refresh.join()
    other.refresh()
    assert (
        one.manifest.columns == other.manifest.columns == {"width": "integer", "label": "keyword"}
    )


def test_the_last_calibration_counts(two):
    one, other = two
    for images, index in ((1, one), (2, other), (3, one)):
        index.save_calibration(replace(index.calibration, images=images))
    other.refresh()
    assert one.calibration.images == other.calibration.images == 3


def test_a_calibration_settles_unless_another_was_kept(two):
    one, other = two
    one.save_calibration(replace(one.calibration, images=1))
    assert one.save_calibration_if_unchanged(replace(one.calibration, images=2))
    other.save_calibration(replace(other.calibration, images=3))
    assert not one.save_calibration_if_unchanged(replace(one.calibration, images=4))
    one.refresh()
    other.refresh()
    assert other.calibration.images == 3


def test_what_is_open_for_long_is_kept_fresh(two, monkeypatch):
    one, other = two
    searcher = Searcher(other)
    with pytest.raises(QueryError, match="no column 'label'"):
        searcher.plan("label:cat")
    monkeypatch.setattr(splicedex.search.opening, "REFRESH", 0.01)
    with kept_fresh(other):
        one.register_columns({"label": "keyword"})
        until = time.monotonic() + 30
        while "label" not in other.columns:
            assert time.monotonic() < until
            time.sleep(0.01)
        assert searcher.search("label:cat").matches == 0

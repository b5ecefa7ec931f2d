"""Indexes on a server: two clients see what the other does."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

import api.opening
from api.opening import kept_fresh
from indexer.index import create_index, open_index
from indexer.manifest import Manifest
from indexer.place import Collection
from splice.errors import UserError
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


@pytest.fixture
def two(place, tmp_path, monkeypatch):
    """The same index, opened on two machines."""
    with open_index(place) as one:
        monkeypatch.setenv("SPLICEDEX_CACHE", str(tmp_path / "another machine"))
        with open_index(place) as other:
            yield one, other


def test_made_once(place, manifest):
    create_index(place, manifest, make_space())
    with pytest.raises(UserError, match=f"{place} was made with l1_penalty 0.25, not"):
        create_index(place, replace(manifest, l1_penalty=0.3), make_space())


def test_columns_of_both_are_known(two):
    one, other = two
    one.know({"label": "keyword"})
    other.know({"width": "integer"})
    both = {"label": "keyword", "width": "integer"}
    assert other.manifest.columns == both
    assert one.manifest.columns == {"label": "keyword"}
    one.refresh()
    assert one.manifest.columns == both


def test_the_last_calibration_counts(two):
    one, other = two
    for images, index in ((1, one), (2, other), (3, one)):
        index.keep(replace(index.calibration, images=images))
    other.refresh()
    assert one.calibration.images == other.calibration.images == 3


def test_a_calibration_settles_unless_another_was_kept(two):
    one, other = two
    one.keep(replace(one.calibration, images=1))
    assert one.settle(replace(one.calibration, images=2))
    other.keep(replace(other.calibration, images=3))
    assert not one.settle(replace(one.calibration, images=4))
    one.refresh()
    other.refresh()
    assert other.calibration.images == 3


def test_what_is_open_for_long_is_kept_fresh(two, monkeypatch):
    one, other = two
    monkeypatch.setattr(api.opening, "REFRESH", 0.01)
    with kept_fresh(other):
        one.know({"label": "keyword"})
        until = time.monotonic() + 30
        while "label" not in other.manifest.columns:
            assert time.monotonic() < until
            time.sleep(0.01)

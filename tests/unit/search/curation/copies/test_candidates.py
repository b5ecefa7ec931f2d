"""Candidates: nearest neighbours, beside those by sorting."""

import numpy as np
import pytest

from splicedex.search.curation.copies import candidates
from splicedex.search.curation.copies.candidates import neighbours, neighbours_of
from splicedex.splice.align import unit


def by_sorting(vectors, rows, count):
    vectors = unit(vectors[rows] - vectors[rows].mean(axis=0))
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -2)
    count = min(count, len(rows) - 1)
    nearest = np.argsort(-cosines, axis=1)[:, :count]
    found = {(one, other) for one, others in enumerate(nearest) for other in others}
    return {(rows[i], rows[j]) for i, j in found} | {(rows[j], rows[i]) for i, j in found}


def pairs(found):
    return {(one, other) for one, others in found.items() for other in others}


@pytest.mark.parametrize("count", [2, 5, 60])
def test_neighbours_of_few_are_exact(count, monkeypatch):
    monkeypatch.setattr(candidates, "NEIGHBOURS", (4, 4))
    vectors = np.random.default_rng(count).normal(size=(70, 8)).astype(np.float32)
    rows = np.sort(np.random.default_rng(1).choice(70, count, replace=False))
    found, nearest = pairs(neighbours(vectors, rows)), by_sorting(vectors, rows, 4)
    assert found >= nearest
    assert len(found - nearest) <= 2  # as near as the last, but for rounding


def test_neighbours_of_many_are_nearly_those(monkeypatch):
    monkeypatch.setattr(candidates, "_SAMPLE", 400)
    monkeypatch.setattr(candidates, "_ROWS", 100)
    monkeypatch.setattr(candidates, "_COLUMNS", 300)
    random = np.random.default_rng(2)
    axes = random.normal(size=(20, 150))
    vectors = (random.normal(size=(2000, 20)) @ axes).astype(np.float32)
    done = []
    found = pairs(neighbours(vectors, np.arange(2000), lambda *n: done.append(n)))
    assert done[-1] == (2000, 2000)
    nearest = by_sorting(vectors, np.arange(2000), 5)
    assert len(found & nearest) / len(nearest) > 0.99
    assert len(found) < 2 * 1.5 * 2000 * neighbours_of(2000)


def test_one_image_has_none():
    assert neighbours(np.ones((3, 4), np.float32), np.array([1])) == {}


def test_more_neighbours_are_looked_at_in_small_sets():
    assert [neighbours_of(count) for count in (1, 1000, 5000, 1_000_000)] == [256, 256, 100, 32]

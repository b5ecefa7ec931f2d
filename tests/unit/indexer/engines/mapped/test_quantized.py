"""Products of 8-bit integers: the bound on their error holds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splicedex.indexer.engines.mapped.quantized import Grid, Quantized


def quantized(chosen, embeddings):
    grid = Grid.of(chosen)
    return Quantized(grid, *grid.quantize(embeddings))


@given(
    st.integers(1, 900),
    st.integers(1, 20),
    st.sampled_from([1e-3, 1.0, 40.0]),
    st.integers(0, 2**32 - 1),
)
@settings(deadline=None, max_examples=60)
def test_errors_are_within_their_bounds(dim, count, spread, seed):
    random = np.random.default_rng(seed)
    chosen = random.normal(size=(8, dim)).astype(np.float32)
    embeddings = (spread * random.normal(size=(count, dim))).astype(np.float32)  # or far outside
    vectors = (random.normal(size=(3, dim)) ** 5).astype(np.float32)
    rounded = quantized(chosen, embeddings)
    found = rounded.products(vectors, slice(None))
    exact = vectors.astype(np.float64) @ embeddings.T.astype(np.float64)
    for vector in range(3):
        scale = np.abs(vectors[vector]) @ (np.abs(embeddings) + np.abs(rounded.grid.offset)).T
        allowed = found.errors(vector) + 1e-5 * scale
        assert (np.abs(found.values[vector] - exact[vector]) <= allowed).all()


def test_errors_are_small():
    random = np.random.default_rng(1)
    rows = random.normal(size=(500, 512)).astype(np.float32)
    vectors = random.normal(size=(2, 512)).astype(np.float32)
    found = quantized(rows, rows).products(vectors, slice(None))
    off = np.abs(found.values - vectors @ rows.T)
    assert off.max() < 0.2 * found.errors(0).min()
    assert found.errors(0).max() < 0.5 * np.linalg.norm(vectors[0])


@pytest.mark.parametrize("rows", [np.array([3, 5, 5, 0]), np.zeros(0, np.int64)])
def test_rows_are_picked(rows):
    random = np.random.default_rng(2)
    held = random.normal(size=(9, 16)).astype(np.float32)
    vectors = random.normal(size=(2, 16)).astype(np.float32)
    whole = quantized(held, held).products(vectors, slice(None))
    some = quantized(held, held).products(vectors, rows)
    assert np.allclose(some.values, whole.take(rows).values)
    assert np.allclose(some.errors(1), whole.take(rows).errors(1))


def test_dimensions_without_spread():
    rows = np.ones((4, 8), np.float32)
    found = quantized(rows, rows).products(np.eye(8, dtype=np.float32), slice(None))
    assert np.allclose(found.values, 1)

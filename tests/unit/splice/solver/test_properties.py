"""Properties that hold for any dictionary, including degenerate ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from splicedex.splice.solver import at_most, kkt_residual, nonnegative_lasso, objective
from splicedex.splice.solver.arrays import arrays_for
from splicedex.splice.solver.nnqp import nnqp
from splicedex.splice.solver.working_set import _products

quick = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
seeds = st.integers(0, 2**32 - 1)
penalties = st.sampled_from([0.001, 0.02, 0.15, 0.35, 1.0, 3.0])
precisions = st.sampled_from([np.float32, np.float64])


@st.composite
def problems(draw: st.DrawFn) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """A dictionary (c, d) and embeddings (n, d): any shape; equal, close, long or zero atoms."""
    random = np.random.default_rng(draw(seeds))
    c, d, n = (draw(st.integers(1, high)) for high in (120, 24, 6))
    atoms = random.normal(size=(c, d)) + draw(st.sampled_from([0, 1]))
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    match draw(st.sampled_from(["plain", "equal", "close", "long", "zero"])):
        case "equal":
            atoms = atoms[random.integers(c, size=c)]
        case "close":
            atoms = atoms[:1] + 10.0 ** -draw(st.integers(2, 8)) * atoms
        case "long":
            atoms *= random.choice([0.1, 1, 10], size=(c, 1))
        case "zero":
            atoms[random.integers(c)] = 0
    embeddings = random.normal(size=(n, d)) + draw(st.sampled_from([0, 1]))
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    precision = draw(precisions)
    return atoms.astype(precision), embeddings.astype(precision)


@quick
@given(problems(), penalties)
def test_is_optimal(problem, penalty: float) -> None:
    atoms, embeddings = problem
    weights = nonnegative_lasso(atoms, embeddings, penalty)
    longest = max(1, np.linalg.norm(atoms, axis=1).max())
    tolerance = longest * (1e-5 if atoms.dtype == np.float32 else 1e-9)
    assert kkt_residual(atoms, embeddings, weights, penalty).max() <= tolerance
    assert np.all(weights.data > 0)
    assert weights.has_sorted_indices


@pytest.mark.parametrize("seed", [2, 3, 35])
@pytest.mark.parametrize("penalty", [0.1, 0.35])
def test_is_optimal_where_single_precision_cannot_tell_atoms_apart(
    seed: int, penalty: float
) -> None:
    random = np.random.default_rng(seed)
    common = random.normal(size=(1, 200))
    common /= np.linalg.norm(common)
    atoms = (common + 1e-5 * random.normal(size=(400, 200))).astype(np.float32)
    embeddings = random.normal(size=(40, 200)) + 200**0.5 * common
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    embeddings = embeddings.astype(np.float32)
    weights = nonnegative_lasso(atoms, embeddings, penalty)
    assert kkt_residual(atoms, embeddings, weights, penalty).max() <= 1e-5


def test_large_weights_that_cancel_out_are_as_exact_as_single_precision_goes() -> None:
    atoms = [[-0.926, 0.37747], [-0.92832, -0.37179], [0.3811, 0.92453], [-0.30456, -0.95249]]
    angles = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    embeddings = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    dictionary = np.array(atoms, np.float32)
    weights = nonnegative_lasso(dictionary, embeddings, 0.001)
    assert weights.max() > 10
    assert kkt_residual(dictionary, embeddings, weights, 0.001).max() <= 1e-4


def test_equal_rows_of_a_rounded_matrix_are_accepted() -> None:
    gram, linear = np.ones((1, 2, 2), np.float32), np.ones((1, 2), np.float32)
    weights = nnqp(arrays_for(gram), gram, linear, 0 * linear, np.full((1, 1), 1e-7))
    assert np.allclose(gram[0] @ weights[0], linear[0])


@pytest.mark.parametrize("k", [1, 15, 16, 17, 32, 33, 50])
def test_inner_products_are_all_there(k: int) -> None:
    vectors = np.random.default_rng(k).normal(size=(3, k + 1, 7))
    every = np.einsum("nij,nkj->nik", vectors, vectors)
    assert np.allclose(_products(arrays_for(vectors), vectors), every[:, :k])


@quick
@given(problems(), penalties, seeds)
def test_order_does_not_matter(problem, penalty: float, seed: int) -> None:
    atoms, embeddings = problem
    random = np.random.default_rng(seed)
    rows, columns = random.permutation(len(embeddings)), random.permutation(len(atoms))
    ours = objective(atoms, embeddings, nonnegative_lasso(atoms, embeddings, penalty), penalty)
    moved = nonnegative_lasso(atoms[columns], embeddings[rows], penalty)
    theirs = objective(atoms[columns], embeddings[rows], moved, penalty)
    assert np.allclose(theirs, ours[rows], rtol=1e-6, atol=1e-6)


@quick
@given(problems(), penalties, st.sampled_from([0.25, 4.0]))
def test_embedding_and_penalty_scale_together(problem, penalty: float, factor: float) -> None:
    atoms, embeddings = problem
    weights = nonnegative_lasso(atoms, embeddings, penalty)
    scaled = nonnegative_lasso(atoms, factor * embeddings, factor * penalty)
    ours = objective(atoms, factor * embeddings, factor * weights, factor * penalty)
    theirs = objective(atoms, factor * embeddings, scaled, factor * penalty)
    assert np.allclose(theirs, ours, rtol=1e-5, atol=1e-5)


@quick
@given(problems(), st.integers(1, 9))
def test_count_is_a_bound_and_every_concept_helps(problem, count: int) -> None:
    atoms, embeddings = problem
    weights = at_most(atoms, embeddings, count)
    assert np.all(np.diff(weights.indptr) <= count)
    assert np.all(weights.data > 0)
    fewer = at_most(atoms, embeddings, 1)
    rest, more = (np.linalg.norm(embeddings - w @ atoms, axis=1) for w in (weights, fewer))
    assert np.all(rest <= more + 1e-5)


@quick
@given(seeds, st.integers(1, 12), st.integers(1, 12))
def test_small_programs_are_solved_whatever_the_rank(seed: int, k: int, rank: int) -> None:
    random = np.random.default_rng(seed)
    factor = random.normal(size=(5, k, rank))
    gram = factor @ factor.swapaxes(1, 2) + 1e-10 * np.eye(k)
    linear = (factor @ random.normal(size=(5, rank, 1)))[:, :, 0]
    tolerance = np.full((5, 1), 1e-8)
    weights = nnqp(arrays_for(gram), gram, linear, np.zeros((5, k)), tolerance)
    gradient = (gram @ weights[:, :, None])[:, :, 0] - linear
    assert np.all(weights >= 0)
    assert np.all(gradient >= -1e-6)
    assert np.abs(weights * gradient).max() < 1e-6

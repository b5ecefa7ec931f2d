"""Penalties per atom: the lasso is as exact as with one penalty, whatever shortcut is taken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array

from splicedex.splice.align import centre, unit
from splicedex.splice.decomposition import decompose
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.errors import UserError
from splicedex.splice.solver import admm, at_most, kkt_residual, nonnegative_lasso, objective
from splicedex.splice.solver import problem as problem_module
from splicedex.splice.solver.arrays import _NumpyArrays, _TorchArrays
from splicedex.splice.sparsity import Sparsity
from tests.unit.splice.solver.test_properties import penalties, problems, quick, seeds
from tests.unit.splice.solver.test_shortcuts import kinds, with_sketch, without_shortcuts

Vector = NDArray[np.float64]
ratios = st.sampled_from([1.0, 3.0, 30.0, 1e4])
"""Largest penalty of a dictionary, as a multiple of the smallest."""


def draw_penalties(count: int, penalty: float, ratio: float, seed: int) -> Vector:
    """Penalties (c,) from `penalty` to `ratio` times as much, evenly distributed by logarithm."""
    return penalty * ratio ** np.random.default_rng(seed).random(count)


def allowed(atoms: NDArray[np.floating]) -> float:
    """Largest KKT residual of an optimal solution in the precision of the atoms."""
    longest = max(1, float(np.linalg.norm(atoms, axis=1).max()))
    return longest * (1e-5 if atoms.dtype == np.float32 else 1e-9)


def coordinate_descent(atoms: Vector, embedding: Vector, λ: Vector, sweeps: int = 150) -> Vector:
    """Weights (c,) of one embedding, by exact minimisation over one weight at a time."""
    weights, residual = np.zeros(len(atoms)), embedding.copy()
    squares = (atoms**2).sum(1)
    for _ in range(sweeps):
        for k in np.flatnonzero(squares):
            step = (atoms[k] @ residual - λ[k] / 2) / squares[k]
            step = max(step, -weights[k])
            weights[k] += step
            residual -= step * atoms[k]
    return weights


@quick
@given(problems(), penalties, ratios, seeds)
def test_is_optimal(problem, penalty: float, ratio: float, seed: int) -> None:
    atoms, embeddings = problem
    λ = draw_penalties(len(atoms), penalty, ratio, seed)
    weights = nonnegative_lasso(atoms, embeddings, λ)
    assert kkt_residual(atoms, embeddings, weights, λ).max() <= allowed(atoms)
    assert np.all(weights.data > 0)
    assert weights.has_sorted_indices


@quick
@given(problems(), penalties, ratios, seeds)
def test_no_worse_than_coordinate_descent(problem, penalty, ratio, seed) -> None:
    atoms, embeddings = (matrix[:30].astype(np.float64) for matrix in problem)
    λ = draw_penalties(len(atoms), penalty, ratio, seed)
    ours = objective(atoms, embeddings, nonnegative_lasso(atoms, embeddings, λ), λ)
    weights = np.stack([coordinate_descent(atoms, z, λ) for z in embeddings])
    theirs = objective(atoms, embeddings, csr_array(weights), λ)
    assert np.all(ours <= theirs + 1e-9)
    assert np.all(theirs <= ours + 0.05), "the reference comes close, if slowly"


@quick
@given(problems(), penalties, ratios, seeds, kinds)
def test_shortcuts_do_not_change_the_answer(problem, penalty, ratio, seed, kind) -> None:
    atoms, embeddings = problem
    λ = draw_penalties(len(atoms), penalty, ratio, seed)
    ours = with_sketch(kind, atoms, embeddings, λ)
    least = objective(atoms, embeddings, without_shortcuts(atoms, embeddings, λ), λ)
    assert np.allclose(objective(atoms, embeddings, ours, λ), least, rtol=1e-6, atol=1e-6)
    assert kkt_residual(atoms, embeddings, ours, λ).max() <= allowed(atoms)


@quick
@given(problems(), penalties, ratios, seeds)
def test_scaled_atoms_are_the_same_problem(problem, penalty, ratio, seed) -> None:
    """With `w_k = v_k / r_k`, penalties λ·r_k are one penalty λ of atoms `c_k / r_k`."""
    atoms, embeddings = (matrix.astype(np.float64) for matrix in problem)
    λ = draw_penalties(len(atoms), penalty, ratio, seed)
    relative = λ / penalty
    scaled = atoms / relative[:, None]
    weights = nonnegative_lasso(scaled, embeddings, penalty)
    least = objective(scaled, embeddings, weights, penalty)
    ours = objective(atoms, embeddings, nonnegative_lasso(atoms, embeddings, λ), λ)
    assert np.allclose(ours, least, rtol=1e-8, atol=1e-8)


@quick
@given(problems(), penalties, ratios, seeds, st.sampled_from([1.0, 1.5, 100.0]))
def test_a_higher_penalty_never_raises_its_weight(problem, penalty, ratio, seed, factor) -> None:
    atoms, embeddings = (matrix.astype(np.float64) for matrix in problem)
    λ = draw_penalties(len(atoms), penalty, ratio, seed)
    higher = λ.copy()
    higher[seed % len(atoms)] *= factor
    before, after = (nonnegative_lasso(atoms, embeddings, one).toarray() for one in (λ, higher))
    change = (higher - λ)[seed % len(atoms)]
    assert np.all(change * (after - before)[:, seed % len(atoms)] <= 1e-7)


@quick
@given(problems(), penalties)
def test_equal_penalties_are_one_penalty(problem, penalty) -> None:
    atoms, embeddings = problem
    one = nonnegative_lasso(atoms, embeddings, penalty)
    equal = np.full(len(atoms), penalty)
    many = nonnegative_lasso(atoms, embeddings, equal)
    least = objective(atoms, embeddings, one, penalty)
    assert np.allclose(objective(atoms, embeddings, many, equal), least, rtol=1e-6, atol=1e-6)
    assert np.allclose(objective(atoms, embeddings, one, equal), least)
    assert np.allclose(
        kkt_residual(atoms, embeddings, one, equal), kkt_residual(atoms, embeddings, one, penalty)
    )


@quick
@given(problems(), penalties, ratios, seeds)
def test_measures_are_their_formulas(problem, penalty, ratio, seed) -> None:
    atoms, embeddings = (matrix.astype(np.float64) for matrix in problem)
    λ, random = draw_penalties(len(atoms), penalty, ratio, seed), np.random.default_rng(seed)
    weights = random.random((len(embeddings), len(atoms)))
    weights *= random.random(weights.shape) < 0.3
    residual = embeddings - weights @ atoms
    expected = (residual**2).sum(1) + weights @ λ
    assert np.allclose(objective(atoms, embeddings, csr_array(weights), λ), expected)
    gradient = λ - 2 * residual @ atoms.T
    violation = np.where(weights > 0, np.abs(gradient), np.maximum(-gradient, 0)).max(1)
    assert np.allclose(kkt_residual(atoms, embeddings, csr_array(weights), λ), violation)


@quick
@given(problems(), seeds, st.integers(1, 9))
def test_pursuit_takes_the_best_ratio_first(problem, seed: int, count: int) -> None:
    atoms, embeddings = problem
    relative = draw_penalties(len(atoms), 0.3, 30.0, seed)
    first = at_most(atoms, embeddings, 1, relative)
    gain = (embeddings.astype(np.float64) @ atoms.T.astype(np.float64)) / relative
    for row, best in enumerate(gain.max(1)):
        chosen = first.indices[first.indptr[row] : first.indptr[row + 1]]
        assert len(chosen) <= 1
        assert np.allclose(gain[row, chosen], best, atol=1e-5)
    weights = at_most(atoms, embeddings, count, relative)
    assert np.all(np.diff(weights.indptr) <= count)
    assert np.all(weights.data > 0)


@pytest.fixture(scope="module")
def real(data: Path) -> tuple[NDArray[np.float32], NDArray[np.float32], Vector]:
    """Aligned concepts (c, d), photos (n, d), and penalties that grow with a word's rank (c,)."""
    folder = data / "clip_vitb32"
    texts = unit(np.load(folder / "space" / "concept_embeddings.npy"))
    photos = unit(np.load(folder / "image_embeddings.npy"))[::41]
    mean = np.load(folder / "space" / "image_mean.npy")
    rank = np.random.default_rng(0).permutation(len(texts))
    return centre(texts, texts.mean(0)), centre(photos, mean), 0.1 + 0.02 * np.log1p(rank)


def test_real_photos(real) -> None:
    atoms, photos, λ = real
    ours = with_sketch("made", atoms, photos, λ)
    assert abs(ours - without_shortcuts(atoms, photos, λ)).max() < 1e-5
    assert kkt_residual(atoms, photos, ours, λ).max() < 1e-5
    preferred, others = λ < np.median(λ), λ >= np.median(λ)
    assert ours.sum(0)[preferred].sum() > 2 * ours.sum(0)[others].sum()


def test_screening_spares_products(real, monkeypatch: pytest.MonkeyPatch) -> None:
    from splicedex.splice.solver import lasso

    passes, proven = [], lasso.proven

    def counted(problem, block, rows, scores, before):
        sure = proven(problem, block, rows, scores, before)
        passes.append((len(rows), int(sure.sum())))
        return sure

    monkeypatch.setattr(lasso, "proven", counted)
    with_sketch("made", *real)
    looked, sure = np.sum(passes, axis=0)
    assert sure > looked / 2


@pytest.mark.parametrize("rows", [1, 7, 1000])
@pytest.mark.parametrize("threads", [1, 3])
def test_blocks_do_not_matter(real, rows, threads, monkeypatch: pytest.MonkeyPatch) -> None:
    atoms, photos, λ = real
    whole = nonnegative_lasso(atoms, photos, λ, threads=1)
    monkeypatch.setattr(_NumpyArrays, "block", rows * (len(atoms) + 4 * atoms.shape[1]))
    parts = nonnegative_lasso(atoms, photos, λ, threads=threads)
    assert np.array_equal(parts.indices, whole.indices)
    assert np.allclose(parts.data, whole.data, atol=1e-5)


@pytest.mark.parametrize("dimensions", [512, 32])
def test_accelerators_give_the_same(real, dimensions, monkeypatch: pytest.MonkeyPatch) -> None:
    """With 32 dimensions there are enough photos and atoms for a sketch."""
    torch = pytest.importorskip("torch")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    stride = 512 // dimensions
    atoms, photos = (np.ascontiguousarray(m[:600, ::stride]) for m in real[:2])
    λ = real[2][:600] / stride**0.5
    ours = nonnegative_lasso(atoms, photos, λ)
    monkeypatch.setattr(problem_module, "arrays_for", lambda *_: _TorchArrays(device, double=False))
    tensors = [torch.tensor(m, device=device) for m in (atoms, photos, λ)]
    theirs = nonnegative_lasso(*tensors)
    assert ours.nnz > 0
    assert abs(ours - theirs).max() < 1e-4
    few, some = at_most(*tensors[:2], 4, tensors[2]), at_most(atoms, photos, 4, λ)
    assert abs(few - some).max() < 1e-4


def test_tensors_and_arrays_mix(real) -> None:
    torch = pytest.importorskip("torch")
    atoms, photos, λ = real
    expected = nonnegative_lasso(atoms, photos[:5], λ)
    found = nonnegative_lasso(atoms, photos[:5], torch.tensor(λ, requires_grad=True))
    assert (found != expected).nnz == 0


def test_admm_takes_them_too(real) -> None:
    atoms, photos, λ = real[0][:300], real[1][:4], real[2][:300]
    exact = objective(atoms, photos, nonnegative_lasso(atoms, photos, λ), λ)
    assert np.allclose(objective(atoms, photos, admm(atoms, photos, λ), λ), exact, rtol=1e-5)


@pytest.mark.parametrize("solve", [nonnegative_lasso, admm])
@pytest.mark.parametrize(
    ("penalty", "message"),
    [
        (np.ones(3), r"penalties are of shape \(3,\), not \(4,\); give one per atom"),
        (np.ones((4, 1)), r"shape \(4, 1\)"),
        (np.array([1, 1, 0, 1]), "penalty of atom 2 is 0.0, it must be above 0"),
        (np.array([1, -1, 1, 1]), "penalty of atom 1 is -1.0"),
        (np.array([np.nan, 1, 1, 1]), "penalty of atom 0 is nan"),
        (np.array([1, 1, 1, np.inf]), "penalty of atom 3 is inf"),
    ],
)
def test_wrong_penalties_are_refused(solve, penalty, message: str) -> None:
    atoms = np.eye(4, dtype=np.float32)
    with pytest.raises(UserError, match=message):
        solve(atoms, atoms, penalty)
    with pytest.raises(UserError, match=message):
        at_most(atoms, atoms, 2, penalty)


def test_decomposition_prefers_concepts_with_a_low_penalty(space: ConceptSpace) -> None:
    image = unit(space.atoms[:1] + space.atoms[1:2] + 2 * space.image_mean)
    for sparsity in (Sparsity(0.1), Sparsity(l0=1)):
        for preferred in (0, 1):
            relative = np.full(len(space.concepts), 4.0)
            relative[preferred] = 1
            weights = decompose(space, image, sparsity, relative).toarray()[0]
            assert weights.argmax() == preferred
    plain = decompose(space, image, Sparsity(0.1))
    same = decompose(space, image, Sparsity(0.1), np.ones(len(space.concepts)))
    assert np.array_equal(plain.indices, same.indices)
    assert np.allclose(plain.data, same.data, atol=1e-6)

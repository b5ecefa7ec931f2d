"""The solvers on real embeddings, compared with other implementations."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array
from threadpoolctl import threadpool_info

from splicedex.splice.align import centre, unit
from splicedex.splice.errors import UserError
from splicedex.splice.solver import (
    admm,
    at_most,
    kkt_residual,
    nonnegative_lasso,
    objective,
    problem,
)
from splicedex.splice.solver.arrays import _TorchArrays

PENALTIES = [0.15, 0.25, 0.35]


class Real(NamedTuple):
    """Aligned concepts (c, d) and photos (n, d)."""

    dictionary: NDArray[np.float32]
    photos: NDArray[np.float32]


@pytest.fixture(scope="module")
def real(data: Path) -> Real:
    folder = data / "clip_vitb32"
    texts = unit(np.load(folder / "space" / "concept_embeddings.npy"))
    mean = np.load(folder / "space" / "image_mean.npy")
    photos = unit(np.load(folder / "image_embeddings.npy"))[::61][:40]
    return Real(centre(texts, texts.mean(0)), centre(photos, mean))


def supports(weights: csr_array) -> list[list[int]]:
    return [list(row) for row in np.split(weights.indices, weights.indptr[1:-1])]


def without_tiny(weights: csr_array) -> csr_array:
    """Remove weights so small that they depend on rounding."""
    return weights.multiply(weights > 1e-5).tocsr()


def cosines(real: Real, weights: csr_array) -> NDArray[np.float32]:
    return np.einsum("ij,ij->i", unit(weights @ real.dictionary), real.photos)


@pytest.mark.parametrize("penalty", PENALTIES)
def test_agrees_with_scikit_learn(real: Real, penalty: float) -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    model = linear_model.Lasso(
        alpha=penalty / (2 * real.dictionary.shape[1]),
        positive=True,
        fit_intercept=False,
        tol=1e-7,
        max_iter=100_000,
    )
    atoms = np.asfortranarray(real.dictionary.T, dtype=np.float64)
    theirs = csr_array(np.stack([model.fit(atoms, photo).coef_ for photo in real.photos]))
    ours = nonnegative_lasso(real.dictionary, real.photos, penalty)
    assert supports(without_tiny(ours)) == supports(without_tiny(theirs))
    assert abs(ours - theirs).max() < 1e-4
    least = objective(real.dictionary, real.photos, theirs, penalty)
    assert np.all(objective(real.dictionary, real.photos, ours, penalty) <= least * (1 + 1e-6))


@pytest.mark.parametrize("penalty", [0.02, *PENALTIES, 0.9])
def test_is_optimal(real: Real, penalty: float) -> None:
    photos = real.photos[:6] if penalty < 0.1 else real.photos
    weights = nonnegative_lasso(real.dictionary, photos, penalty)
    assert kkt_residual(real.dictionary, photos, weights, penalty).max() < 1e-5
    assert weights.shape == (len(photos), len(real.dictionary))
    assert weights.has_sorted_indices
    assert np.all(weights.data > 0)
    assert weights.dtype == np.float32


def test_double_precision_is_kept(real: Real) -> None:
    atoms, photos = real.dictionary.astype(np.float64), real.photos.astype(np.float64)
    weights = nonnegative_lasso(atoms, photos, 0.2)
    assert weights.dtype == np.float64
    assert kkt_residual(atoms, photos, weights, 0.2).max() < 1e-9


def test_half_precision_is_computed_in_single(real: Real) -> None:
    half = real.photos.astype(np.float16)
    weights = nonnegative_lasso(real.dictionary, half, 0.2)
    single = nonnegative_lasso(real.dictionary, half.astype(np.float32), 0.2)
    assert weights.dtype == np.float32
    assert (weights != single).nnz == 0


@pytest.mark.parametrize("split", [[1, 39], [7, 26, 7], [40]])
@pytest.mark.parametrize("threads", [1, 3])
def test_batches_do_not_matter(real: Real, split: list[int], threads: int) -> None:
    whole = nonnegative_lasso(real.dictionary, real.photos, 0.25, threads=1)
    pieces = np.split(real.photos, np.cumsum(split)[:-1])
    parts = [nonnegative_lasso(real.dictionary, p, 0.25, threads=threads) for p in pieces]
    assert [s for part in parts for s in supports(part)] == supports(whole)
    assert np.allclose(np.concatenate([part.data for part in parts]), whole.data, atol=1e-5)


def test_memory_maps_are_read_in_place(real: Real, tmp_path: Path) -> None:
    np.save(tmp_path / "photos.npy", real.photos)
    mapped = np.load(tmp_path / "photos.npy", mmap_mode="r")
    weights = nonnegative_lasso(real.dictionary, mapped, 0.25)
    assert (weights != nonnegative_lasso(real.dictionary, real.photos, 0.25)).nnz == 0


def test_blas_gets_its_threads_back(real: Real) -> None:
    before = threadpool_info()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda λ: nonnegative_lasso(real.dictionary, real.photos, λ), PENALTIES * 2))
    spoiled = np.where(real.photos > 0.1, np.nan, real.photos)
    with pytest.raises(UserError):
        nonnegative_lasso(real.dictionary, spoiled, 0.2)
    assert threadpool_info() == before


def test_no_images_give_no_rows(real: Real) -> None:
    assert nonnegative_lasso(real.dictionary, real.photos[:0], 0.2).shape == (0, 2282)


@pytest.mark.parametrize("solve", [nonnegative_lasso, at_most, admm])
def test_tensors_give_the_same(real: Real, solve) -> None:
    torch = pytest.importorskip("torch")
    amount = 4 if solve is at_most else 0.25
    photos = real.photos[:8]
    ours = solve(real.dictionary, photos, amount)
    given = torch.tensor(photos, requires_grad=True)
    theirs = solve(torch.tensor(real.dictionary), given, amount)
    assert supports(theirs) == supports(ours)
    assert np.array_equal(theirs.data, ours.data)


@pytest.mark.parametrize("solve", [nonnegative_lasso, at_most, partial(admm, max_iter=200)])
def test_accelerators_give_the_same(real: Real, solve, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    amount = 4 if solve is at_most else 0.25
    dictionary, photos = real.dictionary[:600], real.photos[:8]
    ours = solve(dictionary, photos, amount)
    monkeypatch.setattr(problem, "arrays_for", lambda *_: _TorchArrays(device, double=False))
    tensors = [torch.tensor(m, device=device) for m in (dictionary, photos)]
    precision = torch.get_float32_matmul_precision()
    with torch.autocast(device.type, dtype=torch.bfloat16):
        theirs = solve(*tensors, amount)
    assert torch.get_float32_matmul_precision() == precision
    assert supports(theirs) == supports(ours)
    assert np.allclose(theirs.data, ours.data, atol=1e-5)


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_arrays_and_tensors_mix(real: Real, kind: str) -> None:
    torch = pytest.importorskip("torch")
    photos = torch.tensor(real.photos[:4]).to(getattr(torch, kind))
    weights = nonnegative_lasso(real.dictionary, photos, 0.25)
    expected = nonnegative_lasso(real.dictionary, photos.float().numpy(), 0.25)
    assert weights.dtype == np.float32
    assert (weights != expected).nnz == 0


def test_arrays_do_not_import_torch() -> None:
    code = (
        "import sys, numpy as np;"
        "from splicedex.splice.solver import admm, at_most, nonnegative_lasso;"
        "C = np.eye(3); [f(C, C, 1) for f in (admm, at_most, nonnegative_lasso)];"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("count", [1, 5, 20])
def test_at_most_keeps_to_the_count(real: Real, count: int) -> None:
    weights = at_most(real.dictionary, real.photos, count)
    assert np.all(np.diff(weights.indptr) <= count)
    assert np.all(weights.data > 0)
    assert weights.has_sorted_indices


def test_at_most_one_is_the_nearest_concept(real: Real) -> None:
    weights = at_most(real.dictionary, real.photos, 1)
    scores = real.photos @ real.dictionary.T
    assert np.array_equal(weights.indices, scores.argmax(1))
    assert np.allclose(weights.data, scores.max(1), atol=1e-5)


def test_at_most_fits_its_concepts_exactly(real: Real) -> None:
    weights = at_most(real.dictionary, real.photos, 8)
    residual = real.photos - weights @ real.dictionary
    rows, columns = weights.nonzero()
    assert np.abs(np.einsum("ij,ij->i", residual[rows], real.dictionary[columns])).max() < 1e-5


@pytest.mark.parametrize("count", [4, 8, 16])
def test_at_most_explains_better_than_the_path(real: Real, count: int) -> None:
    path = [nonnegative_lasso(real.dictionary, real.photos, λ) for λ in np.geomspace(0.1, 0.6, 25)]
    within = [np.where(np.diff(w.indptr) <= count, cosines(real, w), 0) for w in path]
    pursuit = cosines(real, at_most(real.dictionary, real.photos, count))
    assert pursuit.mean() > np.max(within, axis=0).mean() + 0.03


@pytest.mark.parametrize("atoms", [2282, 300])
def test_admm_comes_close_to_the_optimum(real: Real, atoms: int) -> None:
    dictionary, photos = real.dictionary[:atoms], real.photos[:8]
    exact = objective(dictionary, photos, nonnegative_lasso(dictionary, photos, 0.2), 0.2)
    weights = admm(dictionary, photos, 0.2)
    assert np.all(weights.data >= 1e-4)
    assert np.allclose(objective(dictionary, photos, weights, 0.2), exact, rtol=1e-5)


@pytest.mark.parametrize("penalty", [0.01, 0.05])
def test_recovers_planted_concepts(real: Real, penalty: float) -> None:
    random = np.random.default_rng(3)
    planted = np.zeros((32, len(real.dictionary)), np.float32)
    for row in planted:
        row[random.choice(len(row), size=5, replace=False)] = random.uniform(0.3, 1, size=5)
    found = nonnegative_lasso(real.dictionary, planted @ real.dictionary, penalty).toarray()
    strong = found > 0.1
    assert np.array_equal(strong, planted > 0)
    assert np.abs(found - planted).max() < 5 * penalty

"""Invalid input: the error says in one line what is wrong and what to do."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from splicedex.splice.errors import UserError
from splicedex.splice.solver import admm, at_most, kkt_residual, nonnegative_lasso

ATOMS = np.eye(4, dtype=np.float32)
IMAGES = np.ones((3, 4), np.float32)


def spoiled(matrix, value):
    copy = matrix.copy()
    copy[2, 1] = value
    return copy


@pytest.mark.parametrize("penalty", [0, -0.1, np.nan, np.inf])
@pytest.mark.parametrize("solve", [nonnegative_lasso, admm])
def test_penalty_must_be_positive(solve, penalty) -> None:
    with pytest.raises(UserError, match=r"must be above 0; try 0\.15 to 0\.35"):
        solve(ATOMS, IMAGES, penalty)


@pytest.mark.parametrize("count", [0, -1, 2.5])
def test_count_must_be_a_positive_integer(count) -> None:
    with pytest.raises(UserError, match="it must be a whole number above 0"):
        at_most(ATOMS, IMAGES, count)


@pytest.mark.parametrize("solve", [nonnegative_lasso, admm, at_most])
@pytest.mark.parametrize(
    ("atoms", "images", "message"),
    [
        (ATOMS, IMAGES[:, :3], "embeddings have 3 dimensions, the dictionary 4; embed images"),
        (ATOMS, IMAGES[0], r"embeddings must be a matrix .* shape \(4,\)"),
        (ATOMS[0], IMAGES, r"dictionary must be a matrix .* shape \(4,\)"),
        (ATOMS[:0], IMAGES, "dictionary has no atoms"),
        (ATOMS, IMAGES[:, :0], "embeddings have 0 dimensions"),
        (spoiled(ATOMS, np.nan), IMAGES, "dictionary holds NaN or infinity"),
        (ATOMS, spoiled(IMAGES, np.nan), "row 2 of the embeddings holds NaN or infinity"),
        (ATOMS, spoiled(IMAGES, -np.inf), "row 2 of the embeddings holds NaN or infinity"),
        (ATOMS, IMAGES.astype(complex), "type of the embeddings is complex128"),
        (ATOMS.astype(object), IMAGES, "type of the dictionary is object"),
        (ATOMS, IMAGES.tolist(), "embeddings must be a matrix"),
    ],
)
def test_matrices_must_fit(solve, atoms, images, message: str) -> None:
    with pytest.raises(UserError, match=message):
        solve(atoms, images, 1)


def test_spoiled_tensors_are_refused() -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(UserError, match="row 2 of the embeddings"):
        nonnegative_lasso(torch.tensor(ATOMS), torch.tensor(spoiled(IMAGES, np.nan)), 0.2)


def test_row_number_counts_across_blocks() -> None:
    images = np.ones((50_000, 4), np.float32)
    images[43_210, 0] = np.nan
    with pytest.raises(UserError, match="row 43210 "):
        nonnegative_lasso(ATOMS, images, 0.2)


def test_weights_must_fit_too() -> None:
    with pytest.raises(UserError, match=r"weights are of shape \(3, 2\), not \(3, 4\)"):
        kkt_residual(ATOMS, IMAGES, csr_array((3, 2)), 0.2)


def test_rho_must_be_positive() -> None:
    with pytest.raises(UserError, match="rho is 0"):
        admm(ATOMS, IMAGES, 0.2, rho=0)


def test_zero_embeddings_have_no_concepts() -> None:
    assert nonnegative_lasso(ATOMS, 0 * IMAGES, 0.2).nnz == 0
    assert at_most(ATOMS, 0 * IMAGES, 3).nnz == 0

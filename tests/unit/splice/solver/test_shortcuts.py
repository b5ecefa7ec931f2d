"""The shortcuts of the solver never change its result."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array

from splicedex.splice.align import centre, unit
from splicedex.splice.errors import UserError
from splicedex.splice.solver import kkt_residual, lasso, nonnegative_lasso, objective
from splicedex.splice.solver import problem as problem_module
from splicedex.splice.solver.arrays import _TorchArrays
from splicedex.splice.solver.candidates import Candidates
from splicedex.splice.solver.penalties import Thresholds
from splicedex.splice.solver.problem import Problem
from splicedex.splice.solver.screening import proven
from splicedex.splice.solver.sketch import Sketch
from splicedex.splice.solver.working_set import Block
from tests.unit.splice.solver.test_properties import penalties, problems, quick, seeds

kinds = st.sampled_from(["made", "random", "blind", "opposite"])


def without_shortcuts(atoms, embeddings, penalty: float) -> csr_array:
    """The lasso with every score computed in every pass."""
    with (
        patch.object(lasso, "proven", lambda _, __, rows, *___: rows < 0),
        patch.object(Sketch, "if_worthwhile", lambda _: None),
    ):
        return nonnegative_lasso(atoms, embeddings, penalty)


def with_sketch(kind: str, atoms, embeddings, penalty: float) -> csr_array:
    """The lasso with a sketch of the given kind, for problems of any size."""

    def sketch(problem: Problem) -> Sketch:
        good = Sketch.of(problem)
        match kind:
            case "random":
                random = np.random.default_rng(1)
                return Sketch(random.permutation(good.atoms), good.projection)
            case "blind":
                return Sketch(0 * good.atoms, good.projection)
            case "opposite":
                return Sketch(-good.atoms, good.projection)
        return good

    with patch.object(Sketch, "if_worthwhile", sketch):
        return nonnegative_lasso(atoms, embeddings, penalty)


@quick
@given(problems(), penalties, kinds)
def test_shortcuts_do_not_change_the_answer(problem, penalty: float, kind: str) -> None:
    atoms, embeddings = problem
    ours = with_sketch(kind, atoms, embeddings, penalty)
    least = objective(atoms, embeddings, without_shortcuts(atoms, embeddings, penalty), penalty)
    assert np.allclose(objective(atoms, embeddings, ours, penalty), least, rtol=1e-6, atol=1e-6)
    longest = max(1, np.linalg.norm(atoms, axis=1).max())
    tolerance = longest * (1e-5 if atoms.dtype == np.float32 else 1e-9)
    assert kkt_residual(atoms, embeddings, ours, penalty).max() <= tolerance
    assert ours.has_sorted_indices
    assert np.all(ours.data > 0)


@quick
@given(problems(), penalties, seeds)
def test_what_is_proven_is_optimal(problem, penalty: float, seed: int) -> None:
    atoms, embeddings = problem
    checked = Problem.of(atoms, embeddings)
    thresholds = Thresholds.of(checked, penalty)
    block = Block.starting(checked, thresholds, checked.rows(0, len(embeddings)))
    rows, random = np.arange(len(embeddings)), np.random.default_rng(seed)
    for _ in range(4):
        before = block.residual.copy()
        scores = before @ checked.dictionary.T
        shown = np.where(random.random(scores.shape) < 0.5, scores, -np.inf)
        shown[block.members(rows)] = -np.inf
        found = Candidates.above(checked.arrays, shown, thresholds.level + block.tolerance)
        block.improve(rows, *found.best(checked.arrays, len(rows), 8), "single")
        sure = proven(checked, block, rows, scores, before)
        after = block.residual @ checked.dictionary.T
        assert np.all(after[sure] <= thresholds.level + 2 * block.tolerance[sure])
        row, atom = block.members(rows)
        off = np.abs(after[row, atom] - thresholds.level) > 2 * block.tolerance[row, 0]
        assert not (sure[row] & off).any()


@pytest.fixture(scope="module")
def real(data: Path) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    folder = data / "clip_vitb32"
    texts = unit(np.load(folder / "space" / "concept_embeddings.npy"))
    photos = unit(np.load(folder / "image_embeddings.npy"))[::20]
    mean = np.load(folder / "space" / "image_mean.npy")
    return centre(texts, texts.mean(0)), centre(photos, mean)


@pytest.mark.parametrize("penalty", [0.15, 0.35])
@pytest.mark.parametrize("kind", ["made", "random"])
def test_real_photos_get_the_same_concepts(real, kind: str, penalty: float) -> None:
    ours, theirs = with_sketch(kind, *real, penalty), without_shortcuts(*real, penalty)
    assert abs(ours - theirs).max() < 1e-5
    assert kkt_residual(*real, ours, penalty).max() < 1e-5


def test_nearly_equal_atoms_are_told_apart(real) -> None:
    dictionary, photos = real
    random = np.random.default_rng(0)
    noise = random.normal(size=(3, *dictionary[:300].shape)).astype(np.float32)
    crowd = np.concatenate([dictionary[:300], *(unit(dictionary[:300] + 1e-4 * noise))])
    ours, theirs = with_sketch("made", crowd, photos, 0.2), without_shortcuts(crowd, photos, 0.2)
    least = objective(crowd, photos, theirs, 0.2)
    assert np.allclose(objective(crowd, photos, ours, 0.2), least, rtol=1e-6)
    assert kkt_residual(crowd, photos, ours, 0.2).max() < 1e-5


def test_the_sketch_finds_the_main_concepts(real) -> None:
    dictionary, photos = real
    sketch = Sketch.of(Problem.of(dictionary, photos))
    assert sketch.atoms.shape[1] * 4 <= dictionary.shape[1]
    strongest = without_shortcuts(dictionary, photos, 0.25).toarray().argmax(1)
    scores = photos @ sketch.projection @ sketch.atoms.T
    better = scores > scores[np.arange(len(photos)), strongest][:, None]
    assert np.mean(better.sum(1) < 16) > 0.8


def test_screening_spares_products(real) -> None:
    passes = []

    def counted(problem, block, rows, scores, before):
        sure = proven(problem, block, rows, scores, before)
        passes.append((len(rows), int(sure.sum())))
        return sure

    with patch.object(lasso, "proven", counted):
        with_sketch("made", *real, 0.25)
    looked, sure = np.sum(passes, axis=0)
    assert sure > looked / 2


def test_a_sketch_is_for_many_images_and_atoms() -> None:
    random = np.random.default_rng(0)
    atoms, images = random.normal(size=(64, 8)), random.normal(size=(16, 8))
    assert Sketch.if_worthwhile(Problem.of(atoms, images)) is not None
    assert Sketch.if_worthwhile(Problem.of(atoms[:63], images)) is None
    assert Sketch.if_worthwhile(Problem.of(atoms, images[:15])) is None


def test_spoiled_images_are_refused_where_they_are_sampled() -> None:
    images = np.ones((4096, 4), np.float32)
    images[8 * 300, 1] = np.nan
    with pytest.raises(UserError, match="row 2400 "):
        nonnegative_lasso(np.ones((64, 4), np.float32), images, 0.2)


def test_accelerators_sketch_too(real, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dictionary, photos = real[0][:600, ::16].copy(), real[1][:, ::16].copy()
    ours = nonnegative_lasso(dictionary, photos, 0.1)
    monkeypatch.setattr(problem_module, "arrays_for", lambda *_: _TorchArrays(device, double=False))
    tensors = [torch.tensor(m, device=device) for m in (dictionary, photos)]
    assert Sketch.if_worthwhile(Problem.of(*tensors)) is not None
    with torch.autocast(device.type, dtype=torch.bfloat16):
        theirs = nonnegative_lasso(*tensors, 0.1)
    assert abs(ours - theirs).max() < 1e-4

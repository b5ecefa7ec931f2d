"""The method without an index: decompose, recompose, intervene."""

import numpy as np
import pytest

import splicedex as sx
from splicedex.splice.decomposition import decompose as solve
from splicedex.splice.sparsity import Sparsity


@pytest.fixture
def rows(planted_folder):
    return np.load(planted_folder / "x.npy")[:12]


def test_weights_are_those_of_the_method_by_name(rows, planted_folder, ix):
    found = sx.decompose(rows, planted_folder / "space", penalty=0.2)
    expected = solve(found.space, rows, Sparsity(0.2))
    assert np.array_equal(found.csr.toarray(), expected.toarray())
    assert found.shape == (12, len(found.concepts))
    for row, by_name in enumerate(found.to_list()):
        assert list(by_name.values()) == sorted(by_name.values(), reverse=True)
        assert len(by_name) == expected[[row]].nnz
    assert found[3].to_list() == found[3:4].to_list() == [found.to_list()[3]]
    assert found[-1].to_list() == [found.to_list()[-1]]
    assert len(found.to_pandas()) == expected.nnz
    assert "12 rows" in repr(found)
    assert sx.decompose(rows[0], found.space).shape[0] == 1
    assert max(map(len, sx.decompose(rows, found, l0=3).to_list())) == 3


def test_an_index_decomposes_as_its_images_are(rows, ix):
    found = sx.decompose(rows[2], ix).to_list()[0]
    stored = {one.concept: one.weight for one in ix.shows("a/001.jpg").concepts}
    assert found.keys() == stored.keys()
    assert found == pytest.approx(stored, abs=1e-4)


def test_recomposing_and_intervening(rows, planted_folder):
    weights = sx.decompose(rows, planted_folder / "space")
    rebuilt = sx.recompose(weights)
    assert rebuilt.shape == rows.shape
    assert (rebuilt * rows).sum(axis=1).min() > 0.8
    edited = sx.intervene(weights, {"DOG": 0, "snow": 0.5})
    assert all("dog" not in row for row in edited.to_list())
    assert all(row["snow"] == 0.5 for row in edited.to_list())
    assert any("dog" in row for row in weights.to_list())


def test_mistakes(rows, planted_folder):
    space = planted_folder / "space"
    weights = sx.decompose(rows, space)
    for call, told in (
        (lambda: sx.decompose(rows[:, :5], space), "the space has 32 dimensions"),
        (lambda: sx.decompose(rows * np.nan, space), "row 0 is NaN"),
        (lambda: sx.decompose(rows, space, penalty=0.1, l0=2), "both set the sparsity"),
        (lambda: sx.decompose(rows, space, penalties="none"), "use frequency, uniform"),
        (lambda: sx.intervene(weights, {"gitar": 0}), "did you mean guitar"),
        (lambda: sx.intervene(weights, {"dogs": 0}), "did you mean 'dog'"),
        (lambda: sx.intervene(weights, {"dog": -1}), "is not 0 or more"),
    ):
        with pytest.raises(sx.UserError, match=told):
            call()

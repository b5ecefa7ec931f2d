import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from splicedex.splice.align import unit
from splicedex.splice.decomposition import (
    Sparsity,
    decompose,
    intervene,
    recompose,
    reconstruction_cosine,
)
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.errors import UserError


@pytest.fixture(scope="module")
def measured(data):
    space = ConceptSpace.load(data / "clip_vitb32" / "space")
    return space, np.load(data / "clip_vitb32" / "image_embeddings.npy")[:64]


def test_a_planted_mixture_is_found(space):
    weights = csr_array(np.array([[0.8, 0, 0, 0.6, *[0] * 8]], np.float32))
    image = unit(unit(weights @ space.atoms) + space.image_mean)
    found = decompose(space, image, Sparsity(0.01))
    assert set(found.indices) >= {0, 3}
    assert set(np.argsort(-found.toarray()[0])[:2]) == {0, 3}


def test_recomposition_is_unit_and_lies_in_the_image_cone(measured):
    space, images = measured
    weights = decompose(space, images, Sparsity(0.15))
    again = recompose(space, weights)
    np.testing.assert_allclose(np.linalg.norm(again, axis=1), 1, atol=1e-5)
    cosine = np.einsum("ij,ij->i", again, images)
    assert cosine.mean() > 0.6
    expected = unit(unit(weights @ space.atoms) + space.image_mean)
    np.testing.assert_allclose(again, expected, atol=1e-6)


def test_a_smaller_penalty_explains_more(measured):
    space, images = measured
    means = []
    for penalty in (0.35, 0.25, 0.15):
        weights = decompose(space, images, Sparsity(penalty))
        means.append(reconstruction_cosine(space, images, weights).mean())
    assert means == sorted(means)


def test_an_exact_count(measured):
    space, images = measured
    lasso = decompose(space, images, Sparsity(0.25))
    count = round(lasso.nnz / len(images))
    weights = decompose(space, images, Sparsity(l0=count))
    assert np.diff(weights.indptr).max() <= count
    assert np.diff(weights.indptr).min() >= 1
    # Not shrunk by a penalty, as many concepts explain more.
    better = reconstruction_cosine(space, images, weights).mean()
    assert better > reconstruction_cosine(space, images, lasso).mean()


def test_no_concepts_have_no_cosine(space):
    none = csr_array((1, len(space.concepts)), dtype=np.float32)
    assert reconstruction_cosine(space, space.texts[:1], none) == 0


@given(
    st.lists(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=5, max_size=5), min_size=1),
    st.sets(st.integers(0, 4)),
    st.dictionaries(st.integers(0, 4), st.sampled_from([0.0, 0.25, 2.0])),
)
def test_intervention_edits_every_row_and_nothing_else(rows, suppress, set_to):
    before = np.array(rows, np.float32)
    weights = csr_array(before)
    edited = intervene(weights, suppress=suppress, set_to=set_to)
    expected = before.copy()
    expected[:, list(suppress)] = 0
    for concept, value in set_to.items():
        expected[:, concept] = value
    np.testing.assert_array_equal(edited.toarray(), expected)
    assert (edited.data != 0).all()
    np.testing.assert_array_equal(weights.toarray(), before)


@pytest.mark.parametrize("penalty", [0, -1, float("nan"), float("inf")])
def test_penalties_that_mean_nothing_are_refused(penalty):
    with pytest.raises(UserError, match="l1 penalty"):
        Sparsity(penalty)


def test_counts_that_mean_nothing_are_refused():
    with pytest.raises(UserError, match="l0"):
        Sparsity(l0=0)

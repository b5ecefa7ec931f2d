import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splicedex.splice.align import unit
from splicedex.splice.presence.activation import RIDGE, Activations
from tests.photos import make_embeddings, make_space

SPACE = make_space()
PHOTOS = make_embeddings(SPACE, 20)
READ = Activations.of_words(SPACE)


def standardised(space, embeddings):
    """The definition: ridge weights of all concepts, up to each one's scale, standardised."""
    atoms = space.atoms.astype(np.float64)
    gram = atoms.T @ atoms
    ridge = RIDGE * np.trace(gram) / len(gram)
    queries = atoms @ np.linalg.inv(gram + ridge * np.eye(len(gram)))
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    scores = (unit(embeddings) - space.image_mean) @ queries.T
    return (scores - scores.mean(1, keepdims=True)) / scores.std(1, keepdims=True)


def test_is_the_ridge_weight_standardised_over_the_vocabulary():
    np.testing.assert_allclose(READ.of(PHOTOS), standardised(SPACE, PHOTOS), atol=1e-4)


@given(st.lists(st.integers(0, len(SPACE.concepts) - 1), max_size=10))
def test_some_concepts_are_read_as_among_all(some):
    np.testing.assert_allclose(READ.of(PHOTOS, some), READ.of(PHOTOS)[:, some], atol=1e-5)


def test_no_photos_have_no_activations():
    assert READ.of(PHOTOS[:0]).shape == (0, len(SPACE.concepts))


def test_length_says_nothing():
    np.testing.assert_allclose(READ.of(7 * PHOTOS), READ.of(PHOTOS), atol=1e-4)


def test_an_embedding_at_the_image_mean_is_finite(space):
    mean = unit(space.image_mean[None])
    assert np.isfinite(Activations.of_words(space).of(mean)).all()


def test_the_queries_rank_as_activation_does():
    for concept in range(5):
        by_query = np.argsort(PHOTOS @ READ.queries[concept])
        centred = (PHOTOS - SPACE.image_mean) @ READ.queries[concept]
        np.testing.assert_array_equal(by_query, np.argsort(centred))
    np.testing.assert_allclose(np.linalg.norm(READ.queries, axis=1), 1, atol=1e-5)


def test_real_photos_are_standardised_too(data):
    from splicedex.splice.dictionary.space import ConceptSpace

    real = ConceptSpace.load(data / "clip_vitb32" / "space")
    rows = np.load(data / "clip_vitb32" / "image_embeddings.npy")[:50]
    found = Activations.of_words(real).of(rows)
    assert found.mean(axis=1) == pytest.approx(np.zeros(50), abs=1e-4)
    assert found.std(axis=1) == pytest.approx(np.ones(50), abs=1e-3)


def test_along_other_directions():
    turned = READ.with_queries(READ.queries[::-1].copy())
    np.testing.assert_allclose(turned.of(PHOTOS), READ.of(PHOTOS)[:, ::-1], atol=1e-4)

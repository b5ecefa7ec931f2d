import numpy as np
import pytest

from splicedex.splice.dictionary.space import ConceptSpace, check_vectors, make_space
from splicedex.splice.errors import UserError


def test_atoms_are_centred_unit_rows(space):
    expected = space.texts - space.texts.mean(0)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(space.atoms, expected, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(space.atoms, axis=1), 1, atol=1e-6)


def test_images_are_aligned_whatever_their_length(space):
    rows = np.random.default_rng(1).normal(size=(3, space.dim)).astype(np.float32)
    np.testing.assert_allclose(space.align_images(rows), space.align_images(7 * rows), atol=1e-6)


def test_a_saved_space_is_the_same(space, tmp_path):
    space.save(tmp_path / "space")
    loaded = ConceptSpace.load(tmp_path / "space")
    assert loaded.concepts == space.concepts
    np.testing.assert_array_equal(loaded.texts, space.texts)
    assert loaded.fingerprint == space.fingerprint


def test_texts_of_any_length_are_scaled(space):
    scaled = make_space(space.concepts, 3 * space.texts, space.image_mean, source="x")
    np.testing.assert_allclose(scaled.texts, space.texts, atol=1e-6)


def test_the_fingerprint_covers_everything(space):
    renamed = make_space(space.concepts[::-1], space.texts, space.image_mean, source="x")
    moved = make_space(space.concepts, space.texts, space.image_mean * 0.5, source="x")
    assert len({space.fingerprint, renamed.fingerprint, moved.fingerprint}) == 3


def test_parts_that_do_not_fit_are_refused(space, tmp_path):
    with pytest.raises(UserError, match=r"no concepts\.txt, concept_embeddings"):
        ConceptSpace.load(tmp_path)
    with pytest.raises(UserError, match="11 distinct concepts"):
        make_space(space.concepts[1:], space.texts, space.image_mean, source="x")
    with pytest.raises(UserError, match=r"image mean has shape \(15,\)"):
        make_space(space.concepts, space.texts, space.image_mean[1:], source="x")
    texts = space.texts.copy()
    texts[3, 0] = np.nan
    with pytest.raises(UserError, match="row 3 is NaN"):
        make_space(space.concepts, texts, space.image_mean, source="x")
    texts[:] = space.texts[0]
    with pytest.raises(UserError, match="no two concepts have different embeddings"):
        make_space(space.concepts, texts, space.image_mean, source="x")
    with pytest.raises(UserError, match="no two concepts"):
        make_space(space.concepts[:1], texts[:1], space.image_mean, source="x")


def test_check_vectors_counts_from_start():
    with pytest.raises(UserError, match="row 12 is zero"):
        check_vectors(np.array([[1.0], [1.0], [0.0]], np.float32), "x", start=10)
    check_vectors(np.zeros((1, 2), np.float32), "x", allow_zero=True)


def test_the_measured_space(data):
    space = ConceptSpace.load(data / "clip_vitb32" / "space")
    assert len(space.concepts) == 2282
    assert space.dim == 512
    assert space.ids["hot dog"] == space.concepts.index("hot dog")

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splicedex.splice.errors import UserError
from splicedex.splice.presence.activation import Activations
from splicedex.splice.presence.calibration import PREVALENCE, Calibration, calibrate, logit, sigmoid
from splicedex.splice.presence.self_training import self_trained
from tests.photos import WORDS, make_embeddings, make_space

SPACE = make_space()


def reference(space, activations):
    """The formula of the module docstring in float64, without shortcuts."""
    a = activations.astype(np.float64)
    n, c = a.shape
    far = np.linalg.norm(space.texts - space.texts.mean(0), axis=1).astype(np.float64)
    specific = (far - far.mean()) / far.std()
    strong = np.full(c, 4.5)
    if n:
        top = min(max(3, round(0.01 * n)), n)
        seen = np.clip(np.sort(a, axis=0)[n - top :].mean(axis=0), 3.5, 5.5)
        strong = (n * seen + 20 * 4.5) / (n + 20)
    bias = 2 * (1 - 0.58 * strong) - 0.5 * specific
    share = np.full(c, 0.02)
    for _ in range(10):
        odds = 2 * a + bias + np.log(share / (1 - share))
        share = ((1 / (1 + np.exp(-odds))).sum(0) + 2) / (n + 100)
    return bias + np.log(share / (1 - share)), share


@pytest.mark.parametrize("count", [0, 1, 2, 3, 40, 400])
def test_calibration_is_the_formula(count):
    photos = make_embeddings(SPACE, count)
    found = calibrate(SPACE, photos)
    words = Activations.of_words(SPACE)
    offset, _ = reference(SPACE, words.of(photos))
    likely = 1 / (1 + np.exp(-2 * words.of(photos) - offset))
    activations = self_trained(words, photos, lambda part: likely[:, part]).of(photos)
    offset, share = reference(SPACE, activations)
    np.testing.assert_allclose(found.offset, offset, atol=1e-3)
    np.testing.assert_allclose(found.prevalence, share, rtol=1e-3)
    assert found.images == count
    odds = found.logit(found.activations.standardised(photos), slice(None))
    np.testing.assert_allclose(odds, 2 * activations + offset, atol=5e-3)
    probability = found.probability(photos)
    np.testing.assert_allclose(probability, 1 / (1 + np.exp(-odds)), atol=1e-6)


def test_before_any_photo_every_concept_is_as_rare():
    found = calibrate(SPACE, make_embeddings(SPACE, 0))
    assert found.prevalence == pytest.approx(np.full(len(SPACE.concepts), PREVALENCE))


def test_prevalence_is_near_the_planted_share():
    """Half of 1,500 photos show a dog alone, the others one of fourteen things."""
    random = np.random.default_rng(0)
    things = [SPACE.ids[word] for word in WORDS[1:]]
    shown = np.where(np.arange(1500) < 750, SPACE.ids["dog"], random.choice(things, 1500))
    photos = 0.5 * SPACE.atoms[shown] + SPACE.image_mean + 0.03 * random.normal(size=(1500, 32))
    found = calibrate(SPACE, photos.astype(np.float32)).prevalence
    assert 0.4 < found[SPACE.ids["dog"]] < 0.6
    for thing in things:
        assert 0.01 < found[thing] < 0.12
    for unrelated in ("thing 1", "thing 30"):
        assert found[SPACE.ids[unrelated]] < 0.03


@given(st.lists(st.floats(-80, 80, width=32), min_size=1))
@settings(max_examples=50)
def test_sigmoid_and_logit(odds):
    odds = np.array(odds, np.float64)
    p = sigmoid(odds)
    assert ((p >= 0) & (p <= 1)).all()
    near = np.abs(odds) < 10
    np.testing.assert_allclose(logit(p[near]), odds[near], atol=1e-6)


def test_saved_calibration_is_the_same(tmp_path):
    made = calibrate(SPACE, make_embeddings(SPACE, 10))
    made.save(tmp_path / "presence.npz")
    made.save(tmp_path / "presence.npz")
    read = Calibration.load(tmp_path / "presence.npz")
    np.testing.assert_array_equal(read.offset, made.offset)
    np.testing.assert_array_equal(read.prevalence, made.prevalence)
    photos = make_embeddings(SPACE, 20)
    np.testing.assert_array_equal(read.probability(photos), made.probability(photos))
    assert read.images == 10
    assert [file.name for file in tmp_path.iterdir()] == ["presence.npz"]


@pytest.mark.parametrize("keep", [0, 10, 300, -10])
def test_a_damaged_file_is_refused(tmp_path, keep):
    file = tmp_path / "presence.npz"
    calibrate(SPACE, make_embeddings(SPACE, 0)).save(file)
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(UserError, match=r"presence\.npz cannot be read"):
        Calibration.load(file)


def test_a_missing_or_foreign_file_is_refused(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        Calibration.load(tmp_path / "presence.npz")
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(UserError, match="cannot be read"):
        Calibration.load(tmp_path / "other.npz")
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(UserError, match="cannot be read"):
        Calibration.load(tmp_path / "text.npz")


def test_a_flipped_bit_in_the_directory_of_the_file_is_refused_or_does_no_harm(tmp_path):
    """Some make a file say that it is encrypted, or compressed in an unheard-of way."""
    file = tmp_path / "presence.npz"
    ones = np.ones(2, np.float32)
    whole = Calibration(Activations(np.eye(2), ones, np.eye(2)), ones, ones, 2)
    whole.save(file)
    content, refused = file.read_bytes(), 0
    start = content.index(b"PK\x01\x02")
    for bit in range(8 * start, 8 * (start + 46)):  # the entry of the first array
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        file.write_bytes(flipped)
        try:
            assert Calibration.load(file).offset.tolist() == whole.offset.tolist()
        except UserError as error:
            assert "splicedex repair" in error.hint
            refused += 1
    assert refused


def test_a_calibration_fits_its_space_alone():
    made = calibrate(SPACE, make_embeddings(SPACE, 10))
    assert made.fits(SPACE)
    narrow = replace(made.activations, covariance=made.activations.covariance[1:])
    unlike = replace(made.activations, queries=np.full_like(made.activations.queries, np.nan))
    for other in (
        replace(made, offset=made.offset[1:]),
        replace(made, prevalence=made.prevalence[1:]),
        replace(made, activations=narrow),
        replace(made, activations=unlike),
    ):
        assert not other.fits(SPACE)

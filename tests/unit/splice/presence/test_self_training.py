import csv

import numpy as np
import pytest

from benchmarks.truth import average_precision
from splicedex.splice.align import unit
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.presence.activation import Activations
from splicedex.splice.presence.calibration import calibrate
from splicedex.splice.presence.self_training import CONCEPTS_PER_BLOCK, self_trained
from tests.photos import make_embeddings, make_space

SPACE = make_space()
WORDS = Activations.of_words(SPACE)
CONCEPTS = len(SPACE.concepts)
RANDOM = np.random.default_rng(0)


def guesses(count, concepts=CONCEPTS):
    return RANDOM.random((count, concepts)).astype(np.float32)


def learnt_by(words, photos, likely):
    return self_trained(words, photos, lambda part: likely[:, part])


def learnt(photos, likely):
    return learnt_by(WORDS, photos, likely)


def reference(queries, photos, likely):
    """The formula in float64, concept by concept."""
    images = unit(photos).astype(np.float64)
    n, d = images.shape
    images -= images.mean(axis=0)
    isotropic = np.eye(d) * (images**2).sum() / (n * d)
    covariance = (n * (images.T @ images / n) + d * isotropic) / (n + d)

    def deviation(direction):
        return np.sqrt(direction @ covariance @ direction)

    found = []
    for word, share in zip(queries, likely.T.astype(np.float64), strict=True):
        both = 100 * word / deviation(word) + np.linalg.solve(covariance, share @ images)
        found.append(both / np.sqrt(deviation(both) * np.linalg.norm(both)))
    return np.array(found)


@pytest.mark.parametrize("count", [3, 10, 200])
def test_is_the_formula(count):
    photos, likely = make_embeddings(SPACE, count), guesses(count)
    expected = reference(WORDS.queries, photos, likely)
    np.testing.assert_allclose(learnt(photos, likely).queries, expected, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("count", [0, 1])
def test_hardly_any_photo_teaches_nothing(count):
    found = learnt(make_embeddings(SPACE, count), guesses(count))
    photos = make_embeddings(SPACE, 9)
    np.testing.assert_allclose(found.of(photos), WORDS.of(photos), atol=1e-3)


def test_the_length_of_embeddings_says_nothing():
    photos, likely = make_embeddings(SPACE, 30), guesses(30)
    ours, theirs = learnt(photos, likely).queries, learnt(5 * photos, likely).queries
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3)


def test_many_concepts_are_learnt_in_parts():
    times = CONCEPTS_PER_BLOCK // CONCEPTS + 2
    many = WORDS.with_queries(np.tile(WORDS.queries, (times, 1)))
    photos, likely = make_embeddings(SPACE, 20), guesses(20)
    found = self_trained(many, photos, lambda part: np.tile(likely, times)[:, part]).queries
    expected = np.tile(learnt(photos, likely).queries, (times, 1))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("likely", [0.0, 1.0])
@pytest.mark.parametrize("photos", ["equal", "different"])
def test_nothing_to_learn_from_is_finite(photos, likely):
    rows = make_embeddings(SPACE, 5)
    rows = rows[:1].repeat(5, axis=0) if photos == "equal" else rows
    found = learnt(rows, np.full((5, CONCEPTS), likely, np.float32))
    assert np.isfinite(found.of(make_embeddings(SPACE, 9))).all()


@pytest.mark.parametrize("likely", [0.0, 0.3])
def test_a_concept_that_no_photo_shows_more_than_others_keeps_its_direction(likely):
    found = learnt(make_embeddings(SPACE, 5000), np.full((5000, CONCEPTS), likely, np.float32))
    cosines = (unit(found.queries) * unit(WORDS.queries)).sum(axis=1)
    assert cosines == pytest.approx(np.ones(CONCEPTS), abs=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_a_word_with_a_wrong_direction_learns_a_better_one(seed):
    """Images of the concept deviate along one axis, its text along that and another."""
    random = np.random.default_rng(seed)
    shown = random.random(4000) < 0.3
    axis, wrong = np.linalg.qr(random.normal(size=(SPACE.dim, 2)))[0].T
    photos = SPACE.image_mean + 0.1 * random.normal(size=(4000, SPACE.dim))
    photos = (photos + 0.4 * shown[:, None] * axis).astype(np.float32)
    queries = WORDS.queries.copy()
    queries[0] = axis + 1.5 * wrong
    words = WORDS.with_queries(queries)
    guessed = photos @ queries[0]
    likely = np.full((4000, CONCEPTS), 0.01, np.float32)
    likely[:, 0] = guessed >= np.quantile(guessed, 1 - shown.mean())

    def right(activations):
        scores = activations.of(photos, [0])[:, 0]
        return shown[np.argsort(-scores)[: shown.sum()]].mean()

    assert right(learnt_by(words, photos, likely)) > right(words) + 0.05


def test_real_photos_are_found_better(data):
    """Mean average precision of nine classes of CIFAR-10 among its thumbnails."""
    folder = data / "clip_vitb32"
    space = ConceptSpace.load(folder / "space")
    rows = np.load(folder / "image_embeddings.npy").astype(np.float32)
    with (folder / "images.csv").open(encoding="utf-8", newline="") as lines:
        table = list(csv.DictReader(lines))
    labels = np.array([r["label"] if r["source"] == "cifar500" else "" for r in table])
    thumbnails = labels != ""

    def precision(activations):
        found = []
        for label in ("airplane", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"):
            scores = activations.of(rows[thumbnails], [space.ids[label]])[:, 0]
            found.append(average_precision((labels[thumbnails] == label)[np.argsort(-scores)]))
        return np.mean(found)

    taught = calibrate(space, rows).activations
    assert precision(taught) > precision(Activations.of_words(space)) + 0.01

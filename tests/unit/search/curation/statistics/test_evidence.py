"""When a claim about a concept stands."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splicedex.search.curation.statistics.evidence import CHANCE, LARGE, Evidence
from splicedex.search.curation.statistics.significance import q_values
from splicedex.search.curation.statistics.two_by_two import LabelTables

RANDOM_LABELS = 200


def evidence(hits, other_hits, contrast, count=50, other_count=50):
    tables = LabelTables(np.array(hits), count, np.array(other_hits), other_count)
    return Evidence.of(tables, np.array(contrast))


def of_images(shows, label, contrast=1.0):
    """Evidence from what each image shows (n, c), and which have the label (n,)."""
    tables = LabelTables(
        shows[label].sum(axis=0), int(label.sum()), shows[~label].sum(axis=0), int((~label).sum())
    )
    return Evidence.of(tables, np.full(shows.shape[1], contrast))


@st.composite
def counted(draw):
    count, other_count = draw(st.integers(1, 300)), draw(st.integers(1, 300))
    hits, other_hits = draw(st.integers(0, count)), draw(st.integers(0, other_count))
    contrast = draw(st.floats(0, 1))
    return evidence([hits], [other_hits], [contrast], count, other_count)


@given(counted())
def test_a_claim_that_stands_is_large_and_not_chance(one):
    assert -1 <= one.difference[0] <= one.tables.largest_difference[0] + 1e-9 <= 1 + 2e-9
    if one.stands(one.p)[0]:
        assert one.testable[0]
        assert one.difference[0] >= LARGE
        assert one.p[0] < CHANCE
        turned = replace(one, tables=one.tables.turned())
        assert not turned.stands(one.p)[0]


@given(counted(), counted())
def test_what_is_found_elsewhere_never_adds(here, there):
    beyond = here.beyond(there, here.contrast)
    assert beyond.difference[0] <= here.difference[0]
    assert beyond.p[0] >= here.p[0]
    assert not (beyond.stands(beyond.p)[0] and not here.stands(here.p)[0])
    assert not here.beyond(here, here.contrast).stands(here.p)[0]


def test_each_condition_counts():
    def stands(one, q=0.01):
        return bool(one.stands(np.array([q]))[0])

    sure = evidence([40], [10], [0.8])
    assert stands(sure)
    assert not stands(sure, q=CHANCE)
    assert not stands(evidence([40], [10], [0.1]))
    assert not stands(evidence([14], [5], [0.8]))
    assert not stands(evidence([6], [2], [0.8], 12, 12))
    assert not stands(replace(sure, elsewhere=np.array([0.31])))


def test_nine_of_ten_halves_show_it():
    random = np.random.default_rng(3)
    one = evidence([22], [6], [0.8], 40, 30)
    inside, rest = np.arange(40) < 22, np.arange(30) < 6
    halves = [
        random.permutation(inside)[:20].mean() - random.permutation(rest)[:15].mean()
        for _ in range(4000)
    ]
    assert one.in_halves[0] == pytest.approx(np.quantile(halves, 0.1), abs=0.02)


def test_the_contrast_names_what_to_ask_for():
    found = evidence([0, 40, 0], [0, 10, 0], [0.6, 0.95, 0.9])
    assert found.first(np.zeros(3, np.bool_)) == []  # its difference is large already
    assert found.first(np.array([False, True, False])) == [2]
    assert found.first(np.array([False, True, True])) == [0]
    assert found.first(np.ones(3, np.bool_)) == []
    asked = found.with_counts([2], LabelTables(np.array([30]), 50, np.array([2]), 50))
    assert asked.stands(asked.p).tolist() == [False, True, True]
    assert asked.tables.hits.tolist() == [0, 40, 30]
    assert asked.p[1] == found.p[1]


@pytest.mark.parametrize("images", [34, 60, 120, 400])
def test_random_labels_are_told_next_to_nothing(images):
    """Even where the contrast backs everything, which it does not."""
    random = np.random.default_rng(images)
    shares = np.minimum(0.02 / random.random(300), 0.6)
    told = 0
    for _ in range(RANDOM_LABELS):
        shows = random.random((images, 300)) < shares
        label = random.permutation(images) < images // 2
        one = of_images(shows, label)
        told += bool(one.stands(q_values(one.p, one.testable)).any())
    assert told <= 0.1 * RANDOM_LABELS


@pytest.mark.parametrize("images", [34, 60, 400])
def test_a_planted_concept_is_found(images):
    random = np.random.default_rng(images)
    found = 0
    for _ in range(RANDOM_LABELS):
        label = random.permutation(images) < images // 2
        share = np.where(label, 0.7, 0.1)
        shows = np.hstack(
            [random.random((images, 1)) < share[:, None], random.random((images, 50)) < 0.2]
        )
        one = of_images(shows, label)
        found += bool(one.stands(q_values(one.p, one.testable))[0])
    assert found >= 0.85 * RANDOM_LABELS

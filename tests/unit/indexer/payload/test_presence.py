import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from splicedex.indexer.engines.query import Match, Or
from splicedex.indexer.payload.presence import (
    PRESENCE,
    STRENGTHS,
    PresenceEncoder,
    at_least,
    has,
)
from splicedex.splice.dictionary.near_synonyms import NearSynonyms, all_near_synonyms
from splicedex.splice.presence.calibration import PRESENT
from tests.photos import make_space

PROBABILITIES = st.lists(
    st.lists(st.floats(0, 1, width=32), min_size=3, max_size=3), min_size=1, max_size=6
)
SPACE = make_space()


def codes(matrix):
    """The strengths that are stored where no concept has near-synonyms."""
    alone = np.arange(matrix.shape[1] + 1)
    all_near_synonyms = NearSynonyms(alone, alone[:-1], np.ones(matrix.shape[1], np.float32))
    return [
        stored[STRENGTHS]
        for stored in PresenceEncoder(all_near_synonyms).payloads(csr_array(matrix))
    ]


def passes(stored, concept, threshold):
    condition = at_least(concept, threshold)
    assert condition.key == STRENGTHS
    return bool(set(stored) & set(condition.values))


@given(PROBABILITIES, st.integers(2, 19))
def test_thresholds_at_twentieths_are_exact(rows, band):
    matrix = np.array(rows, np.float32)
    for row, stored in zip(matrix, codes(matrix), strict=True):
        for concept, p in enumerate(row):
            # A probability within rounding of the threshold may fall to either side.
            if abs(p - band / 20) > 1e-6:
                assert passes(stored, concept, band / 20) == (p > band / 20)


@given(st.integers(2, 19), st.integers(0, 40))
def test_a_probability_at_a_threshold_reaches_it(band, concept):
    matrix = np.zeros((1, 41), np.float32)
    matrix[0, concept] = band / 20
    [stored] = codes(matrix)
    assert passes(stored, concept, band / 20)
    assert band == 19 or not passes(stored, concept, (band + 1) / 20)
    assert not passes(stored, concept + 1, 0.1)


@given(PROBABILITIES)
def test_codes_are_ascending_and_one_for_each_concept_kept(rows):
    matrix = np.array(rows, np.float32)
    for row, stored in zip(matrix, codes(matrix), strict=True):
        assert stored == sorted(set(stored))
        kept = [code // 20 for code in stored]
        assert kept == np.flatnonzero(row >= 0.1).tolist()


@given(st.integers(0, 2**32 - 1))
def test_one_value_says_what_a_family_says_at_length(seed):
    random = np.random.default_rng(seed)
    matrix = random.random((4, len(SPACE.concepts))).astype(np.float32) ** 4
    related = all_near_synonyms(SPACE)
    for stored in PresenceEncoder(related).payloads(csr_array(matrix)):
        assert stored[PRESENCE] == sorted(set(stored[PRESENCE]))
        for concept in range(len(SPACE.concepts)):
            part = slice(related.starts[concept], related.starts[concept + 1])
            near = zip(related.concepts[part].tolist(), related.weights[part].tolist(), strict=True)
            asked = Or(
                tuple(at_least(i, PRESENT / weight) for i, weight in near if weight >= PRESENT)
            )
            at_length = {value for one in asked.parts for value in one.values}
            assert has(concept) == Match(PRESENCE, (concept,))
            assert (concept in stored[PRESENCE]) == bool(set(stored[STRENGTHS]) & at_length)


@pytest.mark.parametrize(("asked", "meant"), [(0, 0.1), (0.04, 0.1), (0.62, 0.6), (0.64, 0.65)])
def test_other_thresholds_are_rounded(asked, meant):
    assert at_least(3, asked) == at_least(3, meant)


def test_above_the_last_band_the_last_is_meant():
    assert at_least(3, 1) == at_least(3, 0.95)
    assert passes(codes(np.ones((1, 4), np.float32))[0], 3, 1)


def test_no_images_have_no_codes():
    assert codes(np.zeros((0, 4), np.float32)) == []

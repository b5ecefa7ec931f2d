"""What images show, in the payload."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from splicedex.indexer.payload.shows import PERCENT, SHOWS, agrees, payload_of, shown_in
from splicedex.splice.presence.shows import MOST, SAID, Shown


@st.composite
def shown(draw):
    """What one image shows, as `Shows` computes it."""
    concepts = draw(st.lists(st.integers(0, 99), unique=True, max_size=MOST))
    percents = draw(
        st.lists(
            st.integers(round(100 * SAID), 100), min_size=len(concepts), max_size=len(concepts)
        )
    )
    return Shown(concepts, [percent / 100 for percent in sorted(percents, reverse=True)])


@given(shown())
def test_what_is_stored_is_what_was_said(said):
    stored = payload_of(said)
    assert shown_in(stored) == said
    assert all(type(one) is int for values in stored.values() for one in values)
    assert agrees(stored, said)


@given(shown(), st.integers(0, 2**32))
def test_rounding_is_no_fault(said, seed):
    """The last bits decide how a probability is rounded, and what lies on a limit."""
    off = np.random.default_rng(seed).choice([-0.004, 0, 0.004], len(said.concepts))
    moved = sorted(zip(np.array(said.probabilities) + off, said.concepts, strict=True))[::-1]
    kept = [(concept, round(p, 2)) for p, concept in moved if p >= SAID]
    again = Shown([concept for concept, _ in kept], [p for _, p in kept])
    assert agrees(payload_of(said), again)
    assert agrees(payload_of(again), said)


@given(shown().filter(lambda said: said.concepts))
def test_other_contents_are_a_fault(said):
    stored = payload_of(said)
    assert not agrees({SHOWS: [], PERCENT: []}, said) or max(stored[PERCENT]) <= 36
    assert not agrees({**stored, PERCENT: stored[PERCENT][1:]}, said)
    other = [one + 100 for one in stored[SHOWS]]
    assert not agrees({**stored, SHOWS: other}, said) or max(stored[PERCENT]) <= 36
    lower = [percent - 2 for percent in stored[PERCENT]]
    assert not agrees({**stored, PERCENT: lower}, said)


def test_a_full_list_may_end_with_either_of_two():
    first, second = ([*range(11), last] for last in (50, 60))
    percents = [0.9] * 11 + [0.6]
    assert agrees(payload_of(Shown(first, percents)), Shown(second, percents))
    assert not agrees(payload_of(Shown(first[::-1], percents)), Shown(second[::-1], percents))

from hypothesis import assume, given
from hypothesis import strategies as st

from splicedex.indexer.engines.query import Match, Or, Range
from splicedex.indexer.engines.wide_range import LEAST, MOST, in_steps, is_wide

EDGES = [0, 2**53, -(2**53), 2**60, 1234567890123456781, 2**62, -(2**62), MOST, LEAST]
near = st.builds(int.__add__, st.sampled_from(EDGES), st.integers(-3000, 3000))
integers = near | st.integers(LEAST, MOST)
bounds = st.none() | near | st.integers(-(2**70), 2**70)


def passes(tree, value):
    """Whether an engine lets a value through that rounds the bound, and one that rounds both."""
    match tree:
        case Or(parts):
            found = [passes(part, value) for part in parts]
            return any(one for one, _ in found), any(other for _, other in found)
        case Match(_, values):
            return value in values, value in values
        case Range(_, None, low, None, high):
            clipped = max(LEAST, min(MOST, int(low))), max(LEAST, min(MOST, int(high)))
            return clipped[0] <= value <= clipped[1], low <= float(value) <= high


@given(integers, bounds, bounds, bounds, bounds)
def test_integers_are_compared_exactly(value, gt, gte, lt, lte):
    assume(LEAST <= value <= MOST)
    tree = Range("k", gt, gte, lt, lte)
    assume(is_wide(tree))
    expected = (
        (gt is None or value > gt)
        and (gte is None or value >= gte)
        and (lt is None or value < lt)
        and (lte is None or value <= lte)
    )
    assert passes(in_steps(tree), value) == (expected, expected)


def test_few_integers_are_matched_one_by_one():
    found = in_steps(Range("k", gte=2**62 + 1, lte=2**63 - 2))
    assert isinstance(found, Or)
    assert sum(len(part.values) for part in found.parts if isinstance(part, Match)) < 6 * 1024


def test_small_bounds_and_floats_stay():
    assert not is_wide(Range("k", gt=5, lte=2**53 - 1))
    assert not is_wide(Range("k", gt=1e300))

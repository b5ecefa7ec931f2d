"""Ranges of 64-bit integers, compared exactly by an engine whose bounds are floats.

From 2^53 on, not every integer is a float. A bound that is not one is replaced by the next float
inside the range; the few integers between the two are matched one by one, at most 3 steps of the
floats, which are 3 · 1,024 integers near 2^63. This is right whether the engine rounds the bound to
an integer, as an index does, or the value to a float, as a scan of the payload does: the float
inside the range is far enough from its end that no integer outside is rounded to it.
"""

from __future__ import annotations

import math

from splicedex.indexer.engines.query import Filter, Match, Or, Range

LEAST, MOST = -(2**63), 2**63 - 1
"""The integers that an engine can hold."""
_EXACT = 2**53
"""Below, every integer is a float."""


def is_wide(tree: Range) -> bool:
    """Whether a range has a bound that an engine may compare inexactly."""
    return any(
        isinstance(bound, int) and abs(bound) >= _EXACT
        for bound in (tree.gt, tree.gte, tree.lt, tree.lte)
    )


def in_steps(tree: Range) -> Filter:
    """The same range with bounds that are floats, and the integers next to them one by one.

    Args:
        tree: A range of integers.
    """
    low = max(_first(tree.gt, tree.gte), LEAST)
    high = min(_last(tree.lt, tree.lte), MOST)
    if low > high:
        return Or(())
    inner_low, inner_high = _float_above(low), _float_below(high)
    if inner_low > inner_high:
        return Match(tree.key, tuple(range(low, high + 1)))
    singly = (*range(low, int(inner_low)), *range(int(inner_high) + 1, high + 1))
    inside = Range(tree.key, gte=inner_low, lte=inner_high)
    return Or((inside, Match(tree.key, singly))) if singly else inside


def _first(gt: float | None, gte: float | None) -> int:
    """The first integer of a range."""
    bounds = [LEAST]
    if gt is not None:
        bounds.append(math.floor(gt) + 1)
    if gte is not None:
        bounds.append(math.ceil(gte))
    return max(bounds)


def _last(lt: float | None, lte: float | None) -> int:
    """The last integer of a range."""
    bounds = [MOST]
    if lt is not None:
        bounds.append(math.ceil(lt) - 1)
    if lte is not None:
        bounds.append(math.floor(lte))
    return min(bounds)


def _float_above(low: int) -> float:
    """The float from which a range starts for the engine, at or above an integer."""
    if abs(low) < _EXACT or low == LEAST:
        return float(low)
    above = float(low)
    if above < low:
        above = math.nextafter(above, math.inf)
    return math.nextafter(above, math.inf)


def _float_below(high: int) -> float:
    """The float at which a range ends for the engine, at or below an integer."""
    return -_float_above(-high) if high != MOST else 2.0**63

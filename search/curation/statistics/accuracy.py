"""Accuracy, overall and by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splicedex.search.curation.statistics.proportions import Interval, wilson

NAMED = 3
"""Concepts named in the name of a method that does without them."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How often something is right.

    Args:
        method: What is measured.
        group: Of which images; empty for all.
        images: How many.
        accuracy: Share that is right, with Wilson's interval.
    """

    method: str
    group: str
    images: int
    accuracy: Interval


def accuracies(
    method: str, right: NDArray[np.bool_], groups: Sequence[str]
) -> tuple[Accuracy, ...]:
    """Accuracy of all images, then of each group.

    Args:
        method: What is measured.
        right: Whether each image is right (n,), n > 0.
        groups: The group of each (n,); all empty for no groups.
    """
    names = np.asarray(groups, dtype=object)
    found = [Accuracy(method, "", len(right), wilson([right.sum()], len(right))[0])]
    for group in sorted(set(groups) - {""}):
        inside = right[names == group]
        found.append(Accuracy(method, group, len(inside), wilson([inside.sum()], len(inside))[0]))
    return tuple(found)


def name_without(words: Sequence[str]) -> str:
    """What to call a method that does without some concepts."""
    if len(words) <= NAMED + 1:
        return f"without {', '.join(words)}"
    return f"without {', '.join(words[:NAMED])} and {len(words) - NAMED} more"

"""Accuracy of a classifier, overall and by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splicedex.search.curation.statistics.proportions import Interval, wilson


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How often a method is right.

    Args:
        method: The name of the method.
        group: The group of images it is measured on; empty for all images.
        images: How many images these are.
        accuracy: Share of them that is right, with Wilson's interval.
    """

    method: str
    group: str
    images: int
    accuracy: Interval


def accuracies(
    method: str, right: NDArray[np.bool_], groups: Sequence[str]
) -> tuple[Accuracy, ...]:
    """Accuracy on all images, then on each group in alphabetical order.

    Args:
        method: The name of the method.
        right: Whether the method is right for each image (n,), n > 0.
        groups: The group of each image (n,); an empty text belongs to no group.
    """
    names = np.asarray(groups, dtype=object)
    found = [Accuracy(method, "", len(right), wilson([right.sum()], len(right))[0])]
    for group in sorted(set(groups) - {""}):
        inside = right[names == group]
        found.append(Accuracy(method, group, len(inside), wilson([inside.sum()], len(inside))[0]))
    return tuple(found)

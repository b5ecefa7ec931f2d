"""Which images may be among the best, by bounds on the log-odds of their concepts.

A part of a query whose log-probability must reach a minimum sets a minimum or maximum for the
log-odds of each of its concepts. Comparing log-odds with limits takes far less time than computing
probabilities, and no image that could reach the minimum is left out.

With P(some of k events) = 1 - prod (1 - P_i), some P_i is at least 1 - (1 - P)^(1/k).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from math import expm1, inf, log, log1p

import numpy as np
from numpy.typing import NDArray

from splicedex.search.query.nodes import AllOf, Among, AnyOf, Concept, Node, NoneOf
from splicedex.search.query.normalize import boost_of
from splicedex.search.query.resolve import Resolved
from splicedex.splice.align import Matrix

Logits = Mapping[int, Matrix]
Mask = NDArray[np.bool_]
Meanings = Mapping[Concept, Resolved]

SLACK = 1e-6
"""Share of a log-probability that its computation may be off by rounding."""
TINY = 1e-300
SURE = np.full((), np.inf, np.float32)
"""Log-odds of what the filter has decided."""
ALL, NONE = np.ones((), np.bool_), np.zeros((), np.bool_)


def estimate(node: Node, meanings: Meanings, logits: Logits) -> Matrix:
    """Rough log-odds (n,) that a part holds: AND is the least, OR the greatest (Zadeh 1965).

    Args:
        node: The part, a normal tree of concepts.
        meanings: The concepts that each concept of the query refers to, with weights.
        logits: Log-odds (n,) of each.
    """
    match node:
        case AllOf(parts):
            return reduce(np.minimum, (estimate(part, meanings, logits) for part in parts))
        case AnyOf(parts):
            return reduce(np.maximum, (estimate(part, meanings, logits) for part in parts))
    if _is_chosen(node):
        return SURE
    leaf, wanted = _leaf(node)
    pairs = meanings[leaf].synonyms.items()
    found = reduce(np.maximum, (logits[i] + np.float32(log(weight)) for i, weight in pairs))
    return found if wanted else -found


class Bounds:
    """Decides which of n images may reach a log-probability.

    Args:
        meanings: The concepts that each concept of the query refers to, with weights.
        logits: The log-odds (n,) of each.
        error: How far the log-odds (n,) of a concept may be off.
    """

    def __init__(self, meanings: Meanings, logits: Logits, error: Callable[[int], Matrix]) -> None:
        self._meanings = meanings
        self._logits = logits
        self._error = error

    def may_hold(self, node: Node, least: float) -> Mask:
        """Whether a part may have a log-probability of `least` or more.

        Args:
            node: The part, a normal tree of concepts.
            least: The log-probability, at most 0.

        Returns:
            True or False for each image (n,), or for all.
        """
        match node:
            case AllOf(parts):
                return reduce(np.logical_and, (self.may_reach(part, least) for part in parts), ALL)
            case AnyOf(parts):
                return reduce(
                    np.logical_or, (self._may_be_some(part, least, parts) for part in parts), NONE
                )
        if _is_chosen(node):
            return ALL
        leaf, wanted = _leaf(node)
        synonyms = self._meanings[leaf].synonyms
        if wanted:
            share = _share(least, len(synonyms))
            found = (
                self._logits[i] + self._error(i) >= _logit(share / weight)
                for i, weight in synonyms.items()
                if share < weight
            )
            return reduce(np.logical_or, found, NONE)
        most = max(-expm1(least) * (1 + SLACK), TINY)
        lacking = (
            self._logits[i] - self._error(i) <= _logit(most / weight)
            for i, weight in synonyms.items()
            if most < weight
        )
        return reduce(np.logical_and, lacking, ALL)

    def may_reach(self, part: Node, least: float) -> Mask:
        """Whether the log-probability of a part, times its boost, may be `least` or more."""
        boost = boost_of(part)
        return self.may_hold(part, least / boost) if boost > 0 else ALL

    def _may_be_some(self, part: Node, least: float, parts: Sequence[Node]) -> Mask:
        """Whether a part of an OR may be as probable as one of its parts has to be."""
        boost = boost_of(part)
        share = _share(least, len(parts) * boost) if boost > 0 else 1.0
        return self.may_hold(part, log(share)) if share > 0 else ALL


def _is_chosen(node: Node) -> bool:
    """Whether a leaf names images: the filter has decided it, and it has no log-odds."""
    return isinstance(node.part if isinstance(node, NoneOf) else node, Among)


def _leaf(node: Node) -> tuple[Concept, bool]:
    """The concept of a leaf, and whether much of it is wanted."""
    leaf = node.part if isinstance(node, NoneOf) else node
    assert isinstance(leaf, Concept), f"{leaf} has no log-odds"
    return leaf, isinstance(node, NoneOf) == leaf.faint


def _share(least: float, events: float) -> float:
    """What one of some events has at least, where one of them has a log-probability or more."""
    lacking = max(-expm1(least * (1 + SLACK)), TINY)
    return -expm1(log(lacking) / events) * (1 - SLACK)


def _logit(probability: float) -> float:
    return log(probability) - log1p(-probability) if probability > 0 else -inf

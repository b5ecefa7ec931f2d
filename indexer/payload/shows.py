"""What an image is said to show, as two payload fields.

`shows` lists the concepts, most probable first, so that an engine can filter and count by it.
`shows_percent` lists their probabilities in the same order. `shows_surely` lists all concepts that
are there for sure: NOT excludes the images that show one. They follow from the embedding, the
concept space and the lexicon; no other image changes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from splicedex.indexer.engines.query import Match
from splicedex.splice.presence.shows import MOST, SAID, Shown

SHOWS, PERCENT, SURELY = FIELDS = ("shows", "shows_percent", "shows_surely")
_OFF = 1
"""Percent by which two computations of a probability may differ: one of them is rounded up."""


def payload_of(shown: Shown) -> dict[str, list[int]]:
    """The fields of an image."""
    return {
        SHOWS: list(shown.concepts),
        PERCENT: [round(100 * probability) for probability in shown.probabilities],
        SURELY: list(shown.surely),
    }


def shown_in(payload: Mapping[str, Any]) -> Shown:
    """What the fields of an image say."""
    return Shown(payload[SHOWS], [percent / 100 for percent in payload[PERCENT]], payload[SURELY])


def is_shown(*concepts: int) -> Match:
    """A filter for images that are said to show one of some concepts."""
    return Match(SHOWS, concepts)


def is_surely_shown(*concepts: int) -> Match:
    """A filter for images that show one of some concepts for sure."""
    return Match(SURELY, concepts)


def agrees(payload: Mapping[str, Any], shown: Shown) -> bool:
    """Whether the fields of an image may have been computed as this was, but for the last bits.

    Those decide how a probability is rounded, and on which side of a limit it lies.
    """
    now = payload_of(shown)
    stored = _by_concept(payload)
    computed = _by_concept(now)
    if stored is None or computed is None:
        return False
    least = 100 * SAID
    if len(payload[SHOWS]) == MOST == len(now[SHOWS]):
        least = max(least, *now[PERCENT][-1:], *payload[PERCENT][-1:])
    return all(
        abs(stored[one] - computed[one]) <= _OFF
        if one in stored and one in computed
        else stored.get(one, computed.get(one, 0)) <= least + _OFF
        for one in {*stored, *computed}
    )


def _by_concept(payload: Mapping[str, Any]) -> dict[int, int] | None:
    """The percent of each concept; None where the two fields do not fit."""
    concepts, percents = payload[SHOWS], payload[PERCENT]
    if len(concepts) != len(percents) or list(percents) != sorted(percents, reverse=True):
        return None
    return dict(zip(concepts, percents, strict=True))

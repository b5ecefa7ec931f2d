"""What a label means: the concepts that it names in any form, and those that belong with it.

That images of a label show such concepts is no news about a data set.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from splicedex.search.query.plan import direction_of
from splicedex.search.query.reading.word_forms import inflections
from splicedex.search.query.resolve import Encode, Resolved, resolve
from splicedex.splice.dictionary.kinds import other_names
from splicedex.splice.dictionary.lexicon import Lexicon
from splicedex.splice.dictionary.noun_links import noun_links
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.errors import UserError

NEAR = 0.7
"""Cosine, in aligned space, from which a concept is another name of what a label names."""
ALIKE = 0.35
"""Cosine from which two kinds of one thing are taken for each other (a foal for a horse)."""
BROADER = 2
"""Steps to what a name outside the vocabulary is a kind of (from a Labrador to a dog)."""
_SHORTEST = 3
"""Letters of a word that counts: no "of", no "on"."""

Concepts = NDArray[np.bool_]
"""Which of the c concepts (c,)."""


@dataclass(frozen=True, eq=False)
class Meaning:
    """What a name means.

    Args:
        known: Whether it is the name of a concept, or near some.
        named: The concepts that it names in any form (c,).
        related: Other concepts that belong with it (c,).
    """

    known: bool
    named: Concepts
    related: Concepts


class Meanings:
    """Finds what names mean.

    Args:
        space: The concepts.
        lexicon: What is known of their words.
        encode: The text encoder, if there is one.
    """

    def __init__(self, space: ConceptSpace, lexicon: Lexicon, encode: Encode | None) -> None:
        self._space, self._lexicon, self._encode = space, lexicon, encode
        self._kinds = lexicon.kinds.tocsr()
        self._broader = lexicon.kinds.T.tocsr()

    def of(self, name: str) -> Meaning:
        """What a name means.

        It names the concept of that name, or the nearest to it; the kinds of this and what it is a
        kind of; its parts; all whose names share a word with it; all that the model hardly tells
        from it. What is defined by it belongs with it, as a saddle with a horse.
        """
        name = name.replace("_", " ").casefold()
        forms = {name, *inflections(name)}
        named = self._with_word_of(name) | self._parts_of(forms)
        related = self._defined_by(forms)
        found = self._resolve(name)
        if found is None:
            return Meaning(False, named, related & ~named)
        cosines = self._space.atoms @ direction_of(found, self._space.atoms)
        own = [i for i in found.meant if found.concept is not None or cosines[i] >= NEAR]
        named[own] = True
        above = self._broader[own].indices
        named[self._kinds[own].indices] = True
        named[above] = True
        named |= cosines >= NEAR
        siblings = np.zeros(len(named), np.bool_)
        siblings[self._kinds[above].indices] = True
        named |= siblings & (cosines >= ALIKE)
        return Meaning(True, named, related & ~named)

    def _resolve(self, name: str) -> Resolved | None:
        """The meaning of a name: its concept, or that of another name, or those nearest to it.

        None if nothing but words of other names tells it.
        """
        try:
            found = resolve(self._space, name, encode=self._encode)
        except UserError:
            found = None
        if found is not None and found.concept is not None:
            return found
        for names in other_names(name, BROADER):
            known = [other for other in names if other in self._space.ids]
            if known:
                return resolve(self._space, known[0])
        return found if found is not None and found.how == "meaning" else None

    def _with_word_of(self, name: str) -> Concepts:
        """The concepts that share a word with a name, in any form of the word."""
        having = _concepts_by_word(self._space)
        named = np.zeros(len(self._space.concepts), np.bool_)
        for word in _words(name):
            for form in (word, *inflections(word)):
                named[having.get(form, [])] = True
        return named

    def _parts_of(self, forms: Set[str]) -> Concepts:
        """The concepts that are parts of what a name in some form names."""
        known = [noun_links()[form] for form in forms & noun_links().keys()]
        parts = frozenset[str]().union(*(links.parts for links in known))
        return np.array([not one.isdisjoint(parts) for one in self._forms], np.bool_)

    def _defined_by(self, forms: Set[str]) -> Concepts:
        """The concepts that have what a name in some form names in their definition or parts."""
        links = ([noun_links()[form] for form in one & noun_links().keys()] for one in self._forms)
        found = [any(forms & (each.definition | each.parts) for each in its) for its in links]
        return np.array(found, np.bool_)

    @cached_property
    def _forms(self) -> Sequence[Set[str]]:
        """Each concept's name in all its forms."""
        return [{name, *inflections(name)} for name in self._space.ids]


@lru_cache(maxsize=4)
def _concepts_by_word(space: ConceptSpace) -> Mapping[str, Sequence[int]]:
    """The ids of the concepts with each word in their names."""
    having: dict[str, list[int]] = defaultdict(list)
    for name, i in space.ids.items():
        for word in _words(name):
            having[word].append(i)
    return having


def _words(name: str) -> list[str]:
    words = re.findall(r"[^\W\d_]+", name.casefold())
    return [word for word in words if len(word) >= _SHORTEST]

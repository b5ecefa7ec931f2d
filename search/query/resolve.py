"""Concept resolution: turns a word of the user into the concepts that it means."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from splicedex.search.query.lexer import quoted
from splicedex.search.query.reading.nearness import near_enough
from splicedex.search.query.reading.word_forms import emoji_names, inflections
from splicedex.splice.align import Matrix, centre, unit
from splicedex.splice.dictionary.letters import folded, plain
from splicedex.splice.dictionary.near_synonyms import near_synonyms
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.errors import UserError

How: TypeAlias = Literal["exact", "inflected", "part", "meaning"]
Encode: TypeAlias = Callable[[str], Matrix]
"""Embeds a text (d,) with the text tower of the index's model."""

NEAREST = 5
"""Maximum number of concepts that replace a word outside the vocabulary."""


@dataclass(frozen=True)
class Resolved:
    """What a word means.

    Args:
        text: The word as typed.
        name: Its name in answers.
        synonyms: Ids of the concepts that it means, with weights in (0, 1].
        how: "exact"; "inflected", another form of the word; "part", concepts with the word in their
            names; "meaning", the concepts nearest to its text embedding.
        concept: The concept, if these are a concept with all its near-synonyms; else None.
    """

    text: str
    name: str
    synonyms: Mapping[int, float]
    how: How
    concept: int | None = None

    @property
    def meant(self) -> tuple[int, ...]:
        """The concept itself, or else all concepts that the word means."""
        return tuple(self.synonyms) if self.concept is None else (self.concept,)

    def note(self, space: ConceptSpace) -> str | None:
        """A note for the user if the meaning is not obvious."""
        if self.how == "exact":
            return None
        if self.how == "inflected":
            return f"{self.text!r} is read as {self.name!r}"
        names = ", ".join(space.concepts[i] for i in self.synonyms)
        return f"{self.text!r} is no concept here; it is read as {names}"


def resolve(
    space: ConceptSpace, text: str, *, exact: bool = False, encode: Encode | None = None
) -> Resolved:
    """Find the concepts that a word or phrase means.

    This is the concept of that name, or of another form of it (`dogs`), with its near-synonyms,
    which count in proportion to their nearness. For a word outside the vocabulary it is the
    concepts nearest to its text embedding, if they are near enough; without a text encoder, those
    nearest to the mean of the concepts with the word in their names (`water` of water bottles).

    Args:
        space: The concepts.
        text: The word or phrase.
        exact: Accept only the concept of exactly that name, without near-synonyms.
        encode: The text encoder, if there is one.

    Raises:
        UserError: The word is unknown, and no concept is near. The message suggests similar ones.
    """
    found = named(space, text, exact=exact)
    if found is not None:
        concept, how = found
        synonyms = {concept: 1.0} if exact else near_synonyms(space, concept)
        return Resolved(text, space.concepts[concept], synonyms, how, None if exact else concept)
    if not exact and any(map(str.isalpha, text)):  # what has no letters has no meaning to look up
        if encode is not None:
            atom = centre(unit(encode(text)), space.text_mean)
            if float((space.atoms @ atom).max()) >= near_enough(space):
                return Resolved(
                    text, text, _nearest(space, atom, range(len(space.concepts))), "meaning"
                )
        elif parts := _with_the_word(space, text):
            atom = centre(unit(space.texts[parts].mean(axis=0)), space.text_mean)
            return Resolved(text, text, _nearest(space, atom, parts), "part")
    raise UserError(f"unknown concept {text!r}", _instead(space, text, encode))


def _with_the_word(space: ConceptSpace, text: str) -> list[int]:
    """The concepts with a word in their names."""
    word = folded(text)
    return [i for name, i in space.ids.items() if word in name.split()]


def named(space: ConceptSpace, text: str, *, exact: bool = False) -> tuple[int, How] | None:
    """The concept with a name, or with another form of it.

    Args:
        space: The concepts.
        text: The name as typed.
        exact: Accept no other form than other letters: `DOG`, not `dogs`.

    Returns:
        Its id, and how it was found; None if there is no such concept.
    """
    word = " ".join(text.split()).casefold()
    for name in (word, folded(text)):
        if name in space.ids:
            return space.ids[name], "exact"
    if exact:
        return None
    bare = plain(text)
    for names, forms in (
        (space.ids, inflections(folded(text))),
        (space.plain_ids, (bare, *inflections(bare), *emoji_names(text))),
    ):
        for form in forms:
            if form in names:
                return names[form], "inflected"
    return None


def _instead(space: ConceptSpace, text: str, encode: Encode | None) -> str:
    """What to write instead of an unknown concept."""
    longer = [space.concepts[i] for i in _with_the_word(space, text)]
    near = [*dict.fromkeys([*suggest(space, folded(text)), *longer])][:3]
    if near:
        return f"did you mean {' or '.join(near)}?"
    if not any(map(str.isalpha, text)):
        return "name what a photo shows by a word; write NAME:VALUE for the value of a column"
    if encode is not None:
        return f"no concept is near; write text:{quoted(text)} to rank by the text itself"
    return "see `splicedex concepts`"


def _nearest(space: ConceptSpace, atom: Matrix, among: Iterable[int]) -> dict[int, float]:
    """The concepts nearest to an aligned text; the first has weight 1."""
    ids = np.fromiter(among, np.int64)
    cosines = space.atoms[ids] @ atom
    best = np.argsort(-cosines, kind="stable")[:NEAREST]
    top = max(float(cosines[best[0]]), 1e-6)
    return {int(ids[i]): float(cosines[i]) / top for i in best if cosines[i] > top / 2}


def suggest(space: ConceptSpace, word: str, count: int = 3) -> list[str]:
    """Concepts with a similar spelling, most similar first."""
    near = difflib.get_close_matches(word, space.ids, n=count, cutoff=0.7)
    return [space.concepts[space.ids[name]] for name in near]


def neighbours(
    space: ConceptSpace, synonyms: Mapping[int, float], count: int
) -> list[tuple[int, float]]:
    """The concepts nearest to a meaning, without its own: pairs of id and cosine."""
    own = list(synonyms)
    cosines = space.atoms @ unit(np.array(list(synonyms.values()), np.float32) @ space.atoms[own])
    cosines[own] = -np.inf
    nearest = np.argsort(-cosines, kind="stable")[: min(count, len(cosines) - len(own))]
    return [(int(i), float(cosines[i])) for i in nearest]

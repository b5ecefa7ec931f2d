"""Concept resolution: turns a word of the user into the concepts that it means."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from splicedex.splice.align import Matrix, centre, unit
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
    concepts nearest to its text embedding or, without a text encoder, the concepts nearest to the
    mean of those with the word in their names (`water` of water skis and water bottles).

    Args:
        space: The concepts.
        text: The word or phrase.
        exact: Accept only the concept of exactly that name, without near-synonyms.
        encode: The text encoder, if there is one.

    Raises:
        UserError: The word is unknown. The message suggests similar concepts.
    """
    word = " ".join(text.split()).casefold()
    for candidate in [word] if exact else [word, *inflections(word)]:
        concept = space.ids.get(candidate)
        if concept is not None:
            how: How = "exact" if candidate == word else "inflected"
            name = space.concepts[concept]
            if exact:
                return Resolved(text, name, {concept: 1.0}, how)
            return Resolved(text, name, near_synonyms(space, concept), how, concept)
    if not exact and encode is not None:
        atom = centre(unit(encode(text)), space.text_mean)
        return Resolved(text, text, _nearest(space, atom, range(len(space.concepts))), "meaning")
    parts = [] if exact else [i for name, i in space.ids.items() if word in name.split()]
    if parts:
        atom = centre(unit(space.texts[parts].mean(axis=0)), space.text_mean)
        return Resolved(text, text, _nearest(space, atom, parts), "part")
    near = suggest(space, word)
    hint = f"did you mean {' or '.join(near)}?" if near else "see `splicedex concepts`"
    raise UserError(f"unknown concept {text!r}", hint)


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


def inflections(word: str) -> Iterator[str]:
    """Possible other forms of an English noun or verb, most likely first."""
    if word.endswith("ies"):
        yield word[:-3] + "y"
    if word.endswith("ves"):
        yield word[:-3] + "f"
        yield word[:-3] + "fe"
    if word.endswith("es"):
        yield word[:-2]
    if word.endswith("s") and not word.endswith("ss"):
        yield word[:-1]
    if word.endswith("men"):
        yield word[:-3] + "man"
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            stem = word[: -len(ending)]
            yield stem
            yield stem + "e"
            if stem[-1] == stem[-2]:
                yield stem[:-1]
    yield word + "s"
    yield word + "es"
    if word.endswith("y"):
        yield word[:-1] + "ies"
    if word.endswith("man"):
        yield word[:-3] + "men"
    yield word + "ing"
    yield word.removesuffix("e") + "ing"

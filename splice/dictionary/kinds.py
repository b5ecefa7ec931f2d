"""Kinds: which concepts of a space are kinds of which, as a collie is a dog.

Nouns and what they are kinds of come from WordNet 3.0 (Fellbaum 1998); `tools/word_tables.py` makes
the table. A noun has several senses: a toaster is a person who proposes a toast, or a machine. The
sense taken is the one used most, unless the concept's embedding is nearer to another's class
(person, artifact, food ...), as the words that have only one class show them. Words that WordNet
does not know are kinds of nothing but themselves.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from splicedex.splice.align import unit
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.dictionary.tables import table_lines

if TYPE_CHECKING:
    from scipy.sparse import csr_array

FEWEST = 5
"""Concepts that a class needs before its mean embedding counts."""
CLASS, FIRST = 4.0, 0.5
"""Log-odds of a sense for a likeness of 1 to its class, and for being the first."""
PERSON = 18
"""WordNet's class of nouns for people."""
_ENDINGS = (
    ("s", ""), ("ses", "s"), ("ves", "f"), ("xes", "x"), ("zes", "z"), ("ches", "ch"),
    ("shes", "sh"), ("men", "man"), ("ies", "y"),
)  # fmt: skip
"""Endings of plurals, and what they are in the singular."""


def kinds_of(space: ConceptSpace) -> csr_array:
    """Which concepts are kinds of which: (c, c), 1 at (i, j) where j is a kind of i, or is i.

    Names of one thing ("couch", "sofa") are kinds of each other.
    """
    from scipy.sparse import csr_array

    nouns = _Nouns.of(space.concepts)
    senses = _senses_in(space, nouns)
    named: dict[int, list[int]] = defaultdict(list)
    for concept, sense in senses.items():
        named[sense].append(concept)
    count = len(space.concepts)
    pairs = {(concept, concept) for concept in range(count)}
    for concept, sense in senses.items():
        above = nouns.ancestors(sense)
        pairs.update((broader, concept) for s in above for broader in named.get(s, ()))
    rows, columns = np.array(sorted(pairs), np.int64).reshape(-1, 2).T
    return csr_array((np.ones(len(rows), np.float32), (rows, columns)), shape=(count, count))


def other_names(name: str, steps: int) -> Iterator[Sequence[str]]:
    """Other names of what a noun means first, then of what this is a kind of, step by step.

    Args:
        name: A noun, in the singular or plural.
        steps: Number of steps to broader kinds.
    """
    nouns = _Nouns.of([name])
    level = [sense.synset for sense in nouns.senses(name)[:1]]
    for _ in range(steps + 1):
        lines = [nouns.synsets[synset].split("\t") for synset in level]
        yield [entry.partition("|")[0] for line in lines for entry in line[2].split(",") if entry]
        level = [int(parent) for line in lines for parent in line[1].split()]


def _senses_in(space: ConceptSpace, nouns: _Nouns) -> Mapping[int, int]:
    """The synset that each concept means, for those that WordNet knows."""
    found = {i: senses for i, name in enumerate(space.concepts) if (senses := nouns.senses(name))}
    likeness = _class_likeness(space, {i: {one.kind for one in its} for i, its in found.items()})
    return {
        i: _meant(senses, [float(likeness[one.kind][i]) for one in senses])
        for i, senses in found.items()
    }


def _class_likeness(
    space: ConceptSpace, classes: Mapping[int, set[int]]
) -> Mapping[int, NDArray[np.floating]]:
    """How much each concept looks like one of a class (c,), for each class of nouns.

    Concepts whose senses are all of that class have 1 on average, and those without a sense of that
    class 0. Everything has 0 of a class with fewer than `FEWEST` concepts.
    """
    count = len(space.concepts)
    likeness: dict[int, NDArray[np.floating]] = defaultdict(lambda: np.zeros(count))
    for kind in set().union(*classes.values()):
        inside = [i for i, its in classes.items() if its == {kind}]
        outside = [i for i, its in classes.items() if kind not in its]
        if len(inside) >= FEWEST and outside:
            cosines = space.atoms @ unit(space.atoms[inside].mean(axis=0))
            base, top = cosines[outside].mean(), cosines[inside].mean()
            likeness[kind] = (cosines - base) / (top - base)
    return likeness


def _meant(senses: Sequence[_Sense], likeness: Sequence[float]) -> int:
    """The synset that a concept means.

    Args:
        senses: What its name may mean.
        likeness: How much the concept looks like the class of each sense.
    """
    # A person is what many a noun means as a metaphor ("a doll"): only a first sense is taken.
    scores = [
        CLASS * like + FIRST * (rank == 0) + math.log1p(one.count)
        if one.kind != PERSON or senses[0].kind == PERSON
        else -math.inf
        for rank, (one, like) in enumerate(zip(senses, likeness, strict=True))
    ]
    return senses[scores.index(max(scores))].synset


@dataclass(frozen=True, slots=True)
class _Sense:
    """A sense of a noun: its synset, the class of that, and how often it is used."""

    synset: int
    kind: int
    count: int


@dataclass(frozen=True, eq=False)
class _Nouns:
    """WordNet's nouns, as far as some names need them.

    Args:
        forms: Each name, with itself and what it may be the plural of.
        synsets: A line for each synset: its class, its hypernyms, and its words.
        meanings: What each form may mean, the most frequent sense first.
    """

    forms: Mapping[str, Sequence[str]]
    synsets: Sequence[str]
    meanings: Mapping[str, Sequence[_Sense]]

    @classmethod
    def of(cls, names: Sequence[str]) -> _Nouns:
        """Read what the table says of some names."""
        pairs = (line.replace("_", " ").split() for line in table_lines("noun_forms.txt.xz"))
        irregular = {plural: singular for plural, singular, *_ in pairs}
        forms = {name: list(_forms(name, irregular)) for name in names}
        lines, where = _synsets()
        wanted = {form for its in forms.values() for form in its if form in where}
        meanings = {}
        for word in wanted:
            ranked = []
            for synset in where[word]:
                kind, _, entries = lines[synset].split("\t")
                for entry in entries.split(","):
                    name, rank, count = entry.split("|")
                    if name == word:
                        ranked.append((int(rank), _Sense(synset, int(kind), int(count))))
            meanings[word] = [sense for _, sense in sorted(ranked, key=itemgetter(0))]
        return cls(forms, lines, meanings)

    def senses(self, name: str) -> Sequence[_Sense]:
        """What a name may mean, in the singular or else the plural."""
        known = (self.meanings[form] for form in self.forms[name] if form in self.meanings)
        return next(known, ())

    def ancestors(self, synset: int) -> frozenset[int]:
        """A synset and all that it is a kind of."""
        if synset not in self._ancestors:
            parents = self.synsets[synset].split("\t")[1].split()
            above = (self.ancestors(int(parent)) for parent in parents)
            self._ancestors[synset] = frozenset({synset}.union(*above))
        return self._ancestors[synset]

    @cached_property
    def _ancestors(self) -> dict[int, frozenset[int]]:
        return {}


def _forms(name: str, irregular: Mapping[str, str]) -> Iterator[str]:
    """A name in lower case, then what it may be the plural of."""
    name = " ".join(name.casefold().replace("_", " ").split())
    yield name
    if name in irregular:
        yield irregular[name]
    for plural, singular in _ENDINGS:
        if name.endswith(plural):
            yield name.removesuffix(plural) + singular


@cache
def _synsets() -> tuple[Sequence[str], Mapping[str, Sequence[int]]]:
    """A line for each synset, and the numbers of the lines with each word."""
    lines = table_lines("nouns.txt.xz")
    where: dict[str, list[int]] = defaultdict(list)
    for synset, line in enumerate(lines):
        entries = line.rpartition("\t")[2]
        for entry in entries.split(",") if entries else ():
            where[entry.partition("|")[0]].append(synset)
    return lines, where

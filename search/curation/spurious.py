"""`spurious`: what goes with the labels of a data set, and what of it is suspicious.

`statistics/evidence.py` says when a concept goes with a label. If it does, it is the thing that the
label names, or it belongs with that thing (`subsets/meaning.py`), or it is suspicious. Where the
data set has several splits, what goes with a label in the others as well belongs with it, and what
goes with it only here is suspicious.

With splits the mean images tell more than single ones: the label itself is in both differences of
means, so what is left of them is what only this split has. The images are asked for the concept
that this names first, even if none of them is said to show it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from splicedex.indexer.engines.query import Not
from splicedex.indexer.payload.presence import has
from splicedex.indexer.payload.shows import is_shown
from splicedex.indexer.store.index import Index
from splicedex.search.curation.concepts.lines import lines
from splicedex.search.curation.concepts.meaning import Concepts, Meaning, Meanings
from splicedex.search.curation.concepts.synonyms import query_for
from splicedex.search.curation.reports.suspicion import (
    THIN,
    Association,
    Companion,
    Suspect,
    Suspicions,
)
from splicedex.search.curation.statistics.evidence import Evidence
from splicedex.search.curation.statistics.proportions import Floats, newcombe
from splicedex.search.curation.statistics.significance import q_values
from splicedex.search.curation.statistics.two_by_two import Cells
from splicedex.search.curation.subsets.crosstab import CrossTable
from splicedex.search.curation.subsets.reading import Progress, silent
from splicedex.search.curation.subsets.sides import Sides
from splicedex.search.curation.subsets.splits import Split, examined_and_rest
from splicedex.search.curation.subsets.subset import (
    examples,
    intersection,
    subset,
    values_of,
)
from splicedex.search.query.resolve import resolve
from splicedex.search.searcher import Searcher
from splicedex.splice.errors import UserError


def spurious(
    searcher: Searcher,
    label: str,
    split: str | None = None,
    part: str | None = None,
    query: str = "",
    limit: int = 20,
    shown: int = 3,
    on_progress: Progress = silent,
    concepts: Sequence[str] = (),
) -> Suspicions:
    """Find what goes with labels: what is it, what belongs with it, and what is suspicious.

    Args:
        searcher: A searcher of an open index.
        label: A text column with 2 to 100 values.
        split: A text column; images of one value are examined, and compared with the others.
        part: The value of `split` to examine; by default "train", or the most frequent.
        query: Use only images that match this query; empty for every image.
        limit: At most this many suspects, and of each label at most this many of the others.
        shown: Counter-examples of each kind for each suspect.
        on_progress: Called with steps done and their total.
        concepts: Words. Test only the concepts that they mean in queries, and report them as
            suspects even if the claim does not stand; by default every concept is tested.

    Raises:
        UserError: There is no such column or value, the column has too few or too many values, the
            query cannot be a subset, or a word is unknown.
    """
    if label == split:
        raise UserError(f"{label!r} is both label and split", "name two different columns")
    index, encode = searcher.index, searcher.context.encode
    asked = [resolve(index.space, word, encode=encode) for word in concepts]
    splits = examined_and_rest(searcher, split, part, subset(searcher, query))
    examined = splits[0].images
    labels = values_of(searcher, label, examined)
    values = [value for value, _ in labels]
    tables = _count(searcher, label, values, splits, on_progress)
    meanings = Meanings(index.space, index.lexicon, encode)
    meant = [meanings.of(value) for value in values]
    only = sorted({concept for one in asked for concept in one.meant})
    findings = [
        _Findings(
            index,
            [one.name for one in splits],
            [table.sides(row) for table in tables],
            values[row],
            meaning,
            only,
        )
        for row, meaning in enumerate(meant)
    ]
    suspects, tested = _suspects(findings, bool(asked), limit, shown)
    q = q_values(
        np.array([one.here.p for one in findings]),
        np.array([one.here.testable for one in findings]),
    )
    return Suspicions(
        label=label,
        split=split,
        part=splits[0].name,
        images=examined.images,
        labels=tuple(labels),
        unknown=tuple(value for value, one in zip(values, meant, strict=True) if not one.known),
        tested=tested,
        is_it=tuple(
            line
            for one, its in zip(findings, q, strict=True)
            for line in one.companions(one.is_it(its), limit)
        ),
        belongs=tuple(
            line
            for one, its in zip(findings, q, strict=True)
            for line in one.companions(one.belongs(its), limit)
        ),
        suspects=suspects,
        notes=(
            *(note for one in asked if (note := one.note(index.space))),
            *(
                f"none of the examined images has {word!r}"
                for word, one in zip(concepts, asked, strict=True)
                if not findings[0].tested()[list(one.meant)].any()
            ),
        ),
    )


def _count(
    searcher: Searcher,
    label: str,
    values: Sequence[str],
    splits: Sequence[Split],
    on_progress: Progress,
) -> list[CrossTable]:
    """Count the images of each split by label and concept."""
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        on_progress(done, len(splits) * len(values))

    return [CrossTable(searcher, label, values, one.images, step) for one in splits]


def _suspects(
    findings: Sequence[_Findings], asked: bool, limit: int, shown: int
) -> tuple[tuple[Suspect, ...], int]:
    """The suspects of all labels, most suspicious first, and how many pairs were tested."""
    tested = np.array([one.tested() if asked else one.evidence.testable for one in findings])
    q = q_values(np.array([one.evidence.p for one in findings]), tested)
    heads = sorted(
        (
            (row, line)
            for row, one in enumerate(findings)
            for line in one.lines(one.go_with_it() if asked else one.suspicious(q[row]))
        ),
        key=lambda found: (-findings[found[0]].evidence.score[found[1][0]], found),
    )
    suspects = tuple(
        findings[row].suspect(line, float(q[row, line[0]]), shown) for row, line in heads[:limit]
    )
    return suspects, int(tested.sum())


class _Findings:
    """What goes with one label.

    Args:
        index: The open index.
        splits: The names of the split that is examined, then of the others.
        sides: The images of the label in each split, and those of the other labels.
        label: The label.
        meaning: What it means.
        asked: The concepts that the user asks for.
    """

    def __init__(
        self,
        index: Index,
        splits: Sequence[str],
        sides: Sequence[Sides],
        label: str,
        meaning: Meaning,
        asked: Sequence[int],
    ) -> None:
        self._index, self._splits, self._sides, self._label = index, splits, sides, label
        self._named, self._asked = meaning.named, list(asked)
        every = [one.evidence() for one in sides]
        self.evidence = self._suspicion(every)
        if len(sides) > 1 and not asked:
            self._asked = self.evidence.first(meaning.named | meaning.related)
        if self._asked:
            every = [
                one.ask(evidence, self._asked) for one, evidence in zip(sides, every, strict=True)
            ]
            self.evidence = self._suspicion(every)
        self._tables = [one.tables for one in every]
        self._every, self._related = every, meaning.related

    @property
    def here(self) -> Evidence:
        """The evidence in the examined split alone."""
        return self._every[0]

    def is_it(self, q: Floats) -> Concepts:
        """What is the thing that the label names (c,), from adjusted p-values (c,)."""
        return self.here.stands(q) & self._named

    def belongs(self, q: Floats) -> Concepts:
        """What belongs with that thing (c,), from adjusted p-values (c,)."""
        others = self._every[1:]
        also = others[0].difference >= self.here.difference / 2 if others else self._related
        return self.here.stands(q) & also & ~self._named

    def suspicious(self, q: Floats) -> Concepts:
        """What is suspicious (c,), from adjusted p-values of the suspicion (c,)."""
        known = self._named if self._every[1:] else self._named | self._related
        return self.evidence.stands(q) & ~known

    def _suspicion(self, every: Sequence[Evidence]) -> Evidence:
        """The evidence in the examined split, beyond that in the others."""
        here, *others = every
        if not others:
            return here
        difference = self._sides[0].difference - self._sides[1].difference
        return here.beyond(others[0], self._index.shows.contrast(difference))

    def tested(self) -> Concepts:
        """Which of the concepts that the user asks for are tested (c,): those that occur."""
        tested = np.zeros(len(self._named), np.bool_)
        table = self._tables[0]
        tested[self._asked] = (table.hits + table.other_hits)[self._asked] > 0
        return tested

    def go_with_it(self) -> Concepts:
        """Which of the concepts that the user asks for go with the label at all (c,)."""
        return self.tested() & (self.evidence.difference > 0) & ~self._named

    def lines(self, concepts: Concepts) -> list[list[int]]:
        """Some concepts as lines, the most important first."""
        chosen = np.flatnonzero(concepts)
        ordered = chosen[np.argsort(-self.evidence.score[chosen], kind="stable")]
        return lines(self._index.space, self._index.lexicon, ordered.tolist())

    def companions(self, concepts: Concepts, limit: int) -> list[Companion]:
        """Concepts that go with the label for a good reason."""
        return [
            Companion(
                label=self._label,
                concept=self._names(line)[0],
                family=self._names(line),
                query=self._query(line[0]),
                strengths=self._strengths(line[0]),
            )
            for line in self.lines(concepts)[:limit]
        ]

    def suspect(self, line: Sequence[int], q: float, shown: int) -> Suspect:
        """All numbers and the counter-examples of one suspect."""
        concept, names = line[0], self._names(line)
        having = has(concept) if concept in self._asked else is_shown(concept)
        inside, rest = self._sides[0].one.passing, self._sides[0].other.passing
        strengths = self._strengths(concept)
        return Suspect(
            label=self._label,
            concept=names[0],
            family=names,
            query=self._query(concept),
            difference=float(self.evidence.difference[concept]),
            contrast=float(self.evidence.contrast[concept]),
            p=float(self.evidence.p[concept]),
            q=q,
            strengths=strengths,
            thin=tuple(one for one in Cells.__slots__ if getattr(strengths[0].cells, one) < THIN),
            without=examples(self._index, intersection(inside, Not(having)), shown),
            elsewhere=examples(self._index, intersection(rest, having), shown, concept),
        )

    def _query(self, concept: int) -> str:
        """The query for the images that are counted."""
        name = self._index.space.concepts[concept]
        return query_for(name, asked=concept in self._asked)

    def _names(self, line: Sequence[int]) -> tuple[str, ...]:
        return tuple(self._index.space.concepts[concept] for concept in line)

    def _strengths(self, concept: int) -> tuple[Association, ...]:
        """How often label and concept occur together in each split."""
        found = []
        for split, table in zip(self._splits, self._tables, strict=True):
            cells = table.cells(concept)
            hits, count, other_hits, other_count = (np.array([number]) for number in cells.table)
            interval = newcombe(hits, np.maximum(count, 1), other_hits, np.maximum(other_count, 1))
            found.append(Association(split, cells, interval[0]))
        return tuple(found)

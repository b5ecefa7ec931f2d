"""Spurious correlations: concepts that go with a label although they need not.

A concept near the label's own in meaning goes with it by right, puppies with dogs. What that
explains is taken off the association as in path analysis, where a correlation through a mediator is
the product of the correlations along the way; `own` is the label's concept by the query language's
resolution, the cosine is of atoms:

    explained(concept, label) = max(0, cos(concept, own)) · max(0, φ(own, label))

Where a split column tells training images from others, an association that the others show as well
is of the things, not of the training set. So

    excess(concept, label) = φ(concept, label) - max(explained, φ in the other splits)

The label's own family is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from splicedex.indexer.engines.query import Match, Not
from splicedex.indexer.store.presence_payload import has
from splicedex.search.curation.statistics.association import (
    bootstrap,
    cramers_v_interval,
    npmi,
    percentiles,
    phi,
)
from splicedex.search.curation.statistics.contrast import LEVEL
from splicedex.search.curation.statistics.homogeneity import change
from splicedex.search.curation.statistics.proportions import Floats
from splicedex.search.curation.statistics.significance import p_values, q_values
from splicedex.search.curation.subsets.crosstab import Cells, CrossTable, Pairs
from splicedex.search.curation.subsets.families import families, query_of
from splicedex.search.curation.subsets.subset import Subset, both, examples, subset, values_of
from splicedex.search.curation.subsets.suspects import THIN, Strength, Suspect, Suspicions
from splicedex.search.query.plan import direction_of, present
from splicedex.search.query.resolve import Resolved, resolve
from splicedex.search.searcher import Searcher
from splicedex.splice.errors import UserError
from splicedex.splice.presence.calibration import PRESENT

TRAIN = "train"


def spurious(
    searcher: Searcher,
    label: str,
    split: str | None = None,
    part: str | None = None,
    query: str = "",
    limit: int = 20,
    shown: int = 3,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    concepts: Sequence[str] = (),
) -> Suspicions:
    """Concepts that go with a label although they need not.

    Args:
        searcher: Of an open index.
        label: A text column of 2 to 100 values.
        split: A text column that parts the images; one part is looked at, the others compared.
        part: Value of `split` to look at; by default "train", or the commonest.
        query: Only among its matches; empty for every image.
        limit: At most this many.
        shown: Counter-examples of each kind.
        on_progress: Called with steps done and their total.
        concepts: Test only what these words mean in queries, and tell of it if chance would do too;
            by default every concept.

    Raises:
        UserError: No such column or value, too few or many values, the query cannot be a subset, or
            a word is unknown.
    """
    if label == split:
        raise UserError(f"{label!r} is both label and split", "name two columns")
    space, encode = searcher.index.space, searcher.context.encode
    asked = [resolve(space, word, encode=encode) for word in concepts]
    parts = _parts(searcher, split, part, subset(searcher, query))
    name, here = parts[0]
    labels = values_of(searcher, label, here)
    values = [value for value, _ in labels]
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        on_progress(done, len(parts) * len(values))

    tables = [CrossTable(searcher, label, values, inside, step) for _, inside in parts]
    study = _Study(searcher, tables, [name for name, _ in parts], asked)
    suspects = study.suspects(limit, shown)
    return Suspicions(
        label,
        split,
        name,
        here.images,
        tuple(labels),
        tuple(value for value, own in zip(values, study.own, strict=True) if own is None),
        study.tested,
        suspects,
        (
            *(note for one in asked if (note := one.note(space))),
            *(
                f"no image looked at has {word!r}"
                for word, one in zip(concepts, asked, strict=True)
                if not tables[0].total[list(one.meant)].any()
            ),
        ),
    )


class _Study:
    """Looks for suspects in the first of the tables."""

    def __init__(
        self,
        searcher: Searcher,
        tables: list[CrossTable],
        names: list[str],
        asked: Sequence[Resolved],
    ) -> None:
        self.searcher, self.tables, self.names, self.asked = searcher, tables, names, asked
        self.grouped = families(searcher.index.space)
        self.heads = self.grouped.heads(tables[0].total)
        if asked:
            meant = [i for one in asked for i in one.meant]
            self.heads = self.heads[np.unique(self.grouped.of[meant])]
        self.values = tables[0].values
        self.own = [_own(searcher, value) for value in self.values]
        self.explained = np.array([self._explained(row) for row in range(len(self.values))])
        self.tested = 0

    def suspects(self, limit: int, shown: int) -> tuple[Suspect, ...]:
        """Largest excess first, all at q < .05 unless they were asked for."""
        rows = range(len(self.values))
        pairs = [[table.pairs(row) for table in self.tables] for row in rows]
        excess = np.array([self._excess(row, pairs[row]) for row in rows])
        tried = np.zeros(excess.shape, np.bool_)
        tried[:, self.heads] = self.tables[0].total[self.heads] > 0
        self.tested = int(tried.sum())
        p = np.array([_p(some) for some in pairs])
        q = np.ones(p.shape)
        q[tried] = q_values(p[tried])
        telling = q < (np.inf if self.asked else LEVEL)
        found = np.argwhere(tried & telling & (excess > 0))
        best = sorted(found.tolist(), key=lambda at: (-excess[at[0], at[1]], *at))[:limit]
        return tuple(
            self._suspect(row, concept, float(p[row, concept]), float(q[row, concept]), shown)
            for row, concept in best
        )

    def _excess(self, row: int, pairs: list[Pairs]) -> Floats:
        """Of every concept (c,); the label's own family has none."""
        explained = self.explained[row]
        for other in pairs[1:]:
            explained = np.maximum(explained, other.phi)
        excess: Floats = pairs[0].phi - explained
        own = self.own[row]
        if own is not None:
            excess[np.isin(self.grouped.of, self.grouped.of[list(own.family)])] = -np.inf
        return excess

    def _explained(self, row: int) -> Floats:
        """What the label's own family explains of each concept's φ (c,)."""
        own, space = self.own[row], self.searcher.index.space
        if own is None:
            return np.zeros(len(space.concepts))
        engine, here = self.searcher.index.engine, present(own, PRESENT)
        inside, rest = self.tables[0].sides(row)
        hits, others = (engine.count(both(side.filter, here)) for side in (inside, rest))
        strength = max(0.0, float(phi(hits, inside.images, others, rest.images)))
        cosines = np.maximum(space.atoms @ direction_of(own, space.atoms), 0)
        explained: Floats = strength * cosines.astype(np.float64)
        return explained

    def _suspect(self, row: int, concept: int, p: float, q: float, shown: int) -> Suspect:
        index = self.searcher.index
        name = index.space.concepts[concept]
        cells = [table.pairs(row).cells(concept) for table in self.tables]
        drawn = [bootstrap(*one.table, seed=seed) for seed, one in enumerate(cells)]
        explained = float(self.explained[row, concept])
        excess = percentiles(
            _less([np.atleast_1d(phi(*one.table)) for one in cells], explained),
            _less([phi(*one) for one in drawn], explained),
        )
        first = self.tables[0]
        every = [first.pairs(other).cells(concept) for other in range(len(self.values))]
        inside, rest = first.sides(row)
        lacking, elsewhere = both(inside.filter, Not(has(concept))), both(rest.filter, has(concept))
        return Suspect(
            self.values[row],
            name,
            self.grouped.names(concept),
            query_of(name),
            excess[0],
            explained,
            cramers_v_interval([[one.both, one.label] for one in every]),
            p,
            q,
            tuple(
                Strength(
                    part,
                    one,
                    percentiles(np.atleast_1d(phi(*one.table)), phi(*many))[0],
                    percentiles(np.atleast_1d(npmi(*one.table)), npmi(*many))[0],
                )
                for part, one, many in zip(self.names, cells, drawn, strict=True)
            ),
            tuple(cell for cell in Cells.__slots__ if getattr(cells[0], cell) < THIN),
            examples(index, lacking, shown) if shown else (),
            examples(index, elsewhere, shown, concept) if shown else (),
        )


def _less(values: list[Floats], explained: float) -> Floats:
    """The first part's φ less what is explained by the label's family or by the other part."""
    excess: Floats = values[0] - reduce(np.maximum, values[1:], np.full(1, explained))
    return excess


def _p(pairs: list[Pairs]) -> NDArray[np.float64]:
    """That there is nothing to suspect: both have to be refuted, so the larger counts."""
    here = pairs[0]
    p = p_values(here.hits, here.count, here.others, here.other)
    return reduce(np.maximum, (change(here, other) for other in pairs[1:]), p)


def _own(searcher: Searcher, value: str) -> Resolved | None:
    """The label's own concept, if it names one."""
    space, encode = searcher.index.space, searcher.context.encode
    try:
        return resolve(space, value.replace("_", " "), encode=encode)
    except UserError:
        return None


def _parts(
    searcher: Searcher, split: str | None, part: str | None, whole: Subset
) -> list[tuple[str, Subset]]:
    """The part to look at, and the others as one, by name."""
    if split is None:
        if part is not None:
            raise UserError(f"{part!r} is a part of no split", "name the column with --split")
        return [("", whole)]
    values = dict(values_of(searcher, split, whole))
    if part is None:
        part = TRAIN if TRAIN in values else next(iter(values))
    if part not in values:
        raise UserError(f"no image has {split}:{part}", f"choose of {', '.join(values)}")
    is_part = Match(split, (part,))
    others = " + ".join(value for value in values if value != part)
    rest = both(whole.filter, Not(is_part))
    return [
        (part, Subset(f"{split}:{part}", both(whole.filter, is_part), values[part])),
        (others, Subset(f"NOT {split}:{part}", rest, whole.images - values[part])),
    ]

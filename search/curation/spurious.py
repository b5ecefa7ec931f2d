"""`spurious`: concepts that occur with a label more than its meaning explains.

`statistics/excess.py` says what is measured. The label's own concept is the one that its name means
in a query; it and its near-synonyms are never suspects.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from splicedex.indexer.engines.query import Not
from splicedex.indexer.payload.shows import is_shown
from splicedex.search.curation.reports.suspicion import THIN, Association, Suspect, Suspicions
from splicedex.search.curation.statistics.association import cramers_v_interval, phi
from splicedex.search.curation.statistics.contrast import LEVEL
from splicedex.search.curation.statistics.excess import (
    BootstrapIntervals,
    excess,
    explained,
    suspicion_p_values,
)
from splicedex.search.curation.statistics.proportions import Floats
from splicedex.search.curation.statistics.significance import q_values
from splicedex.search.curation.statistics.two_by_two import Cells
from splicedex.search.curation.subsets.crosstab import CrossTable
from splicedex.search.curation.subsets.reading import Progress, silent
from splicedex.search.curation.subsets.splits import Split, examined_and_rest
from splicedex.search.curation.subsets.subset import (
    examples,
    intersection,
    subset,
    values_of,
)
from splicedex.search.curation.subsets.synonyms import query_for, synonym_groups
from splicedex.search.query.plan import direction_of, present
from splicedex.search.query.resolve import Resolved, resolve
from splicedex.search.searcher import Searcher
from splicedex.splice.errors import UserError
from splicedex.splice.presence.calibration import PRESENT


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
    """Find concepts that occur with a label more than its meaning explains.

    Args:
        searcher: A searcher of an open index.
        label: A text column with 2 to 100 values.
        split: A text column; images of one value are examined, and compared with the others.
        part: The value of `split` to examine; by default "train", or the most frequent.
        query: Use only images that match this query; empty for every image.
        limit: At most this many suspects.
        shown: Counter-examples of each kind for each suspect.
        on_progress: Called with steps done and their total.
        concepts: Words. Test only the concepts that they mean in queries, and report them even if
            they are not significant; by default every concept is tested.

    Raises:
        UserError: There is no such column or value, the column has too few or too many values, the
            query cannot be a subset, or a word is unknown.
    """
    if label == split:
        raise UserError(f"{label!r} is both label and split", "name two different columns")
    space, encode = searcher.index.space, searcher.context.encode
    asked = [resolve(space, word, encode=encode) for word in concepts]
    splits = examined_and_rest(searcher, split, part, subset(searcher, query))
    examined = splits[0].images
    labels = values_of(searcher, label, examined)
    values = [value for value, _ in labels]
    tables = _count(searcher, label, values, splits, on_progress)
    own = [_own_concept(searcher, value) for value in values]
    study = _Study(searcher, splits, tables, own)
    suspects, tested = study.suspects(asked, limit, shown)
    return Suspicions(
        label=label,
        split=split,
        part=splits[0].name,
        images=examined.images,
        labels=tuple(labels),
        unknown=tuple(value for value, one in zip(values, own, strict=True) if one is None),
        tested=tested,
        suspects=suspects,
        notes=(
            *(note for one in asked if (note := one.note(space))),
            *(
                f"none of the examined images has {word!r}"
                for word, one in zip(concepts, asked, strict=True)
                if not tables[0].total[list(one.meant)].any()
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


def _own_concept(searcher: Searcher, value: str) -> Resolved | None:
    """The concept that a label is the name of, if it is one."""
    space, encode = searcher.index.space, searcher.context.encode
    try:
        return resolve(space, value.replace("_", " "), encode=encode)
    except UserError:
        return None


class _Study:
    """Ranks and describes suspects, from the counts of r labels and c concepts.

    Args:
        searcher: A searcher of an open index.
        splits: The split that is examined, then the others.
        tables: The counts of each split.
        own: The label's own concept, for each label.
    """

    def __init__(
        self,
        searcher: Searcher,
        splits: Sequence[Split],
        tables: Sequence[CrossTable],
        own: Sequence[Resolved | None],
    ) -> None:
        self._searcher, self._splits, self._tables, self._own = searcher, splits, tables, own
        self._groups = synonym_groups(searcher.index.space)
        self._labels = range(len(own))
        self._explained = np.array([self._explain(row) for row in self._labels])

    def suspects(
        self, asked: Sequence[Resolved], limit: int, shown: int
    ) -> tuple[tuple[Suspect, ...], int]:
        """The suspects, largest excess first, and how many pairs were tested.

        Args:
            asked: Test only these concepts, and report them at any q; all concepts if empty.
            limit: At most this many.
            shown: Counter-examples of each kind.
        """
        by_label = [[table.tables(row) for table in self._tables] for row in self._labels]
        tested = np.zeros(self._explained.shape, np.bool_)
        heads = self._heads(asked)
        tested[:, heads] = self._tables[0].total[heads] > 0
        p = np.array([suspicion_p_values(tables) for tables in by_label])
        q = q_values(p, tested)
        over = np.array(
            [
                excess([one.phi for one in tables], self._explained[row])
                for row, tables in enumerate(by_label)
            ]
        )
        telling = tested & ~self._own_synonyms() & (over > 0)
        if not asked:
            telling &= q < LEVEL
        best = sorted(np.argwhere(telling).tolist(), key=lambda at: (-over[at[0], at[1]], *at))
        found = tuple(
            self._describe(row, concept, float(p[row, concept]), float(q[row, concept]), shown)
            for row, concept in best[:limit]
        )
        return found, int(tested.sum())

    def _heads(self, asked: Sequence[Resolved]) -> NDArray[np.int64]:
        """The most frequent concept of each synonym group, of all or of those asked for."""
        heads = self._groups.heads(self._tables[0].total)
        if asked:
            heads = heads[np.unique(self._groups.of[[i for one in asked for i in one.meant]])]
        return heads

    def _own_synonyms(self) -> NDArray[np.bool_]:
        """Whether each concept is a near-synonym of each label's own concept (r, c)."""
        of = self._groups.of
        return np.array(
            [np.isin(of, of[list(own.synonyms)] if own else []) for own in self._own], np.bool_
        )

    def _explain(self, row: int) -> Floats:
        """The part of each concept's φ that the label's own concept explains (c,)."""
        own, space = self._own[row], self._searcher.index.space
        if own is None:
            return np.zeros(len(space.concepts))
        engine, is_present = self._searcher.index.engine, present(own, PRESENT)
        inside, rest = self._tables[0].sides(row)
        hits, other_hits = (
            engine.count(intersection(side.filter, is_present)) for side in (inside, rest)
        )
        own_phi = float(phi(hits, inside.images, other_hits, rest.images))
        return explained(space.atoms @ direction_of(own, space.atoms), own_phi)

    def _describe(self, row: int, concept: int, p: float, q: float, shown: int) -> Suspect:
        """All numbers and the counter-examples of one suspect."""
        index, examined = self._searcher.index, self._tables[0]
        name = index.space.concepts[concept]
        cells = [table.tables(row).cells(concept) for table in self._tables]
        intervals = BootstrapIntervals(cells)
        explained_phi = float(self._explained[row, concept])
        every = [examined.tables(label).cells(concept) for label in self._labels]
        inside, rest = examined.sides(row)
        return Suspect(
            label=str(examined.values[row]),
            concept=name,
            family=self._groups.names(concept),
            query=query_for(name),
            excess=intervals.excess(explained_phi),
            explained=explained_phi,
            v=cramers_v_interval([[one.both, one.label] for one in every]),
            p=p,
            q=q,
            strengths=tuple(
                Association(one.name, cells[at], intervals.phi(at), intervals.npmi(at))
                for at, one in enumerate(self._splits)
            ),
            thin=tuple(cell for cell in Cells.__slots__ if getattr(cells[0], cell) < THIN),
            without=examples(index, intersection(inside.filter, Not(is_shown(concept))), shown),
            elsewhere=examples(index, intersection(rest.filter, is_shown(concept)), shown, concept),
        )

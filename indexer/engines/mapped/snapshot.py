"""The mapped copy as it is at one moment: selects images by filters on concepts."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np
from numpy.typing import NDArray

from splicedex.indexer.engines.mapped.postings import Integers, Postings
from splicedex.indexer.engines.mapped.quantized import Quantized
from splicedex.indexer.engines.query import And, Filter, HasId, Match, Not, Or, conjuncts
from splicedex.splice.errors import UserError

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Rows of n points, some of which are deleted. Threads may share it.

    Args:
        embeddings: Dense vectors (n, d), unit length, mapped.
        quantized: The same as integers.
        ids: The 16 bytes of each id (n, 16), mapped.
        deleted: Which rows no longer count (n,).
        postings: The posting lists of each field; those of later groups of rows follow.
        series: Identifies the numbering of rows. A later snapshot of the same series has the same
            rows and perhaps more.
    """

    embeddings: NDArray[np.float32]
    quantized: Quantized
    ids: NDArray[np.uint8]
    deleted: Mask
    postings: Mapping[str, Sequence[Postings]]
    series: str

    @cached_property
    def points(self) -> int:
        """Number of points that are not deleted."""
        return len(self.deleted) - int(np.count_nonzero(self.deleted))

    def answers(self, passing: Filter) -> bool:
        """Whether all conditions of a filter are on ids or on the mapped fields."""
        match passing:
            case And(parts) | Or(parts):
                return all(map(self.answers, parts))
            case Not(part):
                return self.answers(part)
            case Match(key, values):
                return key in self.postings and all(type(value) is int for value in values)
            case HasId():
                return True
            case _:
                return False

    def select(self, passing: Filter) -> Rows:
        """The rows (m,) of the points that pass a filter which `answers` accepts, ascending.

        Raises:
            UserError: A posting list is damaged.
        """
        with self._told():
            return self._select(passing)

    @staticmethod
    @contextmanager
    def _told() -> Iterator[None]:
        """Turn the errors of damaged posting lists into one for the user."""
        try:
            yield
        except (IndexError, ValueError) as error:
            raise UserError(
                f"the mapped copy of the index is damaged ({error})",
                "run splicedex repair on the index",
            ) from error

    def _select(self, passing: Filter) -> Rows:
        parts = conjuncts(passing)
        if len(parts) == 1:
            [passing] = parts
        if isinstance(passing, Match):  # needs no mask
            rows = self._listed(passing)
            return rows[~self.deleted[rows]] if self._some_deleted else rows
        mask = self._mask(passing)
        if self._some_deleted:
            mask &= ~self.deleted
        return np.flatnonzero(mask)

    def facet(self, field: str, passing: Filter) -> tuple[Integers, Integers]:
        """Count the points that pass a filter which `answers` accepts, for each value they list.

        Args:
            field: A mapped field.
            passing: The filter.

        Returns:
            The values (k,) that at least one of these points lists, ascending, and the counts (k,).

        Raises:
            UserError: A posting list is damaged.
        """
        counted = np.zeros(len(self.deleted), np.bool_)
        counted[self.select(passing)] = True
        with self._told():
            pairs = [
                (part.values, np.add.reduceat(counted[part.rows], part.starts[:-1], dtype=np.int64))
                for part in self.postings[field]
                if len(part.values)
            ]
        if not pairs:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        values, places = np.unique(np.concatenate([one for one, _ in pairs]), return_inverse=True)
        counts = np.zeros(len(values), np.int64)
        np.add.at(counts, places, np.concatenate([many for _, many in pairs]))
        return values[counts > 0], counts[counts > 0]

    def id_of(self, row: int) -> str:
        """The id of a row, as canonical text."""
        return str(uuid.UUID(bytes=self.ids[row].tobytes()))

    def rows_of(self, ids: Iterable[str]) -> Rows:
        """The rows of points that are not deleted, by id. Unknown ids are left out."""
        wanted = [uuid.UUID(id_).bytes for id_ in ids]
        if not wanted or not len(self.ids):
            return np.zeros(0, np.int64)
        keys = np.frombuffer(b"".join(wanted), ">u8").reshape(-1, 2)
        own = self.ids.view(">u8")
        if len(wanted) > 8:
            near = np.flatnonzero(np.isin(own[:, 0], keys[:, 0]))
        else:
            near = np.flatnonzero(reduce(np.logical_or, (own[:, 0] == key for key in keys[:, 0])))
        exact = set(wanted)
        found = [row for row in near.tolist() if self.ids[row].tobytes() in exact]
        rows = np.array(found, np.int64)
        return rows[~self.deleted[rows]]

    @cached_property
    def _some_deleted(self) -> bool:
        return self.points < len(self.deleted)

    def _mask(self, passing: Filter) -> Mask:
        mask = np.zeros(len(self.deleted), np.bool_)
        match passing:
            case Match():
                mask[self._listed(passing)] = True
            case HasId(ids):
                mask[self.rows_of(ids)] = True
            case Not(part):
                mask = ~self._mask(part)
            case Or(parts):
                for part in parts:
                    mask |= self._mask(part)
            case And(parts):
                mask = ~mask
                for part in parts:
                    mask &= self._mask(part)
        return mask

    def _listed(self, condition: Match) -> Rows:
        """The rows whose field lists one of the values, deleted ones included, ascending."""
        groups = self.postings[condition.key]
        lists = [part.of_value(int(value)) for value in condition.values for part in groups]
        rows = np.concatenate([np.zeros(0, np.uint32), *lists]).astype(np.int64)
        return np.unique(rows) if len(condition.values) > 1 else rows

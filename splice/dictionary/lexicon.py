"""The lexicon: how often people say the words of a concept space, and which are kinds of which.

It depends on the words alone, never on a collection. An index keeps it in a file, so that what it
says of images stays the same when tables change.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from splicedex.splice.align import Matrix
from splicedex.splice.dictionary.kinds import kinds_of
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.dictionary.word_frequency import WordFrequency
from splicedex.splice.errors import UserError
from splicedex.splice.npz import DAMAGE

if TYPE_CHECKING:
    from scipy.sparse import csr_array

RARITY = 0.2
"""How much each unit of log frequency below the most frequent concept adds to a penalty."""


@dataclass(frozen=True, eq=False)
class Lexicon:
    """What is known of the words of a concept space.

    Args:
        frequency: Share of captions that name each concept (c,).
        kinds: Which concepts are kinds of which (c, c): 1 at (i, j) where j is a kind of i, or is
            i. Names of one thing are kinds of each other.
    """

    frequency: Matrix
    kinds: csr_array

    @classmethod
    def of_space(cls, space: ConceptSpace, frequency: WordFrequency) -> Lexicon:
        """Look up the concepts of a space."""
        return cls(frequency.of(space.concepts), kinds_of(space))

    @cached_property
    def names(self) -> NDArray[np.int64]:
        """For each concept (c,) the most frequent name of the same thing, which may be its own.

        Of names that are equally frequent it is the first.
        """
        same = self.kinds.multiply(self.kinds.T).tocoo()
        rows, columns = same.coords
        names = np.arange(len(self.frequency))
        rising = np.lexsort((-columns, self.frequency[columns]))
        names[rows[rising]] = columns[rising]  # the last of several counts
        return names

    @cached_property
    def penalties(self) -> Matrix:
        """Relative penalties (c,) that prefer words which people say: rarer words cost more.

        Their mean is 1, so that a λ gives about as many concepts per image as without them.
        """
        logs = np.log(self.frequency)
        raised = 1 + RARITY * (logs.max() - logs)
        penalties: Matrix = raised / raised.mean()
        return penalties

    def save(self, path: Path) -> None:
        """Write to an .npz file, at once or not at all."""
        partial = path.with_name(f"partial-{path.name}")
        rows, columns = self.kinds.tocoo().coords
        np.savez(partial, frequency=self.frequency, broader=rows, kind=columns)
        partial.replace(path)

    @classmethod
    def load(cls, path: Path, concepts: int) -> Lexicon:
        """Read what `save` wrote.

        Args:
            path: The file.
            concepts: Number of concepts c of the space it belongs to.

        Raises:
            UserError: The file is missing, damaged, or of another number of concepts.
        """
        from scipy.sparse import csr_array

        try:
            with np.load(path, allow_pickle=False) as arrays:
                frequency, pairs = arrays["frequency"], (arrays["broader"], arrays["kind"])
            if frequency.shape != (concepts,) or not (frequency > 0).all():
                raise ValueError(f"it is not of {concepts} concepts")
            ones = np.ones(len(pairs[0]), np.float32)
            kinds = csr_array((ones, pairs), shape=(concepts, concepts))
        except DAMAGE as error:
            raise UserError(
                f"{path} cannot be read ({error})", "run splicedex repair on the index"
            ) from error
        return cls(frequency, kinds)

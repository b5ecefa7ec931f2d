"""What an image shows: the concepts that are said of it unasked, each with a probability.

Presence (`splice.presence.calibration`) answers for a concept that somebody asked for, and so
believes it to be there. Said unasked, over a whole vocabulary, it is mostly false: of thousands of
concepts dozens score high in any image by chance. What is said unasked must also depend on how
often people say a word of a photo. With the activation a_k of concept k, the share f_k of captions
that name it, and its specificity s_k (how far the word lies from the mean word, standardised),

    logit p_k = SLOPE * a_k + WEIGHT * log f_k - SPECIFICITY * s_k + SHIFT

A common word is also shown where a kind of it is (a collie is a dog, a dog is an animal). Over a
concept and its kinds h,

    p_k = (1 - prod_h (1 - p_h ** POWER)) ** (1 / POWER)

which is a noisy-or for POWER 1 and the maximum for a large one: a hundred unlikely animals do not
add up to an animal. Of names for one thing only the most frequent is said. Nothing is learnt from
the collection, so a photo is said to show the same in a folder of ten and among a million.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from splicedex.splice.presence.activation import Activations
from splicedex.splice.presence.calibration import sigmoid, specificity

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SLOPE, WEIGHT, SPECIFICITY, SHIFT = 1.1, 1.1, 0.25, 1.9
"""Log-odds for each unit of activation, log frequency and specificity, and for any concept."""
POWER = 3
LIKELY = 0.1
"""Probability from which a concept counts for what it is a kind of."""
COMMON = 5e-4
"""Share of captions from which a word is said for its kinds: "dog", but not "carnivore"."""
SAID = 0.35
"""Probability from which a concept is said to be shown."""
MOST = 12
"""Concepts said of one image at most."""
_ROWS = 256
_LIKELY_ODDS = float(np.log(LIKELY / (1 - LIKELY)))
_SUREST = np.float32(np.log(1e-6))
"""Log-probability that a concept is not there, at least."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The concepts that one image is said to show, most probable first.

    Args:
        concepts: Concept ids.
        probabilities: The probability of each, to 2 decimals.
    """

    concepts: Sequence[int]
    probabilities: Sequence[float]

    def named(self, space: ConceptSpace) -> tuple[tuple[str, float], ...]:
        """The concepts by name, with their probabilities."""
        names = (space.concepts[concept] for concept in self.concepts)
        return tuple(zip(names, self.probabilities, strict=True))


@dataclass(frozen=True, eq=False)
class Shows:
    """Says which concepts of a space images show.

    Args:
        activations: Of the concepts, as their texts alone give them.
        offset: Log-odds of each concept apart from its activation (c,).
        kinds: Which concepts count for which (c, c), with 1 at (i, j) where j counts for i.
        names: The concept that is said in place of each (c,): the most frequent name of the thing.
    """

    activations: Activations
    offset: Matrix
    kinds: csr_array
    names: NDArray[np.int64]

    @classmethod
    def of_space(cls, space: ConceptSpace, frequency: WordFrequency) -> Shows:
        """From the concepts' embeddings and the frequency of their words."""
        shares = frequency.of(space.concepts)
        kinds = kinds_of(space)
        return cls(
            Activations.of_words(space),
            (WEIGHT * np.log(shares) - SPECIFICITY * specificity(space) + SHIFT).astype(np.float32),
            _counting(kinds, shares),
            _most_frequent_names(kinds, shares),
        )

    def shown(self, embeddings: Matrix) -> list[Shown]:
        """What images with embeddings (n, d) are said to show."""
        said = []
        for start in range(0, len(embeddings), _ROWS):
            rows = self._probable(embeddings[start : start + _ROWS])
            for first, last in zip(rows.indptr, rows.indptr[1:], strict=False):
                said.append(self._said(rows.indices[first:last], rows.data[first:last]))
        return said

    def _probable(self, embeddings: Matrix) -> csr_array:
        """Probabilities (n, c) of concepts in images (n, d); 0 for all that is unlikely."""
        from scipy.sparse import csr_array

        odds = self.activations.of(embeddings)
        odds *= SLOPE
        odds += self.offset
        likely = csr_array(_entries(odds, odds >= _LIKELY_ODDS), odds.shape)
        likely.data = np.maximum(np.log1p(-(sigmoid(likely.data) ** POWER)), _SUREST)
        probable: csr_array = likely @ self._counts_for
        probable.data = (-np.expm1(probable.data)) ** (1 / POWER)
        return probable

    @cached_property
    def _counts_for(self) -> csr_array:
        """What each concept counts for (c, c): itself and what it is a kind of."""
        return self.kinds.T.tocsr()

    def _said(self, concepts: NDArray[np.integer], probabilities: Matrix) -> Shown:
        """The most probable concepts, each thing by its most frequent name."""
        said = probabilities >= SAID
        concepts, probabilities = concepts[said], probabilities[said]
        best: dict[int, float] = {}
        for name, probability in zip(
            self.names[concepts].tolist(), probabilities.tolist(), strict=True
        ):
            best[name] = max(probability, best.get(name, 0.0))
        order = sorted(best, key=lambda name: (-best[name], name))[:MOST]
        return Shown(order, [round(best[name], 2) for name in order])

    def save(self, path: Path) -> None:
        """Write to an .npz file, at once or not at all."""
        partial = path.with_name(f"partial-{path.name}")
        rows, columns = self.kinds.tocoo().coords
        np.savez(partial, offset=self.offset, broader=rows, kind=columns, names=self.names)
        partial.replace(path)

    @classmethod
    def load(cls, path: Path, space: ConceptSpace) -> Shows:
        """Read what `save` wrote for the concepts of a space.

        Raises:
            UserError: The file is missing, damaged, or of another space.
        """
        from scipy.sparse import csr_array

        count = len(space.concepts)
        try:
            with np.load(path, allow_pickle=False) as arrays:
                pairs = (arrays["broader"], arrays["kind"])
                offset, names = arrays["offset"], arrays["names"]
                kinds = csr_array((np.ones(len(pairs[0]), np.float32), pairs), shape=(count, count))
        except DAMAGE as error:
            raise UserError(
                f"{path} cannot be read ({error})", "run splicedex repair on the index"
            ) from error
        if offset.shape != (count,) or names.shape != (count,):
            raise UserError(f"{path} is of other concepts", "run splicedex repair on the index")
        return cls(Activations.of_words(space), offset, kinds, names)


def _counting(kinds: csr_array, shares: Matrix) -> csr_array:
    """The kinds that count for each concept: of rare words none but themselves."""
    pairs = kinds.tocoo()
    rows, columns = pairs.coords
    pairs.data = ((shares[rows] >= COMMON) | (rows == columns)).astype(np.float32)
    counting = pairs.tocsr()
    counting.eliminate_zeros()
    return counting


def _most_frequent_names(kinds: csr_array, shares: Matrix) -> NDArray[np.int64]:
    """For each concept the most frequent name of the same thing: they are kinds of each other."""
    same = kinds.multiply(kinds.T).tocoo()
    rows, columns = same.coords
    names = np.arange(kinds.shape[0])
    for row, column in sorted(zip(rows.tolist(), columns.tolist(), strict=True)):
        if shares[column] > shares[names[row]]:
            names[row] = column
    return names


def _entries(
    matrix: Matrix, where: NDArray[np.bool_]
) -> tuple[Matrix, tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """The entries of a matrix at some places, as SciPy's sparse arrays take them."""
    rows, columns = np.nonzero(where)
    return matrix[rows, columns], (rows, columns)

"""What an image shows: the concepts that are said of it unasked, each with a probability.

Presence (`splice.presence.calibration`) answers for a concept that somebody asked for, and so
believes it to be there. Said unasked, over a whole vocabulary, it is mostly false: of thousands of
concepts dozens score high in any image by chance. What is said unasked must also depend on how
often people say a word of a photo. With the activation a_k of concept k, the share f_k of captions
that name it, and its specificity s_k (how far the word lies from the mean word, standardised),

    logit p_k = SCALE * a_k + log f_k - SPECIFICITY * s_k + SHIFT

A dog makes one think of a ball, but of no kind of ball. So of a general word, which has several
kinds in the vocabulary, a_k is a mean of its own activation and that of its best kind.

A common word is also shown where a kind of it is (a collie is a dog, a dog is an animal). Over a
concept and its kinds h,

    p_k = (1 - prod_h (1 - p_h ** POWER)) ** (1 / POWER)

which is a noisy-or for POWER 1 and the maximum for a large one: a hundred unlikely animals do not
add up to an animal. Of names for one thing only the most frequent is said. Nothing is learnt from
the collection, so a photo is said to show the same in a folder of ten and among a million.

To exclude photos ("no person") is another question. People seldom say *person* of a photo of one:
they say man, woman or girl. So the share f_k is there that of captions that name the concept or a
kind of it. A photo is excluded if the probability is at least SURE, which follows from what
mistakes cost: to lose a photo that was asked for is SURE / (1 - SURE) = 2.6 times as bad as to let
one pass that was not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from splicedex.splice.align import Matrix, unit
from splicedex.splice.dictionary.lexicon import Lexicon
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.dictionary.word_frequency import UNKNOWN
from splicedex.splice.presence.activation import Activations
from splicedex.splice.presence.calibration import sigmoid, specificity
from splicedex.splice.presence.entries import entries

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SCALE, SPECIFICITY, SHIFT = 1.1, 0.25, 1.45
"""Log-odds for each unit of activation, of specificity, and for any concept."""
GENERAL = 3
"""Kinds that a general word has at least."""
OWN, BEST = 0.7, 1.0
"""Share of a general word's own activation in the mean, and what its best kind's is lowered by, as
the best of several is higher by chance."""
POWER = 3
LIKELY = 0.1
"""Probability from which a concept counts for what it is a kind of."""
COMMON = 1.05 * UNKNOWN
"""Share of captions from which a word is said for its kinds: any word that people are known to say
("animal", but not "carnivore")."""
SAID = 0.35
"""Probability from which a concept is said to be shown."""
SURE = 0.72
"""Probability, by the share of captions that name it or a kind of it, from which a concept is there
for sure."""
CLEARER = 1.5
"""How many times as much an activation says in the mean of many images as in one."""
MOST = 12
"""Concepts said of one image at most."""
_ROWS = 256
_LIKELY_ODDS = float(np.log(LIKELY / (1 - LIKELY)))
_SURE_ODDS = float(np.log(SURE / (1 - SURE)))
_SUREST = np.float32(np.log(1e-6))
"""Log-probability that a concept is not there, at least."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The concepts that one image is said to show, most probable first.

    Args:
        concepts: Concept ids.
        probabilities: The probability of each, to 2 decimals.
        surely: Concepts that are there for sure, ascending: all, by any name.
    """

    concepts: Sequence[int]
    probabilities: Sequence[float]
    surely: Sequence[int] = field(default_factory=list)

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
        general: The general words, with their kinds.
        counting: Which concepts count for which (c, c), with 1 at (i, j) where j counts for i.
        names: The concept that is said in place of each (c,): the most frequent name of the thing.
        asked: What to add to the log-odds (c,) if a concept counts as named where a kind of it is.
    """

    activations: Activations
    offset: Matrix
    general: _General
    counting: csr_array
    names: NDArray[np.int64]
    asked: Matrix

    @classmethod
    def of_space(cls, space: ConceptSpace, lexicon: Lexicon) -> Shows:
        """From the concepts' embeddings, and what is known of their words."""
        prior = np.log(lexicon.frequency) - SPECIFICITY * specificity(space) + SHIFT
        return cls(
            Activations.of_words(space),
            prior.astype(np.float32),
            _General.of(lexicon),
            _counting(lexicon),
            lexicon.names,
            _named_by_kinds(lexicon).astype(np.float32),
        )

    def shown(self, embeddings: Matrix, off: float = 0.0) -> list[Shown]:
        """What images are said to show, and what they show for sure.

        Args:
            embeddings: Image embeddings (n, d).
            off: Added to the log-odds of what is sure, to see what depends on their last bits.
        """
        said = []
        for start in range(0, len(embeddings), _ROWS):
            odds = self._odds(embeddings[start : start + _ROWS])
            surely = entries(odds + self.asked, _SURE_ODDS - off)
            rows = zip(surely.indptr, surely.indptr[1:], strict=False)
            said += [
                replace(shown, surely=surely.indices[first:last].tolist())
                for shown, (first, last) in zip(self._said(self._probable(odds)), rows, strict=True)
            ]
        return said

    def contrast(self, difference: Matrix) -> Matrix:
        """Probability (c,) that each concept is what some images show rather than others.

        In the mean of many images the errors of single ones cancel, so an activation says more.
        Kinds do not count here: of a dog and an animal, the better word is told.

        Args:
            difference: Mean embedding (d,) of the images minus that of the others.
        """
        image = unit(self.activations.image_mean + difference)
        return sigmoid(CLEARER * SCALE * self._activations_of(image[None])[0] + self.offset)

    def _activations_of(self, embeddings: Matrix) -> Matrix:
        """Activations (n, c) of concepts in images (n, d); those of general words are means."""
        found = self.activations.of(embeddings)
        own, best = found[:, self.general.words], self.general.best(found)
        found[:, self.general.words] = OWN * own + (1 - OWN) * (best - BEST)
        return found

    def _odds(self, embeddings: Matrix) -> Matrix:
        """Log-odds (n, c) of concepts in images (n, d), without their kinds."""
        odds = self._activations_of(embeddings)
        odds *= SCALE
        odds += self.offset
        return odds

    def _probable(self, odds: Matrix) -> csr_array:
        """Probabilities (n, c) of concepts from log-odds (n, c); 0 for all that is unlikely."""
        likely = entries(odds, _LIKELY_ODDS)
        likely.data = np.maximum(np.log1p(-(sigmoid(likely.data) ** POWER)), _SUREST)
        probable: csr_array = likely @ self._counts_for
        probable.data = (-np.expm1(probable.data)).astype(np.float64) ** (1 / POWER)
        return probable

    @cached_property
    def _counts_for(self) -> csr_array:
        """What each concept counts for (c, c): itself and what it is a kind of."""
        return self.counting.T.tocsr()

    def _said(self, probable: csr_array) -> list[Shown]:
        """The most probable concepts of n images (n, c), each thing by its most frequent name."""
        images = np.repeat(np.arange(probable.shape[0]), np.diff(probable.indptr))
        said = probable.data >= SAID
        images, probabilities = images[said], probable.data[said]
        names = self.names[probable.indices[said]]
        best = np.lexsort((-probabilities, names, images))
        first = np.diff(images[best] * len(self.names) + names[best], prepend=-1) > 0
        kept = best[first]
        order = kept[np.lexsort((names[kept], -probabilities[kept], images[kept]))]
        ends = np.searchsorted(images[order], np.arange(1, probable.shape[0] + 1)).tolist()
        concepts, rounded = names[order].tolist(), probabilities[order].round(2).tolist()
        return [
            Shown(concepts[start:end][:MOST], rounded[start:end][:MOST])
            for start, end in zip([0, *ends], ends, strict=False)
        ]


@dataclass(frozen=True, eq=False)
class _General:
    """The g general words, with their kinds.

    Args:
        words: Their ids (g,).
        kinds: The ids of the kinds of one after the other.
        starts: Where those of each begin (g,).
    """

    words: NDArray[np.int64]
    kinds: NDArray[np.int64]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, lexicon: Lexicon) -> _General:
        """The words that people are known to say and that have several kinds."""
        kinds = lexicon.kinds.tocsr()
        proper = (kinds - kinds.multiply(kinds.T)).tocsr()  # without other names of one thing
        proper.eliminate_zeros()
        counts = np.diff(proper.indptr)
        words = np.flatnonzero((counts >= GENERAL) & (lexicon.frequency >= COMMON))
        rows = proper[words]
        return cls(words, rows.indices.astype(np.int64), rows.indptr[:-1].astype(np.int64))

    def best(self, activations: Matrix) -> Matrix:
        """The highest activation (n, g) among the kinds of each word, from activations (n, c)."""
        if not len(self.words):
            return activations[:, self.words]
        best: Matrix = np.maximum.reduceat(activations[:, self.kinds], self.starts, axis=1)
        return best


def _counting(lexicon: Lexicon) -> csr_array:
    """The kinds that count for each concept (c, c): of rare words none but themselves."""
    pairs = lexicon.kinds.tocoo()
    rows, columns = pairs.coords
    pairs.data = ((lexicon.frequency[rows] >= COMMON) | (rows == columns)).astype(np.float32)
    counting = pairs.tocsr()
    counting.eliminate_zeros()
    return counting


def _named_by_kinds(lexicon: Lexicon) -> Matrix:
    """Log (c,) of how many times as many captions name a concept or a kind of it, as name itself.

    Things are named independently of each other, each by its most frequent name.
    """
    rows, kinds = lexicon.kinds.tocoo().coords
    c = len(lexicon.frequency)
    broader, things = np.divmod(np.unique(rows.astype(np.int64) * c + lexicon.names[kinds]), c)
    unnamed = np.bincount(broader, np.log1p(-lexicon.frequency[things]), minlength=c)
    ratio: Matrix = np.log(np.maximum(-np.expm1(unnamed), lexicon.frequency) / lexicon.frequency)
    return ratio

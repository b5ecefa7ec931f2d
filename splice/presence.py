"""Presence: the probability that a concept is in an image, on one scale for all concepts.

With the activation a of concept k (see `splice.activation`),

    logit p = SLOPE * (a - SHARE * strong_k + SHIFT)
              - SPECIFICITY * specific_k + logit(prevalence_k)

`strong_k` is what a strong example scores in the collection; `specific_k` says how far the word
lies from the mean word, as rare and specific words are said of few photos; `prevalence_k` is
estimated from the collection by expectation maximisation (Saerens, Latinne and Decaestecker 2002).
No labels are used. `benchmarks/quality.py` measures what comes of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splice.activation import Activations
from splice.align import Matrix
from splice.errors import UserError
from splice.npz import DAMAGE
from splice.space import ConceptSpace

SLOPE = 2.0
"""Log-odds per unit of activation."""
SHARE = 0.6
"""Share of a strong example's activation that is asked for."""
SHIFT = 1.0
SPECIFICITY = 0.5
"""Log-odds per deviation of specificity."""
STRONG = 0.01
"""Share of a collection that counts as its strong examples, at least `FEWEST`."""
FEWEST = 3
BOUNDS = (3.5, 5.5)
"""Between these lies a strong example's activation, whatever the collection holds."""
PREVALENCE = 0.02
"""Of a concept, before a collection is seen; worth `WEIGHT` photos."""
WEIGHT = 100.0
STEPS = 10
"""Of expectation maximisation; thirty give the same."""
PRESENT = 0.25
"""Probability from which a concept counts as present: half the best F1 (Lipton et al. 2014)."""
SAMPLE = 8192
"""Photos that say all a collection has to say about prevalence."""
_COLUMNS = 512


@dataclass(frozen=True, eq=False)
class Calibration:
    """What turns activations into probabilities: `logit p = SLOPE * a + offset`.

    Args:
        offset: (c,).
        prevalence: Share of the collection that has each concept (c,).
        images: How many it was fitted on.
        sample: What tells those images from others (images,), as its user sees fit.
    """

    offset: Matrix
    prevalence: Matrix
    images: int
    sample: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))

    def logit(self, activations: Matrix, concepts: NDArray[np.int64] | slice) -> Matrix:
        """Log-odds (n, k) that the concepts are present, from their activations (n, k)."""
        odds: Matrix = SLOPE * activations + self.offset[concepts]
        return odds

    def probability(self, activations: Matrix) -> Matrix:
        """Probabilities (n, c) from the activations of all concepts."""
        return sigmoid(self.logit(activations, slice(None)))

    def save(self, path: Path) -> None:
        """Write to an .npz file, at once or not at all."""
        partial = path.with_name(f"partial-{path.name}")
        np.savez(
            partial,
            offset=self.offset,
            prevalence=self.prevalence,
            images=self.images,
            sample=self.sample,
        )
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> Calibration:
        """Read what `save` wrote.

        Raises:
            UserError: The file is missing or damaged.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                made = cls(arrays["offset"], arrays["prevalence"], int(arrays["images"]))
                return replace(made, sample=arrays["sample"]) if "sample" in arrays else made
        except DAMAGE as error:
            raise UserError(
                f"{path} cannot be read ({error})", "run splicedex repair on the index"
            ) from error


def calibrate(space: ConceptSpace, activations: Activations, embeddings: Matrix) -> Calibration:
    """Fit to a collection, or to a sample of a large one; computed some concepts at a time.

    Args:
        space: The concepts.
        activations: Of the same space.
        embeddings: (n, d); n = 0 gives the calibration before any photo is seen.
    """
    distance = np.linalg.norm(space.texts - space.text_mean, axis=1)
    specific = (distance - distance.mean()) / max(float(distance.std()), 1e-6)
    standardised = activations.standardised(embeddings)
    count, c = len(embeddings), len(space.concepts)
    offset, prevalence = np.empty(c, np.float32), np.empty(c, np.float32)
    for start in range(0, c, _COLUMNS):
        part = slice(start, start + _COLUMNS)
        scores = activations.of_standardised(standardised, part)
        strong = np.full(scores.shape[1], np.mean(BOUNDS), np.float32)
        if count >= FEWEST:
            top = max(FEWEST, round(STRONG * count))
            strong = np.partition(scores, -top, axis=0)[-top:].mean(axis=0).clip(*BOUNDS)
        evidence = SLOPE * (SHIFT - SHARE * strong) - SPECIFICITY * specific[part]
        scores = SLOPE * scores + evidence
        share = np.full(scores.shape[1], PREVALENCE)
        for _ in range(STEPS):
            found = sigmoid(scores + logit(share)).sum(axis=0)
            share = (found + WEIGHT * PREVALENCE) / (count + WEIGHT)
        offset[part], prevalence[part] = evidence + logit(share), share
    return Calibration(offset, prevalence, count)


def sigmoid(odds: Matrix) -> Matrix:
    """Probabilities of log-odds."""
    probability: Matrix = 0.5 * odds
    np.tanh(probability, out=probability)  # in place: fresh memory takes longer than the function
    probability *= 0.5
    probability += 0.5
    return probability


def logit(probability: Matrix) -> Matrix:
    """Log-odds of probabilities."""
    odds: Matrix = np.log(probability) - np.log1p(-probability)
    return odds

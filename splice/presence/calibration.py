"""Presence: the probability that a concept is in an image, on one scale for all concepts.

With the activation a of concept k (see `splice.presence.activation`),

    logit p = SLOPE * (a - SHARE * strong_k + SHIFT)
              - SPECIFICITY * specific_k + logit(prevalence_k)

`strong_k` is what a strong example scores in the collection; `specific_k` says how far the word
lies from the mean word, as rare and specific words are said of few photos; `prevalence_k` is
estimated from the collection by expectation maximisation (Saerens, Latinne and Decaestecker 2002).
Then the concepts' directions learn from what was found (`splice.presence.self_training`), and all
of this is fitted once more along them. No labels are used. `benchmarks/quality.py` measures what it
gives.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splicedex.splice.align import Matrix
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.errors import UserError
from splicedex.splice.npz import DAMAGE
from splicedex.splice.presence.activation import Activations, Ids
from splicedex.splice.presence.self_training import COLUMNS, self_trained

SLOPE = 2.0
"""Log-odds per unit of activation."""
SHARE = 0.58
"""Share of a strong example's activation that is asked for."""
SHIFT = 1.0
SPECIFICITY = 0.5
"""Log-odds per deviation of specificity."""
STRONG = 0.01
"""Share of a collection that counts as its strong examples, at least `FEWEST`."""
FEWEST = 3
BOUNDS = (3.5, 5.5)
"""Between these lies a strong example's activation, whatever the collection holds."""
STRENGTH = 4.5
"""Of a strong example, before a collection is seen; worth `STRENGTH_WEIGHT` photos. In a few photos
most concepts have no strong example at all."""
STRENGTH_WEIGHT = 20.0
PREVALENCE = 0.02
"""Of a concept, before a collection is seen; worth `PREVALENCE_WEIGHT` photos."""
PREVALENCE_WEIGHT = 100.0
STEPS = 10
"""Of expectation maximisation; thirty give the same."""
PRESENT = 0.25
"""Probability from which a concept counts as present: half the best F1 (Lipton et al. 2014)."""
SAMPLE = 8192
"""Photos that say all a collection has to say."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """What turns embeddings into probabilities: `logit p = SLOPE * activation + offset`.

    Args:
        activations: Of the concepts, as the collection taught to read them.
        offset: (c,).
        prevalence: Share of the collection that has each concept (c,).
        images: How many it was fitted on.
        sample: What tells those images from others (images,), as its user sees fit.
    """

    activations: Activations
    offset: Matrix
    prevalence: Matrix
    images: int
    sample: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))

    def probability(self, embeddings: Matrix) -> Matrix:
        """Probabilities (n, c) of all concepts in images with embeddings (n, d)."""
        return sigmoid(self.logit(self.activations.standardised(embeddings), slice(None)))

    def logit(self, standardised: Matrix, concepts: Ids) -> Matrix:
        """Log-odds (n, k) that some concepts are in images, from standardised embeddings (n, d)."""
        odds = self.activations.of_standardised(standardised, concepts)
        odds *= SLOPE
        odds += self.offset[concepts]
        return odds

    def fits(self, space: ConceptSpace) -> bool:
        """Whether it may be a calibration of the concepts of this space, and is whole."""
        c, d = space.texts.shape
        parts = {
            (c, d): self.activations.queries,
            (d,): self.activations.image_mean,
            (d, d): self.activations.covariance,
            (c,): self.offset,
            (1, c): self.prevalence[None],
        }
        return all(
            values.shape == shape and bool(np.isfinite(values).all())
            for shape, values in parts.items()
        )

    def save(self, path: Path) -> None:
        """Write to an .npz file, at once or not at all."""
        partial = path.with_name(f"partial-{path.name}")
        np.savez(
            partial,
            queries=self.activations.queries,
            image_mean=self.activations.image_mean,
            covariance=self.activations.covariance,
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
                return cls(
                    Activations(arrays["queries"], arrays["image_mean"], arrays["covariance"]),
                    arrays["offset"],
                    arrays["prevalence"],
                    int(arrays["images"]),
                    arrays["sample"],
                )
        except DAMAGE as error:
            raise UserError(
                f"{path} cannot be read ({error})", "run splicedex repair on the index"
            ) from error


def calibrate(space: ConceptSpace, embeddings: Matrix) -> Calibration:
    """Fit to a collection, or to a sample of a large one; computed some concepts at a time.

    Args:
        space: The concepts.
        embeddings: (n, d); n = 0 gives the calibration before any photo is seen.
    """
    words = Activations.of_words(space)
    first = _fit(space, words, embeddings)
    standardised = words.standardised(embeddings)
    learnt = self_trained(words, embeddings, lambda part: sigmoid(first.logit(standardised, part)))
    return _fit(space, learnt, embeddings)


def _fit(space: ConceptSpace, activations: Activations, embeddings: Matrix) -> Calibration:
    distance = np.linalg.norm(space.texts - space.text_mean, axis=1)
    specific = (distance - distance.mean()) / max(float(distance.std()), 1e-6)
    standardised = activations.standardised(embeddings)
    count, c = len(embeddings), len(space.concepts)
    offset, prevalence = np.empty(c, np.float32), np.empty(c, np.float32)
    for start in range(0, c, COLUMNS):
        part = slice(start, start + COLUMNS)
        scores = activations.of_standardised(standardised, part)
        strong = np.full(scores.shape[1], STRENGTH, np.float32)
        if count:
            top = min(max(FEWEST, round(STRONG * count)), count)
            seen = np.partition(scores, -top, axis=0)[-top:].mean(axis=0).clip(*BOUNDS)
            strong += count / (count + STRENGTH_WEIGHT) * (seen - strong)
        evidence = SLOPE * (SHIFT - SHARE * strong) - SPECIFICITY * specific[part]
        scores = SLOPE * scores + evidence
        share = np.full(scores.shape[1], PREVALENCE)
        for _ in range(STEPS):
            found = sigmoid(scores + logit(share)).sum(axis=0)
            share = (found + PREVALENCE_WEIGHT * PREVALENCE) / (count + PREVALENCE_WEIGHT)
        offset[part], prevalence[part] = evidence + logit(share), share
    return Calibration(activations, offset, prevalence, count)


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

"""Presence: the probability that a concept is in an image, on one scale for all concepts.

With the activation a of concept k (see `splice.presence.activation`),

    logit p = SLOPE * (a - STRONG_SHARE * strong_k + SHIFT)
              - SPECIFICITY * specific_k + logit(prevalence_k)

- `strong_k` is the activation of strong examples, the images of the collection with the highest
  activations.
- `specific_k` is the distance of the word's embedding from the mean word, standardised. Specific
  words apply to few photos.
- `prevalence_k` is the share of images with the concept, estimated from the collection by
  expectation maximisation (Saerens, Latinne & Decaestecker 2002, "Adjusting the outputs of a
  classifier to new a priori probabilities").

Then the probabilities serve to learn better directions (`splice.presence.self_training`), and the
fit is repeated with these. No labels are used. `benchmarks/quality.py` measures the result.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from splicedex.splice.align import Matrix
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.errors import UserError
from splicedex.splice.npz import DAMAGE
from splicedex.splice.presence.activation import Activations, Ids
from splicedex.splice.presence.entries import entries
from splicedex.splice.presence.self_training import concept_blocks, self_trained
from splicedex.splice.threads import map_in_threads

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SLOPE = 2.0
"""Log-odds per unit of activation."""
STRONG_SHARE = 0.58
"""The share of `strong_k` that counts as neutral, before `SHIFT`."""
SHIFT = 1.0
"""Added to the activation, in its unit."""
SPECIFICITY = 0.5
"""Log-odds per standard deviation of specificity."""
STRONG_EXAMPLES = 0.01
"""Share of a collection that counts as strong examples of a concept."""
MIN_STRONG_EXAMPLES = 3
"""Minimum number of strong examples."""
STRONG_BOUNDS = (3.5, 5.5)
"""Limits of `strong_k`, whatever the collection contains."""
STRONG_PRIOR = 4.5
"""Prior of `strong_k`, with the weight of `STRONG_PRIOR_IMAGES` images: a small collection has no
strong examples of most concepts."""
STRONG_PRIOR_IMAGES = 20.0
PREVALENCE = 0.02
"""Prior of `prevalence_k`, with the weight of `PREVALENCE_IMAGES` images."""
PREVALENCE_IMAGES = 100.0
STEPS = 10
"""Steps of expectation maximisation; thirty give the same result."""
PRESENT = 0.25
"""Probability from which a concept counts as present. The threshold that maximises F1 is half of
that maximum (Lipton, Elkan & Narayanaswamy 2014, arXiv 1402.1892)."""
SAMPLE = 8192
"""Number of images that suffice to calibrate a collection of any size."""
_SLACK = 0.01
"""Log-odds below a bound that still count as likely, as callers may correct probabilities."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """Parameters that turn embeddings into probabilities: `logit p = SLOPE * activation + offset`.

    Args:
        activations: Activations with the directions learnt from the collection.
        offset: Offset of the log-odds of each concept (c,).
        prevalence: Estimated share of the collection's images with each concept (c,).
        images: Number of images it was fitted on.
        sample: Identifiers (images,) of these images; the caller defines them.
    """

    activations: Activations
    offset: Matrix
    prevalence: Matrix
    images: int
    sample: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))

    def probability(self, embeddings: Matrix) -> Matrix:
        """Probabilities (n, c) that each concept is in images with embeddings (n, d)."""
        return sigmoid(self._odds(embeddings))

    def likely(self, embeddings: Matrix, least: float) -> csr_array:
        """Probabilities as `probability` has them, without those that are clearly below `least`.

        This takes less time, as few concepts are likely in an image.

        Args:
            embeddings: Image embeddings (n, d), not zero.
            least: Above 0.

        Returns:
            Probabilities (n, c).
        """
        bound = math.log(least / (1 - least)) - _SLACK
        found = entries(self._odds(embeddings), bound)
        found.data = sigmoid(found.data)
        return found

    def _odds(self, embeddings: Matrix) -> Matrix:
        return self.logit(self.activations.standardised(embeddings), slice(None))

    def logit(self, standardised: Matrix, concepts: Ids) -> Matrix:
        """Compute the log-odds that k concepts are in n images.

        Args:
            standardised: Embeddings (n, d) from `Activations.standardised`.
            concepts: The k concept ids.

        Returns:
            Log-odds (n, k).
        """
        odds = self.activations.of_standardised(standardised, concepts)
        odds *= SLOPE
        odds += self.offset[concepts]
        return odds

    def linear(self, concepts: Ids) -> tuple[Matrix, Matrix, Matrix]:
        """The log-odds of k concepts as a linear function of unit embeddings z.

        With the scale s of an image (`Activations.scales`), they are `s * (z @ w.T - b) + offset`.

        Returns:
            The vectors w (k, d), b (k,) and the offsets (k,).
        """
        vectors: Matrix = SLOPE * self.activations.directions(concepts)
        shift: Matrix = vectors @ self.activations.image_mean
        return vectors, shift, self.offset[concepts]

    def fits(self, space: ConceptSpace) -> bool:
        """Whether all shapes match a concept space and all values are finite."""
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
        """Write to an .npz file, atomically."""
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
        """Read a file that `save` wrote.

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
    """Fit a calibration to a collection, or to a sample of a large one.

    Args:
        space: The concept space.
        embeddings: Image embeddings (n, d), not zero. With n = 0 only the priors count.
    """
    words = Activations.of_words(space)
    first = _fit(space, words, embeddings)
    standardised = words.standardised(embeddings)
    learnt = self_trained(words, embeddings, lambda part: sigmoid(first.logit(standardised, part)))
    return _fit(space, learnt, embeddings)


def specificity(space: ConceptSpace) -> Matrix:
    """Distance of each concept's text embedding from the mean one (c,), standardised."""
    distance = np.linalg.norm(space.texts - space.text_mean, axis=1)
    deviation: Matrix = (distance - distance.mean()) / max(float(distance.std()), 1e-6)
    return deviation


def _fit(space: ConceptSpace, activations: Activations, embeddings: Matrix) -> Calibration:
    specific = specificity(space)
    standardised = activations.standardised(embeddings)
    c = len(space.concepts)
    offset, prevalence = np.empty(c, np.float32), np.empty(c, np.float32)

    def fit(part: slice) -> None:
        scores = activations.of_standardised(standardised, part)
        bias = SLOPE * (SHIFT - STRONG_SHARE * _strong(scores)) - SPECIFICITY * specific[part]
        scores *= SLOPE
        scores += bias
        prevalence[part] = share = _prevalence(scores)
        offset[part] = bias + logit(share)

    map_in_threads(fit, concept_blocks(c))
    return Calibration(activations, offset, prevalence, len(embeddings))


def _strong(scores: Matrix) -> Matrix:
    """`strong_k` (k,) of concepts with activations (n, k) in the collection."""
    count, concepts = scores.shape
    strong = np.full(concepts, STRONG_PRIOR, np.float32)
    if count:
        top = min(max(MIN_STRONG_EXAMPLES, round(STRONG_EXAMPLES * count)), count)
        seen = np.partition(scores, -top, axis=0)[-top:].mean(axis=0).clip(*STRONG_BOUNDS)
        strong += count / (count + STRONG_PRIOR_IMAGES) * (seen - strong)
    return strong


def _prevalence(odds: Matrix) -> Matrix:
    """`prevalence_k` (k,) by expectation maximisation, from log-odds (n, k) at even prevalence."""
    count, concepts = odds.shape
    share = np.full(concepts, PREVALENCE)
    half, found = 0.5 * odds, np.empty_like(odds)
    for _ in range(STEPS):  # the sum of sigmoid(x) = (1 + tanh(x / 2)) / 2
        np.add(half, (0.5 * logit(share)).astype(half.dtype), out=found)
        np.tanh(found, out=found)
        found += 1  # a sum of numbers near -1 would be less precise
        share = 0.5 * found.sum(axis=0) + PREVALENCE_IMAGES * PREVALENCE
        share /= count + PREVALENCE_IMAGES
    return share


def sigmoid(odds: Matrix) -> Matrix:
    """Convert log-odds of any shape to probabilities."""
    probability: Matrix = 0.5 * odds
    np.tanh(probability, out=probability)  # in place: allocating memory would take longer than tanh
    probability *= 0.5
    probability += 0.5
    return probability


def logit(probability: Matrix) -> Matrix:
    """Convert probabilities of any shape, above 0 and below 1, to log-odds."""
    odds: Matrix = np.log(probability) - np.log1p(-probability)
    return odds

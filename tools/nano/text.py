"""The text tower: distilled from real embeddings of names and captions, and from captioned photos.

CLIP embeds a phrase near the mean of what it names, so besides the texts with a known embedding
there are made-up ones ("a dog and a guitar") whose target is that mean. Captions of which only the
photo's embedding is known teach their words by contrast: a caption must be nearer to its photo
than to the batch's others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from splicedex.splice.align import Matrix, unit
from tools.nano.corpus import Corpus

PAIRS = ("{} and {}", "a {} and a {}", "a {} with a {}", "{}, {}", "a photo of a {} and a {}")
PHOTO = "a photo of "
TEMPERATURE = 0.07
CONTRAST = 0.1
"""Weight of the captioned photos beside the texts with a known embedding."""


@dataclass(frozen=True)
class Lessons:
    """Texts with targets, and captions with photos.

    Attributes:
        texts: n texts.
        targets: (n, d) their embeddings.
        captions: m texts.
        photos: (m, d) embeddings of the photos they describe.
    """

    texts: tuple[str, ...]
    targets: Matrix
    captions: tuple[str, ...]
    photos: Matrix


def make_lessons(
    corpus: Corpus,
    photos: Matrix,
    seed: int,
    *,
    without_names: frozenset[str] = frozenset(),
    without_photos: frozenset[int] = frozenset(),
) -> Lessons:
    """Put together what the tower is to learn.

    Args:
        corpus: The corpus.
        photos: (n + m, d) an embedding of every photo, real or estimated.
        seed: For the made-up pairs.
        without_names: Concepts to leave out, whatever the prompt, for validation.
        without_photos: Rows of photos whose captions to leave out.
    """
    texts: list[str] = []
    targets: list[Matrix] = []

    def add(text: str, target: Matrix) -> None:
        texts.append(text)
        targets.append(target)

    style = _styles(corpus)
    concepts = [
        (concept, row)
        for concept, row in zip(corpus.concepts, corpus.concept_embeddings, strict=True)
        if concept not in without_names
    ]
    for concept, row in concepts:
        add(concept, row)
        for prefix, shift in style.items():
            add(prefix + concept, unit(row + shift))
    for name, row in zip(corpus.names, corpus.name_embeddings, strict=True):
        if name.concept not in without_names:
            add(name.prompt, row)
    for caption, row, photo in zip(
        corpus.captions, corpus.caption_embeddings, corpus.caption_photos.tolist(), strict=True
    ):
        if photo not in without_photos:
            add(caption, row)
            add(caption.rstrip(" .").lower(), row)
    random = np.random.default_rng(seed)
    for template in PAIRS:
        for i, j in random.integers(0, len(concepts), (len(concepts), 2)):
            (a, x), (b, y) = concepts[i], concepts[j]
            shift = style["a photo of a "] if template.startswith(PHOTO) else style["a "]
            add(template.format(a, b), unit(unit(x + y) + shift))
    told = [
        (caption, row)
        for row, photo in enumerate(corpus.photos)
        for caption in photo.captions
        if row not in without_photos
    ]
    return Lessons(
        tuple(texts),
        np.stack(targets),
        tuple(caption for caption, _ in told),
        photos[[row for _, row in told]],
    )


def train(
    tower: Any,
    tokenize: Callable[[Sequence[str]], Tensor],
    lessons: Lessons,
    *,
    steps: int,
    seed: int,
    batch: int = 128,
    rate: float = 2e-3,
    log: Callable[[str], None] = print,
) -> None:
    """Train an open_clip `TextTransformer` (its projection with a bias) in place.

    The loss is `1 - cos` of the embeddings as they are and of the embeddings less their mean
    (what concepts are told apart by), and the contrast of captions with photos (InfoNCE).
    """
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    targets, photos = torch.from_numpy(lessons.targets), torch.from_numpy(lessons.photos)
    # Only the tokens that occur are trained. Their order stays, so the end token stays the largest,
    # by which open_clip finds it, and padding stays 0.
    every = tokenize([*lessons.texts, *lessons.captions])
    taught, tokens = torch.unique(every, return_inverse=True)
    tokens, captions = tokens.split([len(targets), len(photos)])
    mask, whole = tower.attn_mask, tower.token_embedding
    tower.token_embedding = nn.Embedding(len(taught), tower.width)
    _start(tower, targets)
    mean = targets.mean(0)
    photos = F.normalize(photos - photos.mean(0), dim=1)

    parameters = list(tower.parameters())
    optimiser = torch.optim.AdamW(parameters, lr=rate, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    tower.train()
    for step in range(steps):
        i = random.choice(len(tokens), batch, replace=False)
        guess, truth = _embed(tower, tokens[i], mask), targets[i]
        loss = 1 - (guess * truth).sum(1).mean()
        loss = loss + 1 - F.cosine_similarity(guess - mean, truth - mean).mean()
        j = random.choice(len(captions), batch // 2, replace=False)
        said, seen = F.normalize(_embed(tower, captions[j], mask) - mean, dim=1), photos[j]
        # Five captions share a photo: none of them is wrong about it.
        same = (seen @ seen.T > 1 - 1e-4).float()
        same = same / same.sum(1, keepdim=True)
        scores = said @ seen.T / TEMPERATURE
        loss = loss + CONTRAST * (F.cross_entropy(scores, same) + F.cross_entropy(scores.T, same))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        schedule.step()
        if (step + 1) % 250 == 0:
            log(f"text tower: step {step + 1} of {steps}, loss {loss.item():.3f}")
    with torch.no_grad():
        # An untaught token is silent: at random it would be noise in every text it stands in.
        whole.weight.zero_()
        whole.weight[taught] = tower.token_embedding.weight
    tower.token_embedding, tower.attn_mask = whole, mask
    tower.eval()


def _start(tower: Any, targets: Tensor) -> None:
    """Begin with the principal axes of the targets (n, d) as output."""
    mean = targets.mean(0)
    _, scale, axes = torch.linalg.svd(targets - mean, full_matrices=False)
    spread = scale[: tower.width] / len(targets) ** 0.5
    with torch.no_grad():
        tower.text_projection.weight.copy_((axes[: tower.width] * spread[:, None]).T)
        tower.text_projection.bias.copy_(mean)
        tower.token_embedding.weight.normal_(std=0.1)


@torch.inference_mode()
def embed(
    tower: Any, tokenize: Callable[[Sequence[str]], Tensor], texts: Sequence[str]
) -> NDArray[np.float32]:
    """Unit embeddings (n, d) of n texts."""
    embeddings: NDArray[np.float32] = F.normalize(tower(tokenize(texts)), dim=1).numpy()
    return embeddings


def _embed(tower: Any, tokens: Tensor, mask: Tensor) -> Tensor:
    """Unit embeddings without the work on padding that no text of the batch needs."""
    length = int((tokens != 0).sum(1).max())
    tower.attn_mask = mask[:length, :length]
    return F.normalize(tower(tokens[:, :length]), dim=1)


def _styles(corpus: Corpus) -> dict[str, Matrix]:
    """What each prompt style adds to the mean embedding, as a shift (d,)."""
    common = corpus.concept_embeddings.mean(0)
    of_style = {"a ": [], "a photo of a ": []}  # type: dict[str, list[Matrix]]
    for name, row in zip(corpus.names, corpus.name_embeddings, strict=True):
        of_style["a photo of a " if name.prompt.startswith(PHOTO) else "a "].append(row)
    return {prefix: np.mean(rows, axis=0) - common for prefix, rows in of_style.items()}

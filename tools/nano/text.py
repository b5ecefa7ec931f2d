"""The text tower, distilled from embeddings of class names and captions, and of captioned photos.

CLIP embeds a phrase near the mean of the things that it names. So there are synthetic texts
("a dog and a guitar") in addition to those with a real embedding; their target is this mean. For
captions without a real embedding, the photo's embedding is used in a contrastive loss: a caption
must be closer to its photo than to the other photos of the batch.
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
"""Weight of the contrastive loss."""


@dataclass(frozen=True)
class TrainingSet:
    """Texts with target embeddings, and captions with embeddings of their photos.

    Attributes:
        texts: The n texts.
        targets: Their target embeddings (n, d), unit length.
        captions: The m captions.
        photos: Embeddings (m, d) of the photos that they describe.
    """

    texts: tuple[str, ...]
    targets: Matrix
    captions: tuple[str, ...]
    photos: Matrix


def make_training_set(
    corpus: Corpus,
    photos: Matrix,
    seed: int,
    *,
    without_names: frozenset[str] = frozenset(),
    without_photos: frozenset[int] = frozenset(),
) -> TrainingSet:
    """Make the training set of the text tower.

    Args:
        corpus: The corpus.
        photos: An embedding (n + m, d) of every photo, real or estimated.
        seed: Seed of the synthetic pairs.
        without_names: Concepts to leave out, with all prompts, for validation.
        without_photos: Rows of photos whose captions are left out, for validation.
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
    captioned = [
        (caption, row)
        for row, photo in enumerate(corpus.photos)
        for caption in photo.captions
        if row not in without_photos
    ]
    return TrainingSet(
        tuple(texts),
        np.stack(targets),
        tuple(caption for caption, _ in captioned),
        photos[[row for _, row in captioned]],
    )


def train(
    tower: Any,
    tokenize: Callable[[Sequence[str]], Tensor],
    training_set: TrainingSet,
    *,
    steps: int,
    seed: int,
    batch: int = 128,
    rate: float = 2e-3,
    log: Callable[[str], None] = print,
) -> None:
    """Train an open_clip `TextTransformer` in place; its projection must have a bias.

    The loss has three terms: `1 - cos` of the embedding and the target; the same after the mean
    embedding is subtracted, by which concepts differ; and a contrastive loss of captions and photos
    (InfoNCE, arXiv 1807.03748).

    Args:
        tower: The text tower.
        tokenize: Returns the tokens (n, length) of n texts.
        training_set: The texts and targets.
        steps: Number of steps.
        seed: Seed of the order.
        batch: Texts per step; half as many captions are added.
        rate: Maximum learning rate.
        log: Called with lines about progress.
    """
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    targets = torch.from_numpy(training_set.targets)
    photos = torch.from_numpy(training_set.photos)
    # Only the tokens that occur are trained. Their order is the same: the end token has the largest
    # number, by which open_clip finds it, and padding is 0.
    every = tokenize([*training_set.texts, *training_set.captions])
    trained, tokens = torch.unique(every, return_inverse=True)
    tokens, captions = tokens.split([len(targets), len(photos)])
    mask, whole = tower.attn_mask, tower.token_embedding
    tower.token_embedding = nn.Embedding(len(trained), tower.width)
    _start(tower, targets)
    mean = targets.mean(0)
    photos = F.normalize(photos - photos.mean(0), dim=1)

    parameters = list(tower.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=rate, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    tower.train()
    for step in range(steps):
        i = random.choice(len(tokens), batch, replace=False)
        predicted, target = _embed(tower, tokens[i], mask), targets[i]
        loss = 1 - (predicted * target).sum(1).mean()
        loss = loss + 1 - F.cosine_similarity(predicted - mean, target - mean).mean()
        j = random.choice(len(captions), batch // 2, replace=False)
        text, photo = F.normalize(_embed(tower, captions[j], mask) - mean, dim=1), photos[j]
        # A photo has up to five captions; each of them matches it.
        same = (photo @ photo.T > 1 - 1e-4).float()
        same = same / same.sum(1, keepdim=True)
        scores = text @ photo.T / TEMPERATURE
        loss = loss + CONTRAST * (F.cross_entropy(scores, same) + F.cross_entropy(scores.T, same))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        if (step + 1) % 250 == 0:
            log(f"text tower: step {step + 1} of {steps}, loss {loss.item():.3f}")
    with torch.no_grad():
        # Tokens that were not trained are zero; random ones would add noise to every text.
        whole.weight.zero_()
        whole.weight[trained] = tower.token_embedding.weight
    tower.token_embedding, tower.attn_mask = whole, mask
    tower.eval()


def _start(tower: Any, targets: Tensor) -> None:
    """Start from the principal axes of the targets (n, d) as output projection."""
    mean = targets.mean(0)
    _, scale, axes = torch.linalg.svd(targets - mean, full_matrices=False)
    deviation = scale[: tower.width] / len(targets) ** 0.5
    with torch.no_grad():
        tower.text_projection.weight.copy_((axes[: tower.width] * deviation[:, None]).T)
        tower.text_projection.bias.copy_(mean)
        tower.token_embedding.weight.normal_(std=0.1)


@torch.inference_mode()
def embed(
    tower: Any, tokenize: Callable[[Sequence[str]], Tensor], texts: Sequence[str]
) -> NDArray[np.float32]:
    """Unit embeddings (n, d) of n texts.

    Args:
        tower: The text tower.
        tokenize: Returns the tokens (n, length) of n texts.
        texts: The texts.
    """
    embeddings: NDArray[np.float32] = F.normalize(tower(tokenize(texts)), dim=1).numpy()
    return embeddings


def _embed(tower: Any, tokens: Tensor, mask: Tensor) -> Tensor:
    """Unit embeddings (n, d), computed up to the length of the longest text of the batch."""
    length = int((tokens != 0).sum(1).max())
    tower.attn_mask = mask[:length, :length]
    return F.normalize(tower(tokens[:, :length]), dim=1)


def _styles(corpus: Corpus) -> dict[str, Matrix]:
    """The shift (d,) of the mean embedding by each style of prompt."""
    common = corpus.concept_embeddings.mean(0)
    of_style = {"a ": [], "a photo of a ": []}  # type: dict[str, list[Matrix]]
    for name, row in zip(corpus.names, corpus.name_embeddings, strict=True):
        of_style["a photo of a " if name.prompt.startswith(PHOTO) else "a "].append(row)
    return {prefix: np.mean(rows, axis=0) - common for prefix, rows in of_style.items()}

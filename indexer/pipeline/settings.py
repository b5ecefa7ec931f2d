"""Resolves the settings of an index: what the user asked for, what the index has, the defaults."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from splicedex.indexer.pipeline.image_mean import estimated_from, find_image_mean
from splicedex.indexer.pipeline.lazy_encoder import UNRECORDED, lazy_encoder
from splicedex.indexer.sources.photos import Listing
from splicedex.indexer.store.address import Address
from splicedex.indexer.store.base import Store
from splicedex.indexer.store.index import store_of
from splicedex.indexer.store.manifest import Manifest, Penalties
from splicedex.splice.dictionary.image_mean import ImageMean
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.dictionary.word_frequency import (
    BUNDLED,
    WordFrequency,
    find_frequency,
)
from splicedex.splice.encoders.base import Encoder, Load
from splicedex.splice.encoders.known import DEFAULT
from splicedex.splice.encoders.load import load_encoder
from splicedex.splice.errors import UserError
from splicedex.splice.load import OWN, Model, load_model
from splicedex.splice.sparsity import Sparsity


@dataclass(frozen=True)
class Settings:
    """What the user asked for. None means: as the index has it, or the default.

    Args:
        model: Name of an encoder, or folder of a concept space.
        vocabulary: Name of a vocabulary, or a file of concepts.
        image_mean: File with the image mean, or a folder of photos to estimate it from.
        sparsity: The penalty λ, or the number of concepts per image.
        penalties: Relative penalties of the concepts.
        word_frequency: File of word frequencies, or the code of a language.
        precision: Number format that images are embedded in: "fp32", "fp16" or "bf16".
    """

    model: str | None = None
    vocabulary: str | None = None
    image_mean: Path | None = None
    sparsity: Sparsity | None = None
    penalties: Penalties | None = None
    word_frequency: str | None = None
    precision: str | None = None


@dataclass(frozen=True)
class ResolvedSettings:
    """Everything that an index is made with, ready to use.

    Args:
        manifest: Manifest of the index.
        space: Concept space.
        encoder: Encoder of photos; None where embeddings are given.
        frequency: How often people say words; None for the bundled table, or that of the index.
    """

    manifest: Manifest
    space: ConceptSpace
    encoder: Encoder | None
    frequency: WordFrequency | None = None


def resolve(
    index: Store | Address | Path,
    settings: Settings,
    photos: Listing | None,
    *,
    load: Load = load_encoder,
    workers: int | None = None,
) -> ResolvedSettings:
    """Resolve the settings of an index that exists or will be made. Writes nothing.

    Args:
        index: Store or address of the index; it need not exist.
        settings: What the user asked for.
        photos: Photos to be encoded; None where embeddings are given.
        load: Loads an encoder by name.
        workers: Decoding processes, used if the image mean has to be estimated.

    Raises:
        UserError: The settings differ from those of the existing index, or cannot be used.
    """
    store = store_of(index)
    files = store.files()
    if files is None:
        resolved = _of_new_index(settings, photos, load, workers)
    else:
        existing = _Existing(store.manifest_of(files), files.folder, str(store))
        if replace(settings, precision=None) == Settings():
            return _as_it_is(existing, settings.precision, photos, load)
        resolved = _of_existing_index(existing, settings, photos, load, workers)
    if photos and resolved.encoder is None:
        raise UserError(
            f"{resolved.manifest.model} is a concept space: it cannot encode photos",
            "give --embeddings, or a --model that encodes",
        )
    return resolved


@dataclass(frozen=True)
class _Existing:
    """An index that exists: its manifest, the folder of its files, its name in messages."""

    manifest: Manifest
    folder: Path
    origin: str

    def space(self) -> ConceptSpace:
        return ConceptSpace.load(self.folder / "space")


def _as_it_is(
    existing: _Existing, precision: str | None, photos: Listing | None, load: Load
) -> ResolvedSettings:
    """An existing index, and no other settings. The encoder is loaded only if photos need it."""
    asked = replace(existing.manifest, precision=precision or existing.manifest.precision)
    existing.manifest.refuse_other(asked, existing.origin)
    encoder = lazy_encoder(asked, existing.origin, load) if photos else None
    return ResolvedSettings(existing.manifest, existing.space(), encoder)


def _of_new_index(
    settings: Settings, photos: Listing | None, load: Load, workers: int | None
) -> ResolvedSettings:
    """A new index: settings that were not given have their defaults.

    Embeddings have no default model, as only the user knows which model made them.
    """
    name = settings.model or (DEFAULT if photos else None)
    if name is None:
        raise UserError("embeddings do not say what made them", "add --model")

    def mean_of(encoder: Encoder) -> ImageMean:
        return find_image_mean(encoder, settings.image_mean, photos, workers=workers)

    in_precision = partial(load, precision=settings.precision)
    model = load_model(name, mean_of, vocabulary=settings.vocabulary, load=in_precision)
    sparsity, penalties = settings.sparsity or Sparsity(), settings.penalties or "frequency"
    return _resolved(model, sparsity, penalties, BUNDLED, _frequency(settings))


def _of_existing_index(
    existing: _Existing,
    settings: Settings,
    photos: Listing | None,
    load: Load,
    workers: int | None,
) -> ResolvedSettings:
    """An existing index, and settings that must agree with it."""
    manifest = existing.manifest

    def mean_of(encoder: Encoder) -> ImageMean:
        # Before the image mean, as estimating that may read thousands of photos.
        _refuse_other_encoder(existing, encoder)
        chosen = settings.image_mean
        if chosen is None or estimated_from(chosen) == manifest.image_mean:
            return ImageMean(existing.space().image_mean, manifest.image_mean)
        return find_image_mean(encoder, chosen, photos, workers=workers)

    vocabulary = settings.vocabulary
    if vocabulary is None and manifest.encoder and manifest.vocabulary != OWN:
        vocabulary = manifest.vocabulary
    precision = settings.precision or manifest.precision or UNRECORDED
    model = load_model(
        settings.model or manifest.model,
        mean_of,
        vocabulary=vocabulary,
        load=partial(load, precision=precision),
    )
    model = _in_same_space(model, existing.space())
    resolved = _resolved(
        model,
        settings.sparsity or manifest.sparsity,
        settings.penalties or manifest.penalties,
        manifest.word_frequency,
        _frequency(settings),
    )
    manifest.refuse_other(resolved.manifest, existing.origin)
    return resolved


def _in_same_space(model: Model, space: ConceptSpace) -> Model:
    """A model with the concept space of an index, if it has the same words and image mean.

    Its encoder has the weights that made the index, so the embeddings of the words are the same but
    for rounding, which depends on the processor, its device and the number format.
    """
    same = model.encoder is not None and model.space.concepts == space.concepts
    if same and np.array_equal(model.space.image_mean, space.image_mean):
        return replace(model, space=space)
    return model


def _refuse_other_encoder(existing: _Existing, encoder: Encoder) -> None:
    """Refuse an encoder whose name, weights or dimension differ from those of an index."""
    other = replace(
        existing.manifest, model=encoder.name, encoder=encoder.fingerprint(), dim=encoder.dim
    )
    existing.manifest.refuse_other(other, existing.origin)


def _frequency(settings: Settings) -> WordFrequency | None:
    """The table of word frequencies that the user gave."""
    return find_frequency(settings.word_frequency) if settings.word_frequency else None


def _resolved(
    model: Model,
    sparsity: Sparsity,
    penalties: Penalties,
    word_frequency: str,
    frequency: WordFrequency | None,
) -> ResolvedSettings:
    """The settings of an index made with a model, a sparsity and word frequencies.

    Args:
        model: The encoder and its concept space.
        sparsity: The penalty λ, or the number of concepts per image.
        penalties: Relative penalties of the concepts.
        word_frequency: The table of word frequencies unless the user gave one.
        frequency: The table that the user gave.
    """
    manifest = Manifest(
        model=model.name,
        encoder=model.encoder.fingerprint() if model.encoder else None,
        vocabulary=model.vocabulary,
        space=model.space.fingerprint,
        image_mean=model.image_mean,
        concepts=len(model.space.concepts),
        dim=model.space.dim,
        l1_penalty=None if sparsity.l0 is not None else sparsity.l1_penalty,
        l0=sparsity.l0,
        penalties=penalties,
        word_frequency=frequency.source if frequency else word_frequency,
        precision=model.encoder.precision if model.encoder else None,
    )
    return ResolvedSettings(manifest, model.space, model.encoder, frequency)

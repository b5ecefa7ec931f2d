"""What an index is to be made with: the user's settings, the index's own, or the defaults."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from splicedex.indexer.pipeline.image_mean import estimated_from, find_image_mean
from splicedex.indexer.pipeline.lazy_encoder import DeferredEncoder
from splicedex.indexer.sources.photos import Listing
from splicedex.indexer.store.address import Address
from splicedex.indexer.store.index import files_of
from splicedex.indexer.store.manifest import Manifest
from splicedex.splice.dictionary.image_mean import ImageMean
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.encoders.base import Encoder, Load
from splicedex.splice.encoders.known import DEFAULT
from splicedex.splice.encoders.load import load_encoder
from splicedex.splice.errors import UserError
from splicedex.splice.load import OWN, Model, load_model
from splicedex.splice.sparsity import Sparsity


@dataclass(frozen=True)
class Settings:
    """What the user asked for; None means as the index has it, or the default.

    Args:
        model: Encoder name or concept space folder.
        vocabulary: Vocabulary name or file.
        image_mean: File with the image mean, or a folder of photos to estimate it from.
        sparsity: λ or l0.
    """

    model: str | None = None
    vocabulary: str | None = None
    image_mean: Path | None = None
    sparsity: Sparsity | None = None


@dataclass(frozen=True)
class Recipe:
    """What an index is made with, ready to use.

    Args:
        manifest: Its description.
        space: The concepts.
        encoder: Embeds photos; None where they come embedded.
    """

    manifest: Manifest
    space: ConceptSpace
    encoder: Encoder | None


def resolve(
    index: Address | Path,
    settings: Settings,
    photos: Listing | None,
    *,
    load: Load = load_encoder,
    workers: int | None = None,
) -> Recipe:
    """Work out what an index is, or will be, made with. Writes nothing.

    Args:
        index: Where the index is; it need not exist.
        settings: What the user asked for.
        photos: Photos that will be encoded; None where embeddings are given.
        load: Loads the encoder.
        workers: Decoding processes, should the image mean have to be estimated.

    Raises:
        UserError: The settings are not those of the index that is there, or do not work.
    """
    files = files_of(index)
    existing = Manifest.load(files.folder, str(index)) if files else None
    if files and existing and settings == Settings():
        encoder = deferred_encoder(existing, str(index), load) if photos else None
        return Recipe(existing, ConceptSpace.load(files.folder / "space"), encoder)
    name = settings.model or (existing.model if existing else DEFAULT if photos else None)
    if name is None:
        raise UserError("embeddings do not say what made them", "add --model")

    def mean_of(encoder: Encoder) -> ImageMean:
        chosen = settings.image_mean
        if files and existing:
            weights, dim = encoder.fingerprint(), encoder.dim
            other = replace(existing, model=encoder.name, encoder=weights, dim=dim)
            existing.refuse_other(other, str(index))
            if chosen is None or estimated_from(chosen) == existing.image_mean:
                kept = ConceptSpace.load(files.folder / "space").image_mean
                return ImageMean(kept, existing.image_mean)
        return find_image_mean(encoder, chosen, photos, workers=workers)

    vocabulary = settings.vocabulary
    if vocabulary is None and existing and existing.vocabulary != OWN and existing.encoder:
        vocabulary = existing.vocabulary
    model = load_model(name, mean_of, vocabulary=vocabulary, load=load)
    sparsity = settings.sparsity or (existing.sparsity if existing else Sparsity())
    recipe = Recipe(_manifest(model, sparsity), model.space, model.encoder)
    if existing:
        existing.refuse_other(recipe.manifest, str(index))
    if photos and model.encoder is None:
        raise UserError(
            f"{name} is a concept space: it cannot encode photos",
            "give --embeddings, or a --model that encodes",
        )
    return recipe


def _manifest(model: Model, sparsity: Sparsity) -> Manifest:
    return Manifest(
        model=model.name,
        encoder=model.encoder.fingerprint() if model.encoder else None,
        vocabulary=model.vocabulary,
        space=model.space.fingerprint,
        image_mean=model.image_mean,
        concepts=len(model.space.concepts),
        dim=model.space.dim,
        l1_penalty=None if sparsity.l0 is not None else sparsity.l1_penalty,
        l0=sparsity.l0,
    )


def deferred_encoder(manifest: Manifest, origin: str, load: Load) -> Encoder:
    """The encoder an index was made with, loaded and checked when it is first needed.

    Raises:
        UserError: The index has none.
    """
    if manifest.encoder is None:
        raise UserError(
            f"{origin} holds embeddings made elsewhere: it has no encoder for photos",
            "give --embeddings, or another --index",
        )
    return DeferredEncoder(manifest, lambda: same_encoder(manifest, origin, load))


def same_encoder(manifest: Manifest, origin: str, load: Load = load_encoder) -> Encoder:
    """Load the encoder an index was made with, and check that its weights are the same.

    Args:
        manifest: Of the index, which has one.
        origin: What the index is called in messages.
        load: Loads the encoder.

    Raises:
        UserError: It cannot be had, or its weights are others.
    """
    encoder = load(manifest.model)
    if encoder.fingerprint() != manifest.encoder:
        raise UserError(
            f"the weights of {manifest.model} are not those {origin} was made with",
            "restore them, or use another --index",
        )
    return encoder

"""The manifest: how an index was made, so that nothing incompatible is added to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, TypeAlias

from splicedex.indexer.engines.base import Ann
from splicedex.indexer.payload.columns import ColumnKind
from splicedex.splice.dictionary.word_frequency import BUNDLED
from splicedex.splice.errors import UserError
from splicedex.splice.sparsity import Sparsity

Penalties: TypeAlias = Literal["frequency", "uniform"]
"""Relative penalties of concepts in decompositions: higher for words that people say rarely, or the
same for all, as in the paper."""
FORMAT = 7
"""Version of the index's layout.

2: `presence` stores one value for each present concept. 3: `strengths` is a separate field.
4: the calibration has its own directions of the concepts. 5: `shows` and `shows_percent` store what
an image is said to show; a lexicon is among the files. 6: photos have a perceptual fingerprint.
7: `shows_surely` stores what NOT excludes.
"""
FILE = "manifest.json"
_RESTORE = "run splicedex repair on the index, or restore the file"


@dataclass(frozen=True)
class Manifest:
    """How an index was made.

    Args:
        model: Name of the encoder or concept space, as the user gave it.
        encoder: Fingerprint of the encoder's weights; None for precomputed embeddings.
        vocabulary: Name of the vocabulary, as the user gave it.
        space: Fingerprint of the concept space (words, their embeddings, image mean).
        image_mean: Source of the image mean.
        concepts: Number of concepts c in the space.
        dim: Dimension d of the embeddings.
        l1_penalty: λ of the lasso; None if `l0` is set.
        l0: Maximum number of concepts per image; None if λ is set.
        penalties: Relative penalties of the concepts.
        word_frequency: The table of word frequencies that the lexicon was made from.
        precision: Number format that images are embedded in; None for precomputed embeddings, and
            where an earlier version did not record it.
        columns: The user's columns that are indexed for filters, with what each of them holds.
        ann: Nearest-neighbour method for dense vectors.
        format: Version of the layout.
    """

    model: str
    encoder: str | None
    vocabulary: str
    space: str
    image_mean: str
    concepts: int
    dim: int
    l1_penalty: float | None
    l0: int | None
    penalties: Penalties = "uniform"
    word_frequency: str = BUNDLED
    precision: str | None = None
    columns: Mapping[str, ColumnKind] = field(default_factory=dict)
    ann: Ann = "auto"
    format: int = FORMAT

    @property
    def sparsity(self) -> Sparsity:
        """How the images of this index were decomposed."""
        if self.l1_penalty is None:
            return Sparsity(l0=self.l0)
        return Sparsity(l1_penalty=self.l1_penalty)

    def save(self, path: Path) -> None:
        """Write the manifest to a file, either completely or not at all."""
        partial = path.with_name(f"{path.name}.partial")
        values = asdict(self) | {"checksum": _checksum(asdict(self))}
        partial.write_text(json.dumps(values, indent=2) + "\n", "utf-8")
        partial.replace(path)

    @classmethod
    def load(
        cls, folder: Path, origin: str | None = None, *, file: str = FILE, older: bool = False
    ) -> Manifest:
        """Read the manifest of an index.

        Args:
            folder: Folder with the files of the index.
            origin: What messages call the index; None for the path of the folder.
            file: Name of the manifest file.
            older: Whether to accept older formats.

        Raises:
            UserError: There is no index, or its manifest is damaged or of another version.
        """
        path, origin = folder / file, origin or str(folder)
        try:
            values = json.loads(path.read_text("utf-8"))
        except FileNotFoundError as error:
            raise UserError(
                f"{origin} holds no index", f"make one: splicedex index --index {origin} ..."
            ) from error
        except (OSError, ValueError) as error:
            raise UserError(f"{path} cannot be read ({error})", _RESTORE) from error
        version = values.get("format") if isinstance(values, dict) else None
        if isinstance(version, int) and version > FORMAT:
            raise UserError(
                f"{origin} was made by a newer splicedex (format {version}, ours is {FORMAT})",
                "upgrade splicedex",
            )
        checksum = values.pop("checksum", None) if isinstance(values, dict) else None
        if checksum is not None and checksum != _checksum(values):
            raise UserError(f"{path} is damaged", _RESTORE)
        try:
            manifest = cls(**values)
        except TypeError as error:
            raise UserError(f"{path} is not a splicedex manifest", _RESTORE) from error
        if manifest.format < FORMAT and not older:
            raise UserError(
                f"{origin} was made by an older splicedex (format {version}, ours is {FORMAT})",
                f"bring it up to date: splicedex repair --index {origin}",
            )
        return manifest

    def refuse_other(self, other: Manifest, origin: str) -> None:
        """Check that another manifest describes the same index.

        Args:
            other: The other manifest.
            origin: What messages call the index of this manifest.

        Raises:
            UserError: Something differs; the message names what.
        """
        differs = {
            part.name
            for part in fields(self)
            if getattr(self, part.name) != getattr(other, part.name)
        } - {"columns", "ann", "format"}
        if None in (self.precision, other.precision):
            differs.discard("precision")
        # Fingerprints mean nothing to a person: name what they identify.
        if differs & {"encoder", "dim"}:
            told = _told(self, other, "model")
        elif "space" in differs:
            named = (name for name in ("vocabulary", "image_mean") if name in differs)
            told = _told(self, other, next(named, "model"))
        elif differs & {"l1_penalty", "l0"}:
            told = f"{_sparsity(self)}, not {_sparsity(other)}"
        elif "penalties" in differs:
            told = _told(self, other, "penalties")
        elif "word_frequency" in differs:
            told = _told(self, other, "word_frequency")
        elif "precision" in differs:
            told = _told(self, other, "precision")
        else:
            return
        raise UserError(f"{origin} was made with {told}", "use the same, or another --index")


def _checksum(values: Mapping[str, Any]) -> str:
    """Detects flipped bits."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def _told(mine: Manifest, theirs: Manifest, name: str) -> str:
    ours, others = getattr(mine, name), getattr(theirs, name)
    return f"other contents of {ours}" if ours == others else f"{name} {ours!r}, not {others!r}"


def _sparsity(manifest: Manifest) -> str:
    if manifest.l0 is not None:
        return f"l0 {manifest.l0}"
    return f"l1_penalty {manifest.l1_penalty}"

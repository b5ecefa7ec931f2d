"""The manifest: what an index was made with, so that nothing else is mixed into it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from splicedex.indexer.engines.base import Ann, FieldKind
from splicedex.splice.errors import UserError
from splicedex.splice.sparsity import Sparsity

FORMAT = 4
"""Version of the index's layout.

2: `presence` says with one value that a concept is there. 3: `strengths` are a field of their own.
4: the calibration has directions of its own for the concepts.
"""
FILE = "manifest.json"
_RESTORE = "run splicedex repair on the index, or restore the file"


@dataclass(frozen=True)
class Manifest:
    """What an index was made with.

    Args:
        model: The encoder or concept space, as the user named it.
        encoder: Fingerprint of the encoder's weights; None for embeddings made elsewhere.
        vocabulary: The vocabulary, as the user named it.
        space: Fingerprint of the concept space (words, their embeddings, image mean).
        image_mean: Where the image mean came from.
        concepts: How many concepts c the space has.
        dim: Dimension d of the embeddings.
        l1_penalty: λ of the lasso; None where `l0` bounds the count.
        l0: At most this many concepts an image; None where λ decides.
        columns: The user's columns that are indexed for filtering, with how.
        ann: How the nearest dense vectors are found (see `indexer.engines.edge.config`).
        format: Layout version.
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
    columns: Mapping[str, FieldKind] = field(default_factory=dict)
    ann: Ann = "auto"
    format: int = FORMAT

    @property
    def sparsity(self) -> Sparsity:
        """How the images of this index were decomposed."""
        if self.l1_penalty is None:
            return Sparsity(l0=self.l0)
        return Sparsity(l1_penalty=self.l1_penalty)

    def save(self, path: Path) -> None:
        """Write it to a file, at once or not at all."""
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
            folder: Where its files are.
            origin: What the index is called in messages, if not as the folder.
            file: Name of the manifest there.
            older: Let older formats pass.

        Raises:
            UserError: No index there, a damaged manifest, or one of another version.
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
        """Check that `other` would make the same index.

        Args:
            other: How an index would be made.
            origin: What the index of this manifest is called in messages.

        Raises:
            UserError: Something differs; the message names what.
        """
        differs = {
            part.name
            for part in fields(self)
            if getattr(self, part.name) != getattr(other, part.name)
        } - {"columns", "ann", "format"}
        # A fingerprint says nothing to a person: name what it stands for.
        if differs & {"encoder", "dim"}:
            told = _told(self, other, "model")
        elif "space" in differs:
            named = (name for name in ("vocabulary", "image_mean") if name in differs)
            told = _told(self, other, next(named, "model"))
        elif differs & {"l1_penalty", "l0"}:
            told = f"{_sparsity(self)}, not {_sparsity(other)}"
        else:
            return
        raise UserError(f"{origin} was made with {told}", "use the same, or another --index")


def _checksum(values: Mapping[str, Any]) -> str:
    """Tells a manifest from one with a flipped bit."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def _told(mine: Manifest, theirs: Manifest, name: str) -> str:
    ours, others = getattr(mine, name), getattr(theirs, name)
    return f"other contents of {ours}" if ours == others else f"{name} {ours!r}, not {others!r}"


def _sparsity(manifest: Manifest) -> str:
    if manifest.l0 is not None:
        return f"l0 {manifest.l0}"
    return f"l1_penalty {manifest.l1_penalty}"

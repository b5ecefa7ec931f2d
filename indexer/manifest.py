"""The manifest: what an index was made with, so that nothing else is mixed into it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from indexer.engine import FieldKind
from splice.decomposition import Sparsity
from splice.errors import UserError

FORMAT = 1
"""Version of the index's layout; a larger one was written by a newer splicedex."""
FILE = "manifest.json"
_RESTORE = "restore it, or index anew into another folder"


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
    format: int = FORMAT

    @property
    def sparsity(self) -> Sparsity:
        """How the images of this index were decomposed."""
        if self.l1_penalty is None:
            return Sparsity(l0=self.l0)
        return Sparsity(l1_penalty=self.l1_penalty)

    def save(self, folder: Path) -> None:
        """Write the manifest at once or not at all."""
        partial = folder / f"{FILE}.partial"
        partial.write_text(json.dumps(asdict(self), indent=2) + "\n", "utf-8")
        partial.replace(folder / FILE)

    @classmethod
    def load(cls, folder: Path) -> Manifest:
        """Read the manifest of an index folder.

        Raises:
            UserError: No index there, a damaged manifest, or one of a newer version.
        """
        path = folder / FILE
        try:
            values = json.loads(path.read_text("utf-8"))
        except FileNotFoundError as error:
            raise UserError(
                f"{folder} holds no index", f"make one: splicedex index --index {folder} ..."
            ) from error
        except (OSError, ValueError) as error:
            raise UserError(f"{path} cannot be read ({error})", _RESTORE) from error
        version = values.get("format") if isinstance(values, dict) else None
        if isinstance(version, int) and version > FORMAT:
            raise UserError(
                f"{folder} was made by a newer splicedex (format {version}, ours is {FORMAT})",
                "upgrade splicedex",
            )
        try:
            return cls(**values)
        except TypeError as error:
            raise UserError(f"{path} is not a splicedex manifest", _RESTORE) from error

    def refuse_other(self, other: Manifest, folder: Path) -> None:
        """Check that `other` would make the same index.

        Raises:
            UserError: Something differs; the message names what.
        """
        differs = {
            part.name
            for part in fields(self)
            if getattr(self, part.name) != getattr(other, part.name)
        } - {"columns", "format"}
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
        raise UserError(f"{folder} was made with {told}", "use the same, or another --index folder")


def _told(mine: Manifest, theirs: Manifest, name: str) -> str:
    ours, others = getattr(mine, name), getattr(theirs, name)
    return f"other contents of {ours}" if ours == others else f"{name} {ours!r}, not {others!r}"


def _sparsity(manifest: Manifest) -> str:
    if manifest.l0 is not None:
        return f"l0 {manifest.l0}"
    return f"l1_penalty {manifest.l1_penalty}"

"""Images that are not in the index but that a query may still be made of.

A query names an image by `like:NAME`. What a name outside the index may reach is decided by whoever
opens the index: any file on the command line, uploads alone over HTTP.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from splicedex.splice.align import Matrix
from splicedex.splice.errors import UserError

ExternalImages: TypeAlias = Callable[[str], Matrix]
"""The embedding (d,) of an image outside the index, by name; raises UserError if there is none."""
EncodeFile: TypeAlias = Callable[[Path], Matrix]
"""Embeds an image file (d,) with the image tower of the index's model."""


def files(encode_file: EncodeFile | None = None) -> ExternalImages:
    """Reach any file this process can read.

    Args:
        encode_file: The image encoder, if there is one.
    """

    def read(name: str) -> Matrix:
        file = Path(name)
        if not _is_file(file):
            raise UserError(
                f"{name!r} is neither an image of the index nor a file",
                "name it as search prints it, or give a path",
            )
        if encode_file is None:
            raise UserError(
                f"{name} is not in the index, "
                "and an index made from embeddings alone cannot encode it",
                "name an indexed image, or index with a --model that encodes",
            )
        return encode_file(file)

    return read


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # the name is too long, or a folder above it is barred
        return False

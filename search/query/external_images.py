"""Images outside the index that a query may use.

A query names an image by `like:NAME`. Whoever opens the index decides what a name outside the index
may refer to: any file on the command line, only uploads over HTTP.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from splicedex.indexer.sources.location import file_of
from splicedex.splice.align import Matrix
from splicedex.splice.errors import UserError

ExternalImages: TypeAlias = Callable[[str], Matrix]
"""Returns the embedding (d,) of an image outside the index by name, or raises UserError."""
EncodeFile: TypeAlias = Callable[[Path], Matrix]
"""Embeds an image file (d,) with the model of the index."""


def files(encode_file: EncodeFile | None = None) -> ExternalImages:
    """Allow any file that this process can read.

    Args:
        encode_file: The image encoder, if there is one.
    """

    def read(name: str) -> Matrix:
        file = file_of(name)
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
    except OSError:  # the name is too long, or a folder above it cannot be read
        return False

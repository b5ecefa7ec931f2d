"""Images that a query can use although they are not in the index.

A query names an image by `like:NAME`. The code that opens the index decides which images outside
the index a name can refer to: any file on the command line, only uploads over HTTP.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from splicedex.splice.align import Matrix
from splicedex.splice.errors import UserError

ExternalImages: TypeAlias = Callable[[str], Matrix]
"""Returns the embedding (d,) of an image outside the index, by name; raises UserError if there is
no such image."""
EncodeFile: TypeAlias = Callable[[Path], Matrix]
"""Returns the embedding (d,) of an image file, by the image encoder of the index's model."""


def files(encode_file: EncodeFile | None = None) -> ExternalImages:
    """Give access to any image file that this process can read.

    Args:
        encode_file: The image encoder; None if the model has none.
    """

    def read(name: str) -> Matrix:
        file = Path(name)
        if not _is_file(file):
            raise UserError(
                f"{name!r} is neither an image of the index nor a file",
                "use a name that search prints, or the path of a file",
            )
        if encode_file is None:
            raise UserError(
                f"{name} is not in the index, "
                "and an index made from embeddings only cannot encode it",
                "use an indexed image, or index with a --model that has an image encoder",
            )
        return encode_file(file)

    return read


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # the name is too long, or a parent folder is not accessible
        return False

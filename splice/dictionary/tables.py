"""The packed word tables of `splice/data`."""

from __future__ import annotations

import lzma
from importlib import resources


def table_lines(name: str) -> list[str]:
    """The lines of a table.

    Args:
        name: Name of its file, such as "nouns.txt.xz".
    """
    packed = resources.files("splicedex.splice") / "data" / name
    return lzma.decompress(packed.read_bytes()).decode().splitlines()

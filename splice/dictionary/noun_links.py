"""Linked nouns: what things consist of, and what they are defined by.

A saddle is "a seat for the rider of a horse": it belongs with horses. The table comes from WordNet
3.0 (Fellbaum 1998); `tools/word_links.py` makes it.
"""

from __future__ import annotations

import lzma
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Links:
    """What a noun is linked to.

    Args:
        parts: What it consists of.
        definition: The nouns that its definition names.
    """

    parts: frozenset[str]
    definition: frozenset[str]


@cache
def noun_links() -> Mapping[str, Links]:
    """The links of nouns in the singular, in lower case."""
    packed = resources.files("splicedex.splice") / "data" / "noun_links.txt.xz"
    links = {}
    for line in lzma.decompress(packed.read_bytes()).decode().splitlines():
        noun, *linked = line.split("\t")
        parts, definition = (frozenset(one.split(",")) - {""} for one in linked)
        links[noun] = Links(parts, definition)
    return links

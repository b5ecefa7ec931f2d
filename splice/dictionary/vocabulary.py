"""Vocabularies: lists of the words that become concepts."""

from __future__ import annotations

import gzip
import importlib.util
import re
import unicodedata
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from splicedex.splice.dictionary import published
from splicedex.splice.download import fetch
from splicedex.splice.errors import UserError

CLIP = "clip"
"""The built-in vocabulary: CLIP's own word list, which ships with open_clip."""
DEFAULT_SIZE = 10_000
"""Number of words taken from `clip` and `laion` by default, as in the paper (section 5.1)."""
WORD_END = "</w>"

_MERGES = 49_152 - 256 - 2  # CLIP's tokens without the bytes and two special tokens
_MIN_LETTERS = 3


def load_vocabulary(source: str) -> list[str]:
    """Load the concepts of a vocabulary, without duplicates.

    Args:
        source: `clip` (built in), `laion`, `laion_bigrams` or `mscoco` (the paper's lists,
            downloaded on first use), or the path of a text file with one concept per line. A name
            may be followed by a size: `laion:5000`. Without a size, `clip` and `laion` give their
            10,000 most frequent words and the other lists all their words, as in the paper.

    Returns:
        The concepts: those of a file in its order, the others by descending frequency.

    Raises:
        UserError: The name is unknown, the file cannot be read or is empty, or the size is not a
            positive number.
    """
    path = Path(source).expanduser()
    if path.is_file():
        return _distinct(_read_lines(path), source)
    name, _, size = source.partition(":")
    if size and not (size.isascii() and size.isdecimal() and int(size) > 0):
        raise UserError(f"vocabulary size {size!r} is not a positive number", "write laion:5000")
    concepts = _distinct(_named(name), source)
    keep = int(size) if size else DEFAULT_SIZE if name in {CLIP, "laion"} else len(concepts)
    return concepts[:keep]


def clip_merges() -> list[tuple[str, str]]:
    """Read CLIP's byte-pair merges, in their order, from open_clip's files.

    The package itself is not imported, because that takes seconds.

    Raises:
        UserError: open_clip is not installed.
    """
    spec = importlib.util.find_spec("open_clip")
    if spec is None or not spec.submodule_search_locations:
        raise UserError("open_clip is not installed", "run `pip install open_clip_torch`")
    path = Path(spec.submodule_search_locations[0]) / "bpe_simple_vocab_16e6.txt.gz"
    lines = gzip.decompress(path.read_bytes()).decode("utf-8").split("\n")[1 : _MERGES + 1]
    return [(left, right) for left, _, right in (line.partition(" ") for line in lines)]


def _named(name: str) -> Iterable[str]:
    if name == CLIP:
        return _clip_words()
    if name in published.VOCABULARIES:
        # The paper's lists are in ascending order of frequency.
        return reversed(_read_lines(fetch(published.VOCABULARIES[name])))
    known = ", ".join([CLIP, *published.VOCABULARIES])
    raise UserError(
        f"unknown vocabulary {name!r}",
        f"use one of {known}, or the path of a text file with one concept per line",
    )


def _clip_words() -> Iterable[str]:
    """The merges that are whole words; their order is close to descending frequency."""
    data = resources.files("splicedex.splice") / "data"
    drop = set((data / "stop_words.txt").read_text("utf-8").split())
    drop.update((data / "clip_fragments.txt").read_text("utf-8").split())
    ends = (left + right for left, right in clip_merges() if right.endswith(WORD_END))
    for end in ends:
        word = end.removesuffix(WORD_END)
        if len(word) >= _MIN_LETTERS and re.fullmatch("[a-z]+", word) and word not in drop:
            yield word


def _read_lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise UserError(
            f"vocabulary {path} is not UTF-8 text (byte {error.start})", "save it as UTF-8"
        ) from error
    except OSError as error:
        raise UserError(
            f"vocabulary {path} cannot be read ({error.strerror})", "check its permissions"
        ) from error


def _distinct(lines: Iterable[str], source: str) -> list[str]:
    cleaned = (" ".join(unicodedata.normalize("NFC", line).split()) for line in lines)
    first: dict[str, str] = {}
    for line in filter(None, cleaned):
        first.setdefault(line.casefold(), line)
    if not first:
        raise UserError(f"vocabulary {source} is empty", "write one concept per line")
    return list(first.values())

"""Word frequency: in what share of captions people say a word of a photo.

The bundled table combines four kinds of captions: the paper's own lists for MSCOCO and LAION, and
counts of nouns in Flickr30k and Places Audio Captions (see `tools/word_tables.py`). A user's own
table holds one word and its count a line. For some forty languages the package wordfreq (Speer
2022) knows how often words are written.
"""

from __future__ import annotations

import lzma
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import metadata, resources
from pathlib import Path

import numpy as np

from splicedex.splice.align import Matrix
from splicedex.splice.errors import UserError

BUNDLED = "four kinds of captions"
"""Name of the bundled table."""
EARLIER = frozenset({"captions"})
"""Names of the bundled tables of earlier versions."""
UNKNOWN = 1e-4
"""Share of captions added to that of every word, so that unknown words have one too."""
WORDS = 20.0
"""Share of captions that hold a word, for each share of all written words: so many words long is a
caption, or rather more, as captions name things more often than other texts do."""
_LANGUAGE = re.compile("[a-z]{2,3}")
COMPOUND = 0.1
"""Share of the captions with its rarest word that hold a compound."""


@dataclass(frozen=True, eq=False)
class WordFrequency:
    """The share of captions that hold each word.

    Args:
        source: The table, as the user names it.
        shares: Share of captions that hold each word, between 0 and 1; words in lower case.
    """

    source: str
    shares: Mapping[str, float]

    def of(self, concepts: Sequence[str]) -> Matrix:
        """Share of captions that name each concept (c,), at least `UNKNOWN`.

        A compound that the table lacks ("tennis racket") has `COMPOUND` times the share of its
        rarest word.
        """
        return np.array([UNKNOWN + self._share(name.casefold()) for name in concepts], np.float32)

    def _share(self, name: str) -> float:
        if name in self.shares:
            return self.shares[name]
        words = name.replace("-", " ").split()
        if len(words) < 2:
            return 0.0
        return COMPOUND * min(self.shares.get(word, 0.0) for word in words)


@cache
def bundled_frequency() -> WordFrequency:
    """The table for English that comes with the package."""
    packed = resources.files("splicedex.splice") / "data" / "word_frequency.txt.xz"
    lines = lzma.decompress(packed.read_bytes()).decode().splitlines()
    pairs = (line.split("\t") for line in lines)
    return WordFrequency(BUNDLED, {word: float(share) for word, share in pairs})


def find_frequency(name: str) -> WordFrequency:
    """The table that a user names.

    Args:
        name: A file, see `load_frequency`; or the code of a language, such as "de".

    Raises:
        UserError: There is no such file or language, the file is not a table, or the package that
            knows languages is missing.
    """
    path = Path(name)
    if path.exists() or not _LANGUAGE.fullmatch(name):
        return load_frequency(path)
    try:
        import wordfreq
    except ImportError as error:
        raise UserError(
            f"word frequencies of the language {name!r} need wordfreq",
            "run `pip install 'splicedex[languages]'`, or give a file",
        ) from error
    known = wordfreq.available_languages()
    if name not in known:
        raise UserError(
            f"no word frequencies of the language {name!r}",
            f"the languages are {', '.join(sorted(known))}; or give a file",
        )
    shares = wordfreq.get_frequency_dict(name)
    source = f"wordfreq {name} {metadata.version('wordfreq')}"
    return WordFrequency(source, {word: min(WORDS * share, 1.0) for word, share in shares.items()})


def load_frequency(path: Path) -> WordFrequency:
    """Read a table with a word, a tab and its count on each line.

    Counts are scaled so that the most frequent word is in every caption. The source is the name of
    the file and a hash of its contents.

    Raises:
        UserError: The file cannot be read, a line is not a word and a count, or there is no line.
    """
    try:
        content = path.read_bytes()
        lines = content.decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"word frequencies {path} cannot be read ({error})",
            "give a UTF-8 text file with a word, a tab and a count on each line",
        ) from error
    counts: dict[str, float] = {}
    for number, line in enumerate(lines, start=1):
        word, tab, count = line.rpartition("\t")
        if not line.strip():
            continue
        try:
            value = float(count)
        except ValueError:
            value = -1.0
        if not tab or not 0 < value < float("inf"):
            raise UserError(
                f"{path}, line {number}: {line!r} is not a word, a tab and a count above 0",
                "correct that line",
            )
        name = " ".join(word.casefold().split())
        counts[name] = counts.get(name, 0.0) + value
    if not counts:
        raise UserError(f"word frequencies {path} hold no word", "give at least one")
    most = max(counts.values())
    source = f"{path.name} {sha256(content).hexdigest()[:8]}"
    return WordFrequency(source, {word: count / most for word, count in counts.items()})

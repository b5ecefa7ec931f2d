"""Letters: the same name, however it was typed.

Full-width letters, ligatures, capitals, curly quotes and the many dashes are forms of one letter.
Accents are not, but people leave them out or cannot type them.
"""

from __future__ import annotations

import unicodedata

DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
"""Hyphen, dashes and minus signs, ASCII's first."""
DOUBLE_QUOTES = "\u201c\u201d\u201e\u201f\u00ab\u00bb\u300c\u300d\u300e\u300f\uff02\u301d\u301e"
"""Double quotes of many languages, without ASCII's."""
SINGLE_QUOTES = "'\u2018\u2019\u201a\u201b\u02bc\uff07"
"""Single quotes and apostrophes, ASCII's first."""

_ALIKE = str.maketrans(
    dict.fromkeys(DASHES[1:], "-") | dict.fromkeys(SINGLE_QUOTES[1:], "'") | {"_": " "}
)
_SPACED = str.maketrans("-", " ", "'")
_ACCENTS = range(0x300, 0x370)


def folded(text: str) -> str:
    """A text in one form of its letters: NFKC, in lower case, without invisible characters."""
    if text.isascii():
        return " ".join(text.translate(_ALIKE).casefold().split())
    composed = unicodedata.normalize("NFKC", text.translate(_ALIKE)).casefold()
    seen = "".join(c for c in composed if unicodedata.category(c) != "Cf")
    return " ".join(seen.split())


def plain(text: str) -> str:
    """A folded text without accents and apostrophes, and with hyphens as spaces."""
    bare = folded(text)
    if not bare.isascii():
        apart = unicodedata.normalize("NFKD", bare)
        bare = unicodedata.normalize("NFC", "".join(c for c in apart if ord(c) not in _ACCENTS))
    return " ".join(bare.translate(_SPACED).split())

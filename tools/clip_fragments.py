"""List the word pieces in CLIP's merges: writes splice/data/clip_fragments.txt.

A merge that ends a word is a whole word ("dog") or only the end of one ("tion"). An end is used
as the right half of later merges and is in no dictionary, or it is used so often that it is an end
whatever else it may be ("ate").

Usage: python tools/clip_fragments.py /usr/share/dict/american-english
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from splicedex.splice.dictionary.vocabulary import WORD_END, clip_merges

TARGET = Path(__file__).parents[1] / "splice" / "data" / "clip_fragments.txt"
OFTEN = 100
"""Uses as an end: "ing" has 273, "ate" 119; "man", which is a word, 95."""


def main() -> None:
    known = {line.strip().lower() for line in Path(sys.argv[1]).read_text("utf-8").splitlines()}
    used = Counter(right for _, right in clip_merges() if right.endswith(WORD_END))
    ends = {right.removesuffix(WORD_END): count for right, count in used.items()}
    pieces = {end for end, count in ends.items() if end not in known or count >= OFTEN}
    words = sorted(end for end in pieces if end.isascii() and end.isalpha())
    TARGET.write_text("".join(f"{word}\n" for word in words), "utf-8")


if __name__ == "__main__":
    main()

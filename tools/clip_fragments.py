"""List the word endings among CLIP's merges, and write them to splice/data/clip_fragments.txt.

A merge that ends a word is either a whole word ("dog") or only an ending ("tion"). It counts as an
ending if it is the right half of a later merge and is not in the dictionary, or if it is the right
half of so many merges that it is an ending even if it is a word ("ate").

Usage: python tools/clip_fragments.py /usr/share/dict/american-english
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from splicedex.splice.dictionary.vocabulary import WORD_END, clip_merges

TARGET = Path(__file__).parents[1] / "splice" / "data" / "clip_fragments.txt"
MIN_USES = 100
"""Number of merges from which a word counts as an ending: "ing" has 273, "ate" 119, "man" 95."""


def main() -> None:
    known = {line.strip().lower() for line in Path(sys.argv[1]).read_text("utf-8").splitlines()}
    used = Counter(right for _, right in clip_merges() if right.endswith(WORD_END))
    endings = {right.removesuffix(WORD_END): count for right, count in used.items()}
    fragments = {e for e, count in endings.items() if e not in known or count >= MIN_USES}
    lines = sorted(e for e in fragments if e.isascii() and e.isalpha())
    TARGET.write_text("".join(f"{line}\n" for line in lines), "utf-8")


if __name__ == "__main__":
    main()

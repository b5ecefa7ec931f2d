"""nano's vocabulary: words it was taught, chosen for being visible in photos."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from tools.nano.corpus import Corpus, plain

ENOUGH = 8
"""Captions a word must stand in to be taught well enough by them."""
UNSEEN = Path(__file__).with_name("unseen.txt")
"""Words of captions that name nothing to be seen."""


def vocabulary(corpus: Corpus) -> list[str]:
    """Concepts that nano knows, most general first.

    The words people use most in captions come first, then the class names in plain English:
    letters, spaces and hyphens, at most three words. Of the forms of a word in captions there is
    one: the class name, else what is said most.
    """
    said = Counter(
        word
        for photo in corpus.photos
        for word in {w for caption in photo.captions for w in re.findall("[a-z]+", caption.lower())}
    )
    unseen = set(UNSEEN.read_text("utf-8").split())
    often = sorted(said.items(), key=lambda one: (-one[1], one[0]))
    common = [w for w, n in often if n >= ENOUGH and len(w) > 2 and w not in unseen]
    names = sorted({plain(concept) for concept in corpus.concepts})
    named = [n for n in names if re.fullmatch("[a-z]+([ -][a-z]+){0,2}", n) and len(n) > 1]

    forms = {stem(word): word for word in [*reversed(common), *reversed(named)]}
    return list(dict.fromkeys([*(forms[stem(word)] for word in common), *named]))


def stem(word: str) -> str:
    """What the forms of an English word share, roughly: runs, running -> run; puppies -> puppy."""
    if " " in word or "-" in word:
        return word
    for ending, base in (("ies", "y"), ("ing", ""), ("ed", ""), ("ses", "s"), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) > 2 and not word.endswith("ss"):
            word = word.removesuffix(ending) + base
            break
    doubled = len(word) > 3 and word[-1] == word[-2] and word[-1] not in "els"
    return word[:-1] if doubled or (word.endswith("e") and len(word) > 3) else word

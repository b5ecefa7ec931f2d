"""nano's vocabulary: words of its training data that name something visible in photos."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from tools.nano.corpus import Corpus, plain

MIN_CAPTIONS = 8
"""Number of captions that a word must occur in, so that the text tower learns it well."""
INVISIBLE = Path(__file__).with_name("invisible.txt")
"""Words of captions that name nothing visible."""


def vocabulary(corpus: Corpus) -> list[str]:
    """Select the concepts of nano's vocabulary.

    The words of captions come first, by descending frequency, then class names of at most three
    words, made of letters, spaces and hyphens. Forms of one word are merged: to the class name if
    there is one, else to the most frequent form.
    """
    frequency = Counter(
        word
        for photo in corpus.photos
        for word in {w for caption in photo.captions for w in re.findall("[a-z]+", caption.lower())}
    )
    invisible = set(INVISIBLE.read_text("utf-8").split())
    words = sorted(frequency.items(), key=lambda item: (-item[1], item[0]))
    common = [w for w, n in words if n >= MIN_CAPTIONS and len(w) > 2 and w not in invisible]
    names = sorted({plain(concept) for concept in corpus.concepts})
    named = [n for n in names if re.fullmatch("[a-z]+([ -][a-z]+){0,2}", n) and len(n) > 1]

    forms = {stem(word): word for word in [*reversed(common), *reversed(named)]}
    return list(dict.fromkeys([*(forms[stem(word)] for word in common), *named]))


def stem(word: str) -> str:
    """Approximate stem of an English word: runs, running -> run; puppies -> puppy."""
    if " " in word or "-" in word:
        return word
    for ending, base in (("ies", "y"), ("ing", ""), ("ed", ""), ("ses", "s"), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) > 2 and not word.endswith("ss"):
            word = word.removesuffix(ending) + base
            break
    doubled = len(word) > 3 and word[-1] == word[-2] and word[-1] not in "els"
    return word[:-1] if doubled or (word.endswith("e") and len(word) > 3) else word

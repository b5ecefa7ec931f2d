"""Make the table of linked nouns of splice/data: what things consist of, and what defines them.

`noun_links.txt.xz` comes from WordNet 3.0 (Debian's `wordnet-base`; its licence is in
splice/data/LICENSE.wordnet). Each line is a noun that people say of photos: the word, its parts,
and the nouns that its definition names. A saddle is "a seat for the rider of a horse", so it is
linked to *seat*, *rider* and *horse*. Only the first sense of a word counts, and only nouns for
what can be seen.

Usage: python -m tools.word_links [/usr/share/wordnet]
"""

from __future__ import annotations

import lzma
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

DATA = Path(__file__).parents[1] / "splice" / "data"
SEEN = {"04", "05", "06", "08", "11", "13", "15", "17", "18", "19", "20", "27"}
"""WordNet's classes of nouns for what can be seen: acts, animals, artifacts, bodies, events, food,
places, objects, people, phenomena, plants, substances."""
PARTS = {"%p", "%s"}
"""WordNet's pointers from a thing to its parts and substances."""
SHORTEST = 3
GENERAL = 500
"""Definitions from which a noun says nothing any more ("person")."""
_ENDINGS = (("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("ses", "s"), ("s", ""))


def main() -> None:
    wordnet = Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/wordnet")
    lines = list(_lines(wordnet))
    text = "".join(f"{line}\n" for line in lines).encode()
    (DATA / "noun_links.txt.xz").write_bytes(lzma.compress(text, preset=9 | lzma.PRESET_EXTREME))
    print(f"noun_links.txt.xz: {len(lines):,} lines")


def _lines(wordnet: Path) -> Iterator[str]:
    packed = (DATA / "word_frequency.txt.xz").read_bytes()
    said = {line.split("\t")[0] for line in lzma.decompress(packed).decode().splitlines()}
    first = _first_senses(wordnet)
    synsets = _synsets(wordnet)
    irregular = dict(line.split()[:2] for line in (wordnet / "noun.exc").read_text().splitlines())
    seen = {
        word: synset
        for word, synset in first.items()
        if synsets[synset][0] in SEEN and set(word.split()) <= said
    }
    links = {}
    for word, synset in seen.items():
        _, names, pointers, definition = synsets[synset]
        parts = {name for kind, to in pointers if kind in PARTS for name in synsets[to][1]}
        named = {_singular(one, seen, irregular) for one in re.findall("[a-z]+", definition)}
        links[word] = (parts & seen.keys(), (named & seen.keys()) - set(names))
    general = {
        word
        for word, count in Counter(one for _, named in links.values() for one in named).items()
        if count >= GENERAL or len(word) < SHORTEST
    }
    for word, (parts, named) in sorted(links.items()):
        if parts or named - general:
            yield "\t".join((word, ",".join(sorted(parts)), ",".join(sorted(named - general))))


def _first_senses(wordnet: Path) -> dict[str, str]:
    """The synset that each noun means first."""
    lines = (wordnet / "index.noun").read_text("utf-8").splitlines()
    found = (line.split() for line in lines if not line.startswith(" "))
    return {fields[0].replace("_", " "): fields[6 + int(fields[3])] for fields in found}


def _synsets(wordnet: Path) -> dict[str, tuple[str, list[str], list[list[str]], str]]:
    """The class of each synset, its words, its pointers, and its definition."""
    found = {}
    for line in (wordnet / "data.noun").read_text("utf-8").splitlines():
        if line.startswith(" "):
            continue
        facts, _, gloss = line.partition(" | ")
        fields = facts.split()
        start = 5 + 2 * int(fields[3], 16)
        pointers = [fields[at : at + 2] for at in range(start, len(fields), 4)]
        if any(kind == "@i" for kind, _ in pointers):
            fields[1] = "instance"  # one person, place or event
        names = [name.lower().replace("_", " ") for name in fields[4 : start - 1 : 2]]
        found[fields[0]] = (fields[1], names, pointers, gloss.split('; "')[0].lower())
    return found


def _singular(word: str, known: Iterable[str], irregular: dict[str, str]) -> str:
    if word in known:
        return word
    forms = [word[: -len(end)] + base for end, base in _ENDINGS if word.endswith(end)]
    return next((form for form in (irregular.get(word, ""), *forms) if form in known), "")


if __name__ == "__main__":
    main()

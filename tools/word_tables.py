"""Make the word tables of splice/data: word frequency in captions, and the hierarchy of nouns.

`word_frequency.txt.xz` combines the frequency ranks of two word lists of the SpLiCE authors
(Apache-2.0): words of MSCOCO's captions and of LAION's. By Zipf's law the word of rank r is in
`ZIPF / r` of the captions; the two estimates are combined by a weighted geometric mean.

`nouns.txt.xz` holds the noun hierarchy of WordNet 3.0 (Debian's `wordnet-base`; its licence is in
splice/data/LICENSE.wordnet). Each line is a synset: its class (number of WordNet's lexicographer
file), the line numbers of its hypernyms, and its words, each with the rank of this sense and how
often WordNet's annotated texts use it (`dog|1|42`). `noun_forms.txt.xz` holds irregular plurals.

Usage: python -m tools.word_tables MSCOCO.txt LAION.txt [/usr/share/wordnet]
"""

from __future__ import annotations

import lzma
import math
import sys
from collections.abc import Iterable
from pathlib import Path

DATA = Path(__file__).parents[1] / "splice" / "data"
ZIPF = 1.6
"""Share of captions that hold the most frequent word, times its rank."""
FLOOR = 3e-5
"""Share of captions assumed for a word that is missing from one of the lists."""
COCO_WEIGHT, LAION_WEIGHT = 2, 1
SENSES = 4
"""Senses of a word that are kept, most frequent first."""


def main() -> None:
    coco, laion = (_shares(Path(path)) for path in sys.argv[1:3])
    _write("word_frequency.txt.xz", _combined(coco, laion))
    wordnet = Path(sys.argv[3] if len(sys.argv) > 3 else "/usr/share/wordnet")
    _write("nouns.txt.xz", _nouns(wordnet))
    _write("noun_forms.txt.xz", (wordnet / "noun.exc").read_text("utf-8").splitlines())
    lines = (wordnet / "data.noun").read_text("utf-8").splitlines()[:29]
    licence = "".join(f"{line[4:].rstrip()}\n" for line in lines)
    (DATA / "LICENSE.wordnet").write_text(licence, "utf-8")


def _shares(path: Path) -> dict[str, float]:
    """Share of captions that hold each word, from a list with the rarest word first."""
    words = [line.strip().lower() for line in path.read_text("utf-8").splitlines()]
    shares: dict[str, float] = {}
    for rank, word in enumerate(reversed(words), start=1):
        if word.isalpha():
            shares.setdefault(word, ZIPF / rank)
    return shares


def _combined(coco: dict[str, float], laion: dict[str, float]) -> Iterable[str]:
    total = COCO_WEIGHT + LAION_WEIGHT
    logs = {
        word: (
            COCO_WEIGHT * math.log(max(coco.get(word, 0), FLOOR))
            + LAION_WEIGHT * math.log(max(laion.get(word, 0), FLOOR))
        )
        / total
        for word in {*coco, *laion}
    }
    for word in sorted(logs, key=lambda word: (-logs[word], word)):
        yield f"{word}\t{math.exp(logs[word]):.3g}"


def _nouns(wordnet: Path) -> Iterable[str]:
    used = _sense_counts(wordnet)
    words: dict[str, list[str]] = {}
    for line in (wordnet / "index.noun").read_text("utf-8").splitlines():
        if not line.startswith(" "):
            fields = line.split()
            synsets = fields[6 + int(fields[3]) :]
            for rank, synset in enumerate(synsets[:SENSES], start=1):
                count = used.get((fields[0], rank), 0)
                word = f"{fields[0].replace('_', ' ')}|{rank}|{count}"
                words.setdefault(synset, []).append(word)
    parents, classes, instances = {}, {}, set()
    for line in (wordnet / "data.noun").read_text("utf-8").splitlines():
        if line.startswith(" "):
            continue
        fields = line.split(" | ")[0].split()
        start = 5 + 2 * int(fields[3], 16)
        pointers = [fields[at : at + 2] for at in range(start, len(fields), 4)]
        classes[fields[0]] = fields[1]
        parents[fields[0]] = [target for kind, target in pointers if kind == "@"]
        if any(kind == "@i" for kind, _ in pointers):
            instances.add(fields[0])  # one person, place or event
    kept = [synset for synset in parents if synset not in instances]
    numbers = {synset: number for number, synset in enumerate(kept)}
    for synset in kept:
        above = " ".join(str(numbers[one]) for one in parents[synset] if one in numbers)
        yield f"{classes[synset]}\t{above}\t{','.join(sorted(words.get(synset, ())))}"


def _sense_counts(wordnet: Path) -> dict[tuple[str, int], int]:
    """Uses of each sense of a noun in the texts that WordNet's authors annotated."""
    lines = (line.split() for line in (wordnet / "cntlist.rev").read_text("utf-8").splitlines())
    return {(key.split("%")[0], int(rank)): int(n) for key, rank, n in lines if "%1:" in key}


def _write(name: str, lines: Iterable[str]) -> None:
    text = "".join(f"{line}\n" for line in lines).encode()
    (DATA / name).write_bytes(lzma.compress(text, preset=9 | lzma.PRESET_EXTREME))
    count = text.count(b"\n")
    print(f"{name}: {count:,} lines, {(DATA / name).stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

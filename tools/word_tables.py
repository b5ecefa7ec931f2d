"""Make the word tables of splice/data: word frequency in captions, and the hierarchy of nouns.

`word_frequency.txt.xz` says in what share of captions people say a word. No one set of captions
tells this: a set has the dogs, giraffes or kitchens that its photos were chosen for. So four kinds
are combined, by a geometric mean: MSCOCO's captions and LAION's, of which the SpLiCE authors
(Apache-2.0) list the words by frequency; what people write of photos of people (Flickr30k) and say
of photos of places (Places Audio Captions), of which `tools/caption_counts` holds how often nouns
occur. In a list the word of rank r is in `ZIPF / r` of the captions, by Zipf's law, times the share
of its uses in which the word is a noun ("white" rarely is). A word that a table of counts lacks is
in as many captions as the lists say, but in no more than the rarest words of the table.

Some things have several names: spectacles are as frequent as glasses. So a noun with only one sense
is nearly as frequent as the others that have this sense first. And captions are of photographs, so
they undercount words for other kinds of picture, which collections do hold: these have a floor.

`nouns.txt.xz` holds the noun hierarchy of WordNet 3.0 (Debian's `wordnet-base`; its licence is in
splice/data/LICENSE.wordnet). Each line is a synset: its class (number of WordNet's lexicographer
file), the line numbers of its hypernyms, and its words, each with the rank of this sense and how
often WordNet's annotated texts use it (`dog|1|42`). `noun_forms.txt.xz` holds irregular plurals,
and `verb_forms.txt.xz` irregular forms of verbs.

Usage: python -m tools.word_tables MSCOCO.txt LAION.txt [/usr/share/wordnet]
"""

from __future__ import annotations

import lzma
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from statistics import geometric_mean

from splicedex.splice.dictionary.word_frequency import WordFrequency

DATA = Path(__file__).parents[1] / "splice" / "data"
COUNTS = Path(__file__).with_name("caption_counts")
ZIPF = 1.6
"""Share of captions that hold the most frequent word, times its rank."""
FLOOR = 3e-5
"""Share of captions assumed for a word that is missing from one of the lists."""
LISTED = 2e-4
"""Share of captions of the rarest words of a table of counts."""
RARE = 2e-5
"""Share of captions below which a word is left out."""
OTHER_NAME = 0.9
"""Share of the captions that name a thing which count for another of its names."""
NO_NOUN = 0.1
"""Share of a word's uses as a noun where WordNet knows it only as another part of speech."""
PICTURES = (
    "painting", "drawing", "sketch", "cartoon", "illustration", "engraving", "watercolor", "comics",
)  # fmt: skip
PICTURE_SHARE = 0.005
"""Least share of captions for kinds of picture other than photographs."""
PARTS_OF_SPEECH = {
    "noun": "s> ses>s xes>x ches>ch shes>sh ies>y",
    "verb": "s> es> ies>y ed> ed>e ing> ing>e",
    "adj": "er> est> er>e est>e",
    "adv": "",
}
"""Endings of the forms of words, and what they have in their place in a dictionary."""
TYPES = {"1": "noun", "2": "verb", "3": "adj", "4": "adv", "5": "adj"}
"""WordNet's numbers of the parts of speech."""
SHORTEST = 3
"""Letters of a name that counts for others: "at" is one of astatine, but rarely means it."""
SENSES = 4
"""Senses of a word that are kept, most frequent first."""


def main() -> None:
    lists = [_shares(Path(path)) for path in sys.argv[1:3]]
    wordnet = Path(sys.argv[3] if len(sys.argv) > 3 else "/usr/share/wordnet")
    synsets = list(_nouns(wordnet))
    shares = _combined(lists, [_counted(path) for path in sorted(COUNTS.glob("*.tsv"))], wordnet)
    shares |= _other_names(shares, synsets)
    _write("word_frequency.txt.xz", _frequency_table(shares))
    _write("nouns.txt.xz", synsets)
    for part in ("noun", "verb"):
        irregular = (wordnet / f"{part}.exc").read_text("utf-8").splitlines()
        _write(f"{part}_forms.txt.xz", irregular)
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


def _counted(path: Path) -> dict[str, float]:
    """Share of captions that hold each noun, from a table of counts."""
    lines = path.read_text("utf-8").splitlines()
    counts = {
        word: int(count) for word, tab, count in (line.partition("\t") for line in lines) if tab
    }
    captions = counts.pop("# captions")
    return {word: count / captions for word, count in counts.items()}


def _combined(
    lists: Sequence[Mapping[str, float]], tables: Sequence[Mapping[str, float]], wordnet: Path
) -> dict[str, float]:
    """Share of captions in which each word is said as a noun, over all kinds of captions."""
    combined = {}
    for word in set[str]().union(*lists, *tables):
        noun = _noun_share(word, *_parts_of_speech(wordnet))
        listed = [noun * max(one.get(word, 0), FLOOR) for one in lists]
        estimate = min(geometric_mean(listed), LISTED)
        combined[word] = geometric_mean([*listed, *(one.get(word, estimate) for one in tables)])
    for picture in PICTURES:
        for word in {picture, f"{picture}s", f"{picture}es"} & combined.keys():
            combined[word] = max(combined[word], PICTURE_SHARE)
    return combined


def _other_names(shares: Mapping[str, float], synsets: Iterable[str]) -> dict[str, float]:
    """Shares of captions for nouns with one sense, of which other words are said more often."""
    uses: dict[str, list[int]] = defaultdict(list)
    things = []
    for line in synsets:
        entries = [entry.split("|") for entry in line.rpartition("\t")[2].split(",") if entry]
        for word, _, count in entries:
            uses[word].append(int(count))
        first = [(word, int(count) + 1) for word, rank, count in entries if rank == "1"]
        if len(first) > 1:
            things.append(first)
    frequency = WordFrequency("", shares)
    named = {}
    for names in things:
        most = max(
            shares.get(word, 0) * count / (sum(uses[word]) + len(uses[word]))
            for word, count in names
            if len(word) >= SHORTEST
        )
        for word, _ in names:
            if len(uses[word]) == 1 and OTHER_NAME * most > frequency.of([word])[0]:
                named[word] = OTHER_NAME * most
    return named


def _frequency_table(shares: Mapping[str, float]) -> Iterable[str]:
    for word in sorted(shares, key=lambda word: (-shares[word], word)):
        if shares[word] >= RARE:
            yield f"{word}\t{shares[word]:.3g}"


@cache
def _parts_of_speech(wordnet: Path) -> tuple[dict[str, Counter[str]], dict[str, dict[str, str]]]:
    """For each part of speech, how often its words are used, and their irregular forms."""
    used: dict[str, Counter[str]] = {}
    for part in PARTS_OF_SPEECH:
        lines = (wordnet / f"index.{part}").read_text("utf-8").splitlines()
        used[part] = Counter({line.split()[0]: 0 for line in lines if not line.startswith(" ")})
    for line in (wordnet / "cntlist.rev").read_text("utf-8").splitlines():
        key, _, count = line.split()
        word, sense = key.split("%")
        used[TYPES[sense[0]]][word] += int(count)
    irregular = {
        part: dict(
            line.split()[:2]
            for line in (wordnet / f"{part}.exc").read_text("utf-8").splitlines()
            if line
        )
        for part in PARTS_OF_SPEECH
    }
    return used, irregular


def _noun_share(
    word: str, used: dict[str, Counter[str]], irregular: dict[str, dict[str, str]]
) -> float:
    """Share of the uses of a word in which it is a noun; 1 for words that WordNet does not know."""
    counts = {}
    for part, endings in PARTS_OF_SPEECH.items():
        forms = [word, irregular[part].get(word, "")]
        pairs = (pair.split(">") for pair in endings.split())
        forms += [word.removesuffix(end) + base for end, base in pairs if word.endswith(end)]
        base = next((form for form in forms if form in used[part]), None)
        if base is not None:
            counts[part] = used[part][base]
    if "noun" not in counts:
        return NO_NOUN if counts else 1.0
    return (counts["noun"] + 1) / (sum(counts.values()) + 1)


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

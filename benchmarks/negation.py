"""Sentences with negation, through nano: what is found, and what should not have been.

    python -m benchmarks.negation [--sample N] [--json PATH]

Three ways to ask for a sentence with a negation: as typed (`text:"a dog with no cat"`), split by
hand (`text:"a dog" NOT cat`) and literally (`text:="a dog with no cat"`); and the sentence without
the negation, which none should fall below. Two sets of photos:

- those of `../shared/data/negation`, with captions that say what is there and what is not. nano was
  trained on these photos, so only differences mean something;
- the COCO photos of `../shared/data/boxes`, which nano has not seen, with labels of 80 classes. A
  label is complete, so a photo without it does not show the class.

`right`: share of the first five that show A and not B, for *a photo of A but not B*. `shows B`:
share of the first five that show B. `recall@5`: share of captions whose photo is among the first
five. `lost`: share of photos that NOT excludes although they lack what it names. `passes`: share of
photos with it that NOT lets pass.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import permutations
from pathlib import Path

import numpy as np

from benchmarks.machine import machine
from benchmarks.report import Row, publish
from splicedex.search.opening import open_searcher
from splicedex.search.query.lexer import quoted
from splicedex.search.results import Options
from splicedex.search.searcher import Searcher

DATA = Path(__file__).parents[2] / "shared" / "data"
COMMAND = Path(sys.executable).with_name("splicedex")
TOP = 5
FEWEST = 3
"""Fewest photos of A without B for a query, and fewest with A and B, so that NOT has work to do."""
Named = Mapping[str, frozenset[str]]
"""What photos show, by path."""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sample", type=int, default=0, help="so many captions; all by default")
    parser.add_argument("--json", type=Path, metavar="PATH", help="save the results as JSON")
    asked = parser.parse_args(arguments)
    missing = [name for name in ("negation", "boxes") if not (DATA / name).is_dir()]
    if missing:
        parser.exit(0, f"skipped: ../shared/data/{missing[0]} does not exist\n")
    tables = {**on_captions(asked.sample), **on_labels()}
    publish("Negation through nano", machine(), tables, asked.json)


@contextmanager
def indexed(root: Path, paths: Sequence[str]) -> Iterator[Searcher]:
    """A searcher over photos, indexed with nano by the command and deleted afterwards."""
    with tempfile.TemporaryDirectory() as scratch:
        files, index = Path(scratch) / "files.csv", Path(scratch) / "index"
        with files.open("w", newline="", encoding="utf-8") as lines:
            csv.writer(lines).writerows([["file"], *([path] for path in paths)])
        made = [COMMAND, "index", "--index", index, "--model", "nano"]
        subprocess.run(
            [*made, "--files", files, "--root", root], check=True, stdout=subprocess.DEVNULL
        )
        with open_searcher(index) as searcher:
            yield searcher


def on_captions(sample: int) -> dict[str, list[Row]]:
    """Tables over the captioned photos."""
    with (DATA / "negation" / "queries.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    named = {row["photo"]: frozenset(row["named"]) for row in rows}
    asked = [row for row in rows if row["plain"]]
    asked = asked[:: max(1, len(asked) // sample)][:sample] if sample else asked
    with indexed(DATA, list(named)) as searcher:
        negated = [row["negated"] for row in asked]
        photos = [row["photo"] for row in asked]
        recalls: dict[str, Callable[[dict[str, str]], str]] = {
            "without the negation": lambda n: f"text:={quoted(n['text'])}",
            "as typed": lambda n: f"text:{quoted(n['query'])}",
            "split by hand": lambda n: f"text:={quoted(n['text'])} NOT {quoted(n['absent'])}",
            "split, denied by a sentence": lambda n: (
                f"text:={quoted(n['text'])} NOT text:{quoted('a ' + n['absent'])}"
            ),
            "literally": lambda n: f"text:={quoted(n['query'])}",
        }
        found = []
        for way, write in recalls.items():
            firsts = [first(searcher, write(one)) for one in negated]
            recall = [path in some for path, some in zip(photos, firsts, strict=True)]
            shown = [
                one["absent"] in named[path]
                for one, some in zip(negated, firsts, strict=True)
                for path in some
            ]
            found.append({"a caption and a negation": way, "recall@5": float(np.mean(recall)),
                          "shows it": float(np.mean(shown))})  # fmt: skip
        objects = {row["object"]["query"]: row["object"] for row in asked if row["object"]}
        pairs = [(one["present"], one["absent"]) for one in objects.values()]
        excluded = {noun: everything(searcher, noun) for noun in {n["absent"] for n in negated}}
        lost = [
            photo not in excluded[n["absent"]] for n, photo in zip(negated, photos, strict=True)
        ]
        questions = [row["mcq"] | {"photo": row["photo"]} for row in asked]
        return {
            "Captions: a sentence": found,
            "Captions: A but not B": but_not(searcher, named, pairs),
            "Captions: the filter": [
                {"NOT": noun} | passing(searcher, named, noun)
                for noun in ("person", "man", "dog", "water")
            ],
            "Captions: photos that are lost to their own NOT": [{"lost": float(np.mean(lost))}],
            "Captions: the right of four statements": statements(searcher, questions),
        }  # fmt: skip


def on_labels() -> dict[str, list[Row]]:
    """Tables over the photos that nano has not seen."""
    labels: dict[str, set[str]] = defaultdict(set)
    with (DATA / "boxes" / "boxes.csv").open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            labels[f"images/{row['file']}"].add(row["label"])
    named = {path: frozenset(some) for path, some in labels.items()}
    classes = sorted({label for some in named.values() for label in some})

    def many(test: Callable[[frozenset[str]], bool]) -> bool:
        return sum(map(test, named.values())) >= FEWEST

    pairs = [
        (a, b)
        for a, b in permutations(classes, 2)
        if many(lambda some: a in some and b not in some)  # noqa: B023  (called at once)
        and many(lambda some: a in some and b in some)  # noqa: B023
    ]
    with indexed(DATA / "boxes", list(named)) as searcher:
        common = [label for label in classes if many(lambda some: label in some)]  # noqa: B023
        filters = [{"NOT": label} | passing(searcher, named, label) for label in common]
        means = {
            key: float(np.mean([row[key] for row in filters]))  # type: ignore[arg-type]
            for key in ("passes", "lost")
        }
        person = [row for row in filters if row["NOT"] == "person"]
        return {
            "Unseen photos: A but not B": but_not(searcher, named, pairs),
            "Unseen photos: the filter": [{"NOT": f"{len(filters)} classes"} | means, *person],
        }


def but_not(searcher: Searcher, named: Named, pairs: Sequence[tuple[str, str]]) -> list[Row]:
    """How many of the first five show B, and how many show A and not B."""
    ways: dict[str, Callable[[str, str], str]] = {
        "without the negation": lambda a, _: f"text:={quoted(f'a photo of a {a}')}",
        "as typed": lambda a, b: f"text:{quoted(f'a photo of a {a} but not a {b}')}",
        "split by hand": lambda a, b: f"text:={quoted(f'a photo of a {a}')} NOT {quoted(b)}",
        "split, denied by a sentence": lambda a, b: (
            f"text:={quoted(f'a photo of a {a}')} NOT text:{quoted(f'a {b}')}"
        ),
        "literally": lambda a, b: f"text:={quoted(f'a photo of a {a} but not a {b}')}",
    }
    rows = []
    for way, write in ways.items():
        shows, right = [], []
        for a, b in pairs:
            some = [named[path] for path in first(searcher, write(a, b))]
            shows += [b in one for one in some]
            right.append(sum(a in one and b not in one for one in some) / TOP)
        rows.append({f"{len(pairs)} queries": way, "shows B": float(np.mean(shows)),
                     "right": float(np.mean(right))})  # fmt: skip
    return rows


def statements(searcher: Searcher, questions: Sequence[Mapping[str, object]]) -> list[Row]:
    """How often the right one of four statements about a photo scores highest."""

    def score(query: str, photo: object) -> float:
        found = searcher.search(f"{query} path:{quoted(str(photo))}", Options(limit=1, count=False))
        return found.hits[0].score if found.hits else -np.inf

    rows = []
    for way, sign in (("as typed", ""), ("literally", "=")):
        right = [
            int(np.argmax([score(f"text:{sign}{quoted(one)}", q["photo"]) for one in q["options"]]))  # type: ignore[attr-defined]
            == q["answer"]
            for q in questions
        ]
        rows.append({"statements": way, "right": float(np.mean(right))})
    return rows


def passing(searcher: Searcher, named: Named, noun: str) -> dict[str, float]:
    """What NOT lets pass of the photos that show something, and loses of the others."""
    passed = everything(searcher, noun)
    showing = [path in passed for path, some in named.items() if noun in some]
    others = [path not in passed for path, some in named.items() if noun not in some]
    return {"passes": float(np.mean(showing)), "lost": float(np.mean(others))}


def first(searcher: Searcher, query: str) -> list[str]:
    """The paths of the first five."""
    return [hit.path for hit in searcher.search(query, Options(limit=TOP, count=False)).hits]


def everything(searcher: Searcher, noun: str) -> frozenset[str]:
    """The paths of all that NOT lets pass."""
    found = searcher.search(f"NOT {quoted(noun)}", Options(limit=100_000, count=False))
    return frozenset(hit.path for hit in found.hits)


if __name__ == "__main__":
    main()

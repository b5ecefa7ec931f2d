"""How long `concepts`, `compare` and `duplicates` take on an index with a column `label`.

Whole commands start with none of its files in the page cache. `benchmarks.curation --index` prints
them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from splicedex.search.curation.compare import compare
from splicedex.search.curation.distribution import distribution
from splicedex.search.curation.duplicates import COMPARED, Duplicates, duplicates
from splicedex.search.curation.subsets.subset import subset, values_of
from splicedex.search.opening import open_searcher

REPEATS = 3


def times(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Seconds that `concepts`, `compare` and `duplicates` take."""
    rows = []
    with open_searcher(folder) as searcher:
        images = searcher.index.engine.count()
        [(one, _), (two, _), *_] = values_of(searcher, "label", subset(searcher, ""))
        labels = f"label:{one}", f"label:{two}"
        word = searcher.index.space.concepts[int(searcher.index.counts.of().argmax())]
        calls: dict[str, Callable[[], object]] = {
            "concepts --in ''": lambda: distribution(searcher, ""),
            f"concepts --in {labels[0]}": lambda: distribution(searcher, labels[0]),
            f"concepts --in {word}": lambda: distribution(searcher, f'"{word}"'),
            f"compare {labels[0]} {labels[1]}": lambda: compare(searcher, *labels),
            f"compare {labels[0]}": lambda: compare(searcher, labels[0]),
            f"compare {word}": lambda: compare(searcher, f'"{word}"'),
        }
        for name, call in calls.items():
            seconds = []
            for _ in range(REPEATS):
                start = time.perf_counter()
                call()
                seconds.append(time.perf_counter() - start)
            rows.append({"call": name, "first s": seconds[0], "median s": median(seconds)})
    commands = [
        ("search", f'"{word}"'),
        ("concepts", "--in", labels[0]),
        ("concepts", "--in", f'"{word}"'),
        ("compare", *labels),
        ("compare", labels[0]),
        ("compare", f'"{word}"'),
    ]
    return {
        f"Seconds of whole commands at {images:,} images": [
            command_time(folder, one) for one in commands
        ],
        f"Seconds in one process at {images:,} images": rows,
        f"Duplicates among {images:,} images": duplicates_time(folder),
    }


def command_time(folder: Path, command: Sequence[str]) -> dict[str, Any]:
    """Seconds that a command takes, with none of the index in the page cache."""
    seconds = []
    for _ in range(REPEATS):
        drop_from_page_cache(folder)
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "splicedex.api.cli.main", *command, "--index", folder, "--json"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        seconds.append(time.perf_counter() - start)
    return {"command": " ".join(command), "median s": median(seconds), "longest s": max(seconds)}


def drop_from_page_cache(folder: Path) -> None:
    """Remove the files of a folder from the page cache, as the engine does when it closes them."""
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb") as opened:
                os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def duplicates_time(folder: Path) -> list[dict[str, Any]]:
    """Seconds of `duplicates` with the graph and, if the index is small enough, with all pairs."""
    rows, found = [], list[Duplicates]()
    with open_searcher(folder) as searcher:
        images = searcher.index.engine.count()
        for exact in (True, False) if images <= COMPARED else (False,):
            start = time.perf_counter()
            found.append(duplicates(searcher, keep="first", exact=exact))
            seconds = time.perf_counter() - start
            sets = [
                {
                    frozenset([group.keep.id, *(copy.image.id for copy in group.others)])
                    for group in one.groups
                }
                for one in (found[0], found[-1])
            ]
            rows.append(
                {
                    "by": "all pairs" if exact else "graph",
                    "s": seconds,
                    "ms per image": 1000 * seconds / images,
                    "groups": len(found[-1].groups),
                    "surplus images": found[-1].superfluous,
                    "share of the first row's groups": len(sets[0] & sets[1])
                    / max(len(sets[0]), 1),
                }
            )
    return rows

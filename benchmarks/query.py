"""Latency of queries, and the time that a cold process takes.

    python -m benchmarks.query [--images N ...] [--index DIR] [--short] [--json PATH]

The command makes indexes of synthetic embeddings (`benchmarks.large`) in artifacts/. Queries take
turns, because users do not repeat a query. Every hit is explained. Caches are emptied before each
query, except in the column "again". "counted" queries also count all matching images.

The peers are the engine alone (a filter, ten ids, without ranking or explanation) and exact scans
of all vectors, by the engine and by NumPy. Recall is that of the 20 best images of an exact scan.
"score" is the mean difference of the scores from those images': images with equal scores are
common, and finding another one of them lowers recall but not the score.
"""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from statistics import fmean, median
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.datasets import DATA
from benchmarks.large import write_large
from benchmarks.machine import machine
from benchmarks.report import publish
from splicedex.indexer.engines.query import And, Filter, Nearest, Not, Query
from splicedex.indexer.payload.presence import has
from splicedex.indexer.store.index import Index, open_index
from splicedex.search.ranking import by_mapped_score, choose, nearest, nearest_mapped
from splicedex.search.ranking.by_mapped_score import ByMappedScore
from splicedex.search.ranking.embedding_cache import EmbeddingCache
from splicedex.search.ranking.nearest_methods import Direction, Method
from splicedex.search.results import Options
from splicedex.search.searcher import Searcher
from splicedex.search.threads import one_blas_thread
from splicedex.splice.align import unit

FOLDER = Path("artifacts") / "large"
COMMAND = str(Path(sys.executable).with_name("splicedex"))
TOP = 20
RECALL = f"recall@{TOP}"
SIZES = [1_000, 10_000, 20_000, 100_000, 1_000_000]
GRAPH = 100_000
"""Most images for which a peer builds a graph, which takes it a millisecond an image."""
WORDS = ("dog", "car", "tree", "bird", "ball", "guitar", "hat", "boat", "horse", "bicycle")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--images", type=int, nargs="+", default=SIZES, help="sizes of the indexes")
    parser.add_argument("--index", type=Path, help="measure this index only")
    parser.add_argument("--rounds", type=int, default=20, help="number of times per query")
    parser.add_argument("--short", action="store_true", help="1,000 and 20,000 images, 5 rounds")
    parser.add_argument("--json", type=Path, metavar="PATH", help="save the results as JSON")
    options = parser.parse_args()
    if not DATA.is_dir():
        parser.exit(0, "skipped: ../shared/data does not exist\n")
    if options.short:
        options.images, options.rounds = [1_000, 20_000], 5
    one_blas_thread()
    folders = [options.index] if options.index else [make(images) for images in options.images]
    rows = [row for folder in folders for row in latencies(folder, options.rounds)]
    cold = start_up(make(10_000), 3 if options.short else 7)
    tables = {
        "Warm queries, milliseconds": rows,
        "Where the time goes, microseconds": [
            row for folder in folders for row in stages(folder, options.rounds)
        ],
        "Cold processes, 10,000 images, seconds": cold,
    }
    publish("Queries", machine(("numpy", "qdrant-edge-py")), tables, options.json)


def make(images: int) -> Path:
    """Make an index of synthetic embeddings with the command, unless it exists."""
    folder = FOLDER / str(images)
    rows, table = write_large(folder, images)
    words = ("index", "--index", folder / "index", "--model", DATA / "space")
    words += ("--embeddings", rows, "--files", table)
    subprocess.run([COMMAND, *map(str, words)], check=True, stdout=sys.stderr)
    return folder / "index"


def latencies(folder: Path, rounds: int) -> Iterator[dict[str, Any]]:
    """Yield the latency and recall of each kind of query on an index, then those of the peers."""
    texts = unit(np.load(DATA / "caption_embeddings.npy"))
    rows = np.load(folder.parent / "x.npy", mmap_mode="r").view(np.ndarray)
    with open_index(folder) as index:
        searcher = Searcher(index, encode=lambda text: texts[int(text)])
        names = [hit.payload["path"] for hit in index.engine.query(Query(limit=len(WORDS)))]
        product = Turns([lambda text=text: brute_force(rows, text) for text in texts[::50]])
        for kind, queries in queries_by_kind(names).items():
            calls = Turns([lambda q=q: ask_uncached(searcher, q) for q in queries])
            row = {"images": len(rows), "query": kind} | timed(calls, product, rounds)
            yield row | compare_with_exact(searcher, queries)
        for peer, functions in peers(index, rows, texts).items():
            row = {"images": len(rows), "query": f"peer: {peer}"}
            yield row | timed(Turns(functions), product, rounds) | {RECALL: None, "score": None}


def queries_by_kind(names: Sequence[str]) -> dict[str, list[str]]:
    """Queries by kind; `text:N` means caption number N."""
    pairs = list(itertools.combinations(WORDS, 2))[::3]
    return {
        "one concept": list(WORDS),
        "a AND b": [f"{a} AND {b}" for a, b in pairs],
        "a NOT b": [f"{a} NOT {b}" for a, b in pairs],
        "(a OR b) NOT c": [f"({a} OR {b}) NOT person" for a, b in pairs],
        "NOT a": [f"NOT {a}" for a in WORDS],
        "a column:value": [
            f"{a} label:{b}" for a, b in zip(WORDS, ("car", "dog") * 5, strict=True)
        ],
        "text: alone": [f"text:{i}" for i in range(0, 250, 25)],
        "text: a": [f"text:{25 * i} {a}" for i, a in enumerate(WORDS)],
        "text: column:value": [f"text:{25 * i} label:car" for i in range(10)],
        "like: a": [f"like:{name} {a}" for name, a in zip(names, WORDS, strict=True)],
    }


def ask_uncached(searcher: Searcher, query: str) -> None:
    """Answer a query after emptying the caches."""
    vars(searcher.index.engine)["_counts"] = {}
    vars(searcher)["_images"] = EmbeddingCache(searcher.index)
    searcher.search(query)


class Turns:
    """Calls that take turns, each made once before it counts.

    Args:
        calls: The calls.
    """

    def __init__(self, calls: Sequence[Callable[[], Any]]) -> None:
        self._next = itertools.cycle(calls)
        self.count = len(calls)
        for call in calls:
            call()

    def milliseconds(self) -> float:
        """The time of the next call."""
        call = next(self._next)
        started = time.perf_counter()
        call()
        return 1e3 * (time.perf_counter() - started)


def timed(calls: Turns, product: Turns, rounds: int) -> dict[str, float]:
    """Percentiles of the milliseconds of calls, and the median in units of the product."""
    pairs = [
        (calls.milliseconds(), product.milliseconds()) for _ in range(max(rounds * calls.count, 30))
    ]
    times, units = np.array(pairs).T
    return {
        "p50": float(np.median(times)),
        "p99": float(np.percentile(times, 99)),
        "× product": float(np.median(times) / np.median(units)),
    }


def compare_with_exact(searcher: Searcher, queries: Sequence[str]) -> dict[str, float]:
    """Recall of the best images if all are compared, and the mean difference of the scores."""

    def best() -> list[dict[str, float]]:
        answers = (searcher.search(query, Options(limit=TOP, count=False)) for query in queries)
        return [{hit.id: hit.score for hit in answer.hits} for answer in answers]

    def scan(_: Any, to: Direction, passing: Filter, __: int) -> list[Method]:
        return [Method(Nearest(to.vector, exact=True), passing)]

    found = best()
    with (
        patch.object(nearest, "methods", scan),
        patch.object(by_mapped_score, "FEW", sys.maxsize),
        patch.object(choose, "MOST_SCANNED", sys.maxsize),
        patch.object(nearest_mapped, "_promising", lambda _, __, rows, ___: np.arange(len(rows))),
    ):
        wanted = best()
    pairs = [(some, others) for some, others in zip(found, wanted, strict=True) if others]
    return {
        RECALL: fmean(len(some.keys() & others) / len(others) for some, others in pairs),
        "score": fmean(fmean(some.values()) - fmean(others.values()) for some, others in pairs),
    }


def brute_force(rows: np.ndarray[Any, Any], text: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The images nearest to a vector, by NumPy's product."""
    found: np.ndarray[Any, Any] = np.argpartition(-(rows @ text), TOP)[:TOP]
    return found


def peers(
    index: Index, rows: np.ndarray[Any, Any], texts: np.ndarray[Any, Any]
) -> dict[str, list[Callable[[], Any]]]:
    """Calls of each peer, for an index, its embeddings (n, d) and text embeddings (m, d)."""
    engine, ids, some = index.engine, index.space.ids, texts[::50]
    pairs = list(itertools.combinations(WORDS, 2))[::3]
    found: dict[str, list[Callable[[], Any]]] = {
        "NumPy's product": [lambda text=text: brute_force(rows, text) for text in some],
        "the engine's exact scan": [
            lambda text=text: engine.query(
                Query(Nearest(text, exact=True), None, TOP, with_payload=False)
            )
            for text in some
        ],
    }
    with suppress(ImportError):
        found |= faiss_peers(rows, some)
    with suppress(ImportError):
        found |= usearch_peers(rows, some)
    filters = [And((has(ids[a]), Not(has(ids[b])))) for a, b in pairs]
    found["the engine's filter a NOT b alone"] = [
        lambda passing=passing: engine.query(Query(None, passing, 10, with_payload=False))
        for passing in filters
    ]
    return found


def faiss_peers(
    rows: np.ndarray[Any, Any], texts: np.ndarray[Any, Any]
) -> dict[str, list[Callable[[], Any]]]:
    """An exact index of faiss, on one thread."""
    import faiss

    faiss.omp_set_num_threads(1)
    flat = faiss.IndexFlatIP(rows.shape[1])
    flat.add(np.ascontiguousarray(rows))
    return {"faiss, exact": [lambda text=text: flat.search(text[None], TOP) for text in texts]}


def usearch_peers(
    rows: np.ndarray[Any, Any], texts: np.ndarray[Any, Any]
) -> dict[str, list[Callable[[], Any]]]:
    """An exact search of usearch, and its graph up to `GRAPH` images, on one thread."""
    from usearch.index import Index as Graph
    from usearch.index import MetricKind, search

    found: dict[str, list[Callable[[], Any]]] = {
        "usearch, exact": [
            lambda text=text: search(rows, text, TOP, MetricKind.IP, exact=True, threads=1)
            for text in texts
        ]
    }
    if len(rows) <= GRAPH:
        graph = Graph(ndim=rows.shape[1], metric="ip", dtype="f32", expansion_search=128)
        graph.add(np.arange(len(rows)), np.ascontiguousarray(rows))
        recall = fmean(
            len({*graph.search(text, TOP).keys.tolist()} & {*brute_force(rows, text).tolist()})
            / TOP
            for text in texts
        )
        calls = [lambda text=text: graph.search(text, TOP, threads=1) for text in texts]
        found[f"usearch, graph, recall {recall:.2f}"] = calls
    return found


STAGES: dict[str, tuple[type, str]] = {
    "plan": (Searcher, "plan"),
    "select": (ByMappedScore, "_select"),
    "compare": (ByMappedScore, "_promising"),
    "rank": (ByMappedScore, "page"),
    "fetch": (Searcher, "_fetch"),
    "explain": (ByMappedScore, "explain"),
    "whole": (Searcher, "search"),
}
"""Methods that are timed; "rank" contains the two before it."""


def stages(folder: Path, rounds: int) -> Iterator[dict[str, Any]]:
    """Yield the median microseconds of each stage of concept queries, by kind of query."""
    times: dict[str, list[float]] = {}

    def watched(stage: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            started = time.perf_counter()
            result = method(*arguments, **options)
            spent = times.setdefault(stage, [0.0])
            spent[-1] += 1e6 * (time.perf_counter() - started)
            return result

        return call

    with open_index(folder) as index, ExitStack() as patches:
        for stage, (owner, name) in STAGES.items():
            patches.enter_context(patch.object(owner, name, watched(stage, getattr(owner, name))))
        searcher = Searcher(index)
        for kind in ("one concept", "(a OR b) NOT c", "NOT a"):
            queries = queries_by_kind([""] * len(WORDS))[kind]
            for query in [*queries, *rounds * queries]:
                for spent in times.values():
                    spent.append(0.0)
                ask_uncached(searcher, query)
            medians = {
                stage: median(times.get(stage, [0.0])[-rounds * len(queries) :]) for stage in STAGES
            }
            rest = medians["whole"] - sum(medians[s] for s in ("plan", "rank", "fetch", "explain"))
            yield {"images": index.engine.count(), "query": kind} | medians | {"rest": rest}


def start_up(index: Path, rounds: int) -> list[dict[str, Any]]:
    """Seconds that processes take from start to end; the commands take turns.

    The first round is not counted: it compiles what Python keeps compiled, as an installer does.
    """
    commands = {
        'splicedex search "dog AND ball"': [COMMAND, "search", "dog AND ball", "--index", index],
        "splicedex --help": [COMMAND, "--help"],
        'peer: python -c "import torch"': [sys.executable, "-c", "import torch"],
        'peer: python -c "import numpy"': [sys.executable, "-c", "import numpy"],
    }
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(1 + rounds):
        for name, command in commands.items():
            started = time.perf_counter()
            words = list(map(str, command))
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL, env=environment)
            seconds[name].append(time.perf_counter() - started)
    return [
        {"command": name, "median": median(times[1:]), "fastest": min(times[1:])}
        for name, times in seconds.items()
    ]


if __name__ == "__main__":
    main()

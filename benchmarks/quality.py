"""Search quality on real CLIP embeddings, measured on the results of the search.

    python -m benchmarks.quality [--json PATH] [--wear] [--block N]

Ranks the 305 captioned photos of the data folder in an index of all 2,461, with queries of the
kinds `dog`, `dog AND ball` and `dog AND NOT man`. Near misses are included, so that every photo has
a rank. With `--block`, hits are ordered N at a time, as on a server. The truth comes from the
captions (`benchmarks/truth.py`). Peers on the same photos are dense CLIP (`z·t`), the centred
concept (`z·c`) and the SpLiCE weight.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import machine
from benchmarks.report import publish
from benchmarks.truth import Truth, average_precision, f1, load_phrases, load_truth
from splicedex.indexer.engines.edge.engine import EdgeEngine
from splicedex.indexer.pipeline.build import build
from splicedex.indexer.pipeline.settings import Settings, resolve
from splicedex.indexer.sources.embeddings import array_source
from splicedex.indexer.store.index import Index, create_index, open_index
from splicedex.search.results import Options, Results
from splicedex.search.searcher import Searcher
from splicedex.splice.align import unit
from splicedex.splice.decomposition import decompose
from splicedex.splice.sparsity import Sparsity

EDITS = (
    ("dog", ""), ("person", ""), ("person", "bicycle"), ("car", "boat"), ("horse", "boat"),
    ("guitar", "dog"), ("bicycle", "dog"), ("dog", "ball"),
)  # fmt: skip
"""Concepts to suppress and to add in query images."""
EDITED = 30
"""Number of query images per edit."""
DATA = Path(__file__).parents[2] / "shared" / "data" / "clip_vitb32"
Score = Callable[[str], NDArray[np.floating]]
"""Scores (n,) of all photos for a concept."""


class Photos:
    """The captioned photos of an index of the data folder.

    Args:
        index: The index.
        searcher: A searcher of the index.
        truth: Which captioned photos show which concepts.
    """

    def __init__(self, index: Index, searcher: Searcher, truth: Truth) -> None:
        self.index, self.searcher, self.truth = index, searcher, truth
        self.embeddings = unit(np.load(DATA / "image_embeddings.npy"))[truth.rows]
        self.worst_split = 0.0

    def search(self, query: str, *, near: bool) -> Results:
        """All results of a query; records the largest error of the explanations' scores."""
        results = self.searcher.search(query, Options(limit=5_000, near=near))
        for hit in results.hits:
            self.worst_split = max(self.worst_split, abs(hit.explanation.score - hit.score))
        return results

    def order(self, query: str) -> NDArray[np.int64]:
        """Rows (n,) of the captioned photos in the order of a query, matches before near misses."""
        ranks = {hit.path: rank for rank, hit in enumerate(self.search(query, near=True).hits)}
        return np.argsort([ranks[file] for file in self.truth.files], kind="stable")

    def found(self, query: str) -> NDArray[np.bool_]:
        """Whether (n,) each captioned photo matches a query."""
        paths = {hit.path for hit in self.search(query, near=False).hits}
        return np.array([file in paths for file in self.truth.files])


@contextmanager
def indexed(embeddings: Path, files: Path) -> Iterator[Index]:
    """An index of embeddings, deleted afterwards.

    Args:
        embeddings: A .npy file (n, d).
        files: A CSV file with file names and columns.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        resolved = resolve(path, Settings(model=str(DATA / "space")), photos=None)
        create_index(path, resolved.manifest, resolved.space)
        with open_index(path) as index:
            build(index, array_source(embeddings, files=files, root=None, dim=512))
            yield index


def ours(photos: Photos) -> dict[str, float]:
    """Average precision and F1 of the search, means over concepts or pairs."""
    truth = photos.truth

    def ap(query: str, relevant: NDArray[np.bool_]) -> float:
        return average_precision(relevant[photos.order(query)])

    return {
        "one concept, AP": _mean(ap(f'"{a}"', truth.of(a)) for a in truth.concepts),
        "A AND B, AP": _mean(
            ap(f'"{a}" AND "{b}"', truth.of(a) & truth.of(b)) for a, b in truth.both
        ),
        "A NOT B, AP": _mean(
            ap(f'"{a}" AND NOT "{b}"', truth.of(a) & ~truth.of(b)) for a, b in truth.without
        ),
        "presence, F1": _mean(f1(photos.found(f'"{a}"'), truth.of(a)) for a in truth.concepts),
    }


def peer(truth: Truth, score: Score, present: Score | None = None) -> dict[str, float]:
    """The same measures for a score per concept, added for AND and subtracted for NOT.

    Args:
        truth: Which captioned photos show which concepts.
        score: Scores of a concept.
        present: Scores that are above 0 where a concept is present; by default, F1 uses the best
            threshold on `score`, chosen with knowledge of the truth.
    """

    def ap(scores: NDArray[np.floating], relevant: NDArray[np.bool_]) -> float:
        return average_precision(relevant[np.argsort(-scores, kind="stable")])

    return {
        "one concept, AP": _mean(ap(score(a), truth.of(a)) for a in truth.concepts),
        "A AND B, AP": _mean(
            ap(score(a) + score(b), truth.of(a) & truth.of(b)) for a, b in truth.both
        ),
        "A NOT B, AP": _mean(
            ap(score(a) - score(b), truth.of(a) & ~truth.of(b)) for a, b in truth.without
        ),
        "presence, F1": _mean(
            f1(present(a) > 0, truth.of(a)) if present else _oracle(score(a), truth.of(a))
            for a in truth.concepts
        ),
    }


def caption_recall(photos: Photos) -> dict[str, dict[str, float]]:
    """Recall of each caption's photo among those of Flickr30k, by `text:` queries and by peers."""
    with (DATA / "captions.csv").open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    vectors = unit(np.load(DATA / "caption_embeddings.npy"))
    lookup = {row["caption"]: vector for row, vector in zip(rows, vectors, strict=True)}
    searcher = Searcher(photos.index, encode=lookup.__getitem__)
    ranks = []
    for row in rows:
        quoted = row["caption"].replace("\\", "\\\\").replace('"', '\\"')
        hits = searcher.search(f'text:="{quoted}" source:flickr30k2k', Options(limit=10)).hits
        paths = [hit.path for hit in hits]
        ranks.append(paths.index(row["file"]) if row["file"] in paths else 10)
    space = photos.index.space
    everything = unit(np.load(DATA / "image_embeddings.npy"))
    with (DATA / "images.csv").open(newline="", encoding="utf-8") as lines:
        listed = list(csv.DictReader(lines))
    flickr = [i for i, row in enumerate(listed) if row["source"] == "flickr30k2k"]
    number = {listed[i]["file"]: n for n, i in enumerate(flickr)}
    own = np.array([number[row["file"]] for row in rows])
    images = everything[flickr]
    aligned = space.align_images(images) @ unit(vectors - space.text_mean).T
    return {
        "ours": _recall(np.array(ranks)),
        "dense z·t": _recall(_ranks(images @ vectors.T, own)),
        "aligned z'·t'": _recall(_ranks(aligned, own)),
    }


def edits(photos: Photos) -> list[dict[str, Any]]:
    """Mean presence of a and b in the ten best results of `like:PHOTO -a +b`.

    The query photos are those with the highest presence of a. The column "all" is the mean presence
    of a in all images.
    """
    index = photos.index
    hits = {hit.payload["path"]: hit.dense for hit in index.engine.scroll(with_dense=True)}
    presence = index.presence(np.array(list(hits.values()), np.float32))
    row = {path: i for i, path in enumerate(hits)}

    def ten(path: str, edit: str) -> list[int]:
        hits = photos.searcher.search(f"like:{path}{edit}", Options(limit=11)).hits
        return [row[hit.path] for hit in hits if hit.path != path][:10]

    found = []
    for suppressed, added in EDITS:
        shown = presence[:, index.space.ids[suppressed]]
        queries = [path for path in hits if shown[row[path]] >= np.sort(shown)[-EDITED]][:EDITED]
        edit = f"-{suppressed} +{added}" if added else f"-{suppressed}"
        tens = {
            query: [near for path in queries for near in ten(path, query)]
            for query in ("", f" {edit}")
        }
        figures: dict[str, Any] = {"edit": edit}
        for name, concept in (("suppressed", suppressed), ("added", added)):
            for when, query in (("before", ""), ("after", f" {edit}")):
                figures[f"{name}, {when}"] = concept and float(
                    presence[tens[query], index.space.ids[concept]].mean()
                )
        found.append(figures | {"suppressed, all": float(shown.mean())})
    return found


def _ranks(scores: NDArray[np.floating], own: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rank (m,), from 0, of each caption's own photo by scores (n, m) of photos and captions."""
    return np.asarray((scores > scores[own, np.arange(len(own))]).sum(axis=0))


def _recall(ranks: NDArray[np.int64]) -> dict[str, float]:
    return {f"caption recall@{k}": float((ranks < k).mean()) for k in (1, 5, 10)}


def _oracle(scores: NDArray[np.floating], relevant: NDArray[np.bool_]) -> float:
    """The best F1 of any threshold on scores (n,), chosen with knowledge of the truth (n,)."""
    hits = np.cumsum(relevant[np.argsort(-scores, kind="stable")])
    kept = np.arange(1, len(scores) + 1)
    return float((2 * hits / (kept + relevant.sum())).max())


def _mean(values: Any) -> float:
    return float(np.mean(list(values)))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", type=Path, metavar="PATH", help="save the results as JSON")
    parser.add_argument("--wear", action="store_true", help="include everyday wear")
    parser.add_argument("--block", type=int, help="rank this many hits at a time, as on a server")
    options = parser.parse_args(arguments)
    if not DATA.is_dir():
        parser.exit(0, "skipped: ../shared/data does not exist\n")
    groups = ("things", "everyday wear") if options.wear else ("things",)
    truth = load_truth(DATA, load_phrases(*groups))
    with (
        indexed(DATA / "image_embeddings.npy", DATA / "images.csv") as index,
        patch.object(EdgeEngine, "mapped", None) if options.block else nullcontext(),
    ):
        photos = Photos(index, Searcher(index, block=options.block), truth)
        rows = _rows(photos)
        recall = caption_recall(photos)
        edited = edits(photos)
        split = photos.worst_split
    title = (
        f"Search quality: {len(truth.concepts)} concepts, {len(truth.both)} AND and "
        f"{len(truth.without)} NOT pairs over {len(truth.files)} captioned photos"
    )
    recalls = [{"query": name, **row} for name, row in recall.items()]
    publish(
        title,
        machine(),
        {
            "Mean over concepts or pairs": rows,
            "Whole captions among 1,706 photos": recalls,
            f"Edits of {EDITED} photos: presence in the ten best": edited,
            "Explanations": [{"largest |contributions + rest - score|": split}],
        },
        options.json,
    )


def _rows(photos: Photos) -> list[dict[str, Any]]:
    space, truth = photos.index.space, photos.truth
    weights = decompose(space, photos.embeddings, Sparsity(0.15)).toarray()

    def weight(concept: str) -> NDArray[np.floating]:
        return weights[:, space.ids[concept]]

    columns = {
        "ours": ours(photos),
        "dense z·t": peer(truth, lambda a: photos.embeddings @ space.texts[space.ids[a]]),
        "centred z·c": peer(truth, lambda a: photos.embeddings @ space.atoms[space.ids[a]]),
        "SpLiCE weight, λ .15": peer(truth, weight, weight),
    }
    goals = {"one concept, AP": 0.60, "A AND B, AP": 0.40, "A NOT B, AP": 0.70}
    goals["presence, F1"] = 0.54
    notes = {"presence, F1": " (oracle threshold for z·t and z·c)"}
    return [
        {"query": name + notes.get(name, ""), "goal": goal}
        | {column: values[name] for column, values in columns.items()}
        for name, goal in goals.items()
    ]


if __name__ == "__main__":
    main()

"""Curation on real photos: spurious concepts, concepts of classes, zero-shot accuracy, and time.

    python -m benchmarks.curation [--index FOLDER] [--json PATH]

The photos of `spurious_pacs` are embedded by nano. In the split train, label and domain agree for
95% of the photos; in test they are independent. The probe repeats table 1 of the paper: it is
trained on all concepts, or without those that `spurious` finds. `spurious` uses one half of test,
and the probe is tested on the other half.

The CIFAR-10 photos use their real CLIP embeddings: the typical concepts of each class, the
zero-shot accuracy of dense and recomposed embeddings (figure 3 of the paper), and how early
`outliers` lists five photos of other classes that are hidden among those of a class.

`--index` also measures how long `concepts`, `compare` and `duplicates` take on an index with a
column `label`. Whole commands start with none of its files in the page cache.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import numpy as np

from benchmarks.curation_times import times
from benchmarks.machine import machine
from benchmarks.report import publish
from benchmarks.truth import average_precision
from splicedex.indexer.pipeline.build import build
from splicedex.indexer.pipeline.settings import Settings, resolve
from splicedex.indexer.sources.embeddings import array_source
from splicedex.indexer.sources.photos import PhotoSource, list_table
from splicedex.indexer.store.index import create_index, open_index
from splicedex.search.curation.classify import classify
from splicedex.search.curation.distribution import distribution
from splicedex.search.curation.outliers import Order, outliers
from splicedex.search.curation.probe import Probe, probe
from splicedex.search.curation.reports.suspicion import Suspect
from splicedex.search.curation.sample import sample
from splicedex.search.curation.spurious import spurious
from splicedex.search.curation.statistics.proportions import newcombe
from splicedex.search.curation.subsets.reading import read_ids
from splicedex.search.curation.subsets.subset import subset, values_of
from splicedex.search.curation.tagging import write_tag
from splicedex.search.opening import open_searcher
from splicedex.search.searcher import Searcher
from splicedex.splice.sparsity import Sparsity

DATA = Path(__file__).parents[2] / "shared" / "data"
CIFAR = "source:cifar500"
NAMES = (
    "airplane", "automobile=car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
PENALTY = 0.15
"""Penalty λ for the probe: about 35 concepts per photo."""
L0 = (5, 10, 20, 35)
"""Maximum numbers of concepts per photo for zero-shot accuracy."""
INTRUDERS, TRIALS = 5, 10
MEDIA = ("painting", "poster", "statue", "camera")
"""The words of nano's vocabulary that name a medium."""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--index", type=Path, help="also measure the time of commands on this index"
    )
    parser.add_argument("--json", type=Path, metavar="PATH", help="save the results as JSON")
    options = parser.parse_args(arguments)
    if not DATA.is_dir():
        parser.exit(0, "skipped: ../shared/data does not exist\n")
    tables: dict[str, list[dict[str, Any]]] = {}
    with photos() as searcher:
        tables |= spurious_concepts(searcher)
    tables["CIFAR-10 classes by lift, by share, and by mean weight"] = classes()
    tables["CIFAR-10 zero-shot, 500 photos"] = zero_shot()
    tables["Five intruders among the photos of a CIFAR-10 class"] = intruders()
    if options.index is not None:
        tables |= times(options.index)
    about = machine(("numpy", "scipy", "scikit-learn", "qdrant-edge-py"))
    publish("Curation", about, tables, options.json)


def spurious_concepts(searcher: Searcher) -> dict[str, list[dict[str, Any]]]:
    """Concepts that correlate with labels in train but not in test, and a probe without them."""
    found = spurious(searcher, "label", "split", limit=100, shown=0)
    domain = by_domain(searcher)
    suspects = [suspect_row(searcher, one, domain) for one in found.suspects[:12]]
    named = [
        {"split": part, **suspect_row(searcher, one, domain)}
        for part in ("train", "test")
        for one in spurious(
            searcher, "label", "split", part, limit=100, shown=0, concepts=MEDIA
        ).suspects
    ]
    reverse = spurious(searcher, "label", "split", "test", limit=100, shown=0)
    probed, rows = cross_fitted(searcher)
    summary = [
        {
            "split": f"{each.part} against the rest",
            "pairs tested": each.tested,
            "suspects": len(each.suspects),
            "of these, typical of the domain": sum(
                is_of_domain(searcher, one, domain) for one in each.suspects
            ),
            "of these, names of a medium": ", ".join(
                f"{one.concept} for {one.label}" for one in each.suspects if one.concept in MEDIA
            ),
        }
        for each in (found, reverse)
    ]
    coefficients = [
        {
            "probe": words.method,
            "class": words.label,
            "largest coefficients": ", ".join(f"{n} {w:.2f}" for n, w in words.concepts[:8]),
        }
        for words in probed.words
    ]
    return {
        "Suspects of each split": summary,
        "First suspects in train": suspects,
        f"Names of a medium: {', '.join(MEDIA)}": named,
        f"Probe, accuracy on test (λ {PENALTY})": rows,
        "Coefficients, suspects found with the first half of test": coefficients,
    }


def cross_fitted(searcher: Searcher) -> tuple[Probe, list[dict[str, Any]]]:
    """Test probes on each half of test, without the suspects found with the other half.

    So the concepts to leave out are never chosen on the photos of the test.

    Returns:
        The probe of the first half, and the accuracies of both halves together by group.
    """
    half = sample(searcher, "split:test", searcher.index.engine.count() // 4)
    write_tag(searcher, [image.id for image in half.chosen], "half", "first")
    right: dict[tuple[str, str], float] = defaultdict(float)
    images: dict[str, int] = defaultdict(int)
    for seen, held_out in (
        ("half:first", "split:test NOT half:first"),
        ("NOT half:first", "half:first"),
    ):
        known = f"split:train OR (split:test {seen})"
        found = spurious(searcher, "label", "split", query=known, limit=100, shown=0)
        without = [one.concept for one in found.suspects]
        tested = f"split:train OR ({held_out})"
        probed = probe(searcher, "label", "split", by="group", query=tested, without=without)
        for one in probed.accuracies:
            method = "all concepts" if one.method == probed.methods[0] else "without suspects"
            right[one.group, method] += one.accuracy.value * one.images
            images[one.group] += one.images if one.method == probed.methods[0] else 0
        if seen == "half:first":
            first = probed
    rows = [
        {
            "group": group.replace("|", ", ") or "all",
            "photos": count,
            **{m: right[group, m] / count for m in ("all concepts", "without suspects")},
        }
        for group, count in images.items()
    ]
    return first, rows


def by_domain(searcher: Searcher) -> np.ndarray:
    """Share of paintings minus share of photos that show each concept (c,), in test."""
    sides = [subset(searcher, f"split:test domain:{name}") for name in ("art_painting", "photo")]
    paintings, photos_ = (searcher.index.counts.of(side.filter) for side in sides)
    return newcombe(paintings, sides[0].images, photos_, sides[1].images).value


def is_of_domain(searcher: Searcher, one: Suspect, domain: np.ndarray) -> bool:
    """Whether a suspect goes, in test, with the domain that its label has in train."""
    difference = domain[searcher.index.space.ids[one.concept.casefold()]]
    return bool((difference if one.label == "horse" else -difference) > 0)


def suspect_row(searcher: Searcher, one: Suspect, domain: np.ndarray) -> dict[str, Any]:
    differences = {each.split: each.difference.value for each in one.strengths}
    return {
        "label": one.label,
        "concept": one.concept,
        "difference": one.difference,
        "train": differences["train"],
        "test": differences["test"],
        "contrast": one.contrast,
        "q": one.q,
        "paintings minus photos": float(domain[searcher.index.space.ids[one.concept.casefold()]]),
    }


def classes() -> list[dict[str, Any]]:
    """The typical concepts of each CIFAR-10 class."""
    rows = []
    with cifar(Sparsity()) as searcher:
        for value, images in sorted(values_of(searcher, "label", subset(searcher, CIFAR))):
            query = f"{CIFAR} label:{value}"
            concepts = {
                order: ", ".join(
                    one.concept for one in distribution(searcher, query, 5, order).concepts
                )
                for order in ("lift", "share", "weight")
            }
            rows.append({"class": value, "photos": images, **concepts})
    return rows


def zero_shot() -> list[dict[str, Any]]:
    """Zero-shot accuracy by the number of concepts that an embedding is recomposed from."""
    rows: list[dict[str, Any]] = []
    for l0 in L0:
        with cifar(Sparsity(l0=l0)) as searcher:
            found = classify(searcher, NAMES, truth="label", query=CIFAR)
            chosen = subset(searcher, CIFAR)
            hits = searcher.index.engine.scroll(chosen.filter, with_payload=("cosine",))
            cosine = float(np.mean([hit.payload["cosine"] for hit in hits]))
        dense, recomposed = (
            next(one.accuracy for one in found.accuracies if one.method == method)
            for method in ("dense", "recomposed")
        )
        if not rows:
            rows.append(_row("dense", None, dense))
        rows.append(_row(f"recomposed, l0 {l0}", cosine, recomposed))
    return rows


def intruders() -> list[dict[str, Any]]:
    """Average precision of `outliers` for photos of other classes, by the order of the list."""
    random = np.random.default_rng(0)
    precisions = defaultdict(list)
    with cifar(Sparsity()) as searcher:
        for value, _ in values_of(searcher, "label", subset(searcher, CIFAR)):
            own = _ids(searcher, f"{CIFAR} label:{value}")
            others = _ids(searcher, f"{CIFAR} NOT label:{value}")
            for trial in range(TRIALS):
                hidden = random.choice(others, INTRUDERS, replace=False).tolist()
                name = f"{value}-{trial}"
                write_tag(searcher, [*own, *hidden], "trial", name)
                count = len(own) + INTRUDERS
                by_chance = np.isin(random.permutation(count), np.arange(INTRUDERS))
                precisions["chance"].append(average_precision(by_chance))
                for order in get_args(Order):
                    found = outliers(searcher, f"trial:{name}", count, order)
                    hits = np.isin([one.id for one in found], hidden)
                    precisions[order].append(average_precision(hits))
    return [{"order": order, "AP": float(np.mean(all_))} for order, all_ in precisions.items()]


def _ids(searcher: Searcher, query: str) -> list[str]:
    return list(read_ids(searcher.index, subset(searcher, query).filter))


def _row(name: str, cosine: float | None, accuracy: Any) -> dict[str, Any]:
    return {
        "embeddings": name,
        "cosine": cosine,
        "accuracy": accuracy.value,
        "from": accuracy.low,
        "to": accuracy.high,
    }


@contextmanager
def photos() -> Iterator[Searcher]:
    """An index of `spurious_pacs` by nano, deleted afterwards."""
    folder = DATA / "spurious_pacs"
    with tempfile.TemporaryDirectory() as made:
        index = Path(made) / "index"
        listing = list_table(folder / "labels.csv", folder / "images")
        settings = Settings(model="nano", sparsity=Sparsity(PENALTY))
        resolved = resolve(index, settings, listing)
        assert resolved.encoder is not None
        create_index(index, resolved.manifest, resolved.space)
        with open_index(index) as opened:
            build(opened, PhotoSource(listing, resolved.encoder))
        with open_searcher(index) as searcher:
            yield searcher


@contextmanager
def cifar(sparsity: Sparsity) -> Iterator[Searcher]:
    """An index of `clip_vitb32` with the given sparsity, deleted afterwards."""
    folder = DATA / "clip_vitb32"
    with tempfile.TemporaryDirectory() as made:
        index = Path(made) / "index"
        settings = Settings(model=str(folder / "space"), sparsity=sparsity)
        resolved = resolve(index, settings, photos=None)
        create_index(index, resolved.manifest, resolved.space)
        files = folder / "images.csv"
        with open_index(index) as opened:
            embeddings = folder / "image_embeddings.npy"
            build(opened, array_source(embeddings, files=files, root=None, dim=resolved.space.dim))
        with open_searcher(index) as searcher:
            yield searcher


if __name__ == "__main__":
    main()

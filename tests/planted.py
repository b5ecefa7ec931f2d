"""A small data set with a planted correlation: in train, dogs are on beaches, horses in snow."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from qdrant_client import QdrantClient

from splicedex.indexer.engines.edge.engine import EdgeEngine
from splicedex.indexer.engines.server.connection import Connection
from splicedex.indexer.engines.server.engine import ServerEngine
from splicedex.indexer.pipeline.build import build
from splicedex.indexer.sources.embeddings import array_source
from splicedex.indexer.store.index import Index, create_index
from splicedex.indexer.store.local_files import LocalFiles
from splicedex.indexer.store.manifest import Manifest
from splicedex.splice.align import unit
from tests.photos import DIM, make_space

SPACE = make_space()
TRAIN, TEST = 160, 80
COUNT = TRAIN + TEST
COPIES = {3: 7, 11: 7, 20: 21}
"""Rows that are near-copies of another."""


def write_planted(folder: Path) -> None:
    """Files of the data set: x.npy, files.csv, space/ and small files named as photos."""
    random = np.random.default_rng(11)
    folder.mkdir(parents=True, exist_ok=True)
    SPACE.save(folder / "space")
    rows = np.zeros((COUNT, DIM), np.float32)
    facts = []
    for row in range(COUNT):
        training = row < TRAIN
        dog = row % 2 == 0
        usual = random.random() < (0.92 if training else 0.5)
        beach = dog == usual
        label, place = ("dog" if dog else "horse"), ("beach" if beach else "snow")
        extra = random.choice(("car", "tree", "hat", "guitar"))
        for word, weight in ((label, 1.0), (place, 1.0), (extra, 0.5)):
            rows[row] += (weight + 0.2 * random.random()) * SPACE.atoms[SPACE.ids[word]]
        facts.append((label, "train" if training else "test", f"{label} on {place}", row))
    rows += 0.1 * random.normal(size=rows.shape)
    embeddings = unit(0.6 * unit(rows) + SPACE.image_mean)
    for row, original in COPIES.items():
        embeddings[row] = unit(embeddings[original] + 0.001 * random.normal(size=DIM))
    np.save(folder / "x.npy", embeddings.astype(np.float32))
    with (folder / "files.csv").open("w", newline="") as lines:
        table = csv.writer(lines)
        table.writerow(["file", "label", "split", "group", "number"])
        for row, one in enumerate(facts):
            table.writerow([name(row), *one])
            photo = folder / name(row)
            photo.parent.mkdir(exist_ok=True)
            photo.write_bytes(b"\xff\xd8" + bytes([row]) * (row + 1))


def name(row: int) -> str:
    """Name of an image; names repeat in the two folders."""
    return f"{'ab'[row % 2]}/{row // 2:03}.jpg"


def make_planted(folder: Path, engine: str) -> Index:
    """An index of the data set, embedded ("edge") or in a client's memory ("memory")."""
    write_planted(folder)
    manifest = Manifest(
        "made up", None, "words", SPACE.fingerprint, "its own", len(SPACE.concepts), DIM, 0.25,
        None,
    )  # fmt: skip
    create_index(folder / "index", manifest, SPACE)
    if engine == "edge":
        points = EdgeEngine.open(folder / "index" / "points")
    else:
        points = ServerEngine.create(Connection(QdrantClient(":memory:")), "photos", DIM)
    index = Index(LocalFiles(folder / "index"), manifest, points)
    build(index, array_source(folder / "x.npy", files=folder / "files.csv", root=folder, dim=DIM))
    return index

"""An artificial concept space with near-synonyms, and small indexes of its photos."""

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
from splicedex.splice.dictionary.space import ConceptSpace

WORDS = (
    "dog", "cat", "car", "tree", "hot dog", "guitar", "hat", "person", "beach", "snow",
    "water bottle", "water ski", "ball", "boat", "horse",
)  # fmt: skip
NEAR_SYNONYMS = {"puppy": "dog", "hound": "dog", "kitten": "cat", "truck": "car", "man": "person"}
FILLERS = tuple(f"thing {i}" for i in range(60))
DIM = 32


def make_space():
    """Eighty concepts in 32 dimensions, some of them near-synonyms of others."""
    random = np.random.default_rng(7)
    base = dict(zip((*WORDS, *FILLERS), random.normal(size=(75, DIM)), strict=True))
    for word, meaning in NEAR_SYNONYMS.items():
        base[word] = base[meaning] + 0.5 * random.normal(size=DIM)
    mean = 0.4 * unit(random.normal(size=DIM))
    texts = unit(np.array(list(base.values())) / np.sqrt(DIM) + unit(random.normal(size=DIM)))
    return ConceptSpace(tuple(base), texts.astype(np.float32), mean.astype(np.float32))


def make_embeddings(space, count):
    """Unit embeddings (count, d) of photos of one to three things each."""
    random = np.random.default_rng(5)
    rows = np.zeros((count, space.dim), np.float32)
    things = [space.ids[word] for word in (*WORDS, *NEAR_SYNONYMS)]
    for row in rows:
        some = random.choice(things, random.integers(1, 4), replace=False)
        row += (random.random(len(some)) + 0.5) @ space.atoms[some]
    return unit(0.6 * unit(rows + 0.1 * random.normal(size=rows.shape)) + space.image_mean)


def make_index(folder: Path, engine: str, space, embeddings) -> Index:
    """An index of photos with the columns label and width, embedded or in a client's memory."""
    folder.mkdir(parents=True)
    manifest = Manifest(
        "made up", None, "words", space.fingerprint, "its own", len(space.concepts), space.dim,
        0.25, None,
    )  # fmt: skip
    create_index(folder / "index", manifest, space)
    if engine == "edge":
        points = EdgeEngine.open(folder / "index" / "points")
    else:
        points = ServerEngine.create(Connection(QdrantClient(":memory:")), "photos", space.dim)
    index = Index(LocalFiles(folder / "index"), manifest, points)
    if len(embeddings):
        np.save(folder / "x.npy", embeddings)
        with (folder / "files.csv").open("w", newline="") as lines:
            table = csv.writer(lines)
            table.writerow(["file", "label", "width"])
            for row in range(len(embeddings)):
                table.writerow([name(row), ("cat", "car", "boat")[row % 3], 500 + 10 * row])
        source = array_source(folder / "x.npy", files=folder / "files.csv", root=None, dim=DIM)
        build(index, source)
    return index


def name(row):
    """What a photo is called: some lie in folders."""
    if row == 1:
        return "beach.jpg"
    return f"2024/{'abc'[row % 3]}/{row:03}.jpg" if row % 4 == 0 else f"{row:03}.jpg"

"""An index: its saved state, its concept space and the engine with its points."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

import numpy as np

from splicedex.indexer.engines.base import Ann, Engine, FieldKind
from splicedex.indexer.engines.query import Hit, Match
from splicedex.indexer.payload.columns import ColumnKind, indexes
from splicedex.indexer.payload.concept_counts import FILE as COUNTS
from splicedex.indexer.payload.concept_counts import CachedConceptCounts, ConceptCounts
from splicedex.indexer.payload.presence import LEAST, PRESENCE, STRENGTHS, PresenceEncoder
from splicedex.indexer.payload.shows import SHOWS, SURELY, payload_of
from splicedex.indexer.sources.location import file_of, printable, to_text
from splicedex.indexer.store.address import Address, Folder, address_of
from splicedex.indexer.store.base import Files, Store
from splicedex.indexer.store.folder import FolderStore
from splicedex.indexer.store.manifest import Manifest
from splicedex.indexer.store.scales import FILE as SCALES
from splicedex.indexer.store.scales import Scales
from splicedex.indexer.store.state import LEXICON, SavedState
from splicedex.splice.align import Matrix
from splicedex.splice.dictionary.lexicon import Lexicon
from splicedex.splice.dictionary.near_synonyms import all_near_synonyms
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.dictionary.word_frequency import WordFrequency, bundled_frequency
from splicedex.splice.errors import UserError
from splicedex.splice.presence.calibration import Calibration
from splicedex.splice.presence.shows import Shows

HASH = "content_hash"
"""Payload field with the hash of the bytes of an image. Runs index it; searches do not need it."""
OWN_FIELDS: dict[str, FieldKind] = {
    PRESENCE: "lookup",
    STRENGTHS: "lookup",
    SHOWS: "lookup",
    SURELY: "lookup",
    "path": "keyword",
    "folders": "keyword",
}
"""Payload fields that splicedex itself writes and indexes for filters."""
MAPPED = tuple(name for name, kind in OWN_FIELDS.items() if kind == "lookup")
"""Those that filters on the mapped copy of the engine may name."""
_NAMESPACE = uuid.UUID("7c0a4f0e-5a0b-5d5c-9a55-5b1d1c1de000")


def point_id(path: str) -> str:
    """The point id of an image: a UUID of its name, so writing it twice leaves one point."""
    return str(uuid.uuid5(_NAMESPACE, path))


class Index:
    """An open index.

    Args:
        files: Its files.
        manifest: The manifest among them.
        engine: Engine of its points.
    """

    def __init__(self, files: Files, manifest: Manifest, engine: Engine) -> None:
        self.files = files
        self.engine = engine
        self.state = SavedState(files, manifest)

    @property
    def folder(self) -> Path:
        """The local folder with its files; for a server, a mirror."""
        return self.files.folder

    @cached_property
    def space(self) -> ConceptSpace:
        """The concepts of its images."""
        return ConceptSpace.load(self.folder / "space")

    @cached_property
    def counts(self) -> ConceptCounts:
        """Number of its images that show each concept."""
        if self.engine.exclusive:
            return CachedConceptCounts(self.engine, self.manifest.concepts, self.folder / COUNTS)
        return ConceptCounts(self.engine, self.manifest.concepts)

    @cached_property
    def scales(self) -> Scales:
        """Scales of its embeddings."""
        return Scales(self.folder / SCALES)

    def map_points(self) -> None:
        """Complete what searches read from mapped memory, where the engine has that."""
        self.engine.map_points(MAPPED)
        if self.engine.mapped:
            self.scales.complete(self.engine.mapped, self.calibration.activations)

    # --- saved state ---

    @property
    def manifest(self) -> Manifest:
        """How it was made."""
        return self.state.manifest

    @property
    def calibration(self) -> Calibration:
        """Turns embeddings into presence probabilities."""
        return self.state.calibration

    def save_calibration(self, calibration: Calibration) -> None:
        """Save the calibration, even if another client saved one since the last refresh."""
        self.state.save_calibration(calibration)

    def save_calibration_if_unchanged(self, calibration: Calibration) -> bool:
        """Use the calibration, and save it unless another client saved one first.

        Returns:
            Whether it was saved.
        """
        return self.state.save_calibration_if_unchanged(calibration)

    def set_ann(self, ann: Ann) -> None:
        """Record the nearest-neighbour method that was built."""
        self.state.set_ann(ann)

    def refresh(self) -> None:
        """Read what other clients changed in the files of an index on a server."""
        self.state.refresh()

    # --- presence ---

    def presence(self, embeddings: Matrix) -> Matrix:
        """Presence probabilities (n, c) of the concepts in images with embeddings (n, d)."""
        return self.calibration.probability(embeddings)

    def strengths(self, embeddings: Matrix, off: float = 0.0) -> list[dict[str, list[int]]]:
        """The payload fields that store which concepts are present.

        Args:
            embeddings: Image embeddings (n, d), unit length.
            off: Added to all probabilities, to see what depends on their last bits.

        Returns:
            The fields of each image (n).
        """
        probabilities = self.calibration.likely(embeddings, LEAST)
        probabilities.data += np.float32(off)
        return self.coding.payloads(probabilities)

    @cached_property
    def coding(self) -> PresenceEncoder:
        """Encodes presence probabilities as payload fields."""
        return PresenceEncoder(all_near_synonyms(self.space))

    # --- what is shown ---

    @cached_property
    def lexicon(self) -> Lexicon:
        """What is known of the words of its concepts."""
        return Lexicon.load(self.folder / LEXICON, self.manifest.concepts)

    @cached_property
    def shows(self) -> Shows:
        """Says which concepts an image shows, unasked."""
        return Shows.of_space(self.space, self.lexicon)

    def shown(self, embeddings: Matrix) -> list[dict[str, list[int]]]:
        """The payload fields (n) that store what images show.

        Args:
            embeddings: Image embeddings (n, d), unit length.
        """
        return [payload_of(one) for one in self.shows.shown(embeddings)]

    @property
    def penalties(self) -> Matrix | None:
        """Relative penalties (c,) of the concepts in decompositions; None if all are 1."""
        return self.lexicon.penalties if self.manifest.penalties == "frequency" else None

    # --- columns ---

    @property
    def columns(self) -> Mapping[str, ColumnKind]:
        """Columns that queries may filter by, with what each of them holds."""
        return {"path": "keyword", **self.manifest.columns}

    def register_columns(self, columns: Mapping[str, ColumnKind]) -> None:
        """Index columns for filters, and record them in the manifest.

        Args:
            columns: What each column holds, by name.
        """
        for name, kind in {**OWN_FIELDS, **indexes(columns)}.items():
            self.engine.create_index(name, kind)
        self.state.add_columns(columns)

    # --- images by name ---

    def lookup(self, name: str, *, with_vectors: bool = False) -> Hit | None:
        """Find an image by name or id; None if there is none.

        Args:
            name: Name as indexed, path relative to the working folder, or point id; with the bytes
                of the system, or as it is printed.
            with_vectors: Whether to fetch both vectors.
        """
        name = printable(name)
        ids = [point_id(name), point_id(printable(os.path.abspath(name)))]
        with suppress(ValueError):
            ids.append(str(uuid.UUID(name)))
        found = self.engine.retrieve(ids, with_dense=with_vectors, with_concepts=with_vectors)
        return found[0] if found else self._located(os.path.abspath(name), with_vectors)

    def _located(self, photo: str, with_vectors: bool) -> Hit | None:
        """The image whose file is elsewhere than its name says, as in a table with a root."""
        if not os.path.lexists(file_of(photo)):
            return None
        there = Match("location", (to_text(file_of(photo)),))
        found = self.engine.scroll(there, with_dense=with_vectors, with_concepts=with_vectors)
        return next(iter(found), None)

    def find(self, name: str, *, with_vectors: bool = False) -> Hit:
        """Find an image by name or id, as `lookup` does.

        Raises:
            UserError: There is no such image.
        """
        found = self.lookup(name, with_vectors=with_vectors)
        if found is None:
            raise UserError(f"no image {name!r} in the index", "name one as search prints it")
        return found

    def close(self) -> None:
        """Release the engine."""
        self.engine.close()


def store_of(index: Store | Address | Path) -> Store:
    """The store at an address. Make it once for each command: it reads the manifest only once.

    Args:
        index: Address of an index, or the path of a folder. A store is returned as it is.
    """
    if isinstance(index, Store):
        return index
    address = address_of(index)
    if isinstance(address, Folder):
        return FolderStore(address)
    from splicedex.indexer.store.server import ServerStore

    return ServerStore(address)


@contextmanager
def open_index(index: Store | Address | Path, *, wait: float = 0.0) -> Iterator[Index]:
    """Open an index that exists, and close it after.

    Args:
        index: Its store or address.
        wait: Seconds to wait for another process that holds the folder.

    Raises:
        UserError: There is no index, it was made by a newer version, it is damaged, another
            process holds it, or its server does not answer or refuses the request.
    """
    store = store_of(index)
    with store.open(wait=wait) as (files, engine):
        yield Index(files, store.manifest_of(files), engine)


def create_index(
    index: Store | Address | Path,
    manifest: Manifest,
    space: ConceptSpace,
    frequency: WordFrequency | None = None,
) -> None:
    """Make an index without images, unless there is one made in the same way.

    It appears as a whole or not at all.

    Args:
        index: Its store or address.
        manifest: How the index is made.
        space: The concepts.
        frequency: How often people say words; the bundled table by default.

    Raises:
        UserError: There is another index, or something that is not an index.
    """
    store = store_of(index)
    existing = store.manifest()
    if existing is None:
        lexicon = Lexicon.of_space(space, frequency or bundled_frequency())
        existing = store.manifest()  # that took a while: another process may have made the index
        if existing is None:
            store.create(manifest, space, lexicon)
            return
    existing.refuse_other(manifest, str(store))

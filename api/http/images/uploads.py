"""Uploaded images: decoded in separate processes, kept in memory for a while, never stored."""

from __future__ import annotations

import hashlib
import queue
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from splicedex.api.http.guard.problems import ProblemError
from splicedex.indexer.sources.decoding.decode import Skipped
from splicedex.indexer.sources.decoding.opened import Reading
from splicedex.indexer.sources.decoding.shrink import shrink
from splicedex.indexer.sources.decoding.worker import Worker
from splicedex.indexer.store.index import Index
from splicedex.search.browse.image import Decomposition, decompose_image
from splicedex.search.encoding import QueryEncoder
from splicedex.splice.align import Matrix, unit

PREFIX = "upload-"
THUMBNAIL = 256
DECODERS = 2
"""Number of processes that decode uploads."""
LONGEST_DECODE = 20.0
"""Seconds after which a decoder is killed."""


@dataclass(frozen=True, eq=False)
class Upload:
    """What the server keeps of an uploaded image.

    Args:
        id: "upload-" and the start of the hash of its content.
        width: Width in pixels, after EXIF rotation.
        height: Height in pixels, after EXIF rotation.
        embedding: Image embedding (d,), unit length.
        decomposition: The concepts of the image.
        thumbnail: Bytes of a small JPEG.
        until: Time at which it is forgotten, on the clock of `Uploads`.
    """

    id: str
    width: int
    height: int
    embedding: Matrix
    decomposition: Decomposition
    thumbnail: bytes
    until: float


class Uploads:
    """Recent uploads: their embeddings and thumbnails, not the images. Thread-safe.

    Args:
        index: Open index.
        encoder: Encoder of the index's model; None if the index has none.
        most: Number of uploads kept; the least recently used is dropped.
        seconds: Seconds that an upload is kept.
        most_pixels: Larger images are refused.
        clock: Returns the time in seconds.
    """

    def __init__(
        self,
        index: Index,
        encoder: QueryEncoder | None,
        *,
        most: int,
        seconds: float,
        most_pixels: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._index = index
        self._encoder = encoder
        self._most = most
        self._seconds = seconds
        self._reading = Reading(most_pixels)
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Upload] = OrderedDict()
        self._idle: queue.SimpleQueue[Worker] = queue.SimpleQueue()
        self._workers: list[Worker] = []

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, content: bytes) -> Upload:
        """Keep an image.

        Args:
            content: Bytes of the file.

        Raises:
            ProblemError: 415 if the image cannot be read, 400 if the index has no encoder.
        """
        id_ = PREFIX + hashlib.sha256(content).hexdigest()[:20]
        with self._lock:
            kept = self._kept.get(id_)
        if kept is None:
            kept = self._read(id_, content)
        kept = Upload(
            kept.id, kept.width, kept.height, kept.embedding, kept.decomposition, kept.thumbnail,
            self._clock() + self._seconds,
        )  # fmt: skip
        with self._lock:
            self._kept[id_] = kept
            self._kept.move_to_end(id_)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return kept

    def get(self, id_: str) -> Upload:
        """The upload with an id.

        Raises:
            ProblemError: 404 if it is unknown or forgotten.
        """
        with self._lock:
            kept = self._kept.get(id_)
            if kept is not None and kept.until <= self._clock():
                del self._kept[id_]
                kept = None
            if kept is not None:
                self._kept.move_to_end(id_)
        if kept is None:
            raise ProblemError(404, f"the server has no upload {id_!r}", "upload the image again")
        return kept

    def embedding_of(self, name: str) -> Matrix:
        """The embedding (d,) of an upload that a query names, unit length.

        Raises:
            ProblemError: 404 if there is no such upload.
        """
        if not name.startswith(PREFIX):
            raise ProblemError(
                404,
                f"no image {name!r} in the index",
                "use a path or id from a search result, or upload the image",
            )
        return self.get(name).embedding

    def seconds_left(self, upload: Upload) -> float:
        """Seconds until an upload is forgotten."""
        return max(upload.until - self._clock(), 0.0)

    def _read(self, id_: str, content: bytes) -> Upload:
        if self._encoder is None:
            raise ProblemError(
                400,
                "this index was made from embeddings alone, so it cannot read images",
                "use an indexed image, or serve an index made with an encoder (--model)",
            )
        with tempfile.NamedTemporaryFile(prefix="splicedex-") as file:
            file.write(content)
            file.flush()
            photo = Path(file.name)
            width, height, pixels = self._decode(photo)
            # Safe in this process: the decoder has just read the same file in a separate one.
            thumbnail = shrink(photo, THUMBNAIL, self._reading)
        embedding = unit(self._encoder.pixels(pixels))
        index = self._index
        decomposition = decompose_image(index, embedding)
        return Upload(id_, width, height, embedding, decomposition, thumbnail, 0.0)

    def _decode(self, photo: Path) -> tuple[int, int, NDArray[Any]]:
        self._start_workers()
        worker = self._idle.get()
        timer = threading.Timer(LONGEST_DECODE, worker.kill)
        timer.start()
        try:
            read = worker.decode(photo)
        finally:
            timer.cancel()
            self._idle.put(worker)
        if isinstance(read, Skipped):
            raise ProblemError(
                415, f"the upload cannot be read ({read.reason})", "upload a JPEG, PNG or WebP"
            )
        return read.width, read.height, read.pixels

    def _start_workers(self) -> None:
        """Start the decoders when the first upload arrives."""
        assert self._encoder is not None
        preprocess = self._encoder.preprocess()
        with self._lock:
            if not self._workers:
                self._workers = [Worker(preprocess, self._reading) for _ in range(DECODERS)]
                for worker in self._workers:
                    self._idle.put(worker)

    def close(self) -> None:
        """Stop the decoders."""
        for worker in self._workers:
            worker.kill()
            worker.close()

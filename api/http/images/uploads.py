"""Uploaded images: decoded in processes of their own, remembered for a while, never stored."""

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
from PIL import Image

from splicedex.api.http.images.thumbnails import shrink
from splicedex.api.http.problems import ProblemError
from splicedex.indexer.sources.decode import Preprocess, Skipped
from splicedex.indexer.sources.decode_worker import Worker
from splicedex.indexer.store.index import Index
from splicedex.search.browse.image import Decomposition, decompose_image
from splicedex.search.encoding import QueryEncoder
from splicedex.splice.align import Matrix, unit

PREFIX = "upload-"
THUMBNAIL = 256
DECODERS = 2
"""Processes that decode uploads."""
LONGEST_DECODE = 20.0
"""Seconds after which a decoder is ended."""


@dataclass(frozen=True, eq=False)
class Upload:
    """An uploaded image, as far as it is remembered.

    Args:
        id: "upload-" and the start of its content's hash.
        width: In pixels, as a viewer shows it.
        height: Likewise.
        embedding: (d,).
        decomposition: Its concepts.
        thumbnail: A small JPEG.
        until: When it is forgotten, on the clock of `Uploads`.
    """

    id: str
    width: int
    height: int
    embedding: Matrix
    decomposition: Decomposition
    thumbnail: bytes
    until: float


@dataclass(frozen=True)
class Bounded:
    """A preprocessing that refuses large images undecoded."""

    inner: Preprocess
    most_pixels: int

    @property
    def size(self) -> int | None:
        """Of the tower's input, so that JPEGs may be decoded smaller."""
        return getattr(self.inner, "size", None)

    def __call__(self, image: Image.Image) -> NDArray[Any]:
        """As the inner one does."""
        return self.inner(image)


class Uploads:
    """What was uploaded of late: embeddings and thumbnails, not the images.

    Args:
        index: Open index.
        encoder: Of the index's model; None where there is none.
        most: Uploads remembered at a time.
        seconds: How long each is.
        most_pixels: Larger images are refused.
        clock: Gives seconds.
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
        self._most_pixels = most_pixels
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Upload] = OrderedDict()
        self._idle: queue.SimpleQueue[Worker] = queue.SimpleQueue()
        self._crew: list[Worker] = []

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, content: bytes) -> Upload:
        """Remember an image.

        Args:
            content: Of the file.

        Raises:
            ProblemError: It is no image that can be read, or the index cannot encode images.
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
        """An image that is remembered.

        Raises:
            ProblemError: It is not, or not any more.
        """
        with self._lock:
            kept = self._kept.get(id_)
            if kept is not None and kept.until <= self._clock():
                del self._kept[id_]
                kept = None
            if kept is not None:
                self._kept.move_to_end(id_)
        if kept is None:
            raise ProblemError(404, f"no upload {id_!r} is remembered", "upload the image again")
        return kept

    def outside(self, name: str) -> Matrix:
        """The embedding (d,) of an upload: what a query may name beside the index's own images.

        Raises:
            ProblemError: There is none of that name.
        """
        if not name.startswith(PREFIX):
            raise ProblemError(
                404,
                f"no image {name!r} in the index",
                "name one as search prints it, or upload the image",
            )
        return self.get(name).embedding

    def left(self, upload: Upload) -> float:
        """Seconds for which an upload is remembered yet."""
        return max(upload.until - self._clock(), 0.0)

    def _read(self, id_: str, content: bytes) -> Upload:
        if self._encoder is None:
            raise ProblemError(
                400,
                "this index was made from embeddings alone, so it cannot read images",
                "name an indexed image, or serve an index made with a --model that encodes",
            )
        with tempfile.NamedTemporaryFile(prefix="splicedex-") as file:
            file.write(content)
            file.flush()
            photo = Path(file.name)
            width, height, pixels = self._decode(photo)
            # The same decoder has lived through it a moment ago, in a process of its own.
            thumbnail = shrink(photo, THUMBNAIL, self._most_pixels)
        embedding = unit(self._encoder.pixels(pixels))
        index = self._index
        decomposition = decompose_image(index.space, embedding, index.manifest.sparsity)
        return Upload(id_, width, height, embedding, decomposition, thumbnail, 0.0)

    def _decode(self, photo: Path) -> tuple[int, int, NDArray[Any]]:
        self._employ()
        worker = self._idle.get()
        alarm = threading.Timer(LONGEST_DECODE, worker.kill)
        alarm.start()
        try:
            read = worker.decode(photo)
        finally:
            alarm.cancel()
            self._idle.put(worker)
        if isinstance(read, Skipped):
            raise ProblemError(
                415, f"the upload cannot be read ({read.reason})", "upload a JPEG, PNG or WebP"
            )
        return read.width, read.height, read.pixels

    def _employ(self) -> None:
        """Have decoders, once the first upload comes."""
        assert self._encoder is not None
        preprocess = Bounded(self._encoder.preprocess(), self._most_pixels)
        with self._lock:
            if not self._crew:
                self._crew = [Worker(preprocess) for _ in range(DECODERS)]
                for worker in self._crew:
                    self._idle.put(worker)

    def close(self) -> None:
        """Let the decoders go."""
        for worker in self._crew:
            worker.kill()
            worker.close()

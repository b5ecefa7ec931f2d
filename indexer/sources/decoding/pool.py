"""Decodes photos in child processes, in the order of their paths, before the encoder needs them."""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from splicedex.indexer.sources.decoding.decode import AS_USUAL, Photo, Preprocess, Skipped, decode
from splicedex.indexer.sources.decoding.opened import Reading
from splicedex.indexer.sources.decoding.worker import Worker
from splicedex.splice.threads import cores

BUFFER = 256
"""Decoded photos that may wait for the encoder: 150 kB each at 224 x 224 pixels."""


def read_photos(
    paths: Iterable[Path],
    preprocess: Preprocess,
    *,
    reading: Reading = AS_USUAL,
    workers: int | None = None,
    buffer: int = BUFFER,
) -> Iterator[Photo | Skipped]:
    """Decode photos, one result for each path, in the order of the paths.

    Closing the iterator ends the child processes. They also end when this process ends, however
    suddenly.

    Args:
        paths: Files. They are drawn no faster than they are decoded.
        preprocess: Turns an image into pixels. It must be picklable, unless `workers` is 0.
        reading: Which photos are read, and how.
        workers: Child processes; 0 decodes in this process. By default one per usable CPU.
        buffer: Photos that may be decoding or waiting to be taken, at least 1.

    Yields:
        The photo, or the reason why it could not be read, for each path.

    Raises:
        RuntimeError: A child process does not start, for example because `preprocess` cannot be
            loaded in it.
    """
    if workers is None:
        workers = cores()
    if workers == 0:
        yield from (decode(path, preprocess, reading) for path in paths)
        return
    crew = [Worker(preprocess, reading) for _ in range(workers)]
    idle: queue.SimpleQueue[Worker] = queue.SimpleQueue()
    for worker in crew:
        idle.put(worker)

    def read(path: Path) -> Photo | Skipped:
        worker = idle.get()
        try:
            return worker.decode(path)
        finally:
            idle.put(worker)

    threads = ThreadPoolExecutor(workers, thread_name_prefix="reader")
    pending: deque[Future[Photo | Skipped]] = deque()
    try:
        for path in paths:
            pending.append(threads.submit(read, path))
            if len(pending) >= buffer:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
        for worker in crew:
            worker.kill()
        threads.shutdown()
        for worker in crew:
            worker.close()

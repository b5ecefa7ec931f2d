"""Photos in the order they are named, decoded ahead of the encoder in processes of their own."""

from __future__ import annotations

import os
import queue
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from splicedex.indexer.sources.decode import Photo, Preprocess, Skipped, decode
from splicedex.indexer.sources.decode_worker import Worker
from splicedex.indexer.sources.find_files import find_photos

__all__ = ["Photo", "Skipped", "find_photos", "read_photos"]

AHEAD = 256
"""Photos that may wait, decoded, for the encoder: 150 kB each at 224 x 224."""


def read_photos(
    paths: Iterable[Path],
    preprocess: Preprocess,
    *,
    workers: int | None = None,
    ahead: int = AHEAD,
) -> Iterator[Photo | Skipped]:
    """Decode photos, one result for each path, in the order of the paths.

    Closing the iterator ends the workers, and so does the end of this process, however it comes.

    Args:
        paths: Files; drawn from only as far ahead as decoding goes.
        preprocess: Turns an image into pixels; picklable, unless `workers` is 0.
        workers: Processes; 0 decodes in this one. By default one for each CPU we may use.
        ahead: Photos that may be under way or waiting to be taken, 1 or more.

    Raises:
        RuntimeError: A worker does not start, for instance because `preprocess` cannot be loaded
            in another process.
    """
    if workers is None:
        workers = _usable_cpus()
    if workers == 0:
        yield from (decode(path, preprocess) for path in paths)
        return
    crew = [Worker(preprocess) for _ in range(workers)]
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
            if len(pending) >= ahead:
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


def _usable_cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

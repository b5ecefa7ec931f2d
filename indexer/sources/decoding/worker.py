"""A child process that decodes photos, one at a time, and is replaced when a photo kills it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from splicedex.indexer.concurrency.child_process import ChildProcess, DiedError
from splicedex.indexer.sources.decoding.decode import AS_USUAL, Photo, Preprocess, Skipped, decode
from splicedex.indexer.sources.decoding.opened import Reading


class Worker:
    """A decoder in a child process, started on first use.

    Args:
        preprocess: Turns an image into pixels; see `decode`. It must be picklable.
        reading: Which photos are read, and how.
    """

    def __init__(self, preprocess: Preprocess, reading: Reading = AS_USUAL) -> None:
        work = partial(decode, preprocess=preprocess, reading=reading)
        self._child = ChildProcess(work, "decode")

    def decode(self, path: Path) -> Photo | Skipped:
        """Decode a photo in the child.

        Args:
            path: The file.

        Returns:
            The photo, or the reason why it could not be read.

        Raises:
            RuntimeError: The child does not start.
        """
        if not self._child.running():
            try:
                self._child.start()
            except DiedError as death:
                raise RuntimeError(f"a photo decoder did not start ({death})") from death
        try:
            answer: Photo | Skipped = self._child(path)
        except DiedError as death:
            return Skipped(path, f"the photo crashed the decoder ({death})")
        return answer

    def kill(self) -> None:
        """End the child now. A `decode` that another thread is waiting for returns."""
        self._child.kill()

    def close(self) -> None:
        """End the child. No other thread may be decoding."""
        self._child.close()

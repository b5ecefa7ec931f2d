"""A process that decodes photos, one at a time, and outlives those that kill a decoder."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from splicedex.indexer.concurrency.child_process import Child, DiedError
from splicedex.indexer.sources.decode import Photo, Preprocess, Skipped, decode


class Worker:
    """A decoder in a child process, started when first needed.

    Args:
        preprocess: See `indexer.sources.decode.decode`; picklable.
    """

    def __init__(self, preprocess: Preprocess) -> None:
        self._child = Child(partial(decode, preprocess=preprocess))

    def decode(self, path: Path) -> Photo | Skipped:
        """Decode a photo in the child.

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
            return Skipped(path, f"the decoder died of it ({death})")
        return answer

    def kill(self) -> None:
        """End the child now; a `decode` that waits for it in another thread returns."""
        self._child.kill()

    def close(self) -> None:
        """Let the child go; not while another thread decodes."""
        self._child.close()

"""Forward passes next to each other, each in one thread, instead of one pass in many threads.

The threads of one pass wait for each other after every layer. Beside the processes that decode
photos, each layer then takes as long as its slowest thread; passes of their own never wait.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch

from splicedex.splice.align import Matrix
from splicedex.splice.encoders.preprocess import Pixels

LEAST = 8
"""Images per pass below which a pass in one thread is inefficient: weights are read for each."""


class Streams:
    """Calls a function for batches of images, in as many threads as torch would use.

    Args:
        device: Where the images are embedded. Only a CPU gets more than one thread.
        batch_size: Greatest number of images in a batch.
    """

    def __init__(self, device: torch.device, batch_size: int) -> None:
        self._threads = torch.get_num_threads() if device.type == "cpu" else 1
        self._batch_size = batch_size
        self._pool = ThreadPoolExecutor(
            self._threads, "encode", initializer=torch.set_num_threads, initargs=(1,)
        )

    def __call__(self, embed: Callable[[Pixels], Matrix], pixels: Pixels) -> list[Matrix]:
        """Embed images.

        Args:
            embed: From pixels (m, 3, h, w) to embeddings (m, d).
            pixels: Pixels (n, 3, h, w).

        Returns:
            The embeddings of the batches, in order.
        """
        each = -(-len(pixels) // self._threads)
        alone = self._threads == 1 or each < LEAST
        size = self._batch_size if alone else min(self._batch_size, each)
        batches = [pixels[start : start + size] for start in range(0, len(pixels), size)]
        return [embed(batch) for batch in batches] if alone else [*self._pool.map(embed, batches)]

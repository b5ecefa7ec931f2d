"""Images of a view for torch. It holds only names of files, so that workers can have it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from torch.utils.data import Dataset

from splicedex.indexer.sources.decoding.open_photo import open_photo
from splicedex.indexer.sources.decoding.opened import AGAIN


class TorchImages(Dataset[tuple[Any, Any]]):
    """Images with their targets.

    Args:
        paths: The files of n images.
        targets: The target of each image (n).
        classes: The names of classes, if targets are numbers of classes.
        transform: Applied to each image.
    """

    def __init__(
        self,
        paths: Sequence[str],
        targets: Sequence[Any],
        classes: Sequence[str],
        transform: Callable[[Any], Any] | None,
    ) -> None:
        self.paths = paths
        self.targets = targets
        self.classes = classes
        self.transform = transform

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, row: int) -> tuple[Any, Any]:
        file = Path(self.paths[row])
        image = open_photo(file.read_bytes(), file.suffix.lower(), AGAIN).picture(None).image
        return (self.transform(image) if self.transform else image), self.targets[row]

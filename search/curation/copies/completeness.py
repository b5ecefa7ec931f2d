"""Which of several copies shows most: the uncropped one in colour with most pixels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from splicedex.search.curation.copies.images import Images
from splicedex.search.curation.copies.judge import Link
from splicedex.search.curation.copies.relation import COLOURED, GREY


class Completeness:
    """Orders the images of a group by how much they show.

    Args:
        images: The images.
        links: Which of them are copies of which.
    """

    def __init__(self, images: Images, links: Sequence[Link]) -> None:
        self._images = images
        self._cropped = {link.other for link in links if "cropped" in link.relation.kinds}

    def order(self, rows: Sequence[int]) -> list[tuple[bool, bool, float, int]]:
        """What to compare of each image of a group; the least is the most complete.

        Of two with as many pixels, the larger file was compressed less.
        """
        colours = self._images.prints.colour[list(rows)]
        coloured = bool((colours >= COLOURED).any())
        return [
            (
                row in self._cropped,
                coloured and bool(colour <= GREY),
                -float(self._images.pixels[row]),
                -_bytes(self._images.files[row]),
            )
            for row, colour in zip(rows, colours, strict=True)
        ]


def _bytes(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0

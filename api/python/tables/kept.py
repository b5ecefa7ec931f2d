"""What is found and done where an index is checked, repaired, copied or moved."""

from __future__ import annotations

from dataclasses import dataclass

from splicedex.api.python.tables.table import Table


@dataclass(frozen=True, slots=True, repr=False)
class Verified(Table):
    """What is wrong with an index.

    Args:
        images: How many images were checked.
        findings: A line for each fault; none if nothing is wrong.
    """

    images: int
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Repaired(Table):
    """What a repair did.

    Args:
        kept: Number of images without a fault.
        mended: Number of images that were repaired from their embedding.
        without_fingerprint: Number of images without a fingerprint, as their photos are not there
            or have changed.
        lost: Names or ids of the images that have to be indexed again.
        aside: The damaged folder, under another name; None if no image is lost.
    """

    kept: int
    mended: int
    without_fingerprint: int
    lost: tuple[str, ...]
    aside: str | None


@dataclass(frozen=True, slots=True, repr=False)
class Copied(Table):
    """What was copied.

    Args:
        images: Images in either index now.
        written: Images that were written; the others were there before.
        checksum: Checksum of the points, the same in both.
        seconds: How long it took.
    """

    images: int
    written: int
    checksum: str
    seconds: float


@dataclass(frozen=True, slots=True, repr=False)
class Moved(Table):
    """What a move changed, or would change.

    Args:
        old: The old root.
        new: The new root.
        images: Number of images whose name or location changes.
        sampled: Number of photos that were looked for at their new place.
        missing: Number of these that are not there.
        done: Whether it was written.
    """

    old: str
    new: str
    images: int
    sampled: int
    missing: int
    done: bool

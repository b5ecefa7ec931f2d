"""Tells which images of an index are no longer there."""

from __future__ import annotations

from collections.abc import Collection

from splicedex.indexer.engines.query import Hit
from splicedex.indexer.pipeline.stages import folders
from splicedex.indexer.sources.base import Source
from splicedex.indexer.sources.location import to_path
from splicedex.indexer.sources.on_disk import is_gone

FIELDS = ("path", "location")
"""Payload fields to fetch for images that are asked about."""


class Absent:
    """Knows which images of an index a run did not find.

    Args:
        source: Source of the run.
        listed: Point ids of all images that the source lists.
        unread: Names of photos and folders that could not be read.
        prune: Whether the run removes what its source covers and does not list.
    """

    def __init__(
        self, source: Source, listed: Collection[str], unread: Collection[str], *, prune: bool
    ) -> None:
        self._source = source
        self._listed = listed
        self._unread = frozenset(unread)
        self._prune = prune

    def prunable(self, hit: Hit) -> bool:
        """Whether the source covers an image but does not list it.

        Images below a folder that could not be listed are not prunable.

        Args:
            hit: The image, with `FIELDS`.
        """
        name = hit.payload["path"]
        return (
            hit.id not in self._listed
            and self._source.covers(name)
            and self._unread.isdisjoint(folders(name))
        )

    def gone(self, hit: Hit) -> bool:
        """Whether an image is no longer at its place: no file is there, or the run prunes it.

        An image that the source still lists is not gone, and neither is one without a file, such
        as an embedding, unless the run prunes it.

        Args:
            hit: The image, with `FIELDS`.
        """
        if hit.id in self._listed:
            return False
        file = to_path(hit.payload)
        return (file.is_absolute() and is_gone(file)) or (self._prune and self.prunable(hit))

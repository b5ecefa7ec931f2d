"""Paths that the user named and that hold no photo any more, though the index has images there."""

from __future__ import annotations

import glob
import os
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from splicedex.indexer.sources.finding.find_photos import USUAL, Excludes, find_photos
from splicedex.indexer.sources.finding.left_out import LeftOut
from splicedex.indexer.sources.location import printable
from splicedex.indexer.sources.on_disk import is_gone
from splicedex.indexer.sources.photos import holds_photos, lies_under, pattern_of
from splicedex.indexer.store.base import Store
from splicedex.indexer.store.index import open_index
from splicedex.splice.errors import UserError


@dataclass(frozen=True, slots=True)
class GonePath:
    """A path without photos.

    Args:
        path: The path, as the user named it.
        pattern: The pattern of the images that lay there.
        images: Number of images that the index has there.
    """

    path: str
    pattern: str
    images: int


def gone_paths(
    store: Store, paths: Sequence[str], excludes: Excludes = USUAL, *, wait: float = 0.0
) -> list[GonePath]:
    """Find the paths that do not exist any more, or hold no photo, and where the index has images.

    An empty folder among paths with photos is not one of them, as its disk may be unmounted.

    Args:
        store: Store of the index; there need not be an index.
        paths: Files, folders or globs.
        excludes: What is left out of them.
        wait: Seconds to wait for another process that holds the index.

    Raises:
        UserError: The index cannot be opened.
    """
    missing = [path for path in paths if _is_missing(path, excludes)]
    others = [path for path in paths if path not in missing]
    if not any(_holds_photos(path, excludes) for path in others):
        missing += others
    if not missing or store.files() is None:
        return []
    patterns = {(path, pattern): 0 for path in missing for pattern in _patterns(path)}
    with open_index(store, wait=wait) as index:
        for hit in index.engine.scroll(with_payload=("path",)):
            for path, pattern in patterns:
                patterns[path, pattern] += lies_under(hit.payload["path"], pattern)
    found: dict[str, GonePath] = {}
    for (path, pattern), images in patterns.items():
        if images and path not in found:
            found[path] = GonePath(path, pattern, images)
    return list(found.values())


def refuse_unpruned(gone: Sequence[GonePath], excludes: Excludes = USUAL) -> None:
    """Tell what to do about paths that are gone, where `--prune` was not given.

    Args:
        gone: The paths.
        excludes: What is left out of them.

    Raises:
        UserError: There is such a path.
    """
    for one in gone:
        is_there = os.path.lexists(Path(one.path).expanduser())
        what = "holds no photo" if is_there else "does not exist"
        if rules := _left_out(one.path, excludes):
            what += f" but what {rules} leaves out"
        raise UserError(
            f"{one.path} {what}; the index has {one.images:,} images there",
            f"if the photos are elsewhere now: splicedex move {one.path} NEW; "
            "if they should leave the index: add --prune; if their drive is missing: mount it",
        )


def _is_missing(path: str, excludes: Excludes) -> bool:
    """Whether nothing is there, and nothing matches a glob."""
    named = Path(path).expanduser()
    if os.path.lexists(named):
        return False
    return is_gone(named) if not glob.has_magic(str(named)) else not _holds_photos(path, excludes)


def _holds_photos(path: str, excludes: Excludes) -> bool:
    try:
        return holds_photos(path, excludes)
    except UserError:
        return False


def _left_out(path: str, excludes: Excludes) -> str:
    """The rules that leave out photos or folders of a path."""
    left_out = LeftOut()
    with suppress(UserError):
        deque(find_photos([path], excludes, left_out), maxlen=0)
    return ", ".join(rule for rule, _, _ in left_out.rules)


def _patterns(path: str) -> Iterator[str]:
    """What a path may mean: a name as it is, or a glob."""
    yield printable(glob.escape(os.path.abspath(Path(path).expanduser())))
    yield pattern_of(path)

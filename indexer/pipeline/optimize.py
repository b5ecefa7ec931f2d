"""Builds the search index of an index folder once, after all images are written.

The engine builds it in one call that blocks every other thread. Where that takes more than some
seconds, the call runs in a child process: the parent can then show progress, and Ctrl-C can end the
build. An unfinished build does no harm: searches use the previous search index until the new one is
complete, and the next run starts the build again.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from contextlib import suppress
from pathlib import Path

from splicedex.indexer.concurrency.child_process import ChildProcess, DiedError, end_with_parent
from splicedex.indexer.engines.base import Ann
from splicedex.indexer.store.index import Index, open_index
from splicedex.splice.errors import UserError

BRIEF = 20_000
"""Number of images below which building takes a few seconds: no longer than starting a child
process and opening the index in it."""
CHILD = "optimize"
"""Name of the child process in the process list."""


def is_due(index: Index, ann: Ann | None) -> bool:
    """Whether the search index of an open index should be built. Servers build their own.

    Args:
        index: Open index.
        ann: The method to build; None for the method that was built last.
    """
    return index.engine.wants_optimizing(ann, index.manifest.ann)


def is_brief(index: Index) -> bool:
    """Whether the search index of an open index can be built in this process."""
    return index.engine.count() < BRIEF


def optimize_open(index: Index, ann: Ann) -> None:
    """Build the search index of an open index folder in this process, and record its method.

    Args:
        index: Open index.
        ann: Nearest-neighbour method to build for.

    Raises:
        UserError: The engine failed, for example because the disk is full.
    """
    index.engine.optimize(ann)
    index.set_ann(ann)


def optimize(folder: Path, ann: Ann, *, wait: float = 0.0) -> None:
    """Build the search index of an index folder in a child process, and record its method.

    Args:
        folder: Index folder, not open in this process.
        ann: Nearest-neighbour method to build for.
        wait: Seconds to wait for another process that holds the folder.

    Raises:
        UserError: The engine failed, for example because the disk is full, or the child died.
    """
    _release_memory()
    child = ChildProcess(_optimize, CHILD)
    try:
        child.start()
        child(folder, ann, wait, os.getpid())
    except DiedError as death:
        raise UserError(
            f"the search index of {folder} was not built ({death})",
            "run the same command again; until then searches are slower",
        ) from death
    finally:
        child.kill()
        child.close()


def _optimize(folder: Path, ann: Ann, wait: float, parent: int) -> None:
    """The work of the child process."""
    end_with_parent(parent)
    sys.argv = ["splicedex", "index"]  # the lock tells others which command holds the index
    with open_index(folder, wait=wait) as index:
        optimize_open(index, ann)


def _release_memory() -> None:
    """Return the memory of a closed engine to the system. The C library would keep it.

    It is 2.7 GB after a million images, and the child needs as much.
    """
    gc.collect()
    with suppress(AttributeError, OSError):  # glibc only
        ctypes.CDLL(None).malloc_trim(0)

"""Opening a damaged engine folder, without the parts that prevent it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from splicedex.indexer.concurrency.child_process import ChildProcess, DiedError
from splicedex.indexer.engines.base import Engine
from splicedex.indexer.engines.edge import integrity
from splicedex.indexer.engines.edge.engine import CONFIG, EdgeEngine
from splicedex.splice.errors import UserError

OPTIONAL = ("payload_index", "wal")
"""Parts of the folder that the engine opens without: what can be computed from the points, and
writes that are not in the segments yet."""


@contextmanager
def open_damaged(folder: Path, intact: Path) -> Iterator[Engine]:
    """Open an engine folder, if necessary with another configuration or without optional parts.

    Parts that are left out are renamed to `*.damaged`.

    Args:
        folder: The damaged engine folder.
        intact: An engine folder with vectors of the same dimension.

    Raises:
        UserError: The folder cannot be opened in any way.
    """
    integrity.remove(folder)
    problem: str | None = None
    for part in (None, CONFIG, *OPTIONAL):
        if part == CONFIG:
            shutil.copyfile(intact / CONFIG, folder / CONFIG)
        elif part:
            for found in list(folder.rglob(part)):
                found.rename(found.with_name(f"{part}.damaged"))
        problem = _problem(folder)
        if problem is None:
            with EdgeEngine.open(folder) as engine:
                yield engine
            return
    raise UserError(
        f"the engine in {folder} is beyond repair ({problem})",
        "restore a backup, or index the images again into another folder",
    )


def _problem(folder: Path) -> str | None:
    """Why an engine folder cannot be opened; None if it can.

    It is opened in a child process, because some kinds of damage make the engine end its process.
    """
    child = ChildProcess(_try_to_open, "open", quiet=True)
    try:
        child.start()
        problem: str | None = child(folder)
    except DiedError as death:
        return str(death)
    finally:
        child.close()
    return problem


def _try_to_open(folder: Path) -> str | None:
    """The work of the child process."""
    try:
        with EdgeEngine.open(folder) as engine:
            engine.count()
    except UserError as error:
        return error.cause
    except Exception as error:  # the engine raises errors of any kind
        return str(error) or type(error).__name__
    return None

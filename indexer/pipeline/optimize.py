"""Building what makes the queries of a large index fast, once, after all images are written.

The engine does it in one call that lets no other thread run, so it is called in a child process:
the parent can show that time goes by, and Ctrl-C ends it. Half a graph is no harm: what was there
before is in use until the new one is whole, and the next run begins anew.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from splicedex.indexer.engines.base import Ann
from splicedex.indexer.engines.edge.engine import EdgeEngine
from splicedex.indexer.store.index import Index, open_index
from splicedex.splice.errors import UserError

CHILD = "from splicedex.indexer.pipeline.optimize import serve; serve()"
_REFUSED = 3
_PR_SET_PDEATHSIG = 1


def is_due(index: Index, ann: Ann | None) -> bool:
    """Whether an open index wants it.

    Args:
        index: Open index. A server's looks after itself.
        ann: What to build; None for what was built last.
    """
    if not isinstance(index.engine, EdgeEngine):
        return False
    other = ann is not None and ann != index.manifest.ann
    return other or index.engine.wants_optimizing()


def optimise(folder: Path, ann: Ann, *, wait: float = 0.0) -> None:
    """Build the search index of an index folder, and remember what was built.

    Args:
        folder: An index that this process has not open.
        ann: What to build.
        wait: Seconds to wait for a process that holds the folder.

    Raises:
        UserError: The engine refuses, for instance because the disk is full.
    """
    _give_back_memory()
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder), ann, str(wait), str(os.getpid())],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)},
        start_new_session=True,  # Ctrl-C is for us; we tell the child
    )
    try:
        said, _ = child.communicate()
    finally:
        child.kill()
        child.wait()
    if child.returncode == _REFUSED:
        cause, _, hint = said.partition("\n")
        raise UserError(cause, hint.strip())
    if child.returncode:
        raise UserError(
            f"the search index of {folder} was not built (exit code {child.returncode})",
            "run the same command again; until then searches take longer",
        )


def _give_back_memory() -> None:
    """Return to the system what an engine that is closed had: the C library would keep it.

    2.7 GB after a million images, while the child needs as much.
    """
    gc.collect()
    with suppress(AttributeError, OSError):  # glibc only
        ctypes.CDLL(None).malloc_trim(0)


def serve() -> None:
    """What the child does."""
    folder, ann, wait, parent = sys.argv[1:]
    sys.argv = ["splicedex", "index"]  # what others are told of who holds the index
    with suppress(AttributeError, OSError):  # Linux only: where the parent goes, we go
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(parent):  # it went before
            sys.exit()
    try:
        with open_index(Path(folder), wait=float(wait)) as index:
            assert isinstance(index.engine, EdgeEngine)
            index.engine.optimize(ann)  # type: ignore[arg-type]
            index.set_ann(ann)  # type: ignore[arg-type]
    except UserError as error:
        print(f"{error.cause}\n{error.hint}")
        sys.exit(_REFUSED)

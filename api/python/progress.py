"""Progress: how much is done of what takes long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from splicedex.indexer.pipeline.report import Report


class Progress(Protocol):
    """Shows progress; the command line and Python do so in their own ways."""

    def counting(self, what: str) -> AbstractContextManager[Callable[[int, int], None]]:
        """Show what is going on; gives a function to call with how much is done, and the total."""

    def waiting(self, what: str) -> AbstractContextManager[None]:
        """Show that something goes on whose end is not known."""

    def indexing(self, total: int) -> AbstractContextManager[Callable[[Report], None]]:
        """Show progress while images are indexed; gives a function to call with each report."""

    def optimizing(self) -> AbstractContextManager[None]:
        """Show that the search index is being built."""


class Bars:
    """Bars of tqdm: in a notebook, in a terminal, or none where nobody looks.

    Args:
        show: Whether to show them; None where standard error is a terminal or a notebook.
    """

    def __init__(self, show: bool | None = None) -> None:
        self._show = show

    @contextmanager
    def counting(self, what: str) -> Iterator[Callable[[int, int], None]]:
        """Show a bar."""
        from tqdm.auto import tqdm

        with tqdm(desc=what, leave=False, disable=self._disabled()) as bar:

            def show(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            yield show

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """Show a bar without an end."""
        with self.counting(what):
            yield

    @contextmanager
    def indexing(self, total: int) -> Iterator[Callable[[Report], None]]:
        """Show a bar of images."""
        with self.counting("indexing") as show:
            yield lambda report: show(report.done, report.total)

    def optimizing(self) -> AbstractContextManager[None]:
        """Show a bar without an end."""
        return self.waiting("building the search index")

    def _disabled(self) -> bool | None:
        """What tqdm is told; None leaves it to tqdm, which looks for a terminal."""
        if self._show is not None:
            return not self._show
        return False if _in_notebook() else None


def _in_notebook() -> bool:
    """Whether a Jupyter kernel runs this process."""
    import sys

    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"

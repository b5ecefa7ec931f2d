"""Progress bars on standard error: how much is done, the rate, the time left."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from splicedex.api.cli.render import errors

if TYPE_CHECKING:
    from splicedex.indexer.pipeline.report import Report


_bars: list[Progress] = []
"""The bars that are shown."""


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        """The number of steps a second."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "", style="dim")


@contextmanager
def counting(what: str, total: int | None = None) -> Iterator[Callable[[int, int], None]]:
    """Show a bar; yields a function to call with the number of steps done and their total.

    Args:
        what: What is going on, in front of the bar.
        total: Number of steps; None if it is not known yet.
    """
    columns = (
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    with _shown(columns) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done, of: bar.update(task, completed=done, total=of)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show that something goes on whose end is not known."""
    columns = (TextColumn(what), BarColumn(), TimeElapsedColumn())
    with _shown(columns) as bar:
        bar.add_task(what, total=None)
        yield


class Bars:
    """What `api.python` shows its progress with."""

    def counting(self, what: str) -> AbstractContextManager[Callable[[int, int], None]]:
        """Show a bar."""
        return counting(what)

    def waiting(self, what: str) -> AbstractContextManager[None]:
        """Show a bar without an end."""
        return waiting(what)

    @contextmanager
    def indexing(self, total: int) -> Iterator[Callable[[Report], None]]:
        """Show a bar while images are indexed."""
        with counting("indexing", total) as show:
            yield lambda report: show(report.done, report.total)

    def optimizing(self) -> AbstractContextManager[None]:
        """Show a bar without an end."""
        return waiting("building the search index")


@contextmanager
def hidden() -> Iterator[None]:
    """Take the bars off the terminal as long as the context lasts, to ask something there."""
    bars = list(_bars)
    for bar in bars:
        bar.stop()
    try:
        yield
    finally:
        for bar in bars:
            bar.start()


@contextmanager
def _shown(columns: Sequence[ProgressColumn]) -> Iterator[Progress]:
    bar = Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal)
    _bars.append(bar)
    try:
        with bar:
            yield bar
    finally:
        _bars.remove(bar)

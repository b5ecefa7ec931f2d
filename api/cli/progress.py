"""Progress bars on standard error: how much is done, the rate, the time left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        """The number of steps a second."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "", style="dim")


@contextmanager
def indexing(total: int) -> Iterator[Callable[[Report], None]]:
    """Show a bar while images are indexed; yields a function to call with each report."""
    with counting("indexing", total) as show:
        yield lambda report: show(report.done, report.total)


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
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done, of: bar.update(task, completed=done, total=of)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show that something goes on whose end is not known."""
    columns = (TextColumn(what), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        bar.add_task(what, total=None)
        yield

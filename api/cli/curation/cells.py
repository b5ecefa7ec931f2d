"""Parts of tables that several curation commands show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from splicedex.api.cli.render import console, table

if TYPE_CHECKING:
    from splicedex.search.curation.statistics.accuracy import Accuracy
    from splicedex.search.curation.statistics.proportions import Interval


def difference_cells(first: float, second: float, difference: Interval) -> tuple[str, ...]:
    """Cells for two shares in percent and their difference in percentage points.

    Args:
        first: Share of the first set.
        second: Share of the second set.
        difference: Their difference, in the direction that the caller reports.

    Returns:
        Four cells: both shares, the difference, its interval.
    """
    low, high = 100 * difference.low, 100 * difference.high
    return (
        f"{first:.1%}",
        f"{second:.1%}",
        f"{100 * difference.value:+.1f}",
        f"{low:+.1f} to {high:+.1f}",
    )


def show_accuracies(accuracies: Sequence[Accuracy]) -> None:
    """Print accuracies: a row for each group, a column for each method."""
    methods = list(dict.fromkeys(one.method for one in accuracies))
    shown = table("group", "images", *methods, right=["images", *methods])
    for group in dict.fromkeys(one.group for one in accuracies):
        row = [one for one in accuracies if one.group == group]
        cells = (
            f"{one.accuracy.value:.3f} ({one.accuracy.low:.3f} to {one.accuracy.high:.3f})"
            for one in row
        )
        shown.add_row(group or "all", f"{row[0].images:,}", *cells)
    console.print(shown)

"""Bar charts with intervals, as in figures 2 and 4 of the SpLiCE paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from splicedex.search.curation.statistics.proportions import Interval
from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = ("#2a6f97", "#e07a2f")
_WIDTH, _ROW, _FRAME = 7.0, 0.3, 1.2
"""Width of the chart, height of a row, height of everything else: in inches."""
_SLOT = 0.8
"""Height of the bars of one row, as a share of the row."""
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars of one colour.

    Args:
        values: The value of each row, with its interval.
        label: Their name in the legend; without one there is no legend.
    """

    values: Sequence[Interval]
    label: str = ""


def draw_bars(
    names: Sequence[str],
    bars: Sequence[Bars],
    axis: str,
    title: str = "",
    axes: Axes | None = None,
) -> Axes:
    """Draw a chart of horizontal bars.

    Args:
        names: The name of each row, from the top.
        bars: One or two sets of bars.
        axis: What the values are.
        title: The title of the chart.
        axes: Where to draw; by default on a figure of its own, as high as it needs.

    Returns:
        The axes. Nothing is shown.

    Raises:
        UserError: matplotlib is missing, or there are no rows.
    """
    if not names:
        raise UserError("there is nothing to draw", "compare other subsets, or more images")
    axes = axes or _canvas(len(names))
    height = _SLOT / len(bars)
    for number, (one, colour) in enumerate(zip(bars, _COLOURS, strict=False)):
        offset = (number - (len(bars) - 1) / 2) * height
        _draw(axes, one, offset, height, colour)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    if all(value.low >= 0 for one in bars for value in one.values):
        axes.set_xlim(left=0)
    axes.set_xlabel(axis)
    axes.set_title(title)
    axes.spines[["top", "right"]].set_visible(False)
    if any(one.label for one in bars):
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=len(bars), frameon=False)
    return axes


def shorten(text: str) -> str:
    """A text that fits in a chart."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _canvas(rows: int) -> Axes:
    """Axes on a figure that no window shows."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UserError(
            "charts need matplotlib", "run `pip install 'splicedex[curation]'`"
        ) from error
    figure = Figure(figsize=(_WIDTH, _FRAME + _ROW * rows), layout="constrained")
    return figure.subplots()


def _draw(axes: Axes, bars: Bars, offset: float, height: float, colour: str) -> None:
    values = bars.values
    errors = [[one.value - one.low for one in values], [one.high - one.value for one in values]]
    axes.barh(
        [row + offset for row in range(len(values))],
        [one.value for one in values],
        height * 0.95,
        color=colour,
        label=shorten(bars.label) or None,
        xerr=errors,
        ecolor="#555555",
        error_kw={"elinewidth": 0.8},
    )

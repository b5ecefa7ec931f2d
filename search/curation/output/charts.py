"""Bar charts with intervals, as in figures 2 and 4 of the SpLiCE paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from splicedex.search.curation.statistics.proportions import Interval
from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg", ".pdf")
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
    path: Path, names: Sequence[str], bars: Sequence[Bars], axis: str, title: str = ""
) -> None:
    """Save a chart of horizontal bars.

    Args:
        path: The image file to write; .png, .svg or .pdf.
        names: The name of each row, from the top.
        bars: One or two sets of bars.
        axis: What the values are.
        title: The title of the chart.

    Raises:
        UserError: matplotlib is missing, there are no rows, the suffix is not one of an image, or
            the file cannot be written.
    """
    figure, axes = _canvas(path, len(names))
    height = _SLOT / len(bars)
    for number, (one, colour) in enumerate(zip(bars, _COLOURS, strict=False)):
        offset = (number - (len(bars) - 1) / 2) * height
        _draw(axes, one, offset, height, colour)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel(axis)
    axes.set_title(title)
    axes.spines[["top", "right"]].set_visible(False)
    if any(one.label for one in bars):
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=len(bars), frameon=False)
    try:
        figure.savefig(path, dpi=150)
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error})", "choose another file") from error


def shorten(text: str) -> str:
    """A text that fits in a chart."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _canvas(path: Path, rows: int) -> tuple[Figure, Axes]:
    if path.suffix.lower() not in SUFFIXES:
        raise UserError(
            f"{path} is not the name of a chart", f"use a name that ends in {', '.join(SUFFIXES)}"
        )
    if not rows:
        raise UserError("there is nothing to draw", "compare other subsets, or more images")
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UserError(
            "charts need matplotlib", "run `pip install 'splicedex[curation]'`"
        ) from error
    figure = Figure(figsize=(_WIDTH, _FRAME + _ROW * rows), layout="constrained")
    return figure, figure.subplots()


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

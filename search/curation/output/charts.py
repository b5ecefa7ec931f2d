"""Charts of distributions and comparisons, as in the paper's figures 2 and 4."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from splicedex.search.curation.compare import Comparison
from splicedex.search.curation.distribution import Distribution
from splicedex.search.curation.statistics.proportions import Interval
from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg", ".pdf")
_COLOURS = ("#2a6f97", "#e07a2f")
_WIDTH, _ROW, _FRAME = 7.0, 0.3, 1.2
_LONGEST = 60


def chart_distribution(found: Distribution, path: Path) -> None:
    """Save bars of the mean weight of each concept, with intervals.

    Raises:
        UserError: matplotlib is missing, the suffix is no image's, or the file cannot be written.
    """
    figure, axes = _canvas(path, len(found.concepts))
    _bars(axes, [one.weight for one in found.concepts], 0.0, 0.8, _COLOURS[0])
    _finish(axes, [one.concept for one in found.concepts], "mean weight")
    axes.set_title(f"{_short(found.query) or 'every image'}, {found.images:,} images")
    _save(figure, path)


def chart_comparison(found: Comparison, path: Path) -> None:
    """Save paired bars of the share of each concept in two subsets, with intervals.

    Raises:
        UserError: matplotlib is missing, the suffix is no image's, or the file cannot be written.
    """
    figure, axes = _canvas(path, len(found.concepts))
    for side, colour in enumerate(_COLOURS):
        shares = [one.shares[side] for one in found.concepts]
        _bars(axes, shares, 0.4 * side - 0.2, 0.38, colour, _short(found.queries[side]))
    _finish(axes, [one.concept for one in found.concepts], "share of images")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False)
    _save(figure, path)


def _canvas(path: Path, rows: int) -> tuple[Figure, Axes]:
    if path.suffix.lower() not in SUFFIXES:
        raise UserError(f"{path} is no chart", f"end its name in {', '.join(SUFFIXES)}")
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


def _bars(
    axes: Axes,
    values: Sequence[Interval],
    offset: float,
    height: float,
    colour: str,
    label: str | None = None,
) -> None:
    places = [row + offset for row in range(len(values))]
    ends = [[one.value - one.low for one in values], [one.high - one.value for one in values]]
    axes.barh(
        places, [one.value for one in values], height, color=colour, label=label, xerr=ends,
        ecolor="#555555", error_kw={"elinewidth": 0.8},
    )  # fmt: skip


def _finish(axes: Axes, names: Sequence[str], label: str) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel(label)
    axes.spines[["top", "right"]].set_visible(False)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _save(figure: Figure, path: Path) -> None:
    try:
        figure.savefig(path, dpi=150)
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error})", "choose another file") from error

"""Charts of distributions and comparisons."""

import pytest

from splicedex.search.curation.output.chart_files import save_chart
from splicedex.search.curation.output.charts import Bars, draw_bars
from splicedex.search.curation.statistics.proportions import wilson
from splicedex.splice.errors import UserError


def intervals(*hits):
    found = wilson(hits, 10)
    return [found[row] for row in range(len(hits))]


def test_charts(tmp_path):
    pytest.importorskip("matplotlib")
    two = [Bars(intervals(5, 1, 0), "label:dog"), Bars(intervals(2, 2, 9), "NOT label:dog")]
    axes = draw_bars(["dog", "beach", "snow"], two, "share of images")
    save_chart(axes, tmp_path / "two.svg")
    drawn = (tmp_path / "two.svg").read_text()
    assert drawn.count("<svg") == 1
    axes = draw_bars(["dog"], [Bars(intervals(5))], "mean weight", "every image")
    save_chart(axes, tmp_path / "one.png")
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")
    for path, message in (
        (tmp_path / "x.txt", "is not the name of a chart"),
        (tmp_path / "no" / "x.png", "cannot be written"),
    ):
        with pytest.raises(UserError, match=message):
            save_chart(axes, path)
    with pytest.raises(UserError, match="nothing to draw"):
        draw_bars([], [Bars([])], "share of images")


def test_a_chart_is_drawn_where_it_is_asked_for():
    pyplot = pytest.importorskip("matplotlib.figure")
    figure = pyplot.Figure()
    left, right = figure.subplots(1, 2)
    assert draw_bars(["dog"], [Bars(intervals(5))], "share of images", axes=right) is right
    assert len(right.patches) == 1
    assert not left.patches

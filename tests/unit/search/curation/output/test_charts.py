"""Charts of distributions and comparisons."""

import pytest

from splicedex.search.curation.output.charts import Bars, draw_bars
from splicedex.search.curation.statistics.proportions import wilson
from splicedex.splice.errors import UserError


def intervals(*hits):
    found = wilson(hits, 10)
    return [found[row] for row in range(len(hits))]


def test_charts(tmp_path):
    pytest.importorskip("matplotlib")
    two = [Bars(intervals(5, 1, 0), "label:dog"), Bars(intervals(2, 2, 9), "NOT label:dog")]
    draw_bars(tmp_path / "two.svg", ["dog", "beach", "snow"], two, "share of images")
    drawn = (tmp_path / "two.svg").read_text()
    assert drawn.count("<svg") == 1
    draw_bars(tmp_path / "one.png", ["dog"], [Bars(intervals(5))], "mean weight", "every image")
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")
    for path, message in (
        (tmp_path / "x.txt", "is not the name of a chart"),
        (tmp_path / "no" / "x.png", "cannot be written"),
    ):
        with pytest.raises(UserError, match=message):
            draw_bars(path, ["dog"], [Bars(intervals(5))], "share of images")
    with pytest.raises(UserError, match="nothing to draw"):
        draw_bars(tmp_path / "y.png", [], [Bars([])], "share of images")

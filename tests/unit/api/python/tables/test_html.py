"""What notebooks show: static, escaped, of bounded size."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from splicedex.api.python.tables import html
from splicedex.api.python.tables.html import (
    MOST_BYTES,
    MOST_CARDS,
    MOST_ROWS,
    Card,
    cards_html,
    table_html,
)

ELEMENTS = {"div", "img", "table", "tr", "th", "td"}
ATTRIBUTES = {"style", "src", "alt"}
hostile = st.text() | st.sampled_from(
    ["<script>alert(1)</script>", '" onerror="x', "'><img src=x>", "&lt;", "\x00\x1b", "\ud800",
     "javascript:x", "</style>", "a" * 5000, "\u202ea"]
)  # fmt: skip


class Parsed(HTMLParser):
    """Elements, attributes and text; refuses what static HTML does not need."""

    def __init__(self, page):
        super().__init__()
        self.open, self.text, self.pictures = [], [], []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        assert tag in ELEMENTS
        for name, value in attrs:
            assert name in ATTRIBUTES
            if name == "src":
                assert re.fullmatch(r"data:image/jpeg;base64,[A-Za-z0-9+/=]+", value)
                self.pictures.append(value)
            if name == "style":
                assert "url" not in value
                assert "expression" not in value
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@given(st.lists(st.tuples(hostile, hostile, st.lists(hostile, max_size=3)), max_size=5), hostile)
def test_hostile_names_are_text(cards, caption):
    page = cards_html([Card(*one) for one in cards], caption)
    page.encode()
    text = "".join(Parsed(page).text)
    for _, title, _ in cards:
        if title.isascii() and title.isprintable() and len(title) < html.LONGEST:
            assert title in text


@given(st.lists(st.dictionaries(hostile, hostile | st.floats() | st.none() | st.lists(hostile))))
def test_hostile_cells_are_text(records):
    page = table_html(records, "found")
    page.encode()
    Parsed(page)


@pytest.fixture
def noise(tmp_path):
    """Photos whose pictures are as large as pictures get."""
    random = np.random.default_rng(1)
    made = []
    for number in range(MOST_CARDS + 6):
        pixels = random.integers(0, 256, (256, 256, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
        made.append(str(tmp_path / f"{number}.png"))
    return made


def test_pictures_are_bounded_in_number_and_bytes(noise):
    page = cards_html([Card(path, "x", ["y"]) for path in noise], "noise", of=1000)
    found = Parsed(page)
    assert 3 < len(found.pictures) <= MOST_CARDS
    assert sum(map(len, found.pictures)) <= MOST_BYTES
    assert len(page) < MOST_BYTES + 40_000
    assert f"and {1000 - MOST_CARDS:,} more" in "".join(found.text)
    many = [{"id": "x", "path": path} for path in noise] * 40
    page = table_html(many, "noise")
    assert len(page) < MOST_BYTES + 60_000
    assert f"and {len(many) - MOST_ROWS:,} more" in page


def test_what_cannot_be_read_is_a_frame(tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8nothing")
    for path in (str(tmp_path / "broken.jpg"), str(tmp_path / "gone.jpg"), "relative.jpg", "\x00"):
        found = Parsed(cards_html([Card(path, "x")], "one"))
        assert not found.pictures


def test_every_result_has_html(photos, ix):
    for shown in (
        photos.search("dog", limit=3, near=True),
        photos.search("dog", limit=3, near=True)[0],
        photos.view(),
        photos.view().sample(2),
        photos.shows(photos.view()[0].id),
        photos.sample("", 2),
        photos.outliers(limit=2),
    ):
        assert Parsed(shown._repr_html_()).pictures
    for shown in (
        ix.compare("label:dog", "label:horse"),
        ix.compare(by="label"),
        ix.spurious("label", split="split"),
        ix.drift("label:dog", "label:horse", permutations=99),
        ix.duplicates(above=0.99),
        ix.classify(["dog", "horse"], truth="label"),
        ix.probe("label"),
        ix.concepts("dog"),
        ix.concepts(),
        ix.concepts(inside="dog"),
        ix.facets("dog"),
        ix.explain("a/001.jpg", query="dog"),
        ix.info(),
        ix.verify(),
    ):
        assert Parsed(shown._repr_html_()).text
        assert repr(shown).startswith(f"<{type(shown).__name__}: ")
        assert len(repr(shown)) < 300
        shown.to_pandas(), shown.to_arrow(), shown.to_polars()

"""Names and locations under another root."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splicedex.indexer.maintenance.roots import Root
from splicedex.indexer.sources.location import printable, to_path, to_text

PART = st.one_of(
    st.text("abé \\x", min_size=1, max_size=4).filter(lambda part: part.strip(".") != ""),
    st.binary(min_size=1, max_size=4)
    .map(lambda raw: os.fsdecode(raw.replace(b"/", b"_").replace(b"\0", b"_")))
    .filter(lambda part: part not in {".", ".."}),
)
PATH = st.lists(PART, min_size=1, max_size=4).map("/".join)


def payload_of(file):
    """The payload of a photo under its own path, as a run writes it."""
    name, located = printable(file), to_text(Path(file))
    return {"path": name} if name == located else {"path": name, "location": located}


@pytest.mark.skipif(os.name != "posix", reason="names of any bytes")
@given(PATH, PATH, PATH)
def test_a_photo_is_named_as_a_run_would_name_it_at_its_new_place(old, new, rest):
    root = Root(printable(f"/{old}"), printable(f"/{new}"))
    place = root.place_of(payload_of(f"/{old}/{rest}"))
    assert place is not None
    assert place.name == printable(f"/{new}/{rest}")
    if os.fsencode(new).isascii():  # else the disk is asked which bytes an escape means
        expected = payload_of(f"/{new}/{rest}")
        assert place.location == expected.get("location")
        assert place.file == to_path(expected)


@given(PATH, PATH)
def test_whole_parts_only(old, other):
    name = printable(f"/{other}")
    inside = f"{name}/".startswith(printable(f"/{old}") + "/")
    root = Root(printable(f"/{old}"), "/new")
    assert (root.place_of(payload_of(f"/{other}")) is not None) == inside


def test_names_of_a_table_and_where_the_photos_are():
    payload = {"path": "train/a/1.jpg", "location": "/data/train/a/1.jpg"}
    place = Root("train", "more/test").place_of(payload)
    assert (place.name, place.location) == ("more/test/a/1.jpg", "/data/more/test/a/1.jpg")
    place = Root("train", ".").place_of(payload)
    assert (place.name, place.location) == ("a/1.jpg", "/data/a/1.jpg")
    place = Root("/data", "/mnt").place_of(payload)
    assert (place.name, place.location) == ("train/a/1.jpg", "/mnt/train/a/1.jpg")
    elsewhere = {"path": "train/a/1.jpg", "location": "/data/0001.jpg"}
    place = Root("train", "test").place_of(elsewhere)
    assert (place.name, place.location) == ("test/a/1.jpg", "/data/0001.jpg")
    assert Root("train", "test").place_of({"path": "training/1.jpg"}) is None


def test_names_without_files():
    place = Root("train", "test").place_of({"path": "train/1.jpg"})
    assert (place.name, place.location, place.file) == ("test/1.jpg", None, None)


def test_a_single_image():
    place = Root("/a/1.jpg", "/b/2.jpg").place_of({"path": "/a/1.jpg"})
    assert (place.name, place.location) == ("/b/2.jpg", None)

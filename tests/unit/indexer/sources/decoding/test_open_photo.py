from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image

from splicedex.indexer.sources.decoding import kinds
from splicedex.indexer.sources.decoding.decode import Photo, decode
from splicedex.indexer.sources.decoding.kinds import (
    EXTRAS,
    HEIC,
    JPEG_XL,
    NEEDS,
    NEVER_READ,
    RAW,
    READ,
    unread_kind,
    why_not_read,
)
from splicedex.indexer.sources.decoding.open_photo import refusal


@pytest.fixture
def no_extras(monkeypatch):
    monkeypatch.setattr(kinds.importlib.util, "find_spec", lambda name: None)
    kinds.has.cache_clear()
    yield
    kinds.has.cache_clear()


def write(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    return tmp_path / name


@pytest.mark.parametrize("suffix", sorted(NEVER_READ))
def test_kinds_that_are_never_read_are_named(tmp_path, suffix):
    file = write(tmp_path, f"a{suffix.upper()}", b"\1\2\3\4 and so on")
    assert refusal(file) == why_not_read(suffix)
    assert decode(file, np.asarray).reason == why_not_read(suffix)
    assert unread_kind(str(file), why_not_read(suffix)) == suffix


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF", "JPEG2000"])
@pytest.mark.parametrize("suffix", [".ico", ".cr2", ".jxl", ".heic", ".png", ""])
def test_content_decides_whatever_the_name(tmp_path, kind, suffix):
    file = tmp_path / f"photo{suffix}"
    Image.new("RGB", (20, 10), "red").save(file, kind)
    if (kind, suffix) != ("TIFF", ".cr2"):  # most raw files are TIFF files: the name decides
        assert refusal(file) is None
        assert isinstance(decode(file, np.asarray), Photo)


@pytest.mark.parametrize(
    ("name", "content", "extra"),
    [
        ("a.nef", b"MM\0*" + bytes(90), "raw"),
        ("a.CR3", b"\0\0\0\x18ftypcrx " + bytes(90), "raw"),
        ("a.raf", b"FUJIFILMCCD-RAW " + bytes(90), "raw"),
        ("a.jxl", b"\xff\x0a" + bytes(90), "jxl"),
        ("a.jxl", b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(90), "jxl"),
    ],
)
def test_a_missing_extra_is_named_without_reading_the_file(
    tmp_path, no_extras, name, content, extra
):
    file = write(tmp_path, name, content)
    assert refusal(file) == NEEDS[extra]
    assert decode(file, np.asarray).reason == NEEDS[extra]
    assert unread_kind(str(file), NEEDS[extra]) == file.suffix.lower()


def test_what_the_reader_has_to_say_is_left_to_it(tmp_path):
    os.mkfifo(tmp_path / "pipe.svg")
    for name in ("pipe.svg", "missing.svg", "a.jpg"):
        assert refusal(tmp_path / name) is None
    assert refusal(write(tmp_path, "empty.svg", b"")) is None
    assert unread_kind("a.svg", "empty file") is None
    assert unread_kind("a.jpg", "not an image in a known format") is None


def test_each_suffix_is_of_one_kind():
    sets = [READ, HEIC, JPEG_XL, RAW, NEVER_READ.keys()]
    assert len(kinds.SUFFIXES) == sum(map(len, sets))
    assert EXTRAS.keys() == NEEDS.keys()
    assert all(f"pip install 'splicedex[{extra}]'" in text for extra, text in NEEDS.items())

import io
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from splicedex.api.http.images.originals import media_type, photo_of
from splicedex.api.http.images.thumbnails import (
    SIZES,
    SPARE,
    Thumbnails,
    available_size,
    etag_of,
    reading_of,
)
from splicedex.indexer.sources.decoding.opened import Reading
from splicedex.indexer.sources.decoding.shrink import shrink
from splicedex.splice.errors import UserError

USUAL = Reading()


@pytest.fixture
def photo(tmp_path):
    noise = np.random.default_rng(3).integers(0, 256, (300, 500, 3), dtype=np.uint8)
    file = tmp_path / "photo.png"
    Image.fromarray(noise).save(file)
    return file


def test_a_thumbnail_is_small_and_keeps_its_shape(photo):
    with Image.open(io.BytesIO(shrink(photo, 128, USUAL))) as small:
        assert (small.format, small.size) == ("JPEG", (128, 77))
    with Image.open(io.BytesIO(shrink(photo, 1024, USUAL))) as same:
        assert same.size == (500, 300)


def test_what_is_too_large_or_broken_is_refused(photo):
    with pytest.raises(UserError, match="more than the 100,000 allowed"):
        shrink(photo, 128, Reading(100_000))
    photo.write_bytes(photo.read_bytes()[:5000])
    with pytest.raises(UserError, match="cannot be read"):
        shrink(photo, 128, USUAL)


def test_indexed_photos_are_read_as_they_were_indexed(photo, tmp_path):
    large = Image.new("L", (20_000, 10_000))
    large.save(tmp_path / "pano.jpg")
    with pytest.raises(UserError, match="more than the 100,000,000 allowed"):
        shrink(tmp_path / "pano.jpg", 128, reading_of({}, 100_000_000))
    indexed = reading_of({"width": 20_000, "height": 10_000}, 100_000_000)
    with Image.open(io.BytesIO(shrink(tmp_path / "pano.jpg", 128, indexed))) as small:
        assert small.size == (128, 64)
    content = photo.read_bytes()
    photo.write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match="truncated"):
        shrink(photo, 128, reading_of({"width": 500, "height": 300}, 10**6))
    left = reading_of({"width": 500, "height": 300, "truncated": True}, 10**6)
    assert shrink(photo, 128, left).startswith(b"\xff\xd8")


@pytest.mark.parametrize(
    "payload",
    [{"width": "wide", "height": 3}, {"width": None}, {"truncated": "yes"}, {"width": [1, 2]}],
)
def test_columns_of_the_user_with_the_same_names_change_nothing(payload):
    assert reading_of(payload, 1000) == Reading(1000)


@given(st.integers(1, 5000))
def test_sizes_are_few_and_never_too_small(asked):
    size = available_size(asked)
    assert size in SIZES
    assert size >= min(asked, SIZES[-1])
    assert all(one >= size for one in SIZES if one >= asked)


def test_a_tag_changes_with_the_photo_and_the_size(photo):
    tag = etag_of(photo, 256)
    assert etag_of(photo, 256) == tag
    assert etag_of(photo, 512) != tag
    os.utime(photo, ns=(1, 1))
    assert etag_of(photo, 256) != tag
    photo.unlink()
    with pytest.raises(OSError, match="No such file"):
        etag_of(photo, 256)


def test_what_was_made_is_kept(photo, tmp_path):
    kept = Thumbnails(tmp_path / "kept", 10**7)
    tag = etag_of(photo, 128)
    made = kept.get(photo, 128, tag, USUAL)
    photo.unlink()
    assert kept.get(photo, 128, tag, USUAL) == made
    assert Thumbnails(tmp_path / "kept", 10**7).get(photo, 128, tag, USUAL) == made


def test_the_folder_stays_within_its_room(photo, tmp_path):
    folder = tmp_path / "kept"
    one = len(shrink(photo, 128, USUAL))
    kept = Thumbnails(folder, 5 * one)
    for number in range(20):
        kept.get(photo, 128, f"{number:032x}", USUAL)
        if number:
            kept.get(photo, 128, f"{0:032x}", USUAL)  # looked at all the time
            first = folder / "00" / f"{0:032x}.jpg"
            os.utime(first, (2e9, 2e9))
        used = sum(file.stat().st_size for file in folder.glob("*/*"))
        assert used <= 5 * one
    assert used >= SPARE * 5 * one - one
    assert first.exists()


def test_a_folder_that_cannot_be_written_is_done_without(photo, tmp_path):
    barred = tmp_path / "file"
    barred.write_text("not a folder")
    assert Thumbnails(barred / "kept", 10**7).get(photo, 128, "ab" * 16, USUAL)


class TestFiles:
    def test_are_found_by_location_or_absolute_name(self, photo):
        assert photo_of({"path": str(photo)}) == photo
        assert photo_of({"path": "a.png", "location": str(photo)}) == photo

    @pytest.mark.parametrize("name", ["photo.png", "/nowhere.png", "/", "/" + "n" * 5000])
    def test_are_none_where_there_is_no_file(self, name):
        assert photo_of({"path": name}) is None

    def test_are_what_they_hold_whatever_their_name(self, photo, tmp_path):
        assert media_type(photo) == "image/png"
        disguised = tmp_path / "photo.svg"
        disguised.write_bytes(photo.read_bytes())
        assert media_type(disguised) == "image/png"
        for name, content in (
            ("a.png", b"<svg onload=alert(1)>"),
            ("b.jpg", b"<html>"),
            ("c.gif", b""),
        ):
            (tmp_path / name).write_bytes(content)
            assert media_type(tmp_path / name) is None
        Image.new("RGB", (5, 5)).save(tmp_path / "d.png", "TIFF")
        assert media_type(tmp_path / "d.png") is None

    def test_are_shown_whatever_their_size(self, photo, monkeypatch):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1)
        assert media_type(photo) == "image/png"

"""Files that lack their end, and photos larger than usual."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageFile

from splicedex.indexer.sources.decoding.decode import Photo, Skipped, decode
from splicedex.indexer.sources.decoding.opened import MOST_PIXELS, Reading

TOLERANT = Reading(tolerant=True)


def noisy(size=(120, 80)):
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(noise)


def encoded(kind, image=None, **options):
    written = io.BytesIO()
    (image or noisy()).save(written, kind, **options)
    return written.getvalue()


def read(tmp_path, content, reading=TOLERANT, preprocess=np.asarray):
    (tmp_path / "photo").write_bytes(content)
    return decode(tmp_path / "photo", preprocess, reading)


CUT = [
    ("JPEG", {}),
    ("JPEG", {"progressive": True}),
    ("JPEG", {"restart_marker_rows": 1}),
    ("PNG", {}),
    ("GIF", {"interlace": False}),
    ("BMP", {}),
    ("TIFF", {}),
]


@pytest.mark.parametrize(("kind", "options"), CUT)
@pytest.mark.parametrize("lost", [30, 0.3, 0.6])
def test_what_is_left_is_read_and_marked(tmp_path, kind, options, lost):
    content = encoded(kind, **options)
    kept = content[: -lost if lost > 1 else int(len(content) * (1 - lost))]
    photo = read(tmp_path, kept)
    assert isinstance(photo, Photo), photo
    assert photo.truncated
    assert (photo.width, photo.height) == (120, 80)
    whole = read(tmp_path, content)
    assert not whole.truncated
    if kind == "BMP":  # the last row comes first
        np.testing.assert_array_equal(photo.pixels[-20:], whole.pixels[-20:])
    elif not options.get("progressive"):
        np.testing.assert_array_equal(photo.pixels[:14], whole.pixels[:14])


@pytest.mark.parametrize(("kind", "options"), CUT)
def test_without_the_option_they_are_skipped_and_the_option_is_named(tmp_path, kind, options):
    content = encoded(kind, **options)
    skipped = read(tmp_path, content[: len(content) // 2], Reading())
    assert isinstance(skipped, Skipped)
    assert "truncated" in skipped.reason
    assert skipped.remedy == "--tolerant reads what is left"


@pytest.mark.parametrize(("kind", "options"), CUT)
def test_where_nearly_nothing_is_left_they_are_skipped(tmp_path, kind, options):
    content = encoded(kind, **options)
    header = next(n for n in range(len(content)) if holds_header(tmp_path, content[:n]))
    # A coarse picture of all is in the first bytes of a progressive JPEG.
    for kept in (0, 1, 10, header - 1, *([] if options.get("progressive") else [header])):
        assert isinstance(read(tmp_path, content[:kept]), Skipped), kept


def holds_header(tmp_path, content):
    """Whether a beginning holds the header, so that only pixels are missing."""
    skipped = read(tmp_path, content, Reading())
    return isinstance(skipped, Skipped) and bool(skipped.remedy)


def test_a_progressive_jpeg_may_end_anywhere(tmp_path):
    content = encoded("JPEG", progressive=True)
    for kept in range(len(content) // 3, len(content), 7):
        assert read(tmp_path, content[:kept]).truncated, kept


@pytest.mark.parametrize("kind", ["WEBP", "AVIF", "JPEG2000"])
def test_formats_that_are_whole_or_nothing_are_skipped(tmp_path, kind):
    content = encoded(kind)
    skipped = read(tmp_path, content[: len(content) // 2])
    assert isinstance(skipped, Skipped)
    assert not skipped.remedy


def test_other_damage_is_not_taken_for_a_lost_end(tmp_path):
    assert isinstance(read(tmp_path, b"\xff\xd8" + bytes(500)), Skipped)
    assert isinstance(read(tmp_path, b"no image"), Skipped)


def test_reduced_and_turned_as_whole_ones(tmp_path):
    class Small:
        size = 20

        def __call__(self, image):
            return np.asarray(image)

    exif = Image.Exif()
    exif[0x0112] = 6
    content = encoded("JPEG", noisy((400, 240)), exif=exif)
    photo = read(tmp_path, content[: int(0.7 * len(content))], preprocess=Small())
    assert photo.truncated
    assert (photo.width, photo.height) == (240, 400)
    assert photo.pixels.shape == (100, 60, 3)


def test_the_next_photo_is_read_strictly(tmp_path):
    content = encoded("PNG")
    assert read(tmp_path, content[: len(content) // 2]).truncated
    assert not ImageFile.LOAD_TRUNCATED_IMAGES
    assert isinstance(read(tmp_path, content[: len(content) // 2], Reading()), Skipped)


class TestLimit:
    """Of pixels: any, above and below that of Pillow."""

    def test_can_be_lowered(self, tmp_path):
        content = encoded("PNG")
        assert isinstance(read(tmp_path, content, Reading(9_600)), Photo)
        skipped = read(tmp_path, content, Reading(9_599))
        assert skipped.reason == "9,600 pixels, more than the 9,599 allowed"
        assert skipped.remedy == "--max-pixels 1M allows as many"

    @pytest.mark.parametrize(
        ("kind", "sides"), [("JPEG", (60_000, 6_000)), ("PNG", (20_000, 10_000))]
    )
    def test_can_be_raised(self, tmp_path, kind, sides):
        width, height = sides
        content = encoded(kind, Image.new("L", sides))
        assert width * height > MOST_PIXELS
        skipped = read(tmp_path, content, Reading(), Corner())
        assert skipped.remedy == f"--max-pixels {width * height // 1_000_000}M allows as many"
        photo = read(tmp_path, content, Reading(width * height), Corner())
        assert (photo.width, photo.height) == sides

    def test_raising_it_once_does_not_raise_it_for_others(self, tmp_path):
        content = encoded("PNG", Image.new("L", (20_000, 10_000)))
        assert isinstance(read(tmp_path, content, Reading(300_000_000), Corner()), Photo)
        assert isinstance(read(tmp_path, content, Reading(), Corner()), Skipped)


class Corner:
    """A preprocessing that takes next to no time."""

    size = 224

    def __call__(self, image):
        return np.asarray(image.crop((0, 0, 4, 4)))


@pytest.mark.parametrize("kind", ["JPEG2000"])
def test_jpeg_2000(tmp_path, kind):
    image = Image.new("RGB", (64, 48), (200, 30, 40))
    for options in ({}, {"no_jp2": True}, {"irreversible": True}):
        photo = read(tmp_path, encoded(kind, image, **options), Reading())
        assert (photo.width, photo.height) == (64, 48)
        assert np.abs(photo.pixels[20, 20].astype(int) - (200, 30, 40)).max() <= 3
    skipped = read(tmp_path, encoded(kind, image), Reading(3_000))
    assert skipped.reason == "3,072 pixels, more than the 3,000 allowed"

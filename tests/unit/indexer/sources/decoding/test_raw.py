"""Raw files: previews and development, upright, with the size of the photo."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from splicedex.indexer.sources.decoding import kinds
from splicedex.indexer.sources.decoding.decode import Photo, Skipped, decode
from splicedex.indexer.sources.decoding.is_raw import is_raw, starts_raw
from splicedex.indexer.sources.decoding.kinds import NEEDS, RAW
from splicedex.indexer.sources.decoding.opened import Reading
from splicedex.indexer.sources.decoding.pillow_photo import UPRIGHT
from tests.raw_files import make_dng

WIDTH, HEIGHT = 120, 80
RED, BLUE = (200, 30, 40), (20, 60, 210)
UNDO = {1: None, 3: 3, 6: 8, 8: 6}
"""The orientation that takes back an orientation."""


@pytest.fixture(autouse=True)
def _needs_rawpy():
    pytest.importorskip("rawpy", reason="needs the raw extra")


class Sized:
    """A preprocessing that says how large an image it needs."""

    def __init__(self, size):
        self.size = size

    def __call__(self, image):
        assert image.mode == "RGB"
        return np.asarray(image)


def upright(left=RED, right=BLUE, size=(WIDTH, HEIGHT)):
    image = Image.new("RGB", size, left)
    image.paste(right, (size[0] // 2, 0, *size))
    return image


def lying(image, orientation):
    """The image as a camera stores it that was held so."""
    undo = UNDO[orientation]
    return image if undo is None else image.transpose(UPRIGHT[undo])


def read(tmp_path, content, size=None, name="photo.dng", **reading):
    (tmp_path / name).write_bytes(content)
    photo = decode(tmp_path / name, Sized(size) if size else np.asarray, Reading(**reading))
    assert isinstance(photo, Photo), photo
    return photo


def is_red_then_blue(pixels):
    row = pixels[len(pixels) // 2].astype(int)
    return (row[3] - row[3][2] > 50)[0] and (row[-4] - row[-4][0] > 50)[2]


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("size", [None, 30, 70])
def test_without_a_preview_the_raw_data_is_developed(tmp_path, orientation, size):
    photo = read(tmp_path, make_dng(lying(upright(), orientation), orientation=orientation), size)
    assert (photo.width, photo.height) == (WIDTH, HEIGHT)
    assert photo.pixels.shape[:2] == ((40, 60) if size == 30 else (HEIGHT, WIDTH))
    assert is_red_then_blue(photo.pixels)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("told", [True, False])
def test_a_preview_is_turned_with_its_photo(tmp_path, orientation, told):
    sensor = lying(upright(BLUE, RED), orientation)  # unlike the preview, to tell them apart
    preview = lying(upright(size=(60, 40)), orientation)
    content = make_dng(
        sensor,
        orientation=orientation,
        preview=preview,
        preview_orientation=orientation if told else None,
    )
    photo = read(tmp_path, content, size=20)
    assert (photo.width, photo.height) == (WIDTH, HEIGHT)
    assert photo.pixels.shape[:2] == (40, 60)
    assert is_red_then_blue(photo.pixels)


@pytest.mark.parametrize("orientation", [6, 8])
def test_a_preview_that_stands_already_is_not_turned(tmp_path, orientation):
    sensor = lying(upright(BLUE, RED), orientation)
    content = make_dng(sensor, orientation=orientation, preview=upright(size=(60, 40)))
    assert is_red_then_blue(read(tmp_path, content, size=20).pixels)


@pytest.mark.parametrize("size", [None, 50])
def test_a_preview_that_is_too_small_is_not_used(tmp_path, size):
    content = make_dng(upright(), preview=upright(BLUE, RED, (60, 40)))
    photo = read(tmp_path, content, size)
    assert photo.pixels.shape[:2] == (HEIGHT, WIDTH)
    assert is_red_then_blue(photo.pixels)


def test_a_broken_preview_is_not_used(tmp_path):
    content = make_dng(upright(), preview=upright(BLUE, RED, (60, 40)))
    start = content.index(b"\xff\xd8\xff")
    content = content[:start] + bytes(200) + content[start + 200 :]
    assert is_red_then_blue(read(tmp_path, content, 20).pixels)


def test_large_photos_are_refused_before_they_are_developed(tmp_path):
    (tmp_path / "a.dng").write_bytes(make_dng(upright()))
    refused = decode(tmp_path / "a.dng", np.asarray, Reading(most_pixels=WIDTH * HEIGHT - 1))
    assert isinstance(refused, Skipped)
    assert refused.reason == "9,600 pixels, more than the 9,599 allowed"


@pytest.mark.parametrize("name", ["photo.dng", "photo.NEF", "photo", "photo.tif"])
def test_raw_files_are_known_by_their_content(tmp_path, name):
    content = make_dng(upright(), preview=upright(BLUE, RED, (60, 40)))
    assert read(tmp_path, content, name=name).pixels.shape[:2] == (HEIGHT, WIDTH)


@pytest.mark.parametrize("content", [b"II*\0junk" * 9, b"FUJIFILMCCD-RAW 0201" + bytes(500)])
def test_a_broken_file_says_so(tmp_path, content):
    (tmp_path / "a.cr2").write_bytes(content)
    refused = decode(tmp_path / "a.cr2", np.asarray)
    assert isinstance(refused, Skipped)
    assert refused.reason.startswith("LibRaw cannot read this RAW photo (")


def test_damaged_bytes_never_raise(tmp_path):
    random = np.random.default_rng(1)
    content = np.frombuffer(make_dng(upright(), preview=upright(size=(60, 40))), np.uint8)
    for _ in range(40):
        damaged = content.copy()
        damaged[random.integers(0, 900, 6)] = random.integers(0, 256, 6)
        (tmp_path / "a.dng").write_bytes(damaged.tobytes())
        assert isinstance(decode(tmp_path / "a.dng", Sized(20)), Photo | Skipped)


def test_without_the_extra_the_message_names_it(tmp_path, monkeypatch):
    monkeypatch.setattr(kinds.importlib.util, "find_spec", lambda name: None)
    kinds.has.cache_clear()
    try:
        for name in ("a.dng", "b.jpg"):
            (tmp_path / name).write_bytes(make_dng(upright()))
            assert decode(tmp_path / name, np.asarray).reason == NEEDS["raw"]
    finally:
        kinds.has.cache_clear()
    assert "pip install 'splicedex[raw]'" in NEEDS["raw"]


@pytest.mark.parametrize(
    ("head", "raw"),
    [
        (b"II*\0\x10\0\0\0CR\x02\0", True),
        (b"\0\0\0\x18ftypcrx \0\0\0\1", True),
        (b"FUJIFILMCCD-RAW 0201", True),
        (b"IIRO\x08\0\0\0", True),
        (b"IIU\0\x08\0\0\0\x18\0\0\0", True),
        (b"II\x1a\0\0\0HEAPCCDR\2\0", True),
        (b"II*\0\x08\0\0\0", False),
        (b"\xff\xd8\xff\xe0", False),
        (b"\0\0\0\x18ftypheic", False),
    ],
)
def test_first_bytes_of_raw_files(head, raw):
    assert starts_raw(head, "") == raw
    assert not starts_raw(b"\xff\xd8\xff\xe0", ".nef")
    assert all(starts_raw(b"MM\0*\0\0\0\x08", suffix) for suffix in RAW)


def test_ordinary_tiffs_are_none(tmp_path):
    upright().save(tmp_path / "a.tif")
    assert not is_raw((tmp_path / "a.tif").read_bytes(), ".tif")
    upright().save(tmp_path / "pages.tif", save_all=True, append_images=[upright()])
    assert not is_raw((tmp_path / "pages.tif").read_bytes(), ".tif")

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from splicedex.indexer.sources.decoding import kinds
from splicedex.indexer.sources.decoding.decode import Photo, Skipped, decode
from splicedex.indexer.sources.decoding.kinds import NEEDS
from splicedex.indexer.sources.decoding.opened import Reading

WIDTH, HEIGHT = 48, 32
RED, BLUE = (200, 30, 40), (20, 60, 210)

pylibjxl = pytest.importorskip("pylibjxl", reason="needs the jxl extra")


def picture():
    image = Image.new("RGB", (WIDTH, HEIGHT), RED)
    image.paste(BLUE, (WIDTH // 2, 0, WIDTH, HEIGHT))
    return image


def write(tmp_path, image, name="photo.jxl", **options):
    content = pylibjxl.encode(np.asarray(image), lossless=True, **options)
    (tmp_path / name).write_bytes(content)
    return tmp_path / name


def check(photo, left, right, within=0):
    assert isinstance(photo, Photo), photo
    assert (photo.width, photo.height) == (WIDTH, HEIGHT)
    row = photo.pixels[HEIGHT // 2].astype(int)
    assert np.abs(row[4] - left).max() <= within, row[4]
    assert np.abs(row[-4] - right).max() <= within, row[-4]


def test_colour_grey_and_transparency(tmp_path):
    check(decode(write(tmp_path, picture()), np.asarray), RED, BLUE)
    grey = picture().convert("L")
    check(decode(write(tmp_path, grey), np.asarray), (82,) * 3, (65,) * 3)
    clear = picture().convert("RGBA")
    clear.paste((0, 0, 0, 0), (0, 0, WIDTH // 2, HEIGHT))
    check(decode(write(tmp_path, clear), np.asarray), (255,) * 3, BLUE)


def test_it_is_known_by_its_content(tmp_path):
    check(decode(write(tmp_path, picture(), "photo.jpg"), np.asarray), RED, BLUE)


def test_the_decoder_turns_it_and_exif_does_not_turn_it_again(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = io.BytesIO()
    picture().transpose(Image.Transpose.ROTATE_90).save(lying, "JPEG", quality=95, exif=exif)
    (tmp_path / "a.jxl").write_bytes(pylibjxl.jpeg_to_jxl(lying.getvalue()))
    check(decode(tmp_path / "a.jxl", np.asarray), RED, BLUE, within=12)
    only_told = write(tmp_path, picture(), exif=exif.tobytes())
    check(decode(only_told, np.asarray), RED, BLUE)


def test_large_photos_are_refused_before_they_are_decoded(tmp_path, monkeypatch):
    file = write(tmp_path, Image.new("RGB", (300, 200)))
    monkeypatch.setattr(pylibjxl, "decode", None)
    refused = decode(file, np.asarray, Reading(most_pixels=59_999))
    assert refused.reason == "60,000 pixels, more than the 59,999 allowed"


def test_broken_files_are_skipped(tmp_path):
    file = write(tmp_path, picture())
    content = file.read_bytes()
    for kept in (2, 10, len(content) // 2, len(content) - 1):
        file.write_bytes(content[:kept])
        assert isinstance(decode(file, np.asarray), Skipped)


def test_without_the_extra_the_message_names_it(tmp_path, monkeypatch):
    file = write(tmp_path, picture())
    monkeypatch.setattr(kinds.importlib.util, "find_spec", lambda name: None)
    kinds.has.cache_clear()
    try:
        assert decode(file, np.asarray).reason == NEEDS["jxl"]
    finally:
        kinds.has.cache_clear()
    assert "pip install 'splicedex[jxl]'" in NEEDS["jxl"]

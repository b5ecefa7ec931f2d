"""Files of 16 bits that use fewer are as bright as they are meant."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from splicedex.indexer.sources.decoding.decode import Photo, decode
from splicedex.indexer.sources.decoding.depth import DEPTHS, depth_of, to_eight_bits


def ramp(brightest, channels=1, shape=(16, 24)):
    """Values from 0 to the brightest."""
    count = shape[0] * shape[1] * channels
    values = np.linspace(0, brightest, count).round().astype(np.uint16)
    return values.reshape(*shape, channels) if channels > 1 else values.reshape(shape)


def png(values):
    """A PNG with 16 bits per channel, as Pillow writes none in colour."""
    height, width = values.shape[:2]
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[values.shape[2] if values.ndim == 3 else 1]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    parts = [
        (b"IHDR", struct.pack(">2I5B", width, height, 16, colour, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in parts
    )


def tiff(values, **options):
    tifffile = pytest.importorskip("tifffile", reason="make setup installs it with scikit-image")
    written = io.BytesIO()
    kind = "rgb" if values.ndim == 3 else "minisblack"
    tifffile.imwrite(written, values, photometric=kind, **options)
    return written.getvalue()


def read(tmp_path, content):
    (tmp_path / "photo").write_bytes(content)
    photo = decode(tmp_path / "photo", np.asarray)
    assert isinstance(photo, Photo), photo
    return photo.pixels


@pytest.mark.parametrize("write", [png, tiff])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("brightest", "depth"),
    [
        (255, 8),
        (1023, 10),
        (900, 10),
        (4095, 12),
        (3000, 12),
        (16383, 14),
        (16384, 16),
        (65535, 16),
    ],
)
def test_the_depth_is_the_least_that_holds_the_brightest(
    tmp_path, write, channels, brightest, depth
):
    values = ramp(brightest, channels)
    expected = to_eight_bits(values, depth)
    if channels == 1:
        expected = np.repeat(expected[..., None], 3, axis=2)
    np.testing.assert_array_equal(read(tmp_path, write(values)), expected)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("rows", [None, 3])
def test_colours_of_tiffs_in_any_order_of_bytes(tmp_path, byteorder, rows):
    values = ramp(4095, 3)
    read_values = read(tmp_path, tiff(values, byteorder=byteorder, rowsperstrip=rows))
    np.testing.assert_array_equal(read_values, to_eight_bits(values, 12))


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate"])
def test_grey_tiffs_that_are_compressed(tmp_path, compression):
    values = ramp(4095)
    written = io.BytesIO()
    Image.fromarray(values).save(written, "TIFF", compression=compression)
    read_values = read(tmp_path, written.getvalue())
    np.testing.assert_array_equal(read_values[..., 0], to_eight_bits(values, 12))


@pytest.mark.parametrize("opaque", [4095, 65535])
def test_transparency_keeps_its_own_depth(tmp_path, opaque):
    values = np.concatenate([ramp(4095, 3), np.full((16, 24, 1), opaque, np.uint16)], axis=2)
    values[:, :5, 3] = 0
    found = read(tmp_path, png(values))
    np.testing.assert_array_equal(found[:, 5:], to_eight_bits(values[:, 5:, :3], 12))
    assert (found[:, :5] == 255).all()


def test_twelve_bits_that_are_packed(tmp_path):
    """A TIFF that states 12 bits keeps them, however dark it is."""
    values = ramp(900, shape=(4, 8))
    packed = bytearray()
    for row in values:
        for a, b in row.reshape(-1, 2).tolist():
            packed += bytes([a >> 4, (a & 15) << 4 | b >> 8, b & 255])
    fields = {256: 8, 257: 4, 258: 12, 259: 1, 262: 1, 273: 122, 277: 1, 278: 4, 279: len(packed)}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, one) for tag, one in fields.items())
    content = b"II*\0" + struct.pack("<IH", 8, len(fields)) + entries + bytes(4)
    np.testing.assert_array_equal(
        read(tmp_path, content + packed)[..., 0], to_eight_bits(values, 12)
    )


def test_a_tiff_may_state_its_greatest_value(tmp_path):
    dark = ramp(900)
    stated = tiff(dark, extratags=[(281, "H", 1, 4095, True)])
    np.testing.assert_array_equal(read(tmp_path, stated)[..., 0], to_eight_bits(dark, 12))
    always = tiff(dark, extratags=[(281, "H", 1, 65535, True)])
    np.testing.assert_array_equal(read(tmp_path, always)[..., 0], to_eight_bits(dark, 10))


def test_black_stays_black(tmp_path):
    assert not read(tmp_path, png(ramp(0))).any()
    assert not read(tmp_path, png(ramp(0, 3))).any()


@given(st.integers(0, 65535))
def test_nothing_is_cut_off_and_nothing_stays_black(brightest):
    depth = depth_of(Image.new("I;16", (1, 1)), brightest)
    assert depth in DEPTHS
    assert brightest < 1 << depth
    white = int(to_eight_bits(np.array([brightest], np.uint16), depth)[0])
    assert white >= brightest >> 8
    assert white >= 63 or depth == 8

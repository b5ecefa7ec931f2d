from __future__ import annotations

import hashlib
import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from splicedex.indexer.sources.decoding import decode as module
from splicedex.indexer.sources.decoding import pillow_photo
from splicedex.indexer.sources.decoding.decode import Photo, Skipped, decode

WIDTH, HEIGHT = 48, 32
RED, BLUE = (200, 30, 40), (20, 60, 210)


def as_is(image: Image.Image) -> np.ndarray:
    assert image.mode == "RGB"
    return np.asarray(image)


def picture() -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (WIDTH, HEIGHT), RED)
    image.paste(BLUE, (WIDTH // 2, 0, WIDTH, HEIGHT))
    return image


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def write(folder: Path, content: bytes, name: str = "photo.jpg") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def check(photo: Photo | Skipped, left: tuple[int, ...], right: tuple[int, ...], within: int = 12):
    assert isinstance(photo, Photo), photo
    assert (photo.width, photo.height) == (WIDTH, HEIGHT)
    assert photo.pixels.shape == (HEIGHT, WIDTH, 3)
    row = photo.pixels[HEIGHT // 2].astype(int)
    assert np.abs(row[4] - left).max() <= within, row[4]
    assert np.abs(row[-4] - right).max() <= within, row[-4]


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"quality": 95}),
        ("JPEG", {"quality": 95, "progressive": True}),
        ("PNG", {}),
        ("WEBP", {"quality": 95}),
        ("WEBP", {"lossless": True}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("BMP", {}),
        ("AVIF", {"quality": 95}),
    ],
)
def test_formats(tmp_path, kind, options):
    content = encoded(picture(), kind, **options)
    photo = decode(write(tmp_path, content), as_is)
    check(photo, RED, BLUE)
    assert photo.sha256 == hashlib.sha256(content).hexdigest()


def test_heic(tmp_path):
    heif = pytest.importorskip("pillow_heif", reason="needs the heic extra")
    heif.register_heif_opener()
    upright = write(tmp_path, encoded(picture(), "HEIF", quality=95))
    check(decode(upright, as_is), RED, BLUE, within=25)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = picture().transpose(Image.Transpose.ROTATE_90)
    lying = write(tmp_path, encoded(turned, "HEIF", quality=95, exif=exif.tobytes()))
    check(decode(lying, as_is), RED, BLUE, within=25)


def test_heic_without_the_extra_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr(pillow_photo, "_formats", lambda: ("JPEG", "PNG"))
    photo = decode(write(tmp_path, struct.pack(">I", 24) + b"ftypheic" + bytes(64)), as_is)
    assert "splicedex[heic]" in photo.reason
    film = decode(write(tmp_path, struct.pack(">I", 24) + b"ftypisom" + bytes(64)), as_is)
    assert film.reason == "not an image in a known format"


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF", "MPO"])
def test_first_frame(tmp_path, kind):
    other = Image.new("RGB", (WIDTH, HEIGHT), (0, 255, 0))
    content = encoded(picture(), kind, save_all=True, append_images=[other])
    check(decode(write(tmp_path, content), as_is), RED, BLUE)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation(tmp_path, kind, orientation):
    turned = picture()
    if orientation in pillow_photo.UPRIGHT:
        undo = {5: 5, 6: 8, 7: 7, 8: 6}.get(orientation, orientation)
        turned = turned.transpose(pillow_photo.UPRIGHT[undo])
    exif = Image.Exif()
    exif[0x0112] = orientation
    check(decode(write(tmp_path, encoded(turned, kind, exif=exif)), as_is), RED, BLUE)


def test_a_photo_with_broken_exif_is_read(tmp_path):
    content = encoded(picture(), "JPEG", quality=95, exif=b"Exif\0\0MM\0*" + b"\xff" * 40)
    check(decode(write(tmp_path, content), as_is), RED, BLUE)


def test_cmyk(tmp_path):
    content = encoded(picture().convert("CMYK"), "JPEG", quality=95)
    check(decode(write(tmp_path, content), as_is), RED, BLUE)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits(tmp_path, kind):
    grey = np.full((HEIGHT, WIDTH), 60 << 8, np.uint16)
    grey[:, WIDTH // 2 :] = 200 << 8
    photo = decode(write(tmp_path, encoded(Image.fromarray(grey), kind)), as_is)
    check(photo, (60,) * 3, (200,) * 3, within=1)


def png(width: int, height: int, depth: int, colour: int, rows: bytes) -> bytes:
    """A PNG file written byte by byte, for variants that Pillow does not write."""
    parts = [
        (b"IHDR", struct.pack(">2I5B", width, height, depth, colour, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in parts
    )


def test_sixteen_bits_of_colour(tmp_path):
    left, right = (struct.pack(">3H", *(value << 8 for value in colour)) for colour in (RED, BLUE))
    row = b"\0" + left * (WIDTH // 2) + right * (WIDTH // 2)
    content = png(WIDTH, HEIGHT, 16, 2, row * HEIGHT)
    check(decode(write(tmp_path, content), as_is), RED, BLUE, within=1)


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_values_without_a_white_point_are_stretched(tmp_path, dtype):
    values = np.full((HEIGHT, WIDTH), 1, dtype)
    values[:, WIDTH // 2 :] = 3
    photo = decode(write(tmp_path, encoded(Image.fromarray(values), "TIFF")), as_is)
    check(photo, (0,) * 3, (255,) * 3, within=0)


def test_not_a_number_in_a_float_image(tmp_path):
    values = np.full((HEIGHT, WIDTH), np.nan, np.float32)
    photo = decode(write(tmp_path, encoded(Image.fromarray(values), "TIFF")), as_is)
    check(photo, (0,) * 3, (0,) * 3, within=0)


def with_alpha(mode: str) -> Image.Image:
    image = picture().convert(mode)
    alpha = Image.new("L", (WIDTH, HEIGHT), 255)
    alpha.paste(0, (WIDTH // 2, 0, WIDTH, HEIGHT))
    image.putalpha(alpha)
    return image


@pytest.mark.parametrize(("mode", "left"), [("RGB", RED), ("L", (82,) * 3)], ids=["colour", "grey"])
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_transparent_becomes_white(tmp_path, mode, left, kind):
    options = {"lossless": True} if kind == "WEBP" else {}
    content = encoded(with_alpha(mode), kind, **options)
    check(decode(write(tmp_path, content), as_is), left, (255,) * 3)


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_palettes(tmp_path, kind):
    palette = picture().quantize(4)
    check(decode(write(tmp_path, encoded(palette, kind)), as_is), RED, BLUE)
    clear = palette.getpixel((WIDTH - 1, 0))
    content = encoded(palette, kind, transparency=clear)
    check(decode(write(tmp_path, content), as_is), RED, (255,) * 3)


@pytest.mark.parametrize("mode", ["L", "1"])
def test_grey(tmp_path, mode):
    image = Image.new(mode, (WIDTH, HEIGHT))
    image.paste(255, (WIDTH // 2, 0, WIDTH, HEIGHT))
    check(decode(write(tmp_path, encoded(image, "PNG")), as_is), (0,) * 3, (255,) * 3)


def test_large_jpegs_are_decoded_at_reduced_size(tmp_path):
    class Towards:
        size = 20
        seen: tuple[int, int]

        def __call__(self, image: Image.Image) -> np.ndarray:
            self.seen = image.size
            return as_is(image.resize((WIDTH, HEIGHT)))

    preprocess = Towards()
    large = picture().resize((10 * HEIGHT, 10 * WIDTH)).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6
    content = encoded(large, "JPEG", exif=exif)
    photo = decode(write(tmp_path, content), preprocess)
    assert (photo.width, photo.height) == (10 * WIDTH, 10 * HEIGHT)
    assert 2 * preprocess.size <= min(preprocess.seen) < 10 * HEIGHT


def test_truncated_files_are_skipped(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    for kind in ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"):
        content = encoded(Image.fromarray(noise), kind)
        for kept in (1, 5, 20, len(content) // 2):
            result = decode(write(tmp_path, content[:kept]), as_is)
            assert isinstance(result, Skipped), (kind, kept)
            assert result.reason
            assert "\n" not in result.reason


def test_damaged_bytes_never_raise(tmp_path):
    random = np.random.default_rng(1)
    for kind in ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"):
        content = np.frombuffer(encoded(picture(), kind), np.uint8)
        for _ in range(30):
            damaged = content.copy()
            damaged[random.integers(0, len(damaged), 8)] = random.integers(0, 256, 8)
            result = decode(write(tmp_path, damaged.tobytes()), as_is)
            assert isinstance(result, Photo | Skipped)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (b"%PDF-1.7 and so on", "not an image but a PDF"),
        (b"<html><body>404</body></html>", "a web page"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image in a known format"),
        (b"just some text", "not an image in a known format"),
    ],
)
def test_other_files_are_refused(tmp_path, content, reason):
    path = write(tmp_path, content)
    result = decode(path, as_is)
    assert isinstance(result, Skipped)
    assert result.path == path
    assert reason in result.reason


def test_decompression_bomb(tmp_path):
    bomb = png(40_000, 40_000, 1, 0, bytes(5001 * 1000))
    assert len(bomb) < 10_000
    result = decode(write(tmp_path, bomb), as_is)
    assert result.reason == "1,600,000,000 pixels, more than the 178,956,970 allowed"
    assert result.remedy == "--max-pixels 1600M allows as many"


def test_files_that_cannot_be_read(tmp_path, monkeypatch):
    assert "No such file" in decode(tmp_path / "vanished.jpg", as_is).reason
    assert "folder" in decode(tmp_path, as_is).reason
    os.mkfifo(tmp_path / "pipe.jpg")
    assert decode(tmp_path / "pipe.jpg", as_is).reason == "not a regular file"
    monkeypatch.setattr(module, "LARGEST", 2)
    assert "larger than" in decode(write(tmp_path, b"123"), as_is).reason

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(module, "LARGEST", 100)
    monkeypatch.setattr(Path, "open", refuse)
    assert decode(tmp_path / "photo.jpg", as_is).reason == "Permission denied"

"""Writes a folder of good and broken images from a seed."""

# ruff: noqa: PTH103, PTH118, PTH120, PTH123, PTH211

from __future__ import annotations

import io
import os
import struct
import zlib
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, features

SUFFIXES = {
    "JPEG": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif", "TIFF": "tiff", "BMP": "bmp",
    **({"AVIF": "avif"} if features.check("avif") else {}),
}  # fmt: skip
MAGIC = {
    "jpg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "png": b"\x89PNG\r\n\x1a\n", "gif": b"GIF89a",
    "webp": b"RIFF\x00\x10\x00\x00WEBPVP8 ", "tiff": b"II*\x00\x08\x00\x00\x00", "bmp": b"BM",
    "avif": b"\x00\x00\x00\x20ftypavif", "heic": b"\x00\x00\x00\x18ftypheic",
}  # fmt: skip
ODD = (
    b"line\nbreak", b"not-utf8-\xff\xfe", b"caf\xe9", b"\xc3\xa9t\xc3\xa9", b"tab\tand\x07bell",
    b"quote'\"`$(x)", b"-dash", b" space ", b"[bold]markup[/red]", b"star*[a]?", b"%41%ff",
    b"back\\slash", "\u202egnp".encode(), "\U0001f415".encode(), b"semi;colon&amp", b"<script>",
    b"a" * 240, "ü".encode() * 120, b"\xff" * 240,
)  # fmt: skip
"""Unusual file names, without suffix."""


@dataclass
class Corpus:
    """Paths as bytes, by expected result."""

    good: set[bytes] = field(default_factory=set)
    bad: set[bytes] = field(default_factory=set)
    either: set[bytes] = field(default_factory=set)
    """Damaged so that a decoder may still read them."""


def make(folder: bytes, seed: int) -> Corpus:
    """Write the corpus into a folder that exists."""
    made = _Maker(folder, np.random.default_rng(seed))
    made.truncated(25)
    made.flipped(20)
    made.noise()
    made.impostors()
    made.bombs()
    made.tiff_chains()
    made.animated()
    made.names()
    made.nothing_to_read()
    return made.corpus


class _Maker:
    def __init__(self, folder: bytes, random: np.random.Generator) -> None:
        self.corpus = Corpus()
        self._folder = folder
        self._random = random

    def _write(self, kind: set[bytes], name: bytes, content: bytes) -> None:
        path = os.path.join(self._folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
        kind.add(path)

    def _image(self) -> Image.Image:
        return Image.fromarray(self._random.integers(0, 256, (48, 64, 3), dtype=np.uint8))

    def _encoded(self, kind: str, **options) -> bytes:
        written = io.BytesIO()
        self._image().save(written, kind, **options)
        return written.getvalue()

    def truncated(self, each: int) -> None:
        """Noise, so that no decoder can restore missing parts."""
        for kind, suffix in SUFFIXES.items():
            for number in range(each):
                content = self._encoded(kind)
                kept = int(self._random.integers(1, 0.9 * len(content)))
                name = f"cut/{number}.{suffix}".encode()
                self._write(self.corpus.bad, name, content[:kept])

    def flipped(self, each: int) -> None:
        for kind, suffix in SUFFIXES.items():
            for number in range(each):
                content = bytearray(self._encoded(kind))
                for _ in range(int(self._random.integers(1, 12))):
                    place = int(self._random.integers(len(content)))
                    content[place] ^= 1 << int(self._random.integers(8))
                self._write(self.corpus.either, f"flip/{number}.{suffix}".encode(), content)

    def noise(self) -> None:
        """The first bytes of a format, followed by noise."""
        for suffix, magic in MAGIC.items():
            for number in range(4):
                content = magic + self._random.bytes(int(self._random.integers(0, 3000)))
                self._write(self.corpus.bad, f"noise/{number}.{suffix}".encode(), content)

    def impostors(self) -> None:
        others = {
            "pdf": b"%PDF-1.7\n%\xe2\xe3\n1 0 obj",
            "zip": b"PK\3\4\x14\0\0\0",
            "mp4": b"\0\0\0 ftypisom",
            "html": b"<!DOCTYPE html><html></html>",
            "text": b"not an image\n",
            "elf": b"\x7fELF\2\1\1",
            "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n",
            "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            "gz": b"\x1f\x8b\x08\0",
            "nul": bytes(5000),
            "ppm": b"P6 2 2 255\n" + bytes(12),
        }
        for name, content in others.items():
            for suffix in ("jpg", "png"):
                self._write(self.corpus.bad, f"other/{name}.{suffix}".encode(), content)
        for kind in SUFFIXES:
            wrong = "png" if kind == "JPEG" else "jpg"
            self._write(self.corpus.good, f"other/{kind}.{wrong}".encode(), self._encoded(kind))

    def bombs(self) -> None:
        sides = [(40_000, 40_000), (2**31 - 1, 2**31 - 1), (2**31 - 1, 1), (0, 0), (0, 5)]
        for width, height in sides:
            header = struct.pack(">2I5B", width, height, 1, 0, 0, 0, 0)
            content = png([(b"IHDR", header), (b"IDAT", zlib.compress(bytes(10**6)))])
            self._write(self.corpus.bad, f"bomb/{width}x{height}.png".encode(), content)
        header = struct.pack(">2I5B", 8, 8, 8, 2, 0, 0, 0)
        text = b"comment\0\0" + zlib.compress(bytes(1 << 28), 9)
        content = png([(b"IHDR", header), (b"zTXt", text), (b"IDAT", zlib.compress(bytes(200)))])
        self._write(self.corpus.bad, b"bomb/text.png", content)
        jpeg = bytearray(self._encoded("JPEG"))
        frame = jpeg.index(b"\xff\xc0")
        jpeg[frame + 5 : frame + 9] = struct.pack(">2H", 65_535, 65_535)
        self._write(self.corpus.bad, b"bomb/huge.jpg", bytes(jpeg))
        gif = bytearray(self._encoded("GIF"))
        gif[6:10] = struct.pack("<2H", 65_535, 65_535)
        self._write(self.corpus.bad, b"bomb/huge.gif", bytes(gif))
        bmp = bytearray(self._encoded("BMP"))
        bmp[18:26] = struct.pack("<2i", 2**31 - 1, 2**31 - 1)
        self._write(self.corpus.bad, b"bomb/huge.bmp", bytes(bmp))
        for side in (30_000, 2**32 - 1):
            content = _resized(self._encoded("TIFF"), side)
            self._write(self.corpus.bad, f"bomb/{side}.tiff".encode(), content)

    def tiff_chains(self) -> None:
        """A chain or a ring of TIFF directories: the first image counts."""
        plain = self._encoded("TIFF")
        start = struct.unpack_from("<I", plain, 4)[0]
        count = struct.unpack_from("<H", plain, start)[0]
        after = start + 2 + 12 * count
        ring = plain[:after] + struct.pack("<I", start) + plain[after + 4 :]
        self._write(self.corpus.good, b"tiff/ring.tiff", ring)
        directory = plain[start:after]
        for depth in (10, 1000, 20_000):
            content = plain[:after] + struct.pack("<I", len(plain)) + plain[after + 4 :]
            size = len(directory) + 4
            links = (len(plain) + (i + 1) * size for i in range(depth))
            chain = b"".join(directory + struct.pack("<I", link) for link in links)
            content += chain[:-4] + bytes(4)
            self._write(self.corpus.good, f"tiff/{depth}.tiff".encode(), content)
        away = plain[:4] + struct.pack("<I", 2**32 - 8) + plain[8:]
        self._write(self.corpus.bad, b"tiff/away.tiff", away)
        self._write(self.corpus.bad, b"tiff/itself.tiff", plain[:4] + bytes(4) + plain[8:])

    def animated(self) -> None:
        for kind in ("GIF", "WEBP", "PNG", "TIFF"):
            frames = [self._image() for _ in range(12)]
            content = self._encoded(kind, save_all=True, append_images=frames)
            name = f"moving/{kind}.{SUFFIXES[kind]}"
            self._write(self.corpus.good, name.encode(), content)
            self._write(
                self.corpus.either, f"moving/cut-{kind}.{SUFFIXES[kind]}".encode(), content[:-2000]
            )

    def names(self) -> None:
        for name in ODD:
            self._write(self.corpus.good, b"names/" + name + b".png", self._encoded("PNG"))
            self._write(self.corpus.bad, b"names/bad" + name + b".png", b"")
        deep = b"/".join([b"deep" * 30] * 20)
        self._write(self.corpus.good, deep + b"/a.png", self._encoded("PNG"))
        self._write(self.corpus.bad, deep + b"/b.png", b"no image")

    def nothing_to_read(self) -> None:
        for suffix in SUFFIXES.values():
            self._write(self.corpus.bad, f"none/empty.{suffix}".encode(), b"")
        links = {b"none/broken.jpg": b"nowhere.jpg", b"none/loop.jpg": b"loop.jpg"}
        for name, target in links.items():
            os.symlink(target, os.path.join(self._folder, name))
            self.corpus.bad.add(os.path.join(self._folder, name))
        pipe = os.path.join(self._folder, b"none/pipe.jpg")
        os.mkfifo(pipe)
        self.corpus.bad.add(pipe)
        self._write(self.corpus.good, b"none/folder.jpg/good.png", self._encoded("PNG"))


def png(chunks: list[tuple[bytes, bytes]]) -> bytes:
    """A PNG with these chunks and correct checksums."""
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in [*chunks, (b"IEND", b"")]
    )


def _resized(tiff: bytes, side: int) -> bytes:
    """A TIFF whose directory states this width and height."""
    changed = bytearray(tiff)
    start = struct.unpack_from("<I", tiff, 4)[0]
    for entry in range(start + 2, start + 2 + 12 * struct.unpack_from("<H", tiff, start)[0], 12):
        if struct.unpack_from("<H", tiff, entry)[0] in (256, 257):
            struct.pack_into("<HII", changed, entry + 2, 4, 1, side)
    return bytes(changed)

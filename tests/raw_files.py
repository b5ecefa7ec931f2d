"""Raw files of cameras, made byte by byte: a DNG with a Bayer sensor and a JPEG preview."""

from __future__ import annotations

import io
import struct

import numpy as np
from PIL import Image

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 10: 8}
"""Bytes of a value, by the type of a TIFF field."""


def make_dng(
    image: Image.Image,
    *,
    orientation: int = 1,
    preview: Image.Image | None = None,
    preview_orientation: int | None = None,
) -> bytes:
    """A DNG file.

    Args:
        image: What the sensor saw, as it lay in the camera.
        orientation: How the camera was held, as in EXIF.
        preview: The preview; none by default.
        preview_orientation: The orientation in the preview's own EXIF data, if it has one.
    """
    bayer = _bayer(np.asarray(image.convert("RGB")))
    height, width = bayer.shape
    jpeg = _jpeg(preview, preview_orientation) if preview else b""
    front: dict[int, tuple[int, list]] = {
        254: (4, [1]),
        271: (2, list(b"Test\0")),
        272: (2, list(b"Bayer\0")),
        274: (3, [orientation]),
        50706: (1, [1, 4, 0, 0]),
        50707: (1, [1, 1, 0, 0]),
        50708: (2, list(b"Test Bayer\0")),
        50721: (10, [(1, 1), (0, 1), (0, 1), (0, 1), (1, 1), (0, 1), (0, 1), (0, 1), (1, 1)]),
        50728: (5, [(1, 1), (1, 1), (1, 1)]),
        50778: (3, [21]),
    }
    if preview:
        front |= {
            256: (4, [preview.width]),
            257: (4, [preview.height]),
            258: (3, [8, 8, 8]),
            259: (3, [7]),
            262: (3, [6]),
            277: (3, [3]),
            278: (4, [preview.height]),
            279: (4, [len(jpeg)]),
        }
    raw = {
        254: (4, [0]),
        256: (4, [width]),
        257: (4, [height]),
        258: (3, [16]),
        259: (3, [1]),
        262: (3, [32803]),
        277: (3, [1]),
        278: (4, [height]),
        279: (4, [bayer.nbytes]),
        33421: (3, [2, 2]),
        33422: (1, [0, 1, 1, 2]),
        50714: (3, [0]),
        50717: (4, [65535]),
    }
    # Offsets do not change lengths: the second pass knows where everything lies.
    at = {"raw": 0, "jpeg": 0, "bayer": 0}
    for _ in range(2):
        front |= {330: (4, [at["raw"]])} | ({273: (4, [at["jpeg"]])} if preview else {})
        raw |= {273: (4, [at["bayer"]])}
        file = b"II*\0" + struct.pack("<I", 8)
        file += _directory(front, len(file))
        at["raw"] = len(file)
        file += _directory(raw, len(file))
        at["jpeg"] = len(file)
        file += jpeg + bytes(-len(jpeg) % 2)
        at["bayer"] = len(file)
        file += bayer.astype("<u2").tobytes()
    return file


def _bayer(pixels: np.ndarray) -> np.ndarray:
    """Linear values (h, w) under an RGGB filter, from pixels (h, w, 3) in sRGB."""
    linear = ((pixels / 255.0) ** 2.2 * 65535).astype(np.uint16)
    bayer = linear[..., 1].copy()
    bayer[::2, ::2] = linear[::2, ::2, 0]
    bayer[1::2, 1::2] = linear[1::2, 1::2, 2]
    return bayer


def _jpeg(image: Image.Image, orientation: int | None) -> bytes:
    written = io.BytesIO()
    exif = Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    image.save(written, "JPEG", quality=95, **({"exif": exif} if orientation else {}))
    return written.getvalue()


def _directory(fields: dict[int, tuple[int, list]], at: int) -> bytes:
    """A TIFF directory with its values behind it."""
    entries, values = b"", b""
    behind = at + 2 + 12 * len(fields) + 4
    for tag, (kind, given) in sorted(fields.items()):
        code = {1: "B", 2: "B", 3: "H", 4: "I", 5: "II", 10: "ii"}[kind]
        packed = b"".join(
            struct.pack("<" + code, *(one if isinstance(one, tuple) else (one,))) for one in given
        )
        assert len(packed) == _SIZES[kind] * len(given)
        if len(packed) > 4:
            place = struct.pack("<I", behind + len(values))
            values += packed + bytes(len(packed) % 2)
        else:
            place = packed.ljust(4, b"\0")
        entries += struct.pack("<HHI", tag, kind, len(given)) + place
    return struct.pack("<H", len(fields)) + entries + bytes(4) + values

"""Tells raw files of cameras by content. Most are TIFF files with a small picture in front."""

from __future__ import annotations

import io
from contextlib import suppress

from PIL.TiffImagePlugin import ImageFileDirectory_v2

from splicedex.indexer.sources.decoding.kinds import RAW

_STARTS = (
    b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FOVb", b"\0MRM",
    b"II\x1a\0\0\0HEAPCCDR",
)  # fmt: skip
"""First bytes of raw files by Fujifilm, Olympus, Panasonic, Sigma, Minolta, Canon (CRW)."""
_TIFF = (b"II*\0", b"MM\0*")
_SUBFILE_TYPE, _PHOTOMETRIC, _SUB_IFDS, _DNG_VERSION = 254, 262, 330, 50706
_SENSOR = (32803, 34892)
"""Photometric interpretations of sensor data: of a colour filter array, and linear."""


def starts_raw(head: bytes, suffix: str) -> bool:
    """Whether the first bytes of a file, and its name, are those of a raw file.

    Args:
        head: The first 12 bytes or more.
        suffix: Suffix of the name, in lower case. It only decides about TIFF files.
    """
    if head.startswith(_STARTS) or head[4:12] == b"ftypcrx ":  # the last: Canon (CR3)
        return True
    return head.startswith(_TIFF) and (suffix in RAW or head[8:10] == b"CR")


def is_raw(content: bytes, suffix: str) -> bool:
    """Whether a file is the raw file of a camera.

    Args:
        content: Bytes of the file.
        suffix: Suffix of its name, in lower case; it may have another.
    """
    if starts_raw(content, suffix):
        return True
    return content.startswith(_TIFF) and _has_sensor_data(content)


def _has_sensor_data(content: bytes) -> bool:
    """Whether the first directory of a TIFF file is that of a raw file."""
    file = io.BytesIO(content)
    with suppress(Exception):  # a broken file is none
        directory = ImageFileDirectory_v2(file.read(8))
        file.seek(directory.next)
        directory.load(file)
        sensor = _DNG_VERSION in directory or directory.get(_PHOTOMETRIC) in _SENSOR
        small = bool(int(directory.get(_SUBFILE_TYPE, 0)) & 1)
        return sensor or (small and _SUB_IFDS in directory)
    return False

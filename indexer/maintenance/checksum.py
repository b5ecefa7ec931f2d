"""A checksum of points that depends neither on their order nor on the engine that holds them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np

from splicedex.indexer.engines.query import Hit

_BYTES = 16
_DIGITS = 12
"""Digits of a payload's numbers that count. An engine that stores numbers as text may change the
last bit."""


@dataclass
class Checksum:
    """The sum of the digests of points, and their number.

    Args:
        points: Number of points added.
        total: Sum of their digests modulo 2^128.
    """

    points: int = 0
    total: int = 0

    def add(self, hit: Hit) -> None:
        """Add a point.

        Args:
            hit: The point, fetched with payload and both vectors.
        """
        self.points += 1
        self.total = (self.total + digest(hit)) % 2 ** (8 * _BYTES)

    def __str__(self) -> str:
        return f"{self.total:0{2 * _BYTES}x}"


def digest(hit: Hit) -> int:
    """Hash id, payload and both vectors of a point to a number of 128 bits.

    Args:
        hit: The point, fetched with payload and both vectors.
    """
    hashed = blake2b(hit.id.encode(), digest_size=_BYTES)
    hashed.update(json.dumps(_plain(hit.payload), sort_keys=True).encode())
    if hit.dense is not None:
        hashed.update(hit.dense.astype("<f4").tobytes())
    if hit.concepts is not None:
        order = np.argsort(hit.concepts.indices)
        hashed.update(hit.concepts.indices[order].astype("<u4").tobytes())
        hashed.update(hit.concepts.values[order].astype("<f4").tobytes())
    return int.from_bytes(hashed.digest(), "little")


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {key: _plain(part) for key, part in value.items() if part is not None}
        case list():
            return [_plain(part) for part in value]
        case float():
            return float(f"{value:.{_DIGITS}g}")
    return value

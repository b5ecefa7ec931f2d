"""What was done to a photo to make a copy of it, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from splicedex.search.curation.copies.symmetry import Symmetry
from splicedex.search.curation.copies.windows import Window

Kind: TypeAlias = Literal[
    "identical", "mirrored", "turned", "cropped", "greyed", "shrunk", "enlarged", "re-encoded",
    "alike",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)
"""Kinds of copies. `alike` are no copies: images that look the same to the model."""
Checked: TypeAlias = Literal["bytes", "pixels", "fingerprints", "embeddings"]
"""What was compared."""

CROPPED = 0.97
"""Share of the area below which a copy counts as cropped. Smaller cuts are those of rounding."""
RESIZED = 1.06
"""Factor of a side from which a copy counts as shrunk or enlarged."""
TURNED = 0.75
"""Degrees from which a copy counts as turned."""
GREY, COLOURED = 1, 3
"""Colourfulness, in grey levels, of a grey photo at most, and of a coloured one at least. JPEG adds
up to 1 to a grey photo."""
_FADED = 4
"""A photo in pale colours loses this much of them at most, when it is shrunk and encoded again."""
_DIVISORS = range(2, 17)
_NEAR = 0.04


@dataclass(frozen=True, slots=True)
class Relation:
    """How an image follows from the one it is a copy of.

    Args:
        kinds: What was done to it; several for a copy that is turned and shrunk, say.
        says: The same in words, with how much: "turned 90° right, shrunk to 1/4".
        checked: What was compared to say so.
    """

    kinds: tuple[Kind, ...]
    says: str
    checked: Checked


IDENTICAL = Relation(("identical",), "identical", "bytes")
ALIKE = Relation(("alike",), "looks alike", "embeddings")


def relation(
    way: Symmetry,
    window: Window,
    angle: float,
    scale: float | None,
    colours: tuple[float, float],
    checked: Checked,
) -> Relation:
    """Say what was done to a photo.

    Args:
        way: How it was turned and mirrored.
        window: What part of it the copy shows.
        angle: Degrees that it was turned by besides, clockwise.
        scale: Sides of the copy, in pixels, by those of the part that it shows; None if unknown.
        colours: Colourfulness of the photo and of the copy; NaN if unknown.
        checked: What was compared.
    """
    said: dict[Kind, str] = {}
    if way.turned:
        said["turned"] = f"turned {'' if way.turned == '180°' else '90° '}{way.turned}"
    if way.reflected:
        said["mirrored"] = f"mirrored {way.reflected}"
    if abs(angle) >= TURNED:
        little = f"{abs(angle):.0f}° {'right' if angle > 0 else 'left'}"
        said["turned"] = f"{said['turned']} and {little}" if way.turned else f"turned {little}"
    if window.area < CROPPED:
        said["cropped"] = f"cropped to {window.area:.0%}"
    if colours[0] >= COLOURED and colours[1] <= min(GREY, colours[0] / _FADED):
        said["greyed"] = "greyed"
    if scale is not None and scale * RESIZED < 1:
        said["shrunk"] = f"shrunk to {_share(scale)}"
    elif scale is not None and scale > RESIZED:
        said["enlarged"] = f"enlarged to {scale:.0%}"
    if not said:
        said["re-encoded"] = "re-encoded"
    return Relation(tuple(said), ", ".join(said.values()), checked)


def _share(scale: float) -> str:
    """1/4 or 62%."""
    near = min(_DIVISORS, key=lambda divisor: abs(divisor * scale - 1))
    return f"1/{near}" if abs(near * scale - 1) < _NEAR else f"{scale:.0%}"

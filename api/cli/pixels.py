"""Numbers of pixels on the command line: `300M`."""

from __future__ import annotations

import re

from splicedex.splice.errors import UserError

MEGA = 1_000_000
_UNITS = {"k": 1_000, "m": MEGA, "mp": MEGA, "g": 1_000 * MEGA, "gp": 1_000 * MEGA}
_NUMBER = re.compile(r"(\d{1,15}(?:\.\d+)?)\s*([a-z]*)", re.ASCII | re.IGNORECASE)


def pixels(given: str, *, unit: int = 1) -> int:
    """Read a number of pixels.

    Args:
        given: The number, with or without a unit: `300M`, `1.5G`.
        unit: What a number without a unit counts, in pixels.

    Raises:
        UserError: It is something else, or 0.
    """
    found = _NUMBER.fullmatch(given.strip())
    counted = _UNITS.get(found[2].lower(), 0 if found[2] else unit) if found else 0
    number = round(float(found[1]) * counted) if found else 0
    if not number:
        raise UserError(
            f"--max-pixels {given} is no number of pixels", "write 300M for 300 million"
        )
    return number

"""Cells of a table: read as a value of a kind, without losing a digit."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from splicedex.indexer.payload.columns import HALF, ColumnKind, text_of
from splicedex.indexer.payload.dates import Moment, read_date

_WHOLE = re.compile(r"-?(?:0|[1-9]\d*)", re.ASCII)  # 007 is text, not a number
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_LOOSE = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_TRUE, _FALSE = {"true"}, {"false"}
_YES, _NO = {"true", "yes", "y", "t", "1"}, {"false", "no", "n", "f", "0"}
_SHORT = 15
"""A number of this length, without an exponent, has no more digits than every float keeps."""
_DIGITS = 20
"""The most digits of an integer of 64 bits."""


@dataclass(frozen=True, slots=True)
class Notation:
    """What the text of a source can mean.

    Args:
        numbers: Text can be a number or a truth value, as in CSV.
        dates: Text can be a date, as in CSV and JSON.
        lists: Text can be a list in JSON, as in CSV.
        comma: Numbers have a decimal comma, as in the CSV of a European spreadsheet.
        loose: The user chose the kind: `yes`, `+5` and `5.0` are read as it, too, and a float may
            be rounded.
    """

    numbers: bool = False
    dates: bool = False
    lists: bool = False
    comma: bool = False
    loose: bool = False


@dataclass(frozen=True, slots=True)
class Odd:
    """A cell that is not what its column was taken for.

    Args:
        row: Its row, from 0.
        value: The cell as people are shown it.
        reason: What it is or is not.
    """

    row: int
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unkept:
    """A cell that no index can hold.

    Args:
        value: The cell as text.
        reason: Why: what it is.
    """

    value: str
    reason: str

    def __str__(self) -> str:
        return self.value


def read(cell: Any, kind: ColumnKind, notation: Notation) -> Any:
    """Read a cell as a value of a kind.

    Args:
        cell: A scalar; not None.
        kind: The kind. `integer` and `unsigned` are the same here.
        notation: What text can mean.

    Returns:
        The value; a date as text.

    Raises:
        ValueError: It is none; the message says what it is or is not.
    """
    return _READERS[kind](cell, notation)


def is_not_finite(cell: Any, notation: Notation) -> bool:
    """Whether a cell is NaN or infinite."""
    if isinstance(cell, float | Decimal):
        return not math.isfinite(cell)
    return bool(
        notation.numbers
        and isinstance(cell, str)
        and len(cell) <= _SHORT
        and _NOT_FINITE.fullmatch(cell.strip())
    )


def told(cell: Any) -> str:
    """A cell as people are shown it."""
    text = repr(cell) if isinstance(cell, str) else text_of(cell)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _bool(cell: Any, notation: Notation) -> bool:
    if isinstance(cell, bool):
        return cell
    if notation.loose or (notation.numbers and isinstance(cell, str)):
        word = str(cell).strip().casefold()
        if word in (_YES if notation.loose else _TRUE):
            return True
        if word in (_NO if notation.loose else _FALSE):
            return False
    raise ValueError("is neither true nor false")


def _integer(cell: Any, notation: Notation) -> int:
    value: Any = cell
    if isinstance(value, str) and (notation.numbers or notation.loose):
        value = _whole(value.strip(), notation)
    if isinstance(value, Decimal | float) and (notation.loose or _is_long(value)):
        if not -2 * HALF < value < 2 * HALF:
            raise ValueError("has more than 64 bits")
        if Decimal(value) % 1 != 0:
            raise ValueError("is not whole")
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("is no integer")
    if not -HALF <= value < 2 * HALF:
        raise ValueError("has more than 64 bits")
    return int(value)


def _whole(text: str, notation: Notation) -> int | Decimal | str:
    """The number that a text is; the text if it is no integer."""
    if _WHOLE.fullmatch(text):
        return int(text) if len(text) <= _DIGITS + 1 else 2 * HALF
    return _decimal(text, notation) if notation.loose else text


def _is_long(cell: Any) -> bool:
    """Whether a number is an integer with so many digits that it was read as a decimal."""
    return isinstance(cell, Decimal) and cell.as_tuple().exponent == 0


def _float(cell: Any, notation: Notation) -> float:
    if isinstance(cell, str) and (notation.numbers or notation.loose):
        text = cell.strip()
        if len(text) <= _SHORT and _NUMBER.fullmatch(text) and "e" not in text.lower():
            return float(text)  # quick: it loses no digit
        cell = _decimal(text, notation)
    if isinstance(cell, bool) or not isinstance(cell, int | float | Decimal):
        raise ValueError("is no number")
    if not notation.loose and (isinstance(cell, int) or _is_long(cell)):
        _integer(cell, notation)  # a longer one is text
    try:
        value = float(cell)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise ValueError("is too large for a float")
    if not isinstance(cell, float) and not notation.loose and not _prints(value, Decimal(cell)):
        raise ValueError("has more digits than a float")
    return value


def _decimal(text: str, notation: Notation) -> Decimal:
    if notation.comma and "." not in text:
        text = text.replace(",", ".")
    if not (_LOOSE if notation.loose else _NUMBER).fullmatch(text):
        raise ValueError("is no number")
    return Decimal(text)


def _prints(value: float, digits: Decimal) -> bool:
    """Whether a float that is printed with as many digits gives these digits."""
    count = len(digits.as_tuple().digits)
    return digits in {Decimal(repr(value)), Decimal(f"{value:.{max(count - 1, 0)}e}")}


def _date(cell: Any, notation: Notation) -> str:
    if isinstance(cell, Moment):
        return cell.text
    if isinstance(cell, str) and (notation.dates or notation.loose):
        found = read_date(cell)
        if found is not None:
            return found.text
    raise ValueError("is no date")


def _text(cell: Any, _: Notation) -> str:
    # A half of a character, which JSON can hold, is no text elsewhere.
    return text_of(cell).encode("utf-8", "backslashreplace").decode()


_READERS: dict[ColumnKind, Callable[[Any, Notation], Any]] = {
    "bool": _bool,
    "integer": _integer,
    "unsigned": _integer,
    "float": _float,
    "date": _date,
    "keyword": _text,
}

"""Dates and times: read from text, compared as microseconds, kept as they were written.

A text stands for a span of time: `2024-03-05` for a day, `10:11:12` on it for a second. It is kept
as ISO 8601 with its digits and its time zone; a time without a zone counts as UTC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

DAY = 86_400_000_000
"""Microseconds."""
_EPOCH = date(1970, 1, 1).toordinal()
_ZONE = r"(?P<zone>[zZ]|UTC|[+-]\d\d(?::?\d\d)?)?"
_DATE = re.compile(
    r"(?P<year>\d{4})(?P<sep>[-:/]?)(?P<month>\d\d)(?P=sep)(?P<day>\d\d)"
    r"(?:(?P<between>[Tt ])(?P<hour>\d\d)(?P<colon>:?)(?P<minute>\d\d)"
    rf"(?:(?P=colon)(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?[ ]?{_ZONE})?",
    re.ASCII,
)
_YEAR_OR_MONTH = re.compile(r"(\d{4})(?:-(\d\d))?", re.ASCII)
_REST = re.compile(r"[-T :]?\*")
"""What stands for the rest of a date: `2024-03-*` means `2024-03`."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A date, or a date with a time.

    Args:
        text: The date in ISO 8601.
        start: Its first microsecond, counted from 1970 in UTC.
        end: The first microsecond after it.
    """

    text: str
    start: int
    end: int

    def __str__(self) -> str:
        return self.text


def read_date(text: str) -> Moment | None:
    """Read a date with or without a time: ISO 8601, or as in EXIF (`2024:03:05 10:11:12`).

    Args:
        text: The text.

    Returns:
        The date; None if the text is not one.
    """
    found = _DATE.fullmatch(text.strip())
    if found is None or (not found["sep"] and found["between"] not in {"T", "t"}):
        return None
    try:
        start = _day(*map(int, found.group("year", "month", "day")))
    except ValueError:  # the 30th of February
        return None
    day = f"{found['year']}-{found['month']}-{found['day']}"
    if found["hour"] is None:
        return Moment(day, start, start + DAY)
    hour, minute, second = (int(found[part] or 0) for part in ("hour", "minute", "second"))
    if hour > 23 or minute > 59 or second > 59:
        return None
    offset = _offset(found["zone"])
    if offset is None:
        return None
    start += 1_000_000 * (3600 * hour + 60 * minute + second) - offset
    fraction = found["fraction"] or ""
    start += int(f"{fraction:0<6}"[:6])
    length = 10 ** max(6 - len(fraction), 0) if found["second"] else 60_000_000
    seconds = f":{found['second']}" if found["second"] else ""
    seconds += f".{fraction}" if fraction else ""
    text = f"{day}T{found['hour']}:{found['minute']}{seconds}{_zone(found['zone'])}"
    return Moment(text, start, start + length)


def read_span(text: str) -> Moment | None:
    """Read a date as a query names it: also a year, a month, or the start of one with `*`.

    Args:
        text: The text.

    Returns:
        The span; None if the text names none.
    """
    text = _REST.sub("", text.strip()) if text.endswith("*") else text.strip()
    found = _YEAR_OR_MONTH.fullmatch(text)
    if found is None:
        return read_date(text)
    year, month = int(found[1]), int(found[2] or 0)
    try:
        start = _day(year, month or 1, 1)
        last = _day(year, 12, 31) if month in {0, 12} else _day(year, month + 1, 1) - DAY
    except ValueError:
        return None
    return Moment(text, start, last + DAY)


def of_microseconds(since: int, *, fraction: str = "", zone: str = "") -> Moment | None:
    """The moment of a clock.

    Args:
        since: Microseconds since 1970, by the clock of the zone.
        fraction: The digits of the second's fraction; by default as many as needed.
        zone: The clock's zone as ISO 8601 writes it: `Z`, `+02:00`, or nothing if unknown.

    Returns:
        The moment; None outside the years 1 to 9999.
    """
    days, rest = divmod(since, DAY)
    try:
        day = date.fromordinal(days + _EPOCH)
    except (ValueError, OverflowError):
        return None
    seconds, micros = divmod(rest, 1_000_000)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    digits = fraction or (f"{micros:06}" if micros else "")
    return read_date(f"{day.isoformat()}T{clock}{f'.{digits}' if digits else ''}{zone}")


def year_and_month(moment: Moment) -> list[int]:
    """The year and the month of a moment in UTC, as the numbers 2024 and 202403."""
    day = date.min + timedelta(days=moment.start // DAY + _EPOCH - 1) if _inside(moment) else None
    return [] if day is None else [day.year, 100 * day.year + day.month]


def _inside(moment: Moment) -> bool:
    """Whether a moment is between the years 1 and 9999 in UTC, too."""
    return 0 < moment.start // DAY + _EPOCH <= date.max.toordinal()


def _day(year: int, month: int, day: int) -> int:
    return (date(year, month, day).toordinal() - _EPOCH) * DAY


def _offset(zone: str | None) -> int | None:
    """Microseconds of a time zone; None if there is no such zone."""
    if zone is None or zone in {"z", "Z", "UTC"}:
        return 0
    hours, minutes = int(zone[1:3]), int(zone[3:].strip(":") or 0)
    if hours > 23 or minutes > 59:
        return None
    return (-1 if zone[0] == "-" else 1) * (60 * hours + minutes) * 60_000_000


def _zone(zone: str | None) -> str:
    if zone is None:
        return ""
    if zone in {"z", "Z", "UTC"}:
        return "Z"
    return f"{zone[:3]}:{zone[3:].strip(':') or '00'}"

"""Reads Parquet as a table. Arrow's own conversion fails for times that Python cannot hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from splicedex.indexer.payload.dates import DAY, of_microseconds, read_date
from splicedex.indexer.sources.tables.cells import Notation, Unkept
from splicedex.indexer.sources.tables.raw_table import RawTable
from splicedex.splice.errors import UserError

KIND = b"splicedex"
"""Where the metadata of a Parquet field say what a column of an index held, in an export."""
_UTC = frozenset({"UTC", "Z"})
_NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_parquet_files(paths: Sequence[Path], source: str) -> RawTable:
    """Read Parquet files as one table. A column that a file lacks has no values there.

    Args:
        paths: The files, in order.
        source: Name of the table, for messages.

    Raises:
        UserError: pyarrow is missing, or a file is unreadable.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise UserError(
            "reading Parquet needs pyarrow", "run `pip install 'splicedex[parquet]'`"
        ) from error
    columns: dict[str, list[Any]] = {}
    rows = 0
    for path in paths:
        try:
            table = parquet.ParquetFile(path).read()
        except FileNotFoundError as error:
            raise UserError(f"{path} does not exist", "check the path") from error
        except (OSError, pyarrow.ArrowException) as error:
            raise UserError(f"{path}: unreadable Parquet ({error})", "write it again") from error
        twice = [name for name, count in Counter(table.column_names).items() if count > 1]
        if twice:
            raise UserError(f"{path} has two columns of one name, {twice[0]!r}", "rename one")
        for name in table.column_names:
            cells = columns.setdefault(name, [None] * rows)
            is_date = (table.field(name).metadata or {}).get(KIND) == b"date"
            read = _dates if is_date else _cells
            try:
                cells += [cell for chunk in table.column(name).chunks for cell in read(chunk)]
            except (ValueError, OverflowError, pyarrow.ArrowException) as error:
                raise UserError(
                    f"{path}: column {name!r} cannot be read ({error})", "leave it out"
                ) from error
        rows += table.num_rows
        for cells in columns.values():
            cells += [None] * (rows - len(cells))
    return RawTable(source, columns, Notation())


def read_arrow(table: Any, source: str) -> RawTable:
    """Read a table of Arrow in memory, such as a data frame. Text in it can be a date.

    Args:
        table: The table.
        source: What messages call it.

    Raises:
        UserError: Two columns have one name, or a column cannot be read.
    """
    import pyarrow

    columns: dict[str, list[Any]] = {}
    for name in table.column_names:
        if name in columns:
            raise UserError(f"{source} has two columns of one name, {name!r}", "rename one")
        try:
            columns[name] = [cell for chunk in table.column(name).chunks for cell in _cells(chunk)]
        except (ValueError, OverflowError, pyarrow.ArrowException) as error:
            raise UserError(
                f"{source}: column {name!r} cannot be read ({error})", "leave it out"
            ) from error
    return RawTable(source, columns, Notation(dates=True))


def _dates(array: Any) -> list[Any]:
    """The values of an array of dates that are text, because their time zones differ."""
    return [_as_dates(cell) for cell in _cells(array)]


def _as_dates(cell: Any) -> Any:
    if isinstance(cell, list):
        return [_as_dates(one) for one in cell]
    return (read_date(cell) or cell) if isinstance(cell, str) else cell


def _cells(array: Any) -> list[Any]:
    """The values of an Arrow array, as `typed_column` takes them."""
    from pyarrow import types

    kind = array.type
    if isinstance(kind, _extension()):
        return _cells(array.storage)
    if types.is_dictionary(kind):
        return _cells(array.dictionary_decode())
    if types.is_timestamp(kind):
        return _counted(array, _clock(kind.unit, kind.tz))
    if types.is_date(kind):
        return _counted(array, _day if types.is_date32(kind) else _day_of_milliseconds)
    if types.is_time(kind):
        return _counted(array, _time_of_day(kind.unit))
    if types.is_duration(kind):
        return _counted(array, lambda count: Unkept(f"{count} {kind.unit}", "is a duration"))
    if types.is_struct(kind):
        fields = [(one.name, _cells(part)) for one, part in zip(kind, array.flatten(), strict=True)]
        there = array.is_valid().to_pylist()
        return [
            {name: cells[row] for name, cells in fields} if valid else None
            for row, valid in enumerate(there)
        ]
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return _lists(array)
    if types.is_map(kind):
        return [None if cell is None else dict(cell) for cell in _lists(array)]
    if types.is_interval(kind):
        return [None if cell is None else Unkept(str(cell), "is an interval") for cell in array]
    return list(array.to_pylist())


def _extension() -> type[Any]:
    import pyarrow

    base: type[Any] = pyarrow.BaseExtensionType
    return base


def _lists(array: Any) -> list[Any]:
    """Lists; a map is a list of pairs of key and value."""
    from pyarrow import types

    found: list[Any] = []
    for scalar in array:
        values = scalar.values if scalar.is_valid else None
        if values is None:
            found.append(None)
        elif types.is_map(array.type):
            keys, items = _cells(values.field(0)), _cells(values.field(1))
            found.append(list(zip(map(str, keys), items, strict=True)))
        else:
            found.append(_cells(values))
    return found


def _counted(array: Any, value: Callable[[int], Any]) -> list[Any]:
    """Values that are stored as a number since some start."""
    width = "int32" if array.type.bit_width == 32 else "int64"
    return [None if count is None else value(count) for count in array.view(width).to_pylist()]


def _clock(unit: str, zone: str | None) -> Callable[[int], Any]:
    """From the count of a timestamp to a moment."""
    step, where = _NANOSECONDS[unit], None if zone is None else _zone(zone)

    def moment(count: int) -> Any:
        since, nanos = divmod(count * step, 1000)
        minutes = 0 if where is None else _ahead(where, since)
        fraction = f"{since % 1_000_000:06}{nanos:03}" if nanos else ""
        suffix = "" if zone is None else "Z" if zone in _UTC else _offset(minutes)
        found = of_microseconds(since + minutes * 60_000_000, fraction=fraction, zone=suffix)
        return found or Unkept(f"{count} {unit}", "is a time outside the years 1 to 9999")

    return moment


def _ahead(zone: tzinfo, since: int) -> int:
    """Minutes that a time zone is ahead of UTC at a time."""
    try:
        ahead = (_EPOCH + timedelta(microseconds=since)).astimezone(zone).utcoffset()
    except OverflowError:
        return 0
    return round((ahead or timedelta()).total_seconds() / 60)


def _offset(minutes: int) -> str:
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _zone(name: str) -> tzinfo:
    """The time zone that Arrow names: `UTC`, `+02:00`, or `Europe/Berlin`."""
    if name in _UTC:
        return UTC
    if name[0] in "+-":
        hours, minutes = int(name[1:3]), int(name[3:].strip(":") or 0)
        shift = timedelta(hours=hours, minutes=minutes)
        return timezone(-shift if name[0] == "-" else shift)
    try:
        return ZoneInfo(name)
    except (OSError, ValueError) as error:  # this system does not know it
        raise ValueError(f"unknown time zone {name}") from error


def _day(count: int) -> Any:
    midnight = of_microseconds(count * DAY)
    if midnight is None:
        return Unkept(f"{count} days", "is a date outside the years 1 to 9999")
    return read_date(midnight.text.partition("T")[0])


def _day_of_milliseconds(count: int) -> Any:
    return _day(count // 86_400_000)


def _time_of_day(unit: str) -> Callable[[int], str]:
    """From the count of a time of day to its text."""
    step = _NANOSECONDS[unit]

    def clock(count: int) -> str:
        seconds, nanos = divmod(count * step, 10**9)
        text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        return f"{text}.{nanos:09}".rstrip("0") if nanos else text

    return clock

"""Results as tables, whatever they hold: plain values, pandas, polars, Arrow, HTML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from splicedex.api.python.tables.optional import need

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

SHOWN = 5
"""Fields that a `repr` shows."""
_LONG = 40


class Table:
    """A result that is a table too. Iterating and indexing give its rows, as objects.

    `to_dict` gives the whole result and `to_list` its rows, as plain values with the names that
    `--json` has. In data frames, an interval is three columns: `share`, `share_low`, `share_high`;
    a pair is two: `images_first`, `images_second`.
    """

    __slots__ = ()
    ROWS: ClassVar[str] = ""
    """The field with the rows; empty if the result is one row itself."""
    PAIRS: ClassVar[frozenset[str]] = frozenset()
    """Fields of rows that hold a value for each of two sets."""

    @property
    def rows(self) -> Sequence[Any]:
        """The rows, as objects."""
        return getattr(self, self.ROWS) if self.ROWS else (self,)

    def __len__(self) -> int:
        return len(self.rows)

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Any]:
        return iter(self.rows)

    def __getitem__(self, row: Any) -> Any:
        return self.rows[row]

    def to_dict(self) -> dict[str, Any]:
        """The whole result as plain values, as `--json` prints it."""
        return {field.name: plain(getattr(self, field.name)) for field in fields(self)}  # type: ignore[arg-type]

    def to_list(self) -> list[dict[str, Any]]:
        """The rows as plain values, as `--json` has them."""
        return [self.to_dict()] if not self.ROWS else [plain(row) for row in self.rows]

    def records(self) -> list[dict[str, Any]]:
        """The rows as data frames have them: one value in a cell, where that is possible."""
        return [self._flat(row) for row in self.to_list()]

    def to_pandas(self) -> pandas.DataFrame:
        """The rows as a data frame of pandas.

        Raises:
            UserError: pandas is not installed.
        """
        frame: pandas.DataFrame = need("pandas", "to_pandas").DataFrame(self.records())
        return frame

    def to_arrow(self) -> pyarrow.Table:
        """The rows as a table of Arrow.

        Raises:
            UserError: pyarrow is not installed.
        """
        pyarrow = need("pyarrow", "to_arrow")
        from splicedex.search.curation.output.arrow import arrow_column

        records = self.records()
        names = dict.fromkeys(name for row in records for name in row)
        kinds = self._kinds()
        return pyarrow.table(
            {
                name: arrow_column([row.get(name) for row in records], kinds.get(name))
                for name in names
            }
        )

    def to_polars(self) -> polars.DataFrame:
        """The rows as a data frame of polars.

        Raises:
            UserError: polars or pyarrow is not installed.
        """
        frame: polars.DataFrame = need("polars", "to_polars").from_arrow(self.to_arrow())
        return frame

    def __repr__(self) -> str:
        named = (
            (field.name, getattr(self, field.name))
            for field in fields(self)  # type: ignore[arg-type]
            if field.repr and field.name != self.ROWS
        )
        told = [f"{name}={_short(value)}" for name, value in named if is_scalar(value)][:SHOWN]
        if self.ROWS:
            told.append(f"{len(self)} {self.ROWS}")
        return f"<{type(self).__name__}: {', '.join(told)}>"

    def _repr_html_(self) -> str:
        """The rows for notebooks: static HTML."""
        from splicedex.api.python.tables.html import table_html

        return table_html(self.records(), repr(self))

    def _kinds(self) -> Mapping[str, Any]:
        """What columns of the user hold, for Arrow."""
        return {}

    def _flat(self, row: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in row.items():
            if name in self.PAIRS:
                for side, one in zip(("first", "second"), value, strict=True):
                    _put(found, f"{name}_{side}", one)
            else:
                _put(found, name, value)
        return found


def plain(value: Any) -> Any:
    """A value without dataclasses and tuples, as JSON has it."""
    if isinstance(value, Table):
        return value.to_dict()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return str(value) if isinstance(value, str) else value


def is_scalar(value: Any) -> bool:
    """Whether a value is one text, number or truth value."""
    return isinstance(value, str | bool | int | float)


def _put(found: dict[str, Any], name: str, value: Any) -> None:
    if isinstance(value, dict) and value.keys() == {"value", "low", "high"}:
        found |= {name: value["value"], f"{name}_low": value["low"], f"{name}_high": value["high"]}
    else:
        found[name] = value


def _short(value: Any) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else repr(value)
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"

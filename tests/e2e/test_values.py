"""Values keep their type and their digits from every table to every export.

Tables of random types and names are written as CSV, JSON Lines or Parquet, and indexed. Each value
is searched by equality and finds its rows; exports in every format are read back.
"""

from __future__ import annotations

import csv
import json
import math
import shutil
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from qdrant_client import QdrantClient

from splicedex.indexer.engines.base import Engine
from splicedex.indexer.engines.edge.engine import EdgeEngine
from splicedex.indexer.engines.server.connection import Connection
from splicedex.indexer.engines.server.engine import ServerEngine
from splicedex.indexer.payload.columns import KINDS, name_of
from splicedex.indexer.payload.dates import Moment, read_date
from splicedex.indexer.pipeline.build import build
from splicedex.indexer.sources.embeddings import ArraySource
from splicedex.indexer.sources.tables.table import Kinds, Table, read_table
from splicedex.indexer.store.index import Index
from splicedex.indexer.store.local_files import LocalFiles
from splicedex.indexer.store.manifest import Manifest
from splicedex.indexer.store.state import write_files
from splicedex.search.curation.export import export
from splicedex.search.results import Options
from splicedex.search.searcher import Searcher
from splicedex.splice.align import unit
from splicedex.splice.dictionary.lexicon import Lexicon
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.dictionary.word_frequency import bundled_frequency
from splicedex.splice.errors import UserError

pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
]
MOST_ROWS = 6
WORDS = ["dog", "cat", "hot dog", "beach", "snow", "car"]
SPACE = ConceptSpace(tuple(WORDS), np.eye(6, 8, dtype=np.float32), np.full(8, 0.01, np.float32))
ROWS = unit(np.random.default_rng(3).random((MOST_ROWS, 8)).astype(np.float32) + 0.1)
MANIFEST = Manifest("made up", None, "words", SPACE.fingerprint, "its own", 6, 8, 0.25, None)
INDEXES = 40
"""Indexes that share an engine: it keeps the payload indexes of all."""
IN_QUERY = 1_000
"""The longest value that fits into a query."""

small = st.integers(-3, 3)
signed = small | st.integers(-(2**63), 2**63 - 1) | st.integers(2**60, 2**60 + 5)
unsigned = st.integers(0, 2**64 - 1) | st.integers(2**63 - 2, 2**63 + 2)
larger = st.integers(-(2**90), 2**90)
floats = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.1, -0.0, 1e-7, 1e22])
not_finite = st.sampled_from([math.nan, math.inf, -math.inf])
characters = st.characters(exclude_categories=["Cs"])
texts = st.text(characters, max_size=8) | st.sampled_from(
    ["n/a", "x*y", "007", "1,5", "a;b", "a\tb", 'say "x"', "a\\b", "line\nbreak", "a\rb", " x ",
     "true", "2024-03-05", "nan", "[1]", "北京", "NOT", "x:y", "-x", "(", "text:"]
)  # fmt: skip
zones = st.sampled_from([None, UTC, timezone(timedelta(hours=2)), timezone(timedelta(hours=-9.5))])
times = st.datetimes(timezones=zones, min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1))
days = st.dates()
decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=-1000, max_value=1000)
scalars = (
    signed, unsigned, larger, signed | unsigned, floats, floats | not_finite, signed | floats,
    st.booleans(), times, days, times | days, texts, decimals, signed | texts,
    st.just("n/a") | small, st.booleans() | small,
)  # fmt: skip
lists = st.one_of([st.lists(one, max_size=3) for one in (signed, floats, texts, st.booleans())])
structs = st.recursive(
    signed | floats | texts | st.none(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
names = st.text(characters, min_size=1, max_size=6) | st.sampled_from(
    ["taken", "Finding Labels", "a.b", "größe", "AND", "text", "like", "x-y", "_", "sep"]
)


@st.composite
def columns(draw: Any) -> dict[str, list[Any]]:
    """A table of random cells; at least one row, and at least one column."""
    rows = draw(st.integers(1, MOST_ROWS))
    found = {"file": [f"{row}.jpg" for row in range(rows)]}
    for name in draw(st.lists(names, min_size=1, max_size=3, unique=True)):
        cell = draw(st.sampled_from([*scalars, lists, structs]))
        column = st.lists(st.none() | cell, min_size=rows, max_size=rows)
        found.setdefault(name, draw(column))
    return found


def plain(cell: Any) -> Any:
    """A cell as JSON has it."""
    match cell:
        case datetime() | date():
            return cell.isoformat()
        case Decimal():
            return float(cell) if Decimal(repr(float(cell))) == cell else str(cell)
        case list():
            return [plain(one) for one in cell]
        case dict():
            return {name: plain(one) for name, one in cell.items()}
    return cell


def write(table: dict[str, list[Any]], folder: Path, suffix: str) -> Path:
    """Write a table in a format."""
    path = folder / f"table.{suffix}"
    rows = [dict(zip(table, cells, strict=True)) for cells in zip(*table.values(), strict=True)]
    if suffix == "parquet":
        pyarrow = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        arrays = {}
        for name, cells in table.items():
            try:
                arrays[name] = pyarrow.array(cells)
            except (pyarrow.ArrowException, OverflowError, TypeError, ValueError):
                arrays[name] = pyarrow.array([None if c is None else str(c) for c in cells])
        try:
            parquet.write_table(pyarrow.table(arrays), path)
        except pyarrow.ArrowException:  # an empty struct
            return write(table, folder, "jsonl")
    elif suffix == "jsonl":
        lines = (json.dumps({k: plain(v) for k, v in row.items()}) for row in rows)
        path.write_text("\n".join(lines), "utf-8")
    else:
        separator = {"csv": ",", "tsv": "\t", "txt": ";"}[suffix]
        with path.open("w", newline="", encoding="utf-8") as file:
            lines = csv.writer(file, delimiter=separator, lineterminator="\r\n")
            lines.writerow(table)
            lines.writerows([as_csv(row[name]) for name in table] for row in rows)
    return path


def as_csv(cell: Any) -> Any:
    if isinstance(cell, list | dict):
        return json.dumps(plain(cell))
    return plain(cell)


class Indexes:
    """Makes indexes of tables quickly: an engine is used for several, one after the other.

    Args:
        kind: "edge", or "memory" for a client's memory.
        folder: An empty folder.
    """

    def __init__(self, kind: str, folder: Path) -> None:
        self._kind = kind
        self._folder = folder
        self._made = 0
        self._engine: Engine | None = None
        (folder / "files").mkdir()
        write_files(folder / "files", MANIFEST, SPACE, Lexicon.of_space(SPACE, bundled_frequency()))

    @contextmanager
    def of(self, table: Table, folder: Path) -> Iterator[Searcher]:
        """An index of a table, with its files in a folder."""
        engine = self._empty_engine()
        shutil.copytree(self._folder / "files", folder / "index")
        index = Index(LocalFiles(folder / "index"), MANIFEST, engine)
        build(index, ArraySource([ROWS[: len(table)]], table, dim=8))
        yield Searcher(index)

    def _empty_engine(self) -> Engine:
        if self._engine is not None and self._made % INDEXES:
            self._engine.delete([hit.id for hit in self._engine.scroll()])
        else:
            self.close()
            name = f"points-{self._made}"
            if self._kind == "edge":
                self._engine = EdgeEngine.create(self._folder / name, 8)
            else:
                connection = Connection(QdrantClient(":memory:"))
                self._engine = ServerEngine.create(connection, "photos", 8)
        self._made += 1
        return self._engine

    def close(self) -> None:
        if self._engine is not None:
            self._engine.close()


@pytest.fixture(scope="module", params=["edge", "memory"])
def indexes(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Indexes]:
    made = Indexes(request.param, tmp_path_factory.mktemp(request.param))
    yield made
    made.close()


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def asked(value: Any) -> str:
    """A value as a user types it."""
    return quoted(str(value).lower() if isinstance(value, bool) else str(value))


def same(one: Any, other: Any, kind: str | None) -> bool:
    """Whether two values of a column are equal, for a search by equality."""
    if kind == "date":
        first, second = read_date(one), read_date(other)
        assert isinstance(first, Moment)
        assert isinstance(second, Moment)
        return first.start == second.start
    return type(one) is type(other) and bool(one == other)


def check_search(searcher: Searcher, table: Table) -> None:
    """Every value finds the rows that have it, and no other."""
    for name, column in table.columns.items():
        if column.kind is None:
            continue
        held = [value if isinstance(value, list) else [value] for value in column.values]
        for value in (one for row in held for one in row if one is not None):
            if len(str(value)) > IN_QUERY:
                continue
            expected = {
                table.paths[row]
                for row, values in enumerate(held)
                if any(one is not None and same(value, one, column.kind) for one in values)
            }
            query = f"{name}={asked(value)}"
            found = searcher.search(query, Options(limit=MOST_ROWS)).hits
            assert {hit.path for hit in found} == expected, query
            if column.kind not in {"keyword", "bool"}:
                reaching = searcher.search(
                    f"{name}>={asked(value)} {name}<={asked(value)}", Options(limit=MOST_ROWS)
                )
                assert expected <= {hit.path for hit in reaching.hits}


def check_export(searcher: Searcher, table: Table, folder: Path, suffix: str) -> None:
    """An export that is read back has the same columns with the same values."""
    to = folder / f"out.{suffix}"
    export(searcher, "", to)
    kinds = {name: KINDS[name_of(one.kind)] for name, one in table.columns.items() if one.kind}
    present = {n for n, c in table.columns.items() if any(v is not None for v in c.values)}
    with warnings.catch_warnings(action="ignore"):
        back = read_table(to, Kinds({name: kinds[name] for name in kinds if name in present}))
    assert sorted(back.paths) == sorted(table.paths)
    order = [back.paths.index(path) for path in table.paths]
    for name in present:
        column = table.columns[name]
        again = [back.columns[name].values[row] for row in order]
        if column.kind is None or (suffix == "csv" and looks_like_lists(column.values)):
            continue
        assert name_of(back.columns[name].kind) == name_of(column.kind)
        for value, other in zip(column.values, again, strict=True):
            if suffix == "csv" and value == "":
                assert other is None  # CSV has no empty text
            elif suffix != "jsonl" and any(isinstance(one, list) for one in column.values):
                assert (value if isinstance(value, list) else [value]) == other or value is other
            else:
                assert type(value) is type(other)
                assert value == other


def looks_like_lists(values: Sequence[Any]) -> bool:
    """Whether all texts of a column are lists in CSV."""
    return all(
        value is None or (isinstance(value, str) and value[:1] in {"", "["}) for value in values
    )


def check_labels(searcher: Searcher, table: Table, folder: Path) -> None:
    """FiftyOne's labels are the values as text."""
    for name, column in table.columns.items():
        if column.kind is None:
            continue
        to = folder / "labels.json"
        export(searcher, "", to, "fiftyone", name, overwrite=True)
        labels = json.loads(to.read_text("utf-8"))["labels"]
        for path, value in zip(table.paths, column.values, strict=True):
            shown = str(value).lower() if isinstance(value, bool) else str(value)
            [label] = [one["label"] for file, one in labels.items() if Path(file).name == path]
            assert label == ("" if value is None else shown)


def check(table: dict[str, list[Any]], suffix: str, indexes: Indexes) -> None:
    """A table keeps its values through index, search and exports, or is refused in one line."""
    with TemporaryDirectory() as scratch, warnings.catch_warnings(action="ignore"):
        folder = Path(scratch)
        path = write(table, folder, suffix)
        try:
            read = read_table(path)
        except UserError as error:
            # Names that become equal, or none of which is left.
            assert str(path) in str(error)
            return
        check_reading(table, read, path.suffix)
        with indexes.of(read, folder) as searcher:
            check_search(searcher, read)
            for written in ("csv", "jsonl", "parquet"):
                check_export(searcher, read, folder, written)
            check_labels(searcher, read, folder)


def check_reading(table: dict[str, list[Any]], read: Table, suffix: str) -> None:
    """Numbers and truth values are read as what they are."""
    written = [cells for name, cells in table.items() if name != "file"]
    for cells, column in zip(written, read.columns.values(), strict=False):
        if len(written) != len(read.columns):
            return
        filled = [cell for cell in cells if cell is not None]
        if not filled or suffix == ".parquet":
            continue
        if all(isinstance(cell, bool) for cell in filled):
            assert (column.kind, list(column.values)) == ("bool", cells)
        elif all(type(cell) is int for cell in filled):
            low, high = min(filled), max(filled)
            fits = low >= -(2**63) and high < 2**63
            kind = "integer" if fits else "unsigned" if low >= 0 and high < 2**64 else "keyword"
            as_text = [None if cell is None else str(cell) for cell in cells]
            assert column.kind == kind
            assert list(column.values) == (as_text if kind == "keyword" else cells)
        elif all(isinstance(cell, float) and math.isfinite(cell) for cell in filled):
            assert column.kind == "float"
            with suppress(TypeError):
                assert list(column.values) == cells
        elif all(isinstance(cell, datetime) for cell in filled):
            assert column.kind == "date"
            assert [v and datetime.fromisoformat(v) for v in column.values] == cells


SUFFIXES = st.sampled_from(["csv", "tsv", "txt", "jsonl", "parquet"])
LISTS_AND_OTHERS = {"file": ["0.jpg", "1.jpg", "2.jpg"], "x": [None, [], 0], "0": [None] * 3}
A_COMMON_WORD = {"file": ["0.jpg", "1.jpg"], "0": [None, None], "I": [None, 0]}


@settings(max_examples=50, deadline=None)
@example(LISTS_AND_OTHERS, "jsonl")
@example(A_COMMON_WORD, "csv")
@given(table=columns(), suffix=SUFFIXES)
def test_tables_keep_their_values(
    indexes: Indexes, table: dict[str, list[Any]], suffix: str
) -> None:
    check(table, suffix, indexes)


@pytest.mark.slow
@settings(max_examples=1000, deadline=None)
@given(table=columns(), suffix=SUFFIXES)
def test_very_many_tables_keep_their_values(
    indexes: Indexes, table: dict[str, list[Any]], suffix: str
) -> None:
    check(table, suffix, indexes)

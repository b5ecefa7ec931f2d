import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splicedex.indexer.sources.tables.cells import Notation, Unkept
from splicedex.indexer.sources.tables.typed_column import MisfitError, as_kind, typed_column

CSV = Notation(numbers=True, dates=True, lists=True)
JSON = Notation(dates=True)


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (["1", "-5", None], "integer", [1, -5, None]),
        (["1234567890123456781"], "integer", [1234567890123456781]),
        (["9223372036854775807", "-9223372036854775808"], "integer", [2**63 - 1, -(2**63)]),
        (["18446744073709551615", "0"], "unsigned", [2**64 - 1, 0]),
        (["18446744073709551616"], "keyword", ["18446744073709551616"]),
        (["-1", "18446744073709551615"], "keyword", ["-1", "18446744073709551615"]),
        (["-1", "9223372036854775808"], "keyword", ["-1", "9223372036854775808"]),
        (["007", "12"], "keyword", ["007", "12"]),
        (["0.5", "2"], "float", [0.5, 2.0]),
        (["9007199254740993", "0.5"], "keyword", ["9007199254740993", "0.5"]),
        (["0.10000000000000000555"], "float", [0.1]),
        (["0.12345678901234567891"], "keyword", ["0.12345678901234567891"]),
        (["1e400", "1"], "keyword", ["1e400", "1"]),
        (["1e22", "-2.5E-3"], "float", [1e22, -0.0025]),
        (["true", "FALSE", "True"], "bool", [True, False, True]),
        (["yes", "no"], "keyword", ["yes", "no"]),
        (["1", "nan", "3"], "integer", [1, None, 3]),
        (["0.5", "-inf", "Infinity"], "float", [0.5, None, None]),
        (["nan", "inf"], "keyword", ["nan", "inf"]),
        (["2024:03:05 10:11:12"], "date", ["2024-03-05T10:11:12"]),
        (["2024-03-05T10:11+02:00"], "date", ["2024-03-05T10:11+02:00"]),
        (["[1, 2]", "[]", None], "integer", [[1, 2], [], None]),
        (["[18446744073709551615]"], "unsigned", [[2**64 - 1]]),
        (["[true, null]"], "bool", [[True, None]]),
        (["[1", "[2]"], "keyword", ["[1", "[2]"]),
        ([None, None], None, [None, None]),
    ],
)  # fmt: skip
def test_cells_of_csv(cells, kind, values):
    column = typed_column(cells, CSV)
    assert (column.kind, list(column.values)) == (kind, values)
    assert list(map(type, column.values)) == list(map(type, values))


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (["1", "2"], "keyword", ["1", "2"]),
        ([1, 2.5], "float", [1.0, 2.5]),
        ([2**53 + 1, 2.5], "keyword", ["9007199254740993", "2.5"]),
        ([True, 1], "keyword", ["true", "1"]),
        ([1, "n/a"], "keyword", ["1", "n/a"]),
        ([2**64], "keyword", ["18446744073709551616"]),
        ([Decimal("19.99")], "float", [19.99]),
        ([Decimal("5")], "integer", [5]),
        ([Decimal("12345678901234567890.12")], "keyword", ["12345678901234567890.12"]),
        ([math.nan, math.inf, 1.5], "float", [None, None, 1.5]),
        ([b"word", b""], "keyword", ["word", ""]),
        (["half \ud800"], "keyword", ["half \\ud800"]),
        ([{"a": [1, 2**64, math.nan, Decimal("0.5")]}], None, [{"a": [1, str(2**64), None, 0.5]}]),
        ([[[1]], 5], None, [[[1]], 5]),
        ([[1, None], 2], "integer", [[1, None], 2]),
        ([["a" * 200]], None, [["a" * 200]]),
    ],
)
def test_cells_with_types(cells, kind, values):
    column = typed_column(cells, JSON)
    assert (column.kind, list(column.values)) == (kind, values)


def test_what_is_left_out_is_told():
    column = typed_column([b"\xff\xd8", 1.5, math.inf, Unkept("3 s", "is a duration")], JSON)
    assert list(column.values) == [None, 1.5, None, None]
    assert [(odd.row, odd.value, odd.reason) for odd in column.odd] == [
        (0, "2 bytes", "is not text: left out"),
        (2, "inf", "is not finite: left out"),
        (3, "3 s", "is a duration: left out"),
    ]


def test_bytes_are_text_if_all_of_them_are():
    assert typed_column([b"a", b"", "b"], JSON).kind == "keyword"
    left_out = typed_column([b"a", [b"\xff"], None], JSON)
    assert (left_out.kind, list(left_out.values)) == (None, [None, [None], None])
    assert left_out.odd_count == 2


def test_a_text_among_numbers_is_told():
    column = typed_column(["1", "n/a", "3", *["?"] * 5, *"123456789"], CSV)
    assert column.kind == "keyword"
    assert column.note == "11 of 17 are integers"
    assert [(odd.row, odd.value) for odd in column.odd] == [(1, "'n/a'"), (3, "'?'"), (4, "'?'")]
    assert column.odd_count == 6
    assert typed_column(["1", "a", "b"], CSV).note == ""


@pytest.mark.parametrize(
    ("cells", "asked", "values"),
    [
        (["1", "n/a", "2.5"], "float", [1.0, None, 2.5]),
        (["+5", "5.0", "x"], "integer", [5, 5, None]),
        (["18446744073709551615", "0"], "integer", [2**64 - 1, 0]),
        (["yes", "0", "maybe"], "bool", [True, False, None]),
        (["2024-03-05", "n/a"], "date", ["2024-03-05", None]),
        (["007", "12"], "keyword", ["007", "12"]),
        (["nan", "12"], "keyword", ["nan", "12"]),
        (["0.12345678901234567891"], "float", [0.12345678901234568]),
        ([["1", "x"], ["2"]], "integer", [[1, None], [2]]),
    ],
)
def test_the_kind_that_is_asked_for_decides(cells, asked, values):
    column = typed_column(cells, CSV, asked)
    assert list(column.values) == values
    missing = [one for row in values for one in (row if isinstance(row, list) else [row])]
    assert column.odd_count == missing.count(None)


def test_nothing_of_the_kind_that_is_asked_for_is_an_error():
    with pytest.raises(MisfitError, match="'a' is no number, nor is any other") as caught:
        typed_column([None, "a", "b"], CSV, "float")
    assert caught.value.row == 1
    with pytest.raises(MisfitError, match="holds structs"):
        typed_column([{"a": 1}], JSON, "float")
    with pytest.raises(MisfitError, match="negative"):
        typed_column([-1, 2**63], JSON, "integer")


def test_an_index_holds_a_kind_already():
    assert list(typed_column(["1", "2"], CSV, known="float").values) == [1.0, 2.0]
    text = typed_column(["1", "2"], CSV, known="keyword")
    assert (list(text.values), text.note) == (["1", "2"], "as in the index; it could be integer")
    for cells, known, cause in (
        (["1", "n/a"], "integer", "'n/a' is no integer"),
        (["1", str(2**63)], "integer", "is not between"),
        (["-1", "1"], "unsigned", "is not between"),
        (["yes"], "date", "'yes' is no date"),
        ([{"a": 1}], "integer", "structs"),
    ):
        with pytest.raises(MisfitError, match=cause):
            typed_column(cells, CSV, known=known)


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["r", ".17g", ".25g"]))
def test_a_float_that_is_printed_is_read_as_it_is(number, form):
    text = repr(number) if form == "r" else format(number, form)
    text = text if {".", "e"} & set(text) else f"{text}.0"  # else it is an integer
    column = typed_column([text, "0.5"], CSV)
    assert (column.kind, column.values[0]) == ("float", number)


@given(st.integers(-(2**70), 2**70))
def test_no_integer_loses_a_digit(number):
    for cell, notation in ((str(number), CSV), (number, JSON)):
        [value] = typed_column([cell], notation).values
        assert str(value) == str(number)


def test_a_stored_value_becomes_another_kind():
    assert as_kind("3", "float") == 3.0
    assert as_kind(["3", "x"], "integer") == [3, None]
    assert as_kind(2**63, "integer") is None
    assert as_kind(-1, "unsigned") is None
    assert as_kind(True, "keyword") == "true"
    assert as_kind({"a": 1}, "keyword") is None


def test_lists_in_lists_have_an_end():
    deep = "[" * 40 + "]" * 40
    column = typed_column([deep], CSV)
    assert column.kind is None
    assert column.odd[0].reason == "is nested too deep: left out"

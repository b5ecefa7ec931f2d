from splicedex.indexer.payload.columns import (
    columns_in,
    fields_of,
    indexes,
    removed,
    stored,
    text_of,
    value_of,
)
from splicedex.indexer.payload.dates import read_date
from splicedex.indexer.sources.tables.column_names import is_name

LARGEST = 2**64 - 1


def test_an_unsigned_integer_is_stored_less_2_to_the_63():
    payload = stored("k", "unsigned", LARGEST) | stored("many", "unsigned", [0, None, LARGEST])
    assert payload == {"-unsigned-k": 2**63 - 1, "-unsigned-many": [-(2**63), None, 2**63 - 1]}
    assert value_of(payload, "k") == LARGEST
    assert columns_in(payload) == {"k": LARGEST, "many": [0, None, LARGEST]}


def test_a_date_is_stored_as_it_is_with_what_it_is_compared_by():
    text = "2024-03-05T10:11:12+02:00"
    payload = stored("taken", "date", text)
    assert payload["taken"] == text
    assert payload["-key-taken"] == [read_date(text).start]
    assert payload["-spans-taken"] == [2024, 202403]
    assert columns_in(payload | {"path": "a.jpg"}, {"path"}) == {"taken": text}


def test_indexes_are_of_what_is_compared():
    assert indexes({"k": "unsigned", "taken": "date", "ok": "bool", "label": "keyword"}) == {
        "-unsigned-k": "integer",
        "-key-taken": "integer",
        "-spans-taken": "lookup",
        "ok": "bool",
        "label": "keyword",
    }


def test_fields_that_users_never_see_have_names_that_no_column_has():
    hidden = {*removed("k"), *fields_of("k")} - {"k"}
    assert not any(map(is_name, hidden))
    assert {*stored("k", "date", "2024-03-05"), *stored("k", "unsigned", 1)} <= {*removed("k")}


def test_a_value_as_text_is_what_a_user_types():
    assert [text_of(value) for value in (True, False, 2**63, 0.1, "x", None)] == [
        "true", "false", "9223372036854775808", "0.1", "x", "",
    ]  # fmt: skip


def test_a_long_float_is_stored_with_its_digits():
    long = 0.36995516654807925
    assert stored("f", "float", 0.25) == {"f": 0.25}
    payload = stored("f", "float", long) | stored("many", "float", [0.5, None, long])
    assert payload["-digits-f"] == "0.36995516654807925"
    changed = payload | {"f": 0.3699551665480793, "many": [0.5, None, 0.3699551665480793]}
    assert columns_in(changed) == {"f": long, "many": [0.5, None, long]}

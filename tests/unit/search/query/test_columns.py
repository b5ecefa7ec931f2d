import pytest
from hypothesis import given
from hypothesis import strategies as st

from splicedex.indexer.engines.query import Match, Or, Range
from splicedex.search.query.columns import MOST, column_filter, holds
from splicedex.search.query.nodes import Field, QueryError

COLUMNS = {
    "label": "keyword",
    "path": "keyword",
    "width": "integer",
    "score": "float",
}
LABELS = ["cat", "car", "a[1]", "x*y", "line\nbreak"]


def asked(name, op, value, values=lambda column, most: LABELS):
    return column_filter("the query", Field(name, op, value, 4), COLUMNS, values)


@pytest.mark.parametrize(
    ("field", "condition"),
    [
        (("label", ":", "cat"), Match("label", ("cat",))),
        (("label", ":", "a[1]"), Match("label", ("a[1]",))),
        (("label", ":", "ca?"), Match("label", ("cat", "car"))),
        (("label", ":", "line*"), Match("label", ("line\nbreak",))),
        (("label", ":", "a[*"), Match("label", ("a[1]",))),
        (("label", ":", "z*"), Or(())),
        (("path", ":", "2024/*"), Match("folders", ("2024",))),
        (("path", ":", "2024/may/*"), Match("folders", ("2024/may",))),
        (("width", ":", "3"), Range("width", gte=3, lte=3)),
        (("width", ">", "3"), Range("width", gt=3)),
        (("width", ">=", "3"), Range("width", gte=3)),
        (("score", "<", "0.5"), Range("score", lt=0.5)),
        (("score", "<=", "0.5"), Range("score", lte=0.5)),
        (("label", "=", "x*y"), Match("label", ("x*y",))),
        (("width", ":", "1e3"), Range("width", gte=1000, lte=1000)),
        (("width", ">", "2.5"), Range("width", gt=2)),
        (("width", "<", "2.5"), Range("width", lt=3)),
        (("width", "=", "2.5"), Or(())),
        (("width", ">=", "9007199254740993"), Range("width", gte=9007199254740993)),
        (
            ("score", "=", "0.36995516654807925"),
            Or(
                (
                    Range("score", gte=0.36995516654807925, lte=0.36995516654807925),
                    Match("-digits-score", ("0.36995516654807925",)),
                )
            ),
        ),
    ],
)
def test_a_condition_becomes_a_filter(field, condition):
    assert asked(*field) == condition


@pytest.mark.parametrize(
    ("field", "cause"),
    [
        (("colour", ":", "red"), "no column 'colour'; the columns are label, path, score, width"),
        (("label", ">", "3"), "column 'label' holds text; write label:VALUE"),
        (("width", ":", "wide"), "column 'width' holds numbers; write width:3"),
        (("width", ":", "nan"), "holds numbers"),
        (("width", ">", "inf"), "holds numbers"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(field, cause):
    with pytest.raises(QueryError, match=cause) as caught:
        asked(*field)
    assert caught.value.at == 4


def test_a_wildcard_over_too_many_values_is_refused():
    many = [str(number) for number in range(MOST + 1)]
    with pytest.raises(QueryError, match="over 10,000 values"):
        asked("label", ":", "1*", lambda column, most: many[:most])
    assert len(asked("label", ":", "1*", lambda column, most: many[:-1]).values) == 1111


def test_a_wildcard_is_not_tried_on_a_folder_that_is_wild_itself():
    def values(column, most):
        return ["2024/a.jpg", "2025/b.jpg", "202.jpg"]

    assert asked("path", ":", "202?/*", values) == Match("path", ("2024/a.jpg", "2025/b.jpg"))
    assert asked("path", ":", "/*", values) == Or(())


@given(st.sampled_from([*LABELS, "ca?", "*", "?", "a[*", "[a]*"]), st.sampled_from(LABELS))
def test_text_holds_as_the_filter_says(value, label):
    condition = asked("label", ":", value)
    passes = isinstance(condition, Match) and label in condition.values
    assert holds(Field("label", ":", value, 0), {"label": label}) == passes


@given(st.sampled_from([":", "<", "<=", ">", ">="]), st.integers(-2, 2), st.integers(-2, 2))
def test_numbers_hold_as_the_filter_says(op, bound, width):
    condition = asked("width", op, str(bound))
    passes = not (
        (condition.gt is not None and not width > condition.gt)
        or (condition.gte is not None and not width >= condition.gte)
        or (condition.lt is not None and not width < condition.lt)
        or (condition.lte is not None and not width <= condition.lte)
    )
    assert holds(Field("width", op, str(bound), 0), {"width": width}) == passes


def test_any_element_of_a_list_will_do_and_nothing_is_no_value():
    assert holds(Field("label", ":", "cat", 0), {"label": ["dog", "cat"]})
    assert not holds(Field("label", ":", "*", 0), {"label": None})
    assert not holds(Field("width", ">", "3", 0), {})

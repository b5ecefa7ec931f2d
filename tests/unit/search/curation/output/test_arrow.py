import datetime

import pytest

pyarrow = pytest.importorskip("pyarrow")

from splicedex.search.curation.output.arrow import arrow_column  # noqa: E402


@pytest.mark.parametrize(
    ("values", "kind", "type_"),
    [
        ([1, None], "integer", pyarrow.int64()),
        ([2**64 - 1], "unsigned", pyarrow.uint64()),
        ([0.5], "float", pyarrow.float64()),
        ([True, None], "bool", pyarrow.bool_()),
        (["a"], "keyword", pyarrow.string()),
        ([[1], None, []], "integer", pyarrow.list_(pyarrow.int64())),
        (["2024-03-05", None], "date", pyarrow.date32()),
        (["2024-03-05T10:11:12"], "date", pyarrow.timestamp("us")),
        (["2024-03-05T10:11:12Z"], "date", pyarrow.timestamp("us", "UTC")),
        (["2024-03-05T10:11:12.5+02:00"], "date", pyarrow.timestamp("us", "+02:00")),
        (["2024-03-05T10:11:12.123456789"], "date", pyarrow.timestamp("ns")),
        (["2024-03-05T10:11:12+02:00", "2024-03-05"], "date", pyarrow.string()),
        (["9024-03-05T10:11:12.123456789"], "date", pyarrow.string()),
        ([["2024-03-05"], None], "date", pyarrow.list_(pyarrow.string())),
        ([{"a": 1}, None], None, pyarrow.struct([("a", pyarrow.int64())])),
        ([{}], None, pyarrow.string()),
        ([{"a": 1}, {"a": "x"}], None, pyarrow.string()),
        ([[[1]], 5], None, pyarrow.string()),
    ],
)
def test_a_column_has_the_type_of_its_kind(values, kind, type_):
    assert arrow_column(values, kind).type == type_


def test_a_scalar_beside_lists_is_a_list():
    assert arrow_column([[1, 2], 3, None], "integer").to_pylist() == [[1, 2], [3], None]


def test_nanoseconds_are_kept():
    [scalar] = arrow_column(["2024-03-05T10:11:12.123456789"], "date")
    assert scalar.value % 10**9 == 123456789
    [scalar] = arrow_column(["2024-03-05T10:11:12+02:00"], "date")
    assert scalar.as_py().astimezone(datetime.UTC).hour == 8

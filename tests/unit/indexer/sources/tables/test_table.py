import contextlib
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splicedex.indexer.sources.tables.column_names import is_name, named
from splicedex.indexer.sources.tables.table import read_shards, read_table
from splicedex.splice.errors import UserError


def csv(tmp_path, text):
    path = tmp_path / "files.csv"
    path.write_text(text, "utf-8")
    return path


def test_types_are_recognised_column_by_column(tmp_path):
    table = read_table(
        csv(
            tmp_path,
            "file,label,width,score,code,captions,empty\n"
            'a.jpg,cat,640,0.5,007,"[""a cat"", ""sits""]",\n'
            "b.jpg,,480,2,12,[],\n",
        )
    )
    assert table.row(0) == {
        "label": "cat",
        "width": 640,
        "score": 0.5,
        "code": "007",
        "captions": ["a cat", "sits"],
    }
    assert table.row(1) == {"width": 480, "score": 2.0, "code": "12", "captions": []}
    assert table.kinds() == {
        "label": "keyword",
        "width": "integer",
        "score": "float",
        "code": "keyword",
        "captions": "keyword",
    }


def test_names_stay_as_they_are_written(tmp_path):
    assert list(read_table(csv(tmp_path, "file\n0\n1e5\n")).paths) == ["0", "1e5"]


def test_long_text_is_stored_but_not_indexed(tmp_path):
    table = read_table(csv(tmp_path, f"file,text\na.jpg,{'word ' * 60}\n"))
    assert table.row(0)["text"].startswith("word")
    assert table.kinds() == {}


@pytest.mark.parametrize("name", ["file", "path", "image_path"])
def test_the_column_that_names_the_image(tmp_path, name):
    table = read_table(csv(tmp_path, f"label,{name}\ncat,a.jpg\n"))
    assert list(table.paths) == ["a.jpg"]
    assert table.row(0) == {"label": "cat"}


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "no column names the image"),
        ("name\na.jpg\n", "no column names the image among name"),
        ("file\n", "no rows"),
        ("file,label\na.jpg\n", "line 2: 1 cells, 2 columns"),
        ("file,label\na.jpg,x\na.jpg,y\n", "'a.jpg' is in row 0 .line 2. and row 1 .line 3."),
        ("file,label\n,x\n", "row 0 .line 2. names no image"),
        ("file,a,a\nb,1,2\n", "two columns of one name"),
        ("file,concepts\na.jpg,1\n", "column 'concepts' is reserved by splicedex"),
        ("file,a b,a_b\nb,1,2\n", "two columns get the name 'a_b'"),
        ('file\n"a.jpg\n', "not a readable UTF-8 CSV"),
    ],
)
def test_bad_tables_are_refused(tmp_path, text, cause):
    with pytest.raises(UserError, match=cause):
        read_table(csv(tmp_path, text))


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("Finding Labels", "Finding_Labels"),
        ("size.width", "size_width"),
        ("tags[]", "tags__"),
        ("2024", "_2024"),
        ("-", "_-"),
        ("", "column_1"),
    ],
)
def test_columns_get_names_that_queries_accept(tmp_path, column, name):
    with pytest.warns(UserWarning, match=f"is called {name} here"):
        table = read_table(csv(tmp_path, f"file,{column}\na.jpg,x\n"))
    assert table.row(0) == {name: "x"}
    assert is_name(name)


@given(st.text(max_size=9), st.text(max_size=9))
def test_columns_with_the_same_name_are_refused(one, other):
    columns = dict.fromkeys([one, other])
    with warnings.catch_warnings(action="ignore"), contextlib.suppress(UserError):
        names = named(columns, "files.csv")
        assert len(set(names.values())) == len(columns)
        assert all(map(is_name, names.values()))
        assert all(names[column] == column for column in columns if is_name(column))


def test_bytes_that_are_not_text(tmp_path):
    path = tmp_path / "files.csv"
    path.write_bytes(b"file\n\xff\xfe\n")
    with pytest.raises(UserError, match="UTF-8"):
        read_table(path)


def test_parquet_shards_are_one_table(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    for part in range(2):
        shard = pyarrow.table({"image_path": [f"{part}.jpg"], "caption": [f"photo {part}"]})
        parquet.write_table(shard, tmp_path / f"metadata_{part}.parquet")
    table = read_shards(sorted(tmp_path.iterdir()))
    assert list(table.paths) == ["0.jpg", "1.jpg"]
    assert table.row(1) == {"caption": "photo 1"}


def test_unreadable_parquet_is_refused(tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / "metadata_0.parquet"
    path.write_text("no")
    with pytest.raises(UserError, match="Parquet"):
        read_shards([path])

"""Tables as spreadsheets and programs write them: all hold the same."""

import json

import numpy as np
import pytest

from splicedex.indexer.sources.embeddings import array_source
from splicedex.indexer.sources.tables.table import Kinds, read_table
from splicedex.splice.errors import UserError

PLAIN = "file,label,k\na.jpg,größe,1\nb.jpg,,2\n"
SEMICOLONS = PLAIN.replace(",", ";")
WINDOWS = PLAIN.replace("\n", "\r\n")
ROWS = [{"label": "größe", "k": 1}, {"k": 2}]


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode(),
        WINDOWS.encode("utf-8-sig"),
        SEMICOLONS.encode("utf-8-sig"),
        PLAIN.replace(",", "\t").encode("utf-16"),
        WINDOWS.replace(",", "\t").encode("utf-16-be"),
        b"\xfe\xff" + PLAIN.replace(",", "\t").encode("utf-16-be"),
        PLAIN.replace("\n", "\r").encode(),
        PLAIN.replace(",", "|").encode(),
        ("sep=;\r\n" + SEMICOLONS).encode(),
        ("Table 1;;\n" + SEMICOLONS).encode(),
        ("Table 1\n" + PLAIN).encode(),
        PLAIN.replace("file", " File ").encode(),
        PLAIN.replace("file", "Image Path").encode(),
        PLAIN.replace("file", "FILENAME").encode(),
        (SEMICOLONS.replace("\n", ";;\n") + ";;;;\n\n").encode(),
        b'{"file": "a.jpg", "label": "gr\xc3\xb6\xc3\x9fe", "k": 1}\n\n{"file": "b.jpg", "k": 2}',
        b'[{"file": "a.jpg", "label": "gr\xc3\xb6\xc3\x9fe", "k": 1}, {"file": "b.jpg", "k": 2}]',
    ],
)
def test_every_form_of_a_table_holds_the_same(tmp_path, content):
    path = tmp_path / ("files.json" if content[:1] in b"[{" else "files.csv")
    path.write_bytes(content)
    table = read_table(path)
    assert list(table.paths) == ["a.jpg", "b.jpg"]
    assert [table.row(0), table.row(1)] == ROWS


def test_a_decimal_comma_in_a_table_with_semicolons(tmp_path):
    path = tmp_path / "files.csv"
    path.write_text("file;price;name\na.jpg;1,5;a, b\nb.jpg;-2;c\n")
    assert read_table(path).row(0) == {"price": 1.5, "name": "a, b"}
    path.write_text('file,price\na.jpg,"1,5"\nb.jpg,-2\n')
    assert read_table(path).row(0) == {"price": "1,5"}


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"PK\x03\x04xl", "files.csv is a spreadsheet or archive"),
        (b"\x1f\x8b\x08", "is compressed"),
        (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
        (b"\x93NUMPY", "an array, not a table"),
        (b"PAR1", "unreadable Parquet"),
        (b"file\nd\xe9j\xe0.jpg\n", "is not UTF-8: line 2 has the byte 0xe9"),
        (b'{"file": "a.jpg"}\n{"file": }', "line 2: not JSON"),
        (b'{"file": "a.jpg"}\n[1]', "line 2: not a JSON object"),
        (b"file;a;b\na.jpg;1\n", "line 2: 2 cells, 3 columns; quote cells that hold semicolons"),
        (b"name;label\na.jpg;x\n", "no column names the image among name, label"),
        (b'{"file": "\\ud800.jpg"}', "row 0 .line 1. names no file"),
    ],
)
def test_the_real_trouble_is_named(tmp_path, content, cause):
    path = tmp_path / "files.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=cause):
        read_table(path)


def test_a_kind_is_chosen_by_either_name_of_a_column(tmp_path):
    path = tmp_path / "files.csv"
    path.write_text("file,Unit Price\na.jpg,1\nb.jpg,n/a\n")
    for name in ("Unit Price", "Unit_Price"):
        with pytest.warns(UserWarning, match="is called"):
            table = read_table(path, Kinds({name: "float"}))
        assert table.kinds() == {"Unit_Price": "float"}
        [finding] = table.findings()
        assert finding.cells == ("row 1 (line 3): 'n/a' is no number",)
    with pytest.warns(UserWarning, match="is called"), pytest.raises(UserError, match="no column"):
        read_table(path, Kinds({"price": "float"}))


def test_a_cell_that_does_not_fit_is_named_with_file_column_and_row(tmp_path):
    path = tmp_path / "files.csv"
    path.write_text('file,price\n"a\nb.jpg",1\nc.jpg,n/a\n')
    with pytest.raises(UserError, match=r"files\.csv, column 'price', row 1 \(line 4\): 'n/a'"):
        read_table(path, Kinds(known={"price": "integer"}))


def test_words_of_the_query_language_get_another_name(tmp_path):
    path = tmp_path / "files.csv"
    path.write_text("file,AND\na.jpg,1\n")
    with pytest.warns(UserWarning, match="is called AND_"):
        assert read_table(path).row(0) == {"AND_": 1}


class TestParquet:
    def written(self, folder, **columns):
        pyarrow = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        path = folder / "files.parquet"
        count = len(next(iter(columns.values())))
        names = [f"{row}.jpg" for row in range(count)]
        parquet.write_table(pyarrow.table({"file": names, **columns}), path)
        return path

    def test_times_are_dates_with_their_zone(self, tmp_path):
        pyarrow = pytest.importorskip("pyarrow")
        count = 1709633472_123456
        path = self.written(
            tmp_path,
            naive=pyarrow.array([count, None], pyarrow.timestamp("us")),
            utc=pyarrow.array([count // 10**6, None], pyarrow.timestamp("s", "UTC")),
            berlin=pyarrow.array([count // 1000, None], pyarrow.timestamp("ms", "Europe/Berlin")),
            west=pyarrow.array([count, None], pyarrow.timestamp("us", "-09:30")),
            nanos=pyarrow.array([count * 1000 + 789, None], pyarrow.timestamp("ns")),
            day=pyarrow.array([19787, None], pyarrow.date32()),
            day64=pyarrow.array([19787 * 86_400_000, None], pyarrow.date64()),
        )
        table = read_table(path)
        assert set(table.kinds().values()) == {"date"}
        assert {name: column.values[0] for name, column in table.columns.items()} == {
            "naive": "2024-03-05T10:11:12.123456",
            "utc": "2024-03-05T10:11:12Z",
            "berlin": "2024-03-05T11:11:12.123000+01:00",
            "west": "2024-03-05T00:41:12.123456-09:30",
            "nanos": "2024-03-05T10:11:12.123456789",
            "day": "2024-03-05",
            "day64": "2024-03-05",
        }
        assert [column.values[1] for column in table.columns.values()] == [None] * 7

    def test_everything_else_is_kept_or_left_out_with_a_word(self, tmp_path):
        pyarrow = pytest.importorskip("pyarrow")
        path = self.written(
            tmp_path,
            big=pyarrow.array([2**64 - 1, 5], pyarrow.uint64()),
            ok=[True, None],
            word=pyarrow.array(["a", "b"]).dictionary_encode(),
            money=pyarrow.array([19, 20], pyarrow.int64()).cast(pyarrow.decimal128(30, 2)),
            thumb=[b"\xff\xd8", None],
            clock=pyarrow.array([36_000_000_001_000, None], pyarrow.time64("ns")),
            took=pyarrow.array([5, None], pyarrow.duration("s")),
            far=pyarrow.array([2**62, None], pyarrow.timestamp("us")),
            half=pyarrow.array([0.5, float("inf")], pyarrow.float32()),
            boxes=pyarrow.array([[{"x": 1, "at": 0}], []]),
            tags=pyarrow.array([["a", None], None]),
            exif=pyarrow.array([[("iso", 100)], None], pyarrow.map_("string", "int64")),
        )
        table = read_table(path)
        assert table.kinds() == {
            "big": "unsigned", "ok": "bool", "word": "keyword", "money": "float",
            "clock": "keyword", "half": "float", "tags": "keyword",
        }  # fmt: skip
        told = {one.column: (one.kind, one.note, one.cells) for one in table.findings()}
        assert told["thumb"] == (
            "left out", "", ("row 0: 2 bytes is not text: left out",),
        )  # fmt: skip
        assert told["took"][2] == ("row 0: 5 s is a duration: left out",)
        assert "outside the years" in told["far"][2][0]
        assert told["half"][2] == ("row 1: inf is not finite: left out",)
        assert told["boxes"][:2] == ("kept", "structs")
        row = table.row(0)
        assert row["boxes"] == [{"x": 1, "at": 0}]
        assert row["exif"] == {"iso": 100}
        assert row["clock"] == "10:00:00.000001"
        assert row["money"] == 19.0
        assert row["tags"] == ["a", None]

    def test_a_slice_and_shards_with_other_columns(self, tmp_path):
        pyarrow = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        from splicedex.indexer.sources.tables.table import read_shards

        whole = pyarrow.table({"key": ["a", "b", "c"], "tags": [[1], [2, 3], None]})
        parquet.write_table(whole.slice(1), tmp_path / "metadata_0.parquet")
        other = pyarrow.table({"key": ["d"], "k": [2.5]})
        parquet.write_table(other, tmp_path / "metadata_1.parquet")
        table = read_shards(sorted(tmp_path.iterdir()))
        assert list(table.paths) == ["b", "c", "d"]
        assert [table.row(row) for row in range(3)] == [{"tags": [2, 3]}, {}, {"k": 2.5}]


class TestArrays:
    def opened(self, folder, name):
        (folder / "files.jsonl").write_text("\n".join(json.dumps({"file": f"{i}"}) for i in "ab"))
        return array_source(folder / name, files=folder / "files.jsonl", root=None, dim=3)

    def test_a_npz_with_one_array(self, tmp_path):
        rows = np.array([[1, 2, 3], [4, 5, 6]], np.float32)
        np.savez(tmp_path / "x.npz", embeddings=rows)
        (block,) = self.opened(tmp_path, "x.npz").embed(self.opened(tmp_path, "x.npz").items())
        np.testing.assert_array_equal(block.embeddings, rows)
        np.savez_compressed(tmp_path / "y.npz", rows.astype(np.float64))
        assert len(self.opened(tmp_path, "y.npz")) == 2

    def test_the_real_trouble_of_an_array_is_named(self, tmp_path):
        rows = np.ones((2, 3), np.float32)
        np.savez(tmp_path / "two.npz", image=rows, text=rows)
        np.savez(tmp_path / "none.npz")
        np.savez(tmp_path / "whole.npz", rows.astype(np.int64))
        (tmp_path / "cut.npz").write_bytes((tmp_path / "two.npz").read_bytes()[:100])
        for name, cause in (
            ("two.npz", "two.npz holds the arrays image, text"),
            ("none.npz", "holds no array"),
            ("whole.npz", "does not hold floating-point numbers but int64"),
            ("cut.npz", "is not a readable"),
        ):
            with pytest.raises(UserError, match=cause):
                self.opened(tmp_path, name)

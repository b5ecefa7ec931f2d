"""Columns of every kind, from a table to searches, facets, tags, copies and repairs."""

import json

import numpy as np
import pytest
from qdrant_client import QdrantClient

from splicedex.indexer.engines.edge.engine import EdgeEngine
from splicedex.indexer.engines.server.connection import Connection
from splicedex.indexer.engines.server.engine import ServerEngine
from splicedex.indexer.maintenance.copy import copy_index
from splicedex.indexer.maintenance.repair import repair
from splicedex.indexer.maintenance.verify import verify
from splicedex.indexer.pipeline.build import build
from splicedex.indexer.sources.embeddings import array_source
from splicedex.indexer.sources.tables.table import Kinds
from splicedex.indexer.store.address import Folder
from splicedex.indexer.store.index import Index, create_index, open_index
from splicedex.indexer.store.local_files import LocalFiles
from splicedex.indexer.store.manifest import Manifest
from splicedex.search.browse.concept_frequency import FrequencyCache
from splicedex.search.browse.facets import facets
from splicedex.search.browse.image import columns_of, read_record
from splicedex.search.curation.export import export
from splicedex.search.curation.tagging import tag
from splicedex.search.query.nodes import QueryError
from splicedex.search.results import Options
from splicedex.search.searcher import Searcher
from splicedex.splice.errors import UserError
from tests.photos import DIM, make_embeddings, make_space

pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
]
SPACE = make_space()
BASE = 1234567890123456780
COUNT = 6
ROWS = [
    {
        "file": f"{row}.jpg",
        "k": BASE + row,
        "u": 2**64 - 1 - row,
        "ok": row % 2 == 0,
        "taken": taken,
        "tags": [row, BASE + row],
        "price": "n/a" if row == 3 else row / 4,
        "exif": {"iso": row},
    }
    for row, taken in enumerate(
        ["2023-12-31T23:30:00-02:00", "2024-03-05", "2024-03-05T10:11:12.500+02:00",
         "2024-03-31T23:59:59", "2024-04-01T00:00:00Z", "2025-01-01"]
    )
]  # fmt: skip


def source(folder, rows=ROWS, kinds=None):
    np.save(folder / "x.npy", make_embeddings(SPACE, len(rows)))
    (folder / "files.jsonl").write_text("\n".join(map(json.dumps, rows)))
    files = folder / "files.jsonl"
    return array_source(folder / "x.npy", files=files, root=None, dim=DIM, kinds=kinds)


def make(folder, engine):
    manifest = Manifest(
        "made up", None, "words", SPACE.fingerprint, "its own", len(SPACE.concepts), SPACE.dim,
        0.25, None,
    )  # fmt: skip
    create_index(folder / "index", manifest, SPACE)
    if engine == "edge":
        points = EdgeEngine.open(folder / "index" / "points")
    else:
        points = ServerEngine.create(Connection(QdrantClient(":memory:")), "photos", DIM)
    index = Index(LocalFiles(folder / "index"), manifest, points)
    build(index, source(folder))
    return index


@pytest.fixture(scope="module", params=["edge", "memory"])
def searcher(request, tmp_path_factory):
    index = make(tmp_path_factory.mktemp(request.param), request.param)
    yield Searcher(index, browse=True)
    index.close()


def found(searcher, query):
    hits = searcher.search(query, Options(limit=50)).hits
    return sorted(int(hit.path.removesuffix(".jpg")) for hit in hits)


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("k:1234567890123456781", [1]),
        ("k=1234567890123456781", [1]),
        ("k>1234567890123456781", [2, 3, 4, 5]),
        ("k>=1234567890123456781 k<1234567890123456783", [1, 2]),
        ("k<=1234567890123456780", [0]),
        ("k:1234567890123456780.5", []),
        ("k<1234567890123456780.5", [0]),
        ("k>99999999999999999999", []),
        ("k<1e30", [0, 1, 2, 3, 4, 5]),
        ("u:18446744073709551615", [0]),
        ("u<18446744073709551612", [4, 5]),
        ("u>=18446744073709551614", [0, 1]),
        ("u:-1", []),
        ("u>-1", [0, 1, 2, 3, 4, 5]),
        ("tags:1234567890123456783", [3]),
        ("tags:4", [4]),
        ("ok:true", [0, 2, 4]),
        ("ok=FALSE", [1, 3, 5]),
        ("NOT ok:true", [1, 3, 5]),
        ("taken:2024", [0, 1, 2, 3, 4]),
        ("taken:2024-03", [1, 2, 3]),
        ("taken:2024-03-*", [1, 2, 3]),
        ("taken:2024-03-05", [1, 2]),
        ("taken:2024:03:05", [1, 2]),
        ("taken=2024-03-05", [1]),
        ("taken:2024-03-05T08:11:12Z", [2]),
        ("taken:2024-03-05T10:11:12+02:00", [2]),
        ('taken:"2024:03:05 08:11:12"', [2]),
        ("taken>2024-03", [4, 5]),
        ("taken>=2024-03", [1, 2, 3, 4, 5]),
        ("taken<2024-03", [0]),
        ("taken<=2024-03-05", [0, 1, 2]),
        ("taken>2024-03-05 taken<2024-04", [3]),
        ("price:n/a", [3]),
        ("price:0.25", [1]),
        ("dog OR taken:2025", None),
        ("dog OR u:18446744073709551615", None),
        ("dog OR ok:true", None),
    ],
)
def test_conditions_find_what_they_say(searcher, query, rows):
    if rows is None:
        either, part = found(searcher, query), query.removeprefix("dog OR ")
        assert either == sorted({*found(searcher, "dog"), *found(searcher, part)})
    else:
        assert found(searcher, query) == rows


@pytest.mark.parametrize(
    ("query", "cause"),
    [
        ("taken:march", "column 'taken' holds dates; write taken:2024-03"),
        ("taken>2024-13", "holds dates"),
        ("ok:maybe", "column 'ok' holds truth values; write ok:true"),
        ("ok>true", "holds truth values"),
        ("k:many", "column 'k' holds numbers"),
        ("u>no", "holds numbers"),
        ("price>1", "column 'price' holds text"),
    ],
)
def test_what_does_not_fit_is_refused(searcher, query, cause):
    with pytest.raises(QueryError, match=cause):
        searcher.plan(query)


def test_an_explanation_holds_as_the_engine_says(searcher):
    hits = searcher.search("(dog OR taken:2024-03) (cat OR ok:true)", Options(limit=50)).hits
    assert all(np.isfinite(hit.score) for hit in hits)


def test_facets_are_sorted_and_exact(searcher):
    plan, cache = searcher.plan(""), FrequencyCache(searcher.index)
    told = facets(searcher.index, plan, cache, 12).columns
    assert told["taken"] == (
        ("2024", 5), ("2024-01", 1), ("2024-03", 3), ("2024-04", 1), ("2025", 1), ("2025-01", 1),
    )  # fmt: skip
    assert dict(told["ok"]) == {True: 3, False: 3}
    assert dict(told["u"]) == {2**64 - 1 - row: 1 for row in range(COUNT)}
    assert dict(told["k"]) == {BASE + row: 1 for row in range(COUNT)}
    years = facets(searcher.index, plan, cache, 3).columns["taken"]
    assert years == (("2024", 5), ("2025", 1))
    for span, count in told["taken"]:
        assert len(found(searcher, f"taken:{span}")) == count


def test_values_come_out_as_they_went_in(searcher):
    for row, given in enumerate(ROWS):
        hit = searcher.index.find(f"{row}.jpg")
        columns = columns_of(hit.payload)
        expected = {name: value for name, value in given.items() if name != "file"}
        expected["price"] = str(given["price"])
        assert {name: columns[name] for name in expected} == expected
        assert not any(name.startswith("-") for name in columns)
        assert read_record(searcher.index, hit.id).columns["u"] == given["u"]
    [hit] = searcher.search("k:1234567890123456782").hits
    assert columns_of(hit.payload)["u"] == 2**64 - 3


def test_labels_keep_their_digits(searcher, tmp_path):
    export(searcher, "u:18446744073709551615", tmp_path / "a.json", label="u")
    labels = json.loads((tmp_path / "a.json").read_text())["labels"]
    assert [one["label"] for one in labels.values()] == ["18446744073709551615"]


def test_tags_have_kinds(searcher):
    for name, value, typed in (
        ("stars", "1234567890123456781", 1234567890123456781),
        ("stars64", "18446744073709551615", 2**64 - 1),
        ("stars65", 2**64, "18446744073709551616"),
        ("done", "true", True),
        ("seen", True, True),
        ("day", "2024-05-06", "2024-05-06"),
        ("share", "0.5", 0.5),
        ("code", "007", "007"),
        ("list", "[1]", "[1]"),
    ):
        assert tag(searcher, "", name, value, dry_run=False).value == typed
        assert found(searcher, f"{name}:{value}") == [0, 1, 2, 3, 4, 5]
    assert found(searcher, "day>2024-05") == []
    tag(searcher, "ok:true", "day", "2025-05-06T10:00", dry_run=False)
    assert found(searcher, "day>2024-12") == [0, 2, 4]
    tag(searcher, "", "stars64", "3", dry_run=False)
    assert found(searcher, "stars64:3") == [0, 1, 2, 3, 4, 5]
    for name, value, cause in (
        ("stars", str(2**63), "whole numbers"),
        ("stars64", "-1", "whole numbers from 0"),
        ("done", "maybe", "truth values"),
        ("day", "soon", "dates"),
        ("share", str(2**53 + 1), "numbers"),
        ("new", float("inf"), "no column holds"),
    ):
        with pytest.raises(UserError, match=cause):
            tag(searcher, "", name, value)
    for name in ("stars", "stars64", "stars65", "done", "seen", "day", "share", "code", "list"):
        tag(searcher, "", name, None, dry_run=False)
        assert found(searcher, f"{name}:{'true' if name in {'done', 'seen'} else '2024'}") == []
    assert "-key-day" not in {
        name for name, value in searcher.index.find("0.jpg").payload.items() if value is not None
    }


def test_copies_and_repairs_keep_them(tmp_path):
    make(tmp_path, "edge").close()
    with open_index(tmp_path / "index") as index:
        copy_index(index, Folder(tmp_path / "copy"))
    repair(Folder(tmp_path / "index"))
    for name in ("index", "copy"):
        with open_index(tmp_path / name) as index:
            assert not list(verify(index))
            searcher = Searcher(index)
            assert found(searcher, "u:18446744073709551614") == [1]
            assert found(searcher, "taken:2024-03") == [1, 2, 3]
            assert found(searcher, "ok:true") == [0, 2, 4]


@pytest.mark.parametrize("engine", ["edge", "memory"])
def test_a_choice_changes_a_column_for_all_images(tmp_path, engine):
    index = make(tmp_path, engine)
    searcher = Searcher(index)
    known = dict(index.columns)
    assert known["price"] == "keyword"
    some = [row for row in ROWS if row["ok"]]
    build(index, source(tmp_path, some, Kinds(known=known)))
    assert index.columns["price"] == "keyword"
    kinds = Kinds({"price": "float", "taken": "keyword", "u": "keyword"}, known)
    build(index, source(tmp_path, some, kinds))
    assert found(searcher, "price>=0.25") == [1, 2, 4, 5]
    assert found(searcher, 'taken:"2024-03-05*"') == [1, 2]
    assert found(searcher, "u:18446744073709551614") == [1]
    assert "price" not in columns_of(index.find("3.jpg").payload) or (
        columns_of(index.find("3.jpg").payload)["price"] is None
    )
    back = Kinds({"taken": "date", "u": "integer"}, dict(index.columns))
    build(index, source(tmp_path, some, back))
    assert found(searcher, "taken:2024-03") == [1, 2, 3]
    assert found(searcher, "u>18446744073709551613") == [0, 1]
    index.close()

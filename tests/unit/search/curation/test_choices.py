"""Outliers, duplicates, samples, tags, exports, classes and probes, on both engines."""

import csv
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splicedex.indexer.store.index import open_index
from splicedex.search.curation.balance import balance, even
from splicedex.search.curation.classify import classify
from splicedex.search.curation.duplicates import duplicates, joined
from splicedex.search.curation.export import export
from splicedex.search.curation.outliers import outliers
from splicedex.search.curation.output.folders import plan
from splicedex.search.curation.probe import probe
from splicedex.search.curation.sample import sample
from splicedex.search.curation.subsets.exact_pairs import near_pairs
from splicedex.search.curation.subsets.selection import draw
from splicedex.search.curation.tagging import tag
from splicedex.search.searcher import Searcher
from splicedex.splice.align import unit
from splicedex.splice.errors import UserError
from tests.planted import COPIES, COUNT, SPACE, TEST, TRAIN, make_planted, name

pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
]


@pytest.fixture(scope="module", params=["edge", "memory"])
def searcher(request, tmp_path_factory):
    index = make_planted(tmp_path_factory.mktemp(request.param) / "made", request.param)
    yield Searcher(index)
    index.close()


def found_by(searcher, query):
    passing = searcher.plan(query).filter
    return {hit.id for hit in searcher.index.engine.scroll(passing, with_payload=False)}


def test_outliers_are_the_worst_explained(searcher):
    everything = searcher.index.engine.scroll(with_payload=("path", "cosine", "label"))
    cosines = sorted((hit.payload["cosine"], hit.payload["path"]) for hit in everything)
    found = outliers(searcher, limit=15)
    assert [(one.cosine, one.path) for one in found] == cosines[:15]
    dogs = outliers(searcher, "label:dog", limit=COUNT)
    assert {one.id for one in dogs} == found_by(searcher, "label:dog")


@pytest.mark.parametrize("least", [0.5, 0.9, 0.99])
def test_near_pairs_are_all_there_are(least):
    random = np.random.default_rng(1)
    rows = random.normal(size=(60, 100)) @ np.diag(1 / np.arange(1, 101))
    rows = unit(np.concatenate([rows + 0.02 * random.normal(size=rows.shape) for _ in range(3)]))
    found = {(i, j): cosine for i, j, cosine in near_pairs(rows.astype(np.float32), least)}
    cosines = np.triu(rows @ rows.T, 1)
    expected = {(int(i), int(j)) for i, j in zip(*np.nonzero(cosines >= least), strict=True)}
    assert set(found) == expected
    for pair, cosine in found.items():
        assert cosine == pytest.approx(cosines[pair], abs=1e-5)


def together(found):
    """The groups, by the names of their images."""
    return {frozenset([one.keep.path, *(c.image.path for c in one.others)]) for one in found.groups}


def test_joined():
    assert joined([("5", "1"), ("1", "3"), ("2", "4")]) == [["1", "3", "5"], ["2", "4"]]
    assert joined([]) == []


def test_duplicates(searcher):
    found = duplicates(searcher, above=0.999, keep="first")
    assert together(found) == {
        frozenset({name(3), name(7), name(11)}),
        frozenset({name(20), name(21)}),
    }
    assert found.superfluous == len(COPIES)
    assert found.groups[0].keep.path == name(3)
    assert all(copy.cosine > 0.999 for group in found.groups for copy in group.others)
    files = {row: searcher.index.find(name(row)).payload["location"] for row in (3, 7, 11, 20, 21)}
    for age, row in enumerate((11, 3, 7, 21, 20)):
        os.utime(files[row], (age, age))
    oldest = duplicates(searcher, above=0.999, keep="oldest")
    assert [group.keep.path for group in oldest.groups] == [name(11), name(21)]
    central = duplicates(searcher, "number<12", above=0.999, keep="central")
    assert central.groups[0].keep.path == name(7)
    for above in (0.9, 0.999):
        compared = duplicates(searcher, "number<150", above, exact=True)
        walked = duplicates(searcher, "number<150", above, exact=False)
        assert (compared.exact, walked.exact) == (True, False)
        assert together(walked) == together(compared)
    with pytest.raises(UserError, match="unknown"):
        duplicates(searcher, keep="best")
    with pytest.raises(UserError, match="groups nothing"):
        duplicates(searcher, above=2)


def test_a_graph_finds_copies_however_many(tmp_path, monkeypatch):
    for place in ("splicedex.indexer.engines.edge.engine", "splicedex.indexer.engines.edge.config"):
        monkeypatch.setattr(f"{place}.SMALL", 16)
    monkeypatch.setattr("splicedex.search.curation.subsets.graph_pairs.FIRST", 2)
    monkeypatch.setattr("splicedex.search.curation.subsets.graph_pairs.MOST", 64)
    index = make_planted(tmp_path / "made", "edge")
    index.engine.optimize("int8")
    index.close()
    with open_index(index.folder) as opened:
        searcher = Searcher(opened)
        assert not opened.engine.wants_optimizing()
        done = []
        found = duplicates(searcher, "", 0.999, "first", lambda *n: done.append(n), exact=False)
        assert (found.superfluous, len(found.groups)) == (len(COPIES), 2)
        assert done[-1] == (COUNT, COUNT)
        near = [duplicates(searcher, above=0.9, exact=exact) for exact in (True, False)]
        assert together(near[0]) == together(near[1])
        assert len(near[0].groups[0].others) > 8  # more than are asked for at first


def test_large_sets_are_left_to_the_graph_if_there_is_one(searcher, monkeypatch):
    monkeypatch.setattr("splicedex.search.curation.duplicates.COMPARED", COUNT - 1)
    assert not duplicates(searcher, above=0.999).exact
    assert duplicates(searcher, "split:test", above=0.999).exact
    exact = replace(searcher.index.manifest, ann="exact")
    monkeypatch.setattr(searcher.index.state, "manifest", exact)
    assert duplicates(searcher, above=0.999).exact


def test_a_sample_is_uniform_and_repeatable(searcher):
    found = sample(searcher, "label:dog", 30, seed=3)
    ids = [image.id for image in found.chosen]
    assert len(set(ids)) == 30
    assert set(ids) <= found_by(searcher, "label:dog")
    assert sample(searcher, "label:dog", 30, seed=3) == found
    assert sample(searcher, "label:dog", 30, seed=4) != found
    assert len(sample(searcher, "label:dog", 10_000).chosen) == COUNT // 2
    smaller = sample(searcher, "label:dog split:train", 30, seed=3)
    kept = set(ids) & found_by(searcher, "split:train")
    assert kept <= {image.id for image in smaller.chosen}
    times = np.zeros(50)
    for seed in range(2000):
        times[[int(one) for one in draw(map(str, range(50)), 10, seed)]] += 1
    assert abs(times / 2000 - 0.2).max() < 0.05
    for count, seed in ((0, 0), (1, -1)):
        with pytest.raises(UserError):
            sample(searcher, "", count, seed)


def test_balance(searcher):
    found = balance(searcher, "split:train", ["beach", "snow", "label:dog"], 40)
    chosen = [part.chosen for part in found.parts]
    assert len({image.id for image in found.selection.chosen}) == 40
    assert max(chosen) - min(chosen) <= 2
    for part in found.parts:
        ids = {image.id for image in found.selection.chosen}
        assert part.chosen == len(ids & found_by(searcher, part.query))
        assert part.images == len(found_by(searcher, f"split:train ({part.query})"))
    assert balance(searcher, "split:train", ["beach", "snow", "label:dog"], 40) == found
    with pytest.raises(UserError, match="balanced"):
        balance(searcher, "", ["dog"], 5)
    with pytest.raises(UserError, match="no image of the subset matches"):
        balance(searcher, "label:dog", ["beach", "label:horse"], 5)


@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=6), st.integers(1, 7), max_size=60),
    st.integers(1, 70),
)
def test_even_takes_as_many_as_there_are(masks, count):
    found = even(masks, 3, count, seed=1)
    assert len(found) == len(set(found)) == min(count, len(masks))
    assert set(found) <= set(masks)


def test_even_is_even_where_it_can_be():
    masks = {
        f"{part}-{i}": 1 << part for part, size in enumerate((30, 11, 200)) for i in range(size)
    }
    found = even(masks, 3, 33, seed=2)
    assert [sum(one.startswith(f"{part}-") for one in found) for part in range(3)] == [11, 11, 11]
    found = even(masks, 3, 60, seed=2)
    assert [sum(one.startswith(f"{part}-") for one in found) for part in range(3)] == [25, 11, 24]


def test_tags_are_columns(searcher):
    asked = tag(searcher, "label:dog beach", "reviewed", "yes")
    assert not asked.done
    assert asked.images == len(found_by(searcher, "label:dog beach"))
    with pytest.raises(UserError, match="no column"):
        found_by(searcher, "reviewed:yes")
    done = tag(searcher, "label:dog beach", "reviewed", "yes", dry_run=False)
    assert done.done
    assert found_by(searcher, "reviewed:yes") == found_by(searcher, "label:dog beach")
    tag(searcher, "reviewed:yes", "stars", "4", dry_run=False)
    assert found_by(searcher, "stars>3") == found_by(searcher, "reviewed:yes")
    assert tag(searcher, "stars>3", "reviewed", "007", dry_run=False).value == "007"
    assert not found_by(searcher, "reviewed:yes")
    assert found_by(searcher, "reviewed:007") == found_by(searcher, "stars:4")
    tag(searcher, "stars>3", "reviewed", "", dry_run=False)
    tag(searcher, "stars>3", "stars", None, dry_run=False)
    assert not found_by(searcher, "reviewed:007")
    assert not found_by(searcher, "stars>0")
    assert tag(searcher, "stars>0", "stars", 1, dry_run=False).images == 0
    for column, value, told in (
        ("path", "x", "one of ours"),
        ("two words", "x", "cannot be a column"),
        ("stars", "many", "holds whole numbers"),
        ("stars", 1.5, "holds whole numbers"),
        ("note", "x" * 999, "999 characters"),
    ):
        with pytest.raises(UserError, match=told):
            tag(searcher, "label:dog", column, value)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_tables_hold_what_matches(searcher, tmp_path, suffix):
    to = tmp_path / f"out.{suffix}"
    found = export(searcher, "label:dog beach", to)
    assert (found.done, found.format) == (True, suffix)
    if suffix == "parquet":
        rows = pytest.importorskip("pyarrow.parquet").read_table(to).to_pylist()
    elif suffix == "csv":
        with to.open(newline="") as lines:
            rows = list(csv.DictReader(lines))
    else:
        rows = [json.loads(line) for line in to.read_text().splitlines()]
    assert {row["id"] for row in rows} == found_by(searcher, "label:dog beach")
    assert len(rows) == found.images
    for row in rows:
        hit = searcher.index.find(row["path"], with_vectors=True)
        assert row["group"] == hit.payload["group"]
        assert float(row["cosine"]) == hit.payload["cosine"]
        best = SPACE.concepts[int(hit.concepts.indices[np.argmax(hit.concepts.values)])]
        told = row["concepts"]
        assert (told.split(":")[0] if suffix == "csv" else told[0]["concept"]) == best
    before = to.read_bytes()
    with pytest.raises(UserError, match="exists"):
        export(searcher, "label:dog", to)
    export(searcher, "label:dog beach", to, overwrite=True)
    assert to.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [to.name]


def test_fiftyone_labels(searcher, tmp_path):
    """In the layout that FiftyOneImageClassificationDatasetImporter reads."""
    export(searcher, "label:dog", tmp_path / "a.json")
    labels = json.loads((tmp_path / "a.json").read_text())["labels"]
    assert len(labels) == COUNT // 2
    for path, targets in labels.items():
        assert Path(path).is_absolute()
        assert all(set(one) == {"label", "confidence", "attributes"} for one in targets)
    export(searcher, "", tmp_path / "b.json", label="label")
    labels = json.loads((tmp_path / "b.json").read_text())["labels"]
    assert {one["label"] for one in labels.values()} == {"dog", "horse"}


@pytest.mark.parametrize("kind", ["links", "copies", "imagefolder"])
def test_folders_are_planned_then_filled(searcher, tmp_path, kind):
    to = tmp_path / "out"
    label = "label" if kind == "imagefolder" else None
    asked = export(searcher, "split:test", to, kind, label)
    assert not asked.done
    assert not to.exists()
    done = export(searcher, "split:test", to, kind, label, dry_run=False)
    assert (done.files, done.bytes) == (asked.files, asked.bytes) == (TEST, asked.bytes)
    pictures = list(to.rglob("*.jpg"))
    assert len(pictures) == TEST
    contents = {path.read_bytes() for path in pictures}
    expected = {
        searcher.index.engine.retrieve([id_])[0].payload["location"]
        for id_ in found_by(searcher, "split:test")
    }
    assert contents == {Path(path).read_bytes() for path in expected}
    assert all(path.is_symlink() == (kind == "links") for path in pictures)
    if kind == "imagefolder":
        assert {path.parent.name for path in pictures} == {"dog", "horse"}
        lines = (to / "metadata.jsonl").read_text().splitlines()
        facts = [json.loads(line) for line in lines]
        assert {to / one["file_name"] for one in facts} == set(pictures)
        assert all(one["file_name"].startswith(one["label"]) for one in facts)
    with pytest.raises(UserError, match="exists"):
        export(searcher, "split:test", to, kind, label)


def test_exports_refuse(searcher, tmp_path):
    for to, options, told in (
        (tmp_path / "x", {"format_": "zip"}, "--as zip is unknown"),
        (tmp_path / "x", {"label": "colour"}, "no column 'colour'"),
        (tmp_path, {"format_": "csv"}, "exists"),
    ):
        with pytest.raises(UserError, match=told):
            export(searcher, "", to, **options)


def test_no_name_leads_out_of_a_folder(tmp_path):
    (tmp_path / "in").mkdir()
    sources = []
    for folder in ("1", "2", "3"):
        (tmp_path / folder).mkdir()
        for file in ("a.jpg", ".hidden", "b:c?.jpg"):
            (tmp_path / folder / file).write_bytes(b"x")
            sources.append(tmp_path / folder / file)
    images = [(f"id{i}", f"../{s.name}", s, "../../etc") for i, s in enumerate(sources)]
    made = plan([*images, ("id", "gone.jpg", tmp_path / "gone.jpg", "dog")])
    assert made.missing == ["gone.jpg"]
    names = [file.name for file in made.files]
    assert len({one.casefold() for one in names}) == len(sources)
    for one in names:
        folder, _, file = one.partition("/")
        assert folder not in {"..", "."}
        assert "/" not in file
        assert not file.startswith(".")


def test_classify(searcher):
    found = classify(
        searcher, names_from="label", by="group", query="split:test", without=["beach", "snow"]
    )
    assert found.methods == ("dense", "recomposed", "without beach, snow")
    assert found.images == TEST
    assert all(sum(counts.values()) == TEST for counts in found.predicted.values())
    overall = {one.method: one.accuracy.value for one in found.accuracies if not one.group}
    assert overall["dense"] > 0.9
    assert overall["without beach, snow"] > 0.9
    groups = [one for one in found.accuracies if one.method == "dense" and one.group]
    assert sum(one.images for one in groups) == TEST
    right = sum(one.accuracy.value * one.images for one in groups) / TEST
    assert right == pytest.approx(overall["dense"])
    named = classify(searcher, ["hound=dog", "pony=horse"], query="label:dog")
    assert named.accuracies == ()
    assert set(named.predicted["dense"]) <= {"hound", "pony"}
    # The names' concepts taken out, there is little left to tell the classes by.
    blind = classify(searcher, names_from="label", without=["dog", "horse"])
    assert blind.agreement["without dog, horse"] < blind.agreement["recomposed"]
    for names, told in (
        (["dog"], "no choice"),
        (["dog", "zebra"], "no concept"),
        (["", "="], "empty"),
    ):
        with pytest.raises(UserError, match=told):
            classify(searcher, names)


def test_probe(searcher):
    found = probe(searcher, "label", "split", by="group", without=["beach", "snow"])
    assert (found.trained, found.tested) == (TRAIN, TEST)
    worst = {
        method: min(one.accuracy.value for one in found.accuracies if one.method == method)
        for method in found.methods
    }
    assert worst["without beach, snow"] >= worst["all concepts"]
    told = {(one.method, one.label): [name for name, _ in one.concepts] for one in found.words}
    assert {"dog", "puppy", "hound"} & set(told["all concepts", "dog"])
    assert "beach" in told["all concepts", "dog"]
    assert not {"beach", "snow"} & set(told["without beach, snow", "dog"])
    assert {"beach", "snow"} <= set(found.removed)
    drawn = probe(searcher, "label", seed=1)
    assert drawn == probe(searcher, "label", seed=1)
    assert 0.1 * COUNT < drawn.tested < 0.3 * COUNT
    for options, told in (
        ({"label": "colour"}, "no column"),
        ({"label": "label", "split": "split", "train": "dev"}, "0 classes"),
        ({"label": "label", "query": "label:dog"}, "1 classes"),
        ({"label": "label", "split": "split", "query": "split:train"}, "no image to test on"),
    ):
        with pytest.raises(UserError, match=told):
            probe(searcher, **options)

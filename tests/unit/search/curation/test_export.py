"""Exports as tables and folders."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from splicedex.search.curation.export import export
from splicedex.splice.errors import UserError
from tests.planted import COUNT, SPACE, TEST
from tests.unit.search.curation.matching import found_by


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
        concepts = row["concepts"]
        assert (concepts.split(":")[0] if suffix == "csv" else concepts[0]["concept"]) == best
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
    for to, options, message in (
        (tmp_path / "x", {"format_": "zip"}, "--as zip is unknown"),
        (tmp_path / "x", {"label": "colour"}, "no column 'colour'"),
        (tmp_path, {"format_": "csv"}, "exists"),
    ):
        with pytest.raises(UserError, match=message):
            export(searcher, "", to, **options)

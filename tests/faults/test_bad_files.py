"""Hundreds of broken images among good ones: the run finishes and reports every file."""

from __future__ import annotations

import csv
import os
import sys

import pytest

from splicedex.indexer.sources.location import printable, to_path
from splicedex.indexer.store.index import open_index
from tests.faults.conftest import one_line
from tests.faults.corpus import make

FEWEST = 300
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs names of any bytes")


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    return folder, make(os.fsencode(folder), seed=8)


def named(paths):
    return {printable(os.fsdecode(path)) for path in paths}


def test_every_file_is_in_or_listed(splicedex, corpus, model, tmp_path):
    folder, files = corpus
    assert len(files.bad) + len(files.either) >= FEWEST
    words = ["index", "--index", tmp_path / "i", "--model", model, folder, "--json"]
    made = splicedex(*words, "--workers", "2")
    with open_index(tmp_path / "i") as index:
        hits = list(index.engine.scroll())
    indexed = {hit.payload["path"] for hit in hits}
    listed = {skipped["path"]: skipped["reason"] for skipped in made["skipped"]}
    assert not named(files.good) - indexed
    assert not named(files.bad) - listed.keys()
    assert not indexed & listed.keys()
    assert indexed | listed.keys() == named(files.good | files.bad | files.either)
    assert all(reason and reason.isprintable() for reason in listed.values())
    assert made["images"] == made["added"] == len(indexed)

    opened = {os.fsencode(to_path(hit.payload)) for hit in hits}
    assert files.good <= opened <= files.good | files.either, "the way back to the file"
    again = splicedex(*words)
    assert (again["unchanged"], again["images"]) == (len(indexed), len(indexed))
    assert {skipped["path"] for skipped in again["skipped"]} == listed.keys()


def test_names_that_no_file_can_have(splicedex, corpus, model, tmp_path):
    folder, files = corpus
    (good,) = (path for path in files.good if path.endswith(b"PNG.jpg"))
    names = ["n" * 10_000, "nul\0byte.png", f"{folder}/../" * 500, os.fsdecode(good)]
    with (tmp_path / "files.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["file"], *([name] for name in names)])
    words = ["index", "--index", tmp_path / "i", "--model", model, "--json"]
    made = splicedex(*words, "--files", tmp_path / "files.csv")
    assert made["images"] == 1
    assert [bad["path"] for bad in made["skipped"] if bad["reason"]] == names[:3]
    said = one_line(splicedex(*words, "n" * 10_000, expect=2))
    assert said.endswith("does not exist; check the path")

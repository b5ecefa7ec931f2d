"""What `splicedex index` says of the columns of a table, and what it refuses."""

import json

import numpy as np
import pytest

IDS = [1234567890123456780 + row for row in range(4)]


@pytest.fixture
def given(tmp_path, space):
    """A concept space, embeddings, and the words of a command that indexes a table."""
    space.save(tmp_path / "space")
    np.save(tmp_path / "x.npy", np.random.default_rng(1).random((4, 16)).astype(np.float32))

    def words(text, *more, name="files.csv"):
        (tmp_path / name).write_text(text)
        return (
            "index", "--index", tmp_path / "i.idx", "--model", tmp_path / "space", "--embeddings",
            tmp_path / "x.npy", "--files", tmp_path / name, *more,
        )  # fmt: skip

    return words


def table(prices):
    rows = (f"{row}.jpg;{IDS[row]};{price}" for row, price in enumerate(prices))
    return "\n".join(["File;k;price", *rows])


def test_columns_are_told_and_chosen(splicedex, given, tmp_path):
    words = given(table(["1,5", "n/a", "3", "4"]))
    told = splicedex(*words, "--json")["columns"]
    assert told == {
        "k": {"kind": "integer", "note": "", "cells": [], "count": 0},
        "price": {
            "kind": "text",
            "note": "3 of 4 are numbers",
            "cells": ["row 1 (line 3): 'n/a' is no number"],
            "count": 1,
        },
    }
    shown = splicedex(*words, "--column", "price:float")
    assert "column k: integer" in shown
    assert "column price: float" in shown
    index = ("--index", tmp_path / "i.idx", "--json")
    hits = splicedex("search", "k:1234567890123456781", *index)["hits"]
    assert [hit["path"] for hit in hits] == ["1.jpg"]
    hits = splicedex("search", "price>2", *index)["hits"]
    assert {hit["path"] for hit in hits} == {"2.jpg", "3.jpg"}
    splicedex("export", "", "--to", tmp_path / "out.jsonl", "--index", tmp_path / "i.idx")
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert {row["path"]: row.get("price") for row in rows} == {
        "0.jpg": 1.5, "1.jpg": None, "2.jpg": 3.0, "3.jpg": 4.0,
    }  # fmt: skip
    assert sorted(row["k"] for row in rows) == IDS
    wrong = splicedex(*given(table(["1", "many", "3", "4"])), expect=2)
    assert "files.csv, column 'price', row 1 (line 3): 'many' is no number" in wrong
    assert len(splicedex("search", "price>2", *index)["hits"]) == 2


@pytest.mark.parametrize(
    ("text", "more", "cause"),
    [
        (table("abcd"), ["--column", "price:integer"], "column 'price', row 0 (line 2): 'a'"),
        (table("1234"), ["--column", "prize:float"], "has no column 'prize'"),
        (table("1234"), ["--column", "price:number"], "--column price:number is not NAME:KIND"),
        (table("123"), [], "4 embeddings but 3 images"),
        ("File;k\n0.jpg;1;2\n", [], "line 2: 3 cells, 2 columns"),
    ],
)
def test_what_fails_leaves_nothing_behind(splicedex, given, tmp_path, text, more, cause):
    told = splicedex(*given(text, *more), expect=2)
    assert cause in told
    assert len(told.strip().splitlines()) == 1
    assert not (tmp_path / "i.idx").exists()

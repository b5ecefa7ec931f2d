"""Curating a data set with the real command: what is in it, what is wrong with it, what to keep."""

import json

import pytest

from tests.planted import COUNT, TEST, TRAIN, write_planted


@pytest.fixture
def curate(tmp_path, splicedex):
    """Runs a command on an index of the planted data set; with --json unless it should fail."""
    data, index = tmp_path / "data", tmp_path / "made.idx"
    write_planted(data)
    splicedex(
        "index", "--index", index, "--model", data / "space", "--embeddings", data / "x.npy",
        "--files", data / "files.csv", "--root", data,
    )  # fmt: skip

    def run(*words, expect=0, text=False):
        plain = expect or text
        return splicedex(*words, "--index", index, *[] if plain else ["--json"], expect=expect)

    return run


def test_a_shortcut_is_found_shown_and_taken_out(curate, tmp_path):
    compared = curate(
        "compare", "label:dog split:train", "label:horse split:train", "--chart", tmp_path / "a.svg"
    )
    assert compared["images"] == [TRAIN // 2, TRAIN // 2]
    assert "<svg" in (tmp_path / "a.svg").read_text()
    found = curate("spurious", "--label", "label", "--split", "split")
    suspects = {(one["label"], one["concept"]) for one in found["suspects"]}
    assert {("dog", "beach"), ("horse", "snow")} <= suspects
    counter = found["suspects"][0]["without"][0]["path"]
    query = f"path:{counter} split:train NOT ({found['suspects'][0]['query']})"
    assert curate("search", query)["matches"] == 1
    everywhere = curate("concepts", "--limit", 3)
    assert all(one["share"] == one["images"] / COUNT for one in everywhere)
    for one in everywhere:
        asked = f'shows:"{one["concept"]}"'
        assert curate("search", asked)["matches"] == one["images"]
    assert "are said to show" in curate("concepts", text=True)
    inside = curate("concepts", "--in", "split:train label:dog", "--limit", 30)
    assert {"dog", "beach"} <= {name for one in inside["concepts"] for name in one["family"]}
    probed = curate(
        "probe", "--label", "label", "--split", "split", "--by", "group", "--without", "beach,snow"
    )
    worst = {
        method: min(
            one["accuracy"]["value"] for one in probed["accuracies"] if one["method"] == method
        )
        for method in probed["methods"]
    }
    assert worst["without beach, snow"] >= worst["all concepts"]
    drifted = curate("drift", "split:train", "split:test", "--permutations", 99)
    assert drifted["images"] == [TRAIN, TEST]
    assert "Jensen-Shannon" in curate("drift", "label:dog", "label:horse", text=True)
    assert "mean weights" in curate("concepts", "--in", "dog", "--order", "weight", text=True)
    classified = curate("classify", "--names-from", "label")
    assert classified["images"] == COUNT
    said = curate("spurious", "--label", "label", "--split", "split", text=True)
    assert "is it: dog" in said
    assert "counter-examples" in said
    assert "odds" in curate("compare", "label:dog", text=True)
    asked = curate("spurious", "--label", "label", "--concepts", "beaches,guitar", text=True)
    assert "beach" in asked
    assert "pairs of a label and a concept tested" in asked
    assert "--exact compares every pair" in curate("duplicates", "--graph", text=True)


def test_a_set_is_cleaned_tagged_and_exported(curate, tmp_path):
    asked = curate("duplicates", "--above", 0.999, "--keep", "first", "--tag", "copy=1")
    assert asked["superfluous"] == 3
    assert "add --yes" in asked["tagged"]
    curate("duplicates", "--above", 0.999, "--keep", "first", "--tag", "copy=1", "--yes")
    assert curate("search", "copy:1")["matches"] == 3
    curate("sample", "NOT copy:1", "--n", 50, "--seed", 3, "--tag", "set=pilot", "--yes")
    assert curate("search", "set:pilot")["matches"] == 50
    even = curate("balance", "NOT copy:1", "--by", "beach,snow", "--n", 20)
    assert [part["chosen"] for part in even["parts"]] == [10, 10]
    unasked = curate("balance", "NOT copy:1", "--n", 20)
    assert all(part["query"].startswith(("shows:", "(shows:")) for part in unasked["parts"])
    for order in ("surprise", "cosine"):
        odd = curate("outliers", "--in", "set:pilot", "--limit", 5, "--order", order)["outliers"]
        assert len(odd) == 5
        assert odd[0].keys() == {"id", "name", "path", "surprise", "cosine", "shows"}
    assert "surprise" in curate("outliers", text=True)

    table = tmp_path / "pilot.jsonl"
    said = curate("export", "set:pilot", "--to", table, text=True)
    assert "wrote 50 images" in said
    rows = [json.loads(line) for line in table.read_text().splitlines()]
    assert all(row["set"] == "pilot" for row in rows)
    folder = tmp_path / "pilot"
    words = ("export", "set:pilot", "--to", folder, "--as", "imagefolder", "--label", "label")
    assert "add --yes to do it" in curate(*words, text=True)
    assert not folder.exists()
    curate(*words, "--yes")
    assert {path.name for path in folder.iterdir()} == {"dog", "horse", "metadata.jsonl"}

    assert not curate("tag", "set:pilot", "set=")["done"]
    curate("tag", "set:pilot", "set=", "--yes")
    assert curate("search", "set:pilot")["matches"] == 0


def test_mistakes_are_one_line(curate):
    for words, message in (
        (["concepts", "--in", "gitar"], "unknown concept 'gitar'"),
        (["compare", "dog", "--by", "label", "--chart", "x.png"], "--by compares many"),
        (["tag", "dog", "path=x"], "a column of splicedex itself"),
        (["export", "dog", "--to", "x", "--as", "zip"], "--as zip is unknown"),
    ):
        said = curate(*words, expect=2)
        assert said.count("\n") == 1
        assert message in said

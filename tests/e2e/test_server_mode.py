"""The commands with an index on a server."""

from __future__ import annotations

import numpy as np
import pytest

from tests.fake_qdrant import FakeQdrant


@pytest.fixture
def qdrant():
    """A fake server."""
    fake = FakeQdrant().start()
    yield fake
    fake.stop()


def sources(embedded):
    """The sources of `indexed`."""
    return (
        "--model", embedded / "space",
        "--embeddings", embedded / "x.npy", "--files", embedded / "files.csv",
    )  # fmt: skip


def test_a_server_answers_as_a_folder_does(splicedex, embedded, indexed, qdrant):
    folder, _ = indexed
    there = ("--url", qdrant.url, "--index", "photos")
    made = splicedex("index", *there, *sources(embedded), "--json")
    assert (made["added"], made["images"]) == (300, 300)
    assert len(qdrant.ids("photos")) == 300

    for asked in (
        ("search", "dog NOT car label:even", "--json"),
        ("search", "like:007.jpg -snow", "--json"),
        ("concepts", "--json"),
        ("info", "--json"),
    ):
        here, remote = splicedex(*asked, "--index", folder), splicedex(*asked, *there)
        for answer in (here, remote):
            if asked[0] == "search":
                del answer["took_ms"]
        assert same(remote, here)

    again = splicedex("index", *there, *sources(embedded), "--json")
    assert (again["unchanged"], again["added"]) == (300, 0)
    assert len(qdrant.ids("photos")) == 300


def same(one, other):
    """Equal except for the last bits of numbers."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == (pytest.approx(other, abs=1e-4) if isinstance(other, float) else other)


def test_url_and_name_in_one_or_in_the_environment(splicedex, embedded, environment, qdrant):
    environment["SPLICEDEX_URL"] = qdrant.url
    splicedex("index", *sources(embedded))
    assert "splicedex" in qdrant.made
    assert splicedex("info", "--json")["images"] == 300
    del environment["SPLICEDEX_URL"]
    assert splicedex("info", "--index", f"{qdrant.url}/splicedex", "--json")["images"] == 300
    assert "no index is named" in splicedex("info", expect=2)


def test_server_that_asks_for_a_key(splicedex, embedded, environment):
    fake = FakeQdrant(api_key="secret").start()
    try:
        assert "refuses the API key" in splicedex("info", "--url", fake.url, expect=2)
        told = splicedex("info", "--url", fake.url, "--api-key", "wrong", expect=2)
        assert "refuses the API key" in told
        assert "wrong" not in told
        environment["SPLICEDEX_API_KEY"] = "secret"
        splicedex("index", "--url", fake.url, *sources(embedded))
        assert splicedex("info", "--url", fake.url, "--json")["images"] == 300
    finally:
        fake.stop()


def test_shards_and_replicas_are_asked_for(splicedex, embedded, qdrant, tmp_path):
    spread = ("--shards", "6", "--replicas", "2")
    splicedex("index", "--url", qdrant.url, *sources(embedded), *spread)
    made = qdrant.made["splicedex"]
    assert (made["shard_number"], made["replication_factor"]) == (6, 2)
    assert qdrant.made["splicedex.files"]["replication_factor"] == 2
    told = splicedex("index", "--index", tmp_path / "i", *sources(embedded), *spread, expect=2)
    assert "a folder has no --shards" in told


def test_other_settings_and_other_collections_are_refused(splicedex, embedded, qdrant):
    there = ("--url", qdrant.url)
    splicedex("index", *there, *sources(embedded))
    told = splicedex("index", *there, *sources(embedded), "--penalty", "0.3", expect=2)
    assert f"{qdrant.url}/splicedex was made with l1_penalty 0.25, not l1_penalty 0.3" in told
    assert "holds no index" in splicedex("info", *there, "--index", "others", expect=2)
    qdrant.client.delete_collection("splicedex.files")
    told = splicedex("index", *there, *sources(embedded), expect=2)
    assert "already has a collection 'splicedex'" in told


def test_another_machine_needs_only_the_url(splicedex, embedded, environment, qdrant, tmp_path):
    splicedex("index", "--url", qdrant.url, *sources(embedded))
    environment["SPLICEDEX_CACHE"] = str(tmp_path / "another machine")
    found = splicedex("search", "dog number<100", "--url", qdrant.url, "--json")
    assert found["matches"] > 0


def test_two_runs_at_once(splicedex, embedded, started, qdrant):
    """Both succeed, and the index is complete."""
    rows = np.load(embedded / "x.npy")
    lines = (embedded / "files.csv").read_text().splitlines()
    running = []
    for part in (slice(0, 200), slice(100, 300)):
        folder = embedded / f"from {part.start}"
        folder.mkdir()
        np.save(folder / "x.npy", rows[part])
        (folder / "files.csv").write_text("\n".join([lines[0], *lines[1:][part]]) + "\n")
        words = ("--model", embedded / "space", "--embeddings", folder / "x.npy")
        words += ("--files", folder / "files.csv")
        running.append(started("index", "--url", qdrant.url, *words))
    for process in running:
        said = process.communicate(timeout=120)
        assert process.returncode == 0, said
    assert len(qdrant.ids("splicedex")) == 300
    assert "300 images, no faults found" in splicedex("verify", "--url", qdrant.url)


def test_copy_and_verify(splicedex, indexed, qdrant, tmp_path):
    folder, _ = indexed
    there, back = f"{qdrant.url}/photos", tmp_path / "back.idx"
    done = splicedex("copy", folder, there, "--json")
    assert (done["images"], done["written"]) == (300, 300)
    assert splicedex("copy", there, back, "--json")["checksum"] == done["checksum"]
    for place in (there, back):
        assert "300 images, no faults found" in splicedex("verify", "--index", place)
    said = splicedex("copy", folder, tmp_path / "back.idx" / "space", expect=2)
    assert "exists and is not an index" in said

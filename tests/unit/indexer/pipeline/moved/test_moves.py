"""Images that are new by name and known by content: which move, which are copies, what it costs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splicedex.indexer.engines.query import Match
from splicedex.indexer.payload.columns import MOVED_FROM
from splicedex.indexer.pipeline.build import build
from splicedex.indexer.sources.embeddings import ArraySource
from splicedex.indexer.sources.tables.table import Table
from splicedex.indexer.sources.tables.typed_column import typed_column
from splicedex.indexer.store.index import HASH, point_id
from tests.photos import make_embeddings, make_index, make_space

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")
SPACE = make_space()
ROWS = make_embeddings(SPACE, 600)
LISTING = st.dictionaries(
    st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.sampled_from("123")).map("/".join),
    st.integers(0, 2),
    min_size=1,
    max_size=8,
)


def source_of(listing):
    """A source of embeddings: row numbers by name."""
    rows = ROWS[list(listing.values())]
    return ArraySource([rows], Table("made up", list(listing), {}), dim=SPACE.dim)


def tag(index, names):
    for number, name in enumerate(names):
        index.engine.set_payload([point_id(name)], {"tag": f"{number}"})


def payloads(index):
    return {hit.payload.pop("path"): hit.payload for hit in index.engine.scroll()}


@settings(max_examples=40)
@given(LISTING, LISTING)
def test_tags_stay_with_one_image_of_the_same_content(before, after):
    with TemporaryDirectory() as folder:
        index = make_index(Path(folder) / "made", "memory", SPACE, ROWS[:0])
        build(index, source_of(before))
        tag(index, before)
        owned = {payload["tag"]: payload[HASH] for payload in payloads(index).values()}
        report = build(index, source_of(after), prune=True)
        found = payloads(index)
        index.close()
    assert found.keys() == after.keys()
    assert not any(payload.get(MOVED_FROM) for payload in found.values())
    tags = {payload["tag"]: payload[HASH] for payload in found.values() if payload.get("tag")}
    assert len(tags) == sum(bool(payload.get("tag")) for payload in found.values())
    assert tags.items() <= owned.items()

    same = {name for name in before.keys() & after.keys() if before[name] == after[name]}
    # A photo that is new to the index takes a place before anybody knows who left it.
    free = [
        name for name in before.keys() - same if name not in after or after[name] in before.values()
    ]
    places = after.keys() - same
    left, wanted = Counter(before[name] for name in free), Counter(after[name] for name in places)
    assert report.moved == (left & wanted).total() == len(tags) - len(same)
    assert report.unchanged == len(same)
    assert report.added + report.replaced == len(places) - report.moved
    assert report.pruned <= len(before.keys() - after.keys())


@pytest.fixture(params=["edge", "memory"])
def index(request, tmp_path):
    made = make_index(tmp_path / "made", request.param, SPACE, ROWS[:0])
    yield made
    made.close()


@pytest.fixture
def asked(index, monkeypatch):
    """How many hashes each query for them named."""
    queries, scroll = [], index.engine.scroll

    def counting(passing=None, **words):
        if isinstance(passing, Match) and passing.key == HASH:
            queries.append(len(passing.values))
        return scroll(passing, **words)

    monkeypatch.setattr(index.engine, "scroll", counting)
    return queries


def test_what_it_asks_of_the_engine(index, asked):
    """Nothing where the index is empty or nothing is new, else once for many images."""
    first = {f"a/{row}.jpg": row for row in range(20)}
    build(index, source_of(first))
    build(index, source_of(first))
    assert asked == []
    build(index, source_of(first | {f"b/{row}.jpg": row for row in range(20, 600)}))
    assert asked == [256, 256, 68]
    build(index, source_of(first | {f"b/c/{row}.jpg": 20 + row % 2 for row in range(300)}))
    assert asked[3:] == [2, 2], "each hash once while listing, and at the end"


def test_without_prune_an_embedding_is_never_gone(index):
    build(index, source_of({"a": 1, "b": 2}))
    tag(index, ["a", "b"])
    report = build(index, source_of({"c": 1, "b": 2}))
    assert (report.added, report.copied, report.moved, report.unchanged) == (1, 1, 0, 1)
    found = payloads(index)
    assert {name: payload.get("tag") for name, payload in found.items()} == {
        "a": "0", "b": "1", "c": None,
    }  # fmt: skip


def test_a_listed_image_of_the_same_content_keeps_its_tags_and_is_not_read(index, monkeypatch):
    """Such as a photo with a new time, or whose cells in the table have changed."""
    table = Table("made up", ["a", "b"], {"label": typed_column(["x", "y"])})
    build(index, ArraySource([ROWS[:2]], table, dim=SPACE.dim))
    tag(index, ["a", "b"])
    table = Table("made up", ["a", "b", "c"], {"label": typed_column(["z", None, "y"])})
    source = ArraySource([ROWS[[0, 1, 0]]], table, dim=SPACE.dim)
    embedded = []
    embed = source.embed
    monkeypatch.setattr(
        source, "embed", lambda items: embed(embedded.append(i) or i for i in items)
    )
    report = build(index, source)
    assert (report.replaced, report.copied, report.moved, embedded) == (2, 1, 0, [])
    found = payloads(index)
    assert [found[name].get("tag") for name in "abc"] == ["0", "1", None]
    assert [found[name].get("label") for name in "abc"] == ["z", None, "y"]
    assert not any(payload.get(MOVED_FROM) for payload in found.values())
    assert build(index, source).unchanged == 3


def test_vectors_and_payload_of_copies_and_of_moves(index):
    build(index, source_of({"a/1": 1, "b/1": 1}))
    tag(index, ["a/1"])
    build(index, source_of({"b/1": 1, "c/1": 1, "d/2": 1}), prune=True)
    hits = {
        hit.payload["path"]: hit for hit in index.engine.scroll(with_dense=True, with_concepts=True)
    }
    assert hits.keys() == {"b/1", "c/1", "d/2"}
    ours = hits["b/1"]
    for name, tagged in (("c/1", "0"), ("d/2", None)):
        hit = hits[name]
        assert hit.payload.get("tag") == tagged
        assert hit.payload["folders"] == [name[0]]
        np.testing.assert_array_equal(hit.dense, ours.dense)
        np.testing.assert_array_equal(hit.concepts.indices, ours.concepts.indices)
        np.testing.assert_array_equal(hit.concepts.values, ours.concepts.values)
        own = {"path", "folders", "tag", MOVED_FROM}
        assert {k: v for k, v in hit.payload.items() if k not in own} == {
            k: v for k, v in ours.payload.items() if k not in own
        }

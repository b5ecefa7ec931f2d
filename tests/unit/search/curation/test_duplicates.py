"""Groups of duplicates, by exact comparison and by the graph."""

import os
from dataclasses import replace

import pytest

from splicedex.indexer.engines.edge import config
from splicedex.indexer.engines.edge import engine as edge
from splicedex.indexer.store.index import Index, open_index
from splicedex.search.curation import duplicates as duplicates_module
from splicedex.search.curation.duplicates import connected_components, duplicates
from splicedex.search.curation.subsets import graph_pairs
from splicedex.search.searcher import Searcher
from splicedex.splice.errors import UserError
from tests.planted import COPIES, COUNT, make_planted, name


def together(found):
    """The groups, by the names of their images."""
    return {frozenset([one.keep.path, *(c.image.path for c in one.others)]) for one in found.groups}


def test_connected_components():
    assert connected_components([("5", "1"), ("1", "3"), ("2", "4")]) == [
        ["1", "3", "5"],
        ["2", "4"],
    ]
    assert connected_components([]) == []


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
    with pytest.raises(UserError, match="is no cosine"):
        duplicates(searcher, above=2)


def test_a_graph_finds_copies_however_many(tmp_path, monkeypatch):
    monkeypatch.setattr(edge, "SMALL", 16)
    monkeypatch.setattr(config, "SMALL", 16)
    monkeypatch.setattr(graph_pairs, "FIRST", 2)
    monkeypatch.setattr(graph_pairs, "MOST", 64)
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
    monkeypatch.setattr(duplicates_module, "COMPARED", COUNT - 1)
    assert not duplicates(searcher, above=0.999).exact
    assert duplicates(searcher, "split:test", above=0.999).exact
    exact = replace(searcher.index.manifest, ann="exact")
    monkeypatch.setattr(Index, "manifest", exact)
    assert duplicates(searcher, above=0.999).exact

"""Large indexes: estimates, walks of the graph and short blocks."""

import pytest

from splicedex.indexer.engines.query import And, Match, Not, Or
from splicedex.search.ranking import nearest_methods
from splicedex.search.ranking.nearest_methods import Costs
from splicedex.search.results import Options
from splicedex.search.searcher import Searcher
from tests.photos import make_embeddings, make_index, make_space

SPACE = make_space()
COUNT = 1200


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("large") / "made"
    index = make_index(folder, "edge", SPACE, make_embeddings(SPACE, COUNT))
    yield index
    index.close()


@pytest.fixture
def large(made, monkeypatch):
    """An index that is treated as large."""
    monkeypatch.setattr(nearest_methods, "FEW", 100)
    monkeypatch.setattr(nearest_methods, "MIN_MATCHES", 5)
    monkeypatch.setattr(nearest_methods, "COSTS", Costs(filter_found=0))
    return made


def test_an_estimate_is_near_the_count(large):
    either = Or(tuple(Match("label", (label,)) for label in ("cat", "car")))
    passing = And((either, Not(Match("width", (-1,)))))
    exactly = large.engine.count(passing)
    assert exactly == 800
    assert large.engine.estimate(passing) == pytest.approx(exactly, rel=0.5)
    assert large.engine.estimate(Match("label", ("cat",))) == 400


def test_counts_are_repeated_after_a_write(large):
    passing = And((Match("label", ("boat",)), Not(Match("label", ("none",)))))
    before = large.engine.count(passing)
    hit = next(large.engine.scroll(passing))
    large.engine.set_payload([hit.id], {"label": "ark"})
    assert large.engine.count(passing) == before - 1
    large.engine.set_payload([hit.id], {"label": "boat"})
    assert large.engine.count(passing) == before


@pytest.mark.parametrize("count", [True, False])
def test_pages_follow_each_other_counted_or_not(large, count):
    searcher = Searcher(large)
    exact = {hit.id for hit in large.engine.scroll(searcher.plan("dog label:cat").filter)}
    assert len(exact) > 20
    found, cursor = [], None
    while True:
        page = searcher.search("dog label:cat", Options(limit=7, count=count), cursor=cursor)
        assert page.matches == (len(exact) if count else None)
        found += [hit.id for hit in page.hits]
        cursor = page.cursor
        if cursor is None:
            break
    assert len(found) == len(set(found))
    assert set(found) == exact


def test_near_misses_need_the_count(large):
    exact = large.engine.count(Searcher(large).plan("dog label:cat").filter)
    page = Searcher(large).search("dog label:cat", Options(limit=3, near=True, count=False))
    assert page.matches == exact

"""The ranking over the mapped copy equals that of all matches by the engine, score by score."""

import numpy as np
import pytest

from splicedex.search.ranking import by_mapped_score
from splicedex.search.ranking.by_mapped_score import ByMappedScore
from splicedex.search.ranking.choose import RankingChooser
from splicedex.search.results import Options
from splicedex.search.searcher import Searcher
from tests.photos import make_embeddings, make_index, make_space, name

PHOTOS = 700
QUERIES = [
    "dog", "=dog", "dog AND cat", "dog NOT cat", "(dog OR car) NOT person", "NOT dog",
    "NOT dog NOT cat", "dog^3 OR cat", "dog>0.6", "dog<0.2", "shows:dog", "NOT (dog AND ball)",
    "(tree AND snow) OR (hat AND NOT guitar)", "boat NOT boat",
]  # fmt: skip


@pytest.fixture(scope="module")
def searcher(tmp_path_factory):
    space = make_space()
    rows = make_embeddings(space, PHOTOS)
    rows[40:60] = rows[40]  # copies, whose scores are equal
    index = make_index(tmp_path_factory.mktemp("mapped") / "edge", "edge", space, rows)
    yield Searcher(index, block=10 * PHOTOS)
    index.close()


@pytest.fixture
def unmapped(searcher, monkeypatch):
    """Answers without the copy."""

    def answer(query, options):
        with monkeypatch.context() as patch:
            patch.setattr(type(searcher.index.engine), "mapped", None)
            return searcher.search(query, options)

    return answer


@pytest.mark.parametrize(("few", "long"), [(1, 5), (1, PHOTOS), (10 * PHOTOS, PHOTOS)])
@pytest.mark.parametrize("query", QUERIES)
def test_equals_the_engines(searcher, unmapped, monkeypatch, query, few, long):
    """With and without products of integers, and with and without the surest first."""
    monkeypatch.setattr(by_mapped_score, "FEW", few)
    monkeypatch.setattr(by_mapped_score, "LONG", long)
    monkeypatch.setattr(by_mapped_score, "SEEDS", 8)
    for options in (Options(), Options(limit=7, offset=30), Options(limit=PHOTOS, near=True)):
        found, expected = searcher.search(query, options), unmapped(query, options)
        assert found.matches == expected.matches
        assert [hit.match for hit in found.hits] == [hit.match for hit in expected.hits]
        scores = [hit.score for hit in found.hits]
        assert np.allclose(scores, [hit.score for hit in expected.hits], atol=1e-4)
        pairs = list(zip(found.hits, expected.hits, strict=True))
        if options.limit == PHOTOS:
            assert {hit.id for hit in found.hits} == {hit.id for hit in expected.hits}
        for one, other in pairs:
            if one.id == other.id:
                assert one.explanation.score == pytest.approx(other.explanation.score, abs=1e-4)
        assert all(
            hit.explanation.score == pytest.approx(hit.score, abs=1e-6) for hit in found.hits
        )


def test_the_surest_are_looked_at_first(searcher, monkeypatch):
    monkeypatch.setattr(by_mapped_score, "FEW", 2)
    monkeypatch.setattr(by_mapped_score, "SEEDS", 2)
    monkeypatch.setattr(by_mapped_score, "LONG", 5)
    looked_at = []
    pruned = ByMappedScore._pruned

    def counting(self, rows, count):
        looked_at.append(len(rows))
        return pruned(self, rows, count)

    monkeypatch.setattr(ByMappedScore, "_pruned", counting)
    found = searcher.search("dog", Options(limit=2))
    assert len(looked_at) == 1
    assert looked_at[0] < found.matches / 2


def test_equals_are_ordered_by_id(searcher):
    hits = searcher.search("NOT dog NOT car NOT hat", Options(limit=PHOTOS)).hits
    order = [(-hit.score, hit.id) for hit in hits]
    assert order == sorted(order)


def test_pages_fit_together(searcher):
    whole = searcher.search("NOT dog", Options(limit=PHOTOS)).hits
    pages = [
        hit
        for offset in range(0, PHOTOS, 90)
        for hit in searcher.search("NOT dog", Options(limit=90, offset=offset)).hits
    ]
    assert [hit.id for hit in pages] == [hit.id for hit in whole]


def test_it_is_used_for_concepts_only(searcher):
    def kind(query):
        index = searcher.index
        chooser = RankingChooser(index, None, searcher._outside, searcher._images, 512)
        return type(chooser.choose(searcher.plan(query), Options())[0])

    assert kind("dog NOT cat") is ByMappedScore
    assert kind("dog label:cat") is not ByMappedScore
    assert kind(f"like:{name(0)} dog") is not ByMappedScore


def test_sees_what_was_written_since(tmp_path):
    space = make_space()
    rows = make_embeddings(space, 60)
    index = make_index(tmp_path / "edge", "edge", space, rows)
    searcher = Searcher(index)
    before = searcher.search("dog", Options(limit=60))
    gone = [hit.id for hit in before.hits[:2]]
    index.engine.delete(gone)
    after = searcher.search("dog", Options(limit=60))
    assert after.matches == before.matches - 2
    assert [hit.id for hit in after.hits] == [h.id for h in before.hits if h.id not in gone]
    index.close()

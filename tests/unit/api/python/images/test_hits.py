"""Hits are read when they are asked for, and are what the searcher finds."""

import json
import threading

import numpy as np
import pytest

import splicedex as sx
from splicedex.api.python.images.hits import PAGE, Hits


def test_hits_are_read_lazily_and_in_pages(ix, monkeypatch):
    asked = []
    search = type(ix._session._opened.searcher).search

    def counted(self, query, options=None, **others):
        asked.append((options.offset, options.limit))
        return search(self, query, options, **others)

    monkeypatch.setattr(type(ix._session._opened.searcher), "search", counted)
    few = ix.search("dog", limit=5)
    assert "not read yet" in repr(few)
    assert asked == []
    assert len(few) == 5
    assert (few[0], few[-1]) == (few.hits[0], few.hits[4])
    assert asked == [(0, 5)]
    asked.clear()
    whole = ix.search("dog OR horse", limit=None)
    assert len(whole) == whole.matches > 2 * PAGE
    assert asked == [(0, PAGE)]
    assert whole[PAGE + 3].name == list(whole[PAGE : PAGE + 9])[3].name
    assert asked == [(0, PAGE), (PAGE, PAGE)]
    assert len(list(whole)) == len(whole)


def test_pages_and_slices_are_the_whole(ix):
    whole = names(ix.search("dog NOT car", limit=240, near=True))
    assert len(whole) == 240
    for options in ({"limit": None}, {"limit": 240}):
        hits = ix.search("dog NOT car", near=True, **options)
        assert names(hits) == whole
        assert names(hits[10:20]) == whole[10:20]
        assert names(hits[::-1][:3]) == whole[::-1][:3]
        assert names(hits[:20][5:]) == whole[5:20]
        assert len(hits) == len(whole)
    assert names(ix.search("dog NOT car", near=True, offset=30, limit=None)) == whole[30:]
    page = ix.search("dog NOT car", near=True, limit=50)
    assert names(ix.search("dog NOT car", near=True, limit=50, cursor=page.cursor)) == whole[50:100]
    for rank in (240, -241):
        with pytest.raises(IndexError):
            hits[rank]
    with pytest.raises(IndexError):
        ix.search("dog", limit=3)[3]


def test_a_fusion_has_as_many_hits_as_it_has(ix):
    hits = ix.search("like:a/000.jpg like:b/003.jpg", rank="rrf", limit=None)
    assert len(hits) == len(list(hits)) == len({hit.id for hit in hits})


def test_hits_are_tables(ix):
    hits = ix.search("dog", limit=7)
    whole = hits.to_dict()
    assert whole["hits"] == hits.to_list() == json.loads(json.dumps(hits.to_list()))
    assert {"path", "name", "id", "score", "match", "shows", "concepts"} <= whole["hits"][0].keys()
    frame = hits.to_pandas()
    assert list(frame["name"]) == names(hits)
    assert set(frame["label"]) <= {"dog", "horse"}
    arrow = hits.to_arrow()
    assert arrow["number"].type == "int64"
    assert hits.to_polars()["score"].to_list() == arrow["score"].to_pylist()
    assert len(ix.search("dog AND number:-1").to_pandas()) == 0
    assert ix.search("dog AND number:-1").to_arrow().num_rows == 0


def test_a_hit_says_why(ix):
    hit = ix.search("dog NOT snow")[0]
    assert sum(part.contribution for part in hit.concepts) + hit.rest == pytest.approx(hit.score)
    why = hit.explain()
    assert why.match
    assert [part.part for part in why.parts] == ["dog", "NOT snow"]
    assert why.to_pandas()["holds"].all()
    assert "dog" in hit.reasons[0]


def test_similar_leaves_out_what_is_far(ix):
    near = ix.similar("a/001.jpg", limit=9)
    bound = near[4].score
    assert names(ix.similar("a/001.jpg", limit=9, above=bound)) == names(near[:5])


def test_mistakes_are_told_when_the_query_is_written(ix):
    for query, options, told in (
        ("dog AND", {}, "a concept is missing"),
        ("dog gitar", {}, "did you mean guitar"),
        ("dog", {"rank": "best"}, "use auto"),
        ("dog", {"limit": None, "cursor": "1.ab"}, "continues a page"),
        ("dog", {"diversity": 2}, "diversity"),
        ("dog", {"limit": 0}, "limit 0"),
    ):
        with pytest.raises(sx.UserError, match=told):
            ix.search(query, **options)


def test_threads_share_hits_and_the_index(ix):
    hits = ix.search("dog OR horse", limit=None)
    expected = names(ix.search("dog OR horse", limit=240))
    found, failed = [], []

    def read():
        try:
            found.append(names(hits))
            found.append(names(ix.search("dog OR horse", limit=240)))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert found == [expected] * 16


def test_no_scores_are_lost_on_the_way(ix):
    assert isinstance(ix.search("dog"), Hits)
    scores = [hit.score for hit in ix.search("dog", limit=None)]
    assert scores == sorted(scores, reverse=True)
    assert np.isfinite(scores).all()


def names(hits):
    return [hit.name for hit in hits]

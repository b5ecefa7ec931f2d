"""Outliers on both engines, compared with reading every image."""

from collections import Counter
from math import log2

import pytest

from splicedex.search.curation import outliers as subject
from splicedex.search.curation.outliers import outliers
from splicedex.search.searcher import Searcher
from splicedex.splice.errors import UserError
from tests.planted import COUNT, make_planted
from tests.unit.search.curation.matching import found_by


def payloads(searcher, query):
    inside = found_by(searcher, query)
    hits = searcher.index.engine.scroll()
    return {hit.id: hit.payload for hit in hits if hit.id in inside}


def surprises(images):
    """The surprise of each image by path, as defined."""
    counts = Counter(one for image in images for one in (image["shows"] or ["nothing"]))
    bits = {one: log2((len(images) + 2) / (n + 1)) for one, n in counts.items()}
    found = {}
    for image in images:
        pairs = zip(image["shows"], image["shows_percent"], strict=True)
        total = sum(p * bits[one] for one, p in pairs)
        weight = sum(image["shows_percent"])
        found[image["path"]] = total / weight if weight else bits["nothing"]
    return found


@pytest.mark.parametrize("query", ["label:dog", "number<100 (snow OR hat)", "split:train"])
def test_outliers_are_the_most_surprising(searcher, query):
    images = payloads(searcher, query)
    expected = surprises(list(images.values()))
    found = outliers(searcher, query, limit=COUNT)
    assert {one.path: one.surprise for one in found} == pytest.approx(expected)
    in_order = [one.surprise for one in found]
    assert in_order == sorted(in_order, reverse=True)
    names = searcher.index.space.concepts
    for one in found:
        stored = images[one.id]
        assert [shows.concept for shows in one.shows] == [names[i] for i in stored["shows"]]
        assert one.cosine == stored["cosine"]
    assert outliers(searcher, query, limit=5) == found[:5]


@pytest.mark.parametrize("most", [3, 17, 40, COUNT])
def test_of_many_images_those_with_the_rarest_concepts_are_read(searcher, monkeypatch, most):
    images = payloads(searcher, "split:train")
    counts = Counter(one for image in images.values() for one in image["shows"])
    order = {one: rank for rank, one in enumerate(sorted(counts, key=lambda i: (-counts[i], i)))}
    commonest = {
        id_: min((order[one] for one in image["shows"]), default=len(order))
        for id_, image in images.items()
    }
    monkeypatch.setattr(subject, "MOST_READ", most)
    found = outliers(searcher, "split:train", limit=min(most, len(images)))
    assert len(found) == min(most, len(images))
    left_out = [commonest[id_] for id_ in images.keys() - {one.id for one in found}]
    assert min(commonest[one.id] for one in found) >= max(left_out, default=0)


def test_to_show_nothing_is_as_surprising_as_it_is_rare(tmp_path):
    index = make_planted(tmp_path / "made", "edge")
    searcher = Searcher(index)
    ids = [hit.id for hit in index.engine.scroll(with_payload=False)]
    for count in (1, 100):
        index.engine.set_payload(ids[:count], {"shows": [], "shows_percent": []})
        found = {one.id: one for one in outliers(searcher, limit=COUNT)}
        blank = sum(not one.shows for one in found.values())
        assert found[ids[0]].shows == ()
        assert blank >= count
        assert found[ids[0]].surprise == pytest.approx(log2((COUNT + 2) / (blank + 1)))
    index.close()


def test_the_other_order_is_by_cosine(searcher):
    everything = searcher.index.engine.scroll(with_payload=("path", "cosine"))
    cosines = sorted((hit.payload["cosine"], hit.payload["path"]) for hit in everything)
    found = outliers(searcher, limit=15, order="cosine")
    assert [(one.cosine, one.path) for one in found] == cosines[:15]
    dogs = outliers(searcher, "label:dog", limit=COUNT, order="cosine")
    assert {one.id for one in dogs} == found_by(searcher, "label:dog")
    alike = {one.id: one for one in outliers(searcher, "label:dog", limit=COUNT)}
    assert all(alike[one.id] == one for one in dogs)
    with pytest.raises(UserError, match="--order size is unknown"):
        outliers(searcher, order="size")

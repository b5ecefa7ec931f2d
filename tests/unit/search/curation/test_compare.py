"""Comparisons of subsets, compared with counting by hand."""

from splicedex.search.curation.compare import compare, compare_by
from tests.planted import COUNT, TRAIN
from tests.unit.search.curation.matching import found_by


def test_compare(searcher):
    found = compare(searcher, "label:dog split:train", "label:horse split:train")
    assert found.images == (TRAIN // 2, TRAIN // 2)
    told = {name for one in found.concepts for name in one.family}
    assert {"beach", "snow"} <= told
    assert not told & {"dog", "puppy", "hound", "horse"}
    effects = [abs(one.difference.value) + one.contrast / 2 for one in found.concepts]
    assert effects == sorted(effects, reverse=True)
    assert found.significant == len(found.concepts)
    for one in found.concepts:
        assert one.p <= one.q < 0.2
        assert abs(one.difference.value) >= 0.2
        for side, query in enumerate(found.queries):
            assert one.images[side] == len(found_by(searcher, f"({query}) ({one.query})"))
            here = found_by(searcher, f"({query}) ({one.query})")
            assert len(one.examples[side]) == min(3, len(here))
            assert {example.id for example in one.examples[side]} <= here
        assert (one.difference.value > 0) == (one.log_odds.value > 0)
        assert one.difference.low <= one.difference.value <= one.difference.high
    by_odds = compare(searcher, "label:dog", "label:horse", order="odds", shown=0)
    assert by_odds.concepts
    assert by_odds.concepts[0].examples == ((), ())


def test_compare_with_the_rest_and_with_overlap(searcher):
    rest = compare(searcher, "label:dog")
    both = compare(searcher, "label:dog", "NOT label:dog")
    assert rest.concepts == both.concepts
    assert rest.images == (COUNT // 2, COUNT // 2)
    inner = compare(searcher, "label:dog", "label:dog beach")
    assert inner.overlap == inner.images[1] == len(found_by(searcher, "label:dog beach"))
    assert inner.images[0] == len(found_by(searcher, "label:dog NOT beach>=0.25"))
    assert "beach" not in {one.concept for one in inner.concepts}
    assert set(inner.queries) == {"(label:dog) NOT (label:dog beach)", "label:dog beach"}


def test_compare_by_column(searcher):
    found = compare_by(searcher, "group", "split:train")
    assert [one.queries[0].removeprefix("group:") for one in found][:2] == [
        "dog on beach",
        "horse on snow",
    ]
    for one in found:
        assert sum(one.images) == TRAIN
    assert not {one.concept for one in found[0].concepts} & {"beach", "dog", "snow", "horse"}


def test_the_name_of_one_value_is_news_of_another(searcher):
    found = {one.queries[0]: one for one in compare_by(searcher, "label", "split:train")}
    told = {one.concept: one.difference.value for one in found["label:dog"].concepts}
    assert told["beach"] > 0 > told["snow"]
    assert not told.keys() & {"dog", "horse"}


def test_a_random_split_differs_in_nothing(searcher):
    odd = compare(searcher, "number<60 OR (number>=120 number<180)")
    assert odd.significant == 0
    assert odd.concepts == ()

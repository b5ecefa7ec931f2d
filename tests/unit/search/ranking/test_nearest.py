import numpy as np
import pytest

from splicedex.indexer.engines.base import scanned
from splicedex.indexer.engines.query import And, HasId, Hit, Match, Not, Or
from splicedex.search.ranking.nearest import (
    AMONG,
    CHECKED,
    ENOUGH,
    FEW,
    FOUND,
    MOST_WALKED,
    NARROW,
    PLENTY,
    Direction,
    places,
)

VECTOR = np.array([1.0, 0.0], np.float32)
DOG, CAT, LABEL = (Match("presence", (1,)), Match("presence", (2,)), Match("label", ("car",)))
EVERYTHING = And(())
ACROSS = Direction(VECTOR)
ALONG = Direction(VECTOR, despite=EVERYTHING)
MILLION = 10**6
TENTH = MILLION // 10
SCANNED = scanned(MILLION)


class Planned:
    """An engine that finds so many, whichever way it looks, and remembers the ways.

    Args:
        images: How many it has.
        lists: Estimates by filter; None for an engine that plans searches itself.
        finds: What each way finds, in the order they are tried; all others find enough.
    """

    def __init__(self, images, lists, finds=()):
        self.images, self.lists, self.finds = images, lists, list(finds)
        self.ways = []
        self.plans_searches = lists is None

    def count(self):
        return self.images

    def estimate(self, passing):
        if passing == EVERYTHING:
            return self.images
        if isinstance(passing, And) and len(passing.parts) == 1:
            return self.estimate(passing.parts[0])
        if isinstance(passing, Or):
            return max(map(self.estimate, passing.parts))
        return self.lists[passing]

    def query(self, query):
        self.ways.append(query.ranking)
        found = self.finds.pop(0) if self.finds else query.limit
        return [Hit(f"{row:09}", -float(row)) for row in range(found)]


def kind(way):
    if way.among:
        return (way.filter, way.among)
    return "exact" if way.exact else "around" if way.width > NARROW else "scan"


def kinds(engine):
    return list(map(kind, engine.ways))


@pytest.mark.parametrize(
    ("images", "lists", "direction", "passing", "expected"),
    [
        (FEW, {DOG: FEW}, ALONG, DOG, "exact"),
        (MILLION, {DOG: SCANNED - 1}, ALONG, DOG, "scan"),
        (MILLION, {DOG: SCANNED - 1}, ACROSS, DOG, "scan"),
        (MILLION, {DOG: SCANNED}, ALONG, DOG, (None, AMONG)),
        (MILLION, {DOG: SCANNED}, ACROSS, DOG, (None, 580)),  # 1.25 · (100 + 16) · 4
        (TENTH, {DOG: TENTH // 4}, ALONG, DOG, (None, AMONG)),
        (100 * MILLION, {DOG: SCANNED}, ACROSS, DOG, "around"),
        (MILLION, {Not(DOG): MILLION // 2}, ALONG, Not(DOG), (None, AMONG)),
        (MILLION, {DOG: TENTH, CAT: TENTH}, ALONG, Or((DOG, CAT)), "scan"),
        (MILLION, {DOG: SCANNED // 2, CAT: SCANNED // 2}, ALONG, Or((DOG, CAT)), (None, AMONG)),
        (MILLION, {}, ALONG, EVERYTHING, "around"),
        (MILLION, None, ALONG, DOG, "around"),
    ],
)
def test_the_way_is_the_cheapest(images, lists, direction, passing, expected):
    engine = Planned(images, lists)
    assert len(places(engine, direction, passing, 0, 100)) == 100
    assert kinds(engine) == [expected]


@pytest.mark.parametrize("other", [CAT, Not(CAT)])
def test_where_several_must_hold_the_nearest_of_one_list_are_filtered(other):
    both = And((DOG, other))
    border = FOUND * AMONG // (CHECKED - 1)
    for dogs, expected in [(border, "scan"), (border + 1, (DOG, AMONG))]:
        engine = Planned(MILLION, {DOG: dogs, other: TENTH, both: ENOUGH + 1})
        places(engine, ALONG, both, 0, 100)
        assert kinds(engine) == [expected]


SURE_DOG, SURE_CAT = Match("strengths", (39,)), Match("strengths", (59,))
STRONGEST = {DOG: SURE_DOG, CAT: SURE_CAT}


@pytest.mark.parametrize(
    ("others", "sure", "expected"),
    [
        ((), PLENTY, SURE_DOG),
        ((), PLENTY - 1, None),  # a scan of all that passes
        ((Not(LABEL),), 2 * PLENTY, SURE_DOG),  # half of all images are not so labelled
        ((Not(LABEL),), 2 * PLENTY - 1, DOG),
        ((LABEL,), 10 * PLENTY, SURE_DOG),
        ((LABEL,), 10 * PLENTY - 1, DOG),
        ((CAT,), TENTH // 4, DOG),  # what has both may have neither surely
    ],
)
def test_of_a_list_the_strongest_are_looked_at_where_they_do(others, sure, expected):
    lists = {DOG: TENTH // 2, CAT: TENTH, LABEL: TENTH, Not(LABEL): MILLION // 2, SURE_DOG: sure}
    passing = And((DOG, *others))
    for other in others:
        lists[passing] = lists[DOG] * lists[other] // MILLION
    engine = Planned(MILLION, lists)
    columns = And(tuple(other for other in others if other != CAT))
    places(engine, Direction(VECTOR, columns, STRONGEST), passing, 0, 100)
    assert [way.filter for way in engine.ways] == [expected]


def test_should_the_strongest_be_too_few_all_are_looked_at():
    engine = Planned(MILLION, {DOG: TENTH, SURE_DOG: PLENTY}, [99])
    assert len(places(engine, Direction(VECTOR, EVERYTHING, STRONGEST), DOG, 0, 100)) == 100
    assert [way.filter for way in engine.ways] == [SURE_DOG, None]


def test_the_strongest_do_for_shallow_pages_alone():
    for depth, expected in [(PLENTY // 2, SURE_DOG), (PLENTY // 2 + 1, None)]:
        engine = Planned(MILLION, {DOG: TENTH, SURE_DOG: PLENTY})
        places(engine, Direction(VECTOR, EVERYTHING, STRONGEST), DOG, depth - 100, 100)
        assert [way.filter for way in engine.ways] == [expected]


def test_images_that_are_spared_are_not_filtered():
    spared = And((DOG, Not(HasId(("000000001", "000000003")))))
    engine = Planned(MILLION, {DOG: TENTH})
    found = places(engine, ALONG, spared, 1, 3)
    assert kinds(engine) == ["scan"]
    assert [id_ for id_, _ in found] == ["000000002", "000000004", "000000005"]


def test_columns_are_passed_as_rarely_near_the_concepts_as_anywhere():
    both = And((DOG, LABEL))
    for labels, expected in [
        (2 * TENTH, (DOG, 725)),  # 1.25 · (100 + 16) · 5
        (TENTH // 2, (LABEL, AMONG)),  # the concept itself is there near the concept
    ]:
        engine = Planned(MILLION, {DOG: TENTH, LABEL: labels, both: ENOUGH + 1})
        places(engine, Direction(VECTOR, despite=LABEL), both, 0, 100)
        assert kinds(engine) == [expected]


@pytest.mark.parametrize("matches", [ENOUGH, 100])
def test_so_few_matches_may_not_lie_near(matches):
    both = And((DOG, Not(CAT)))
    engine = Planned(MILLION, {DOG: TENTH, Not(CAT): TENTH, both: matches})
    places(engine, ALONG, both, 0, 100)
    assert kinds(engine) == ["scan"]


def test_where_one_way_finds_too_few_the_next_is_tried():
    engine = Planned(MILLION, {DOG: SCANNED}, [99, 0, 50])
    assert len(places(engine, ALONG, DOG, 0, 100)) == 50
    assert kinds(engine) == [(None, AMONG), "around", "exact"]


def test_the_nearest_of_one_list_alone_are_tried():
    both = And((DOG, CAT))
    engine = Planned(MILLION, {DOG: TENTH, CAT: TENTH, both: ENOUGH + 1}, [99, 50])
    assert len(places(engine, ALONG, both, 0, 100)) == 50
    assert kinds(engine) == [(DOG, AMONG), "scan"]


def test_walks_widen_with_the_images():
    for images, width in [(FEW + 1, NARROW), (MILLION, 1000)]:
        engine = Planned(images, {})
        places(engine, ALONG, EVERYTHING, 0, 100)
        assert [way.width for way in engine.ways] == [width]


def test_deep_places_are_not_looked_for_among_too_many():
    engine = Planned(MILLION, {DOG: SCANNED})
    places(engine, ACROSS, DOG, MOST_WALKED, 100)
    assert kinds(engine) == ["around"]


def test_equals_stand_by_id_wherever_the_page_ends():
    class Copies(Planned):
        def query(self, query):
            self.ways.append(query.ranking)
            rows = np.random.default_rng(query.limit).permutation(60)[: query.limit]
            return [Hit(f"{row:09}", 1.0) for row in rows]

    engine = Copies(60, {})
    found = [places(engine, ALONG, EVERYTHING, start, 10) for start in range(0, 60, 10)]
    assert [id_ for page in found for id_, _ in page] == [f"{row:09}" for row in range(60)]

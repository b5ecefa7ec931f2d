import numpy as np
import pytest

from indexer.query import And, HasId, Hit, Match, Not
from search.nearest import (
    AMONG,
    AROUND,
    CHECKED,
    ENOUGH,
    FEW,
    FOUND,
    MOST_AMONG,
    NARROW,
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


class Planned:
    """An engine that finds so many, whichever way it looks, and remembers the ways.

    Args:
        images: How many it has.
        lists: Estimates by filter; None for an engine that gives none.
        finds: What each way finds, in the order they are tried; all others find enough.
    """

    def __init__(self, images, lists, finds=()):
        self.images, self.lists, self.finds = images, lists, list(finds)
        self.ways = []

    def count(self):
        return self.images

    def estimate(self, passing):
        if self.lists is None:
            return None
        if passing == EVERYTHING:
            return self.images
        alone = len(passing.parts) == 1 if isinstance(passing, And) else False
        return self.lists[passing.parts[0] if alone else passing]

    def query(self, query):
        self.ways.append(query.ranking)
        found = self.finds.pop(0) if self.finds else query.limit
        return [Hit(f"{row:09}", -float(row)) for row in range(found)]


def kinds(engine):
    return [
        "scan" if way.exact else "around" if way.among is None else way.among for way in engine.ways
    ]


@pytest.mark.parametrize(
    ("images", "lists", "direction", "passing", "kind"),
    [
        (FEW, {DOG: FEW}, ALONG, DOG, "scan"),
        (MILLION, {DOG: FOUND * AMONG}, ALONG, DOG, "scan"),
        (MILLION, {DOG: FOUND * AMONG + 1}, ALONG, DOG, AMONG),
        (MILLION, {DOG: TENTH}, ACROSS, DOG, 1740),  # 1.5 · (100 + 16) · 10
        (MILLION, {DOG: AROUND // 2}, ACROSS, DOG, "scan"),
        (100 * MILLION, {DOG: 2 * AROUND}, ACROSS, DOG, "around"),
        (MILLION, {}, ALONG, EVERYTHING, "around"),
        (MILLION, None, ALONG, DOG, "around"),
    ],
)
def test_the_way_is_the_cheapest(images, lists, direction, passing, kind):
    engine = Planned(images, lists)
    assert len(places(engine, direction, passing, 0, 100)) == 100
    assert kinds(engine) == [kind]


def test_a_scan_of_several_lists_looks_up_what_is_on_the_shortest():
    both = And((DOG, CAT))
    border = FOUND * 2 * AMONG // CHECKED
    for cats, kind in [(border, "scan"), (border + 1, 2 * AMONG)]:
        engine = Planned(MILLION, {DOG: TENTH, CAT: cats, both: ENOUGH + 1})
        places(engine, ALONG, both, 0, 100)
        assert kinds(engine) == [kind]


def test_images_that_are_spared_are_not_filtered():
    spared = And((DOG, Not(HasId(("000000001", "000000003")))))
    engine = Planned(MILLION, {DOG: FOUND * AMONG})
    found = places(engine, ALONG, spared, 1, 3)
    assert kinds(engine) == ["scan"]
    assert [id_ for id_, _ in found] == ["000000002", "000000004", "000000005"]


def test_columns_are_passed_as_rarely_near_the_concepts_as_anywhere():
    both = And((DOG, LABEL))
    engine = Planned(MILLION, {DOG: TENTH, LABEL: TENTH, both: ENOUGH + 1})
    places(engine, Direction(VECTOR, despite=LABEL), both, 0, 100)
    assert kinds(engine) == [1740]


@pytest.mark.parametrize("matches", [ENOUGH, 100])
def test_so_few_matches_may_not_lie_near(matches):
    both = And((DOG, Not(CAT)))
    engine = Planned(MILLION, {DOG: 20_000, Not(CAT): TENTH, both: matches})
    places(engine, ALONG, both, 0, 100)
    assert kinds(engine) == ["scan"]


def test_where_one_way_finds_too_few_the_next_is_tried():
    engine = Planned(MILLION, {DOG: 2 * AROUND}, [99, 0, 50])
    assert len(places(engine, ALONG, DOG, 0, 100)) == 50
    assert kinds(engine) == [AMONG, "around", "scan"]


def test_walks_widen_with_the_images():
    for images, width in [(FEW + 1, NARROW), (MILLION, 1000)]:
        engine = Planned(images, {})
        places(engine, ALONG, EVERYTHING, 0, 100)
        assert [way.width for way in engine.ways] == [width]


def test_deep_places_are_not_looked_for_among_too_many():
    engine = Planned(MILLION, {DOG: 2 * AROUND})
    places(engine, ACROSS, DOG, MOST_AMONG, 100)
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

import numpy as np
import pytest

from indexer.query import And, Hit, Match, Not
from search.nearest import AMONG, FEW, MOST_AMONG, NARROW, SCANNED, Direction, places

ALONG = Direction(np.array([1.0, 0.0], np.float32), filtered_by=True)
ACROSS = Direction(ALONG.vector)
DOG, CAT = Match("label", ("dog",)), Match("label", ("cat",))
EVERYTHING = And(())


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
        if self.lists is None or passing == EVERYTHING:
            return None if self.lists is None else self.images
        return self.lists[passing]

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
        (10**6, {DOG: SCANNED}, ALONG, DOG, "scan"),
        (10**6, {DOG: 2 * SCANNED}, ALONG, DOG, AMONG),
        (10**6, {DOG: 10**5}, ACROSS, DOG, round(1.5 * 10 * (100 + 16))),
        (10**6, {DOG: 2 * SCANNED}, ACROSS, DOG, "around"),
        (10**6, {}, ALONG, EVERYTHING, "around"),
        (10**6, None, ALONG, DOG, "around"),
    ],
)
def test_the_way_follows_from_the_lists(images, lists, direction, passing, kind):
    engine = Planned(images, lists)
    assert len(places(engine, direction, passing, 0, 100)) == 100
    assert kinds(engine) == [kind]


def test_a_scan_looks_at_the_shortest_list_once_for_every_part():
    both = And((DOG, CAT))
    for cats, kind in [(SCANNED // 2, "scan"), (SCANNED // 2 + 1, AMONG)]:
        engine = Planned(10**6, {DOG: 10**5, CAT: cats, both: cats // 10})
        places(engine, ALONG, both, 0, 100)
        assert kinds(engine) == [kind]


def test_so_few_matches_are_scanned_at_once():
    both = And((DOG, Not(CAT)))
    engine = Planned(10**6, {DOG: 10**5, Not(CAT): 10**5, both: 100})
    places(engine, ALONG, both, 0, 100)
    assert kinds(engine) == ["scan"]


def test_where_one_way_finds_too_few_the_next_is_tried():
    engine = Planned(10**6, {DOG: 10**5}, [99, 0, 50])
    assert len(places(engine, ALONG, DOG, 0, 100)) == 50
    assert kinds(engine) == [AMONG, "around", "scan"]


def test_walks_widen_with_the_images():
    for images, width in [(FEW + 1, NARROW), (10**6, 1000)]:
        engine = Planned(images, {})
        places(engine, ALONG, EVERYTHING, 0, 100)
        assert [way.width for way in engine.ways] == [width]


def test_deep_places_are_not_looked_for_among_too_many():
    engine = Planned(10**6, {DOG: 10**5})
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

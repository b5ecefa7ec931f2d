import numpy as np
import pytest

from splicedex.indexer.engines.base import scanned
from splicedex.indexer.engines.query import And, HasId, Hit, Match, Not, Or
from splicedex.search.ranking.nearest import nearest_images
from splicedex.search.ranking.nearest_methods import (
    COSTS,
    FEW,
    MAX_WALKED,
    MIN_CANDIDATES,
    MIN_CONFIDENT,
    MIN_MATCHES,
    MIN_WIDTH,
    Direction,
)

VECTOR = np.array([1.0, 0.0], np.float32)
DOG, CAT, LABEL = (Match("presence", (1,)), Match("presence", (2,)), Match("label", ("car",)))
EVERYTHING = And(())
ACROSS = Direction(VECTOR)
ALONG = Direction(VECTOR, independent=EVERYTHING)
MILLION = 10**6
TENTH = MILLION // 10
SCANNED = scanned(MILLION)


class Planned:
    """An engine that records the searches it is asked for.

    Args:
        images: Number of images.
        lists: Estimates by filter; None for an engine that plans searches itself.
        finds: Number of images that each of the first searches finds; all others find enough.
    """

    def __init__(self, images, lists, finds=()):
        self.images, self.lists, self.finds = images, lists, list(finds)
        self.searches = []
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
        self.searches.append(query.ranking)
        found = self.finds.pop(0) if self.finds else query.limit
        return [Hit(f"{row:09}", -float(row)) for row in range(found)]


def kind(search):
    if search.among:
        return (search.filter, search.among)
    return "exact" if search.exact else "filtered walk" if search.width > MIN_WIDTH else "scan"


def kinds(engine):
    return list(map(kind, engine.searches))


@pytest.mark.parametrize(
    ("images", "lists", "direction", "passing", "expected"),
    [
        (FEW, {DOG: FEW}, ALONG, DOG, "exact"),
        (MILLION, {DOG: SCANNED - 1}, ALONG, DOG, "scan"),
        (MILLION, {DOG: SCANNED - 1}, ACROSS, DOG, "scan"),
        (MILLION, {DOG: SCANNED}, ALONG, DOG, (None, MIN_CANDIDATES)),
        (MILLION, {DOG: SCANNED}, ACROSS, DOG, (None, 580)),  # 1.25 · (100 + 16) · 4
        (TENTH, {DOG: TENTH // 4}, ALONG, DOG, (None, MIN_CANDIDATES)),
        (100 * MILLION, {DOG: SCANNED}, ACROSS, DOG, "filtered walk"),
        (MILLION, {Not(DOG): MILLION // 2}, ALONG, Not(DOG), (None, MIN_CANDIDATES)),
        (MILLION, {DOG: TENTH, CAT: TENTH}, ALONG, Or((DOG, CAT)), "scan"),
        (
            MILLION,
            {DOG: SCANNED // 2, CAT: SCANNED // 2},
            ALONG,
            Or((DOG, CAT)),
            (None, MIN_CANDIDATES),
        ),
        (MILLION, {}, ALONG, EVERYTHING, "filtered walk"),
        (MILLION, None, ALONG, DOG, "filtered walk"),
    ],
)
def test_the_cheapest_method_is_used(images, lists, direction, passing, expected):
    engine = Planned(images, lists)
    assert len(nearest_images(engine, direction, passing, 0, 100)) == 100
    assert kinds(engine) == [expected]


@pytest.mark.parametrize("other", [CAT, Not(CAT)])
def test_for_several_parts_the_nearest_of_one_list_are_filtered(other):
    both = And((DOG, other))
    border = COSTS.filter_found * MIN_CANDIDATES // (COSTS.lookup - COSTS.scan)
    for dogs, expected in [(border, "scan"), (border + 1, (DOG, MIN_CANDIDATES))]:
        engine = Planned(MILLION, {DOG: dogs, other: TENTH, both: MIN_MATCHES + 1})
        nearest_images(engine, ALONG, both, 0, 100)
        assert kinds(engine) == [expected]


CONFIDENT_DOG, CONFIDENT_CAT = Match("strengths", (39,)), Match("strengths", (59,))
CONFIDENT = {DOG: CONFIDENT_DOG, CAT: CONFIDENT_CAT}


@pytest.mark.parametrize(
    ("others", "confident", "expected"),
    [
        ((), MIN_CONFIDENT, CONFIDENT_DOG),
        ((), MIN_CONFIDENT - 1, None),  # a scan of all that passes
        (
            (Not(LABEL),),
            2 * MIN_CONFIDENT,
            CONFIDENT_DOG,
        ),  # half of all images do not have the label
        ((Not(LABEL),), 2 * MIN_CONFIDENT - 1, DOG),
        ((LABEL,), 10 * MIN_CONFIDENT, CONFIDENT_DOG),
        ((LABEL,), 10 * MIN_CONFIDENT - 1, DOG),
        ((CAT,), TENTH // 4, DOG),  # images with both may have little of each
    ],
)
def test_the_head_of_a_list_is_scanned_if_it_suffices(others, confident, expected):
    lists = {
        DOG: TENTH // 2,
        CAT: TENTH,
        LABEL: TENTH,
        Not(LABEL): MILLION // 2,
        CONFIDENT_DOG: confident,
    }
    passing = And((DOG, *others))
    for other in others:
        lists[passing] = lists[DOG] * lists[other] // MILLION
    engine = Planned(MILLION, lists)
    columns = And(tuple(other for other in others if other != CAT))
    nearest_images(engine, Direction(VECTOR, columns, CONFIDENT), passing, 0, 100)
    assert [search.filter for search in engine.searches] == [expected]


def test_if_the_head_of_a_list_has_too_few_all_images_are_scanned():
    engine = Planned(MILLION, {DOG: TENTH, CONFIDENT_DOG: MIN_CONFIDENT}, [99])
    assert len(nearest_images(engine, Direction(VECTOR, EVERYTHING, CONFIDENT), DOG, 0, 100)) == 100
    assert [search.filter for search in engine.searches] == [CONFIDENT_DOG, None]


def test_the_head_of_a_list_suffices_for_shallow_pages_only():
    for depth, expected in [(MIN_CONFIDENT // 2, CONFIDENT_DOG), (MIN_CONFIDENT // 2 + 1, None)]:
        engine = Planned(MILLION, {DOG: TENTH, CONFIDENT_DOG: MIN_CONFIDENT})
        nearest_images(engine, Direction(VECTOR, EVERYTHING, CONFIDENT), DOG, depth - 100, 100)
        assert [search.filter for search in engine.searches] == [expected]


def test_excluded_ids_are_not_part_of_the_filter():
    excluded = And((DOG, Not(HasId(("000000001", "000000003")))))
    engine = Planned(MILLION, {DOG: TENTH})
    found = nearest_images(engine, ALONG, excluded, 1, 3)
    assert kinds(engine) == ["scan"]
    assert [id_ for id_, _ in found] == ["000000002", "000000004", "000000005"]


def test_columns_do_not_depend_on_the_direction():
    both = And((DOG, LABEL))
    for labels, expected in [
        (2 * TENTH, (DOG, 725)),  # 1.25 · (100 + 16) · 5
        (TENTH // 2, (LABEL, MIN_CANDIDATES)),  # the concept depends on the direction
    ]:
        engine = Planned(MILLION, {DOG: TENTH, LABEL: labels, both: MIN_MATCHES + 1})
        nearest_images(engine, Direction(VECTOR, independent=LABEL), both, 0, 100)
        assert kinds(engine) == [expected]


@pytest.mark.parametrize("matches", [MIN_MATCHES, 100])
def test_too_few_matches_may_not_be_near(matches):
    both = And((DOG, Not(CAT)))
    engine = Planned(MILLION, {DOG: TENTH, Not(CAT): TENTH, both: matches})
    nearest_images(engine, ALONG, both, 0, 100)
    assert kinds(engine) == ["scan"]


def test_if_one_method_finds_too_few_the_next_is_tried():
    engine = Planned(MILLION, {DOG: SCANNED}, [99, 0, 50])
    assert len(nearest_images(engine, ALONG, DOG, 0, 100)) == 50
    assert kinds(engine) == [(None, MIN_CANDIDATES), "filtered walk", "exact"]


def test_the_nearest_of_only_one_list_are_tried():
    both = And((DOG, CAT))
    engine = Planned(MILLION, {DOG: TENTH, CAT: TENTH, both: MIN_MATCHES + 1}, [99, 50])
    assert len(nearest_images(engine, ALONG, both, 0, 100)) == 50
    assert kinds(engine) == [(DOG, MIN_CANDIDATES), "scan"]


def test_walks_widen_with_the_images():
    for images, width in [(FEW + 1, MIN_WIDTH), (MILLION, 1000)]:
        engine = Planned(images, {})
        nearest_images(engine, ALONG, EVERYTHING, 0, 100)
        assert [search.width for search in engine.searches] == [width]


def test_deep_places_are_not_looked_for_among_too_many():
    engine = Planned(MILLION, {DOG: SCANNED})
    nearest_images(engine, ACROSS, DOG, MAX_WALKED, 100)
    assert kinds(engine) == ["filtered walk"]


def test_equal_images_are_ordered_by_id_wherever_the_page_ends():
    class Copies(Planned):
        def query(self, query):
            self.searches.append(query.ranking)
            rows = np.random.default_rng(query.limit).permutation(60)[: query.limit]
            return [Hit(f"{row:09}", 1.0) for row in rows]

    engine = Copies(60, {})
    found = [nearest_images(engine, ALONG, EVERYTHING, start, 10) for start in range(0, 60, 10)]
    assert [id_ for page in found for id_, _ in page] == [f"{row:09}" for row in range(60)]

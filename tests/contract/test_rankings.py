"""Rankings and fusions give the same scores and order as NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import CONCEPTS, DIM, Points
from numpy.typing import NDArray
from reference import fuse, passes, rank

from splicedex.indexer.engines.base import Engine
from splicedex.indexer.engines.query import (
    And,
    Filter,
    Fusion,
    HasId,
    Hit,
    Match,
    Nearest,
    Not,
    Or,
    Query,
    Range,
    SparseVector,
)

RNG = np.random.default_rng(1)
DENSE: NDArray[np.float32] = RNG.normal(size=DIM).astype(np.float32)
SPARSE = SparseVector(np.array([0, 3, 7]), np.array([0.5, 1.0, 0.25], dtype=np.float32))
ONE_CONCEPT = SparseVector(np.array([4]), np.array([1.0], dtype=np.float32))
RANKINGS = [
    Nearest(DENSE),
    Nearest(DENSE, exact=True),
    Nearest(SPARSE),
    Nearest(ONE_CONCEPT),
    Nearest(SparseVector(SPARSE.indices, -SPARSE.values)),
]
EARLY = Range("row", lt=30)
NOT_A = Not(Match("label", ("a",)))


def agree(hits: list[Hit], expected: dict[int, float], points: Points) -> None:
    assert [hit.id for hit in hits] == [points.ids[row] for row in expected]
    np.testing.assert_allclose(
        [hit.score for hit in hits], list(expected.values()), rtol=1e-4, atol=1e-6
    )


def ranked(nearest: Nearest, points: Points, *trees: object) -> dict[int, float]:
    """The reference ranking of the points that pass the filters."""
    return {
        row: score
        for row, score in rank(nearest, points.dense, points.concepts).items()
        if all(passes(tree, points.ids[row], points.payloads[row]) for tree in trees)
    }


@pytest.mark.parametrize("nearest", RANKINGS)
def test_nearest(full: Engine, points: Points, nearest: Nearest) -> None:
    hits = full.query(Query(nearest, limit=1000))

    agree(hits, ranked(nearest, points), points)


@pytest.mark.parametrize("nearest", RANKINGS)
def test_nearest_among_what_passes(full: Engine, points: Points, nearest: Nearest) -> None:
    own = Nearest(nearest.vector, filter=NOT_A, exact=nearest.exact)

    hits = full.query(Query(own, filter=EARLY, limit=1000))

    agree(hits, ranked(nearest, points, EARLY, NOT_A), points)


@pytest.mark.parametrize("nearest", RANKINGS)
def test_limit_and_offset_cut_the_ranking(full: Engine, nearest: Nearest) -> None:
    whole = [hit.id for hit in full.query(Query(nearest, limit=1000))]

    assert [hit.id for hit in full.query(Query(nearest, limit=3))] == whole[:3]
    assert [hit.id for hit in full.query(Query(nearest, limit=3, offset=2))] == whole[2:5]
    assert full.query(Query(nearest, limit=3, offset=1000)) == []


@pytest.mark.parametrize("among", [1, 12, 1000])
@pytest.mark.parametrize("own", [None, NOT_A])
def test_what_passes_among_the_nearest(
    full: Engine, points: Points, among: int, own: Filter | None
) -> None:
    nearest = Nearest(DENSE, own, among=among)
    everything = ranked(nearest, points, *[own] * (own is not None))
    near = set(list(everything)[:among])
    both = And((EARLY, NOT_A, Or((Match("label", ("b",)), Range("row", gte=10)))))
    for passing in (EARLY, NOT_A, both, And(()), None):
        expected = ranked(nearest, points, *[one for one in (own, passing) if one is not None])

        hits = full.query(Query(nearest, passing, limit=1000))

        agree(hits, {row: score for row, score in expected.items() if row in near}, points)

    assert [hit.id for hit in full.query(Query(nearest, limit=2, offset=1))] == [
        points.ids[row] for row in list(everything)[:among][1:3]
    ]


def test_sparse_query_without_entries_ranks_nothing(full: Engine) -> None:
    nothing = SparseVector(np.array([], dtype=np.int64), np.array([], dtype=np.float32))

    assert full.query(Query(Nearest(nothing))) == []


def test_no_ranking_is_id_order_without_scores(full: Engine, points: Points) -> None:
    hits = full.query(Query(filter=EARLY, limit=5, offset=3))

    assert [hit.id for hit in hits] == points.ids[3:8]
    assert {hit.score for hit in hits} == {0.0}


@pytest.mark.parametrize(
    "fusion",
    [
        Fusion((Nearest(DENSE), Nearest(SPARSE))),
        Fusion((Nearest(DENSE), Nearest(SPARSE)), k=2),
        Fusion((Nearest(DENSE), Nearest(SPARSE)), depth=7),
        Fusion((Nearest(DENSE), Nearest(SPARSE)), weights=(3.0, 0.5)),
        Fusion((Nearest(DENSE), Nearest(SPARSE)), weights=(1.0, 0.0)),
        Fusion((Nearest(DENSE), Nearest(SPARSE), Nearest(ONE_CONCEPT, exact=True)), k=10),
        Fusion((Nearest(DENSE), Nearest(SPARSE)), kind="dbsf"),
        Fusion((Nearest(DENSE), Nearest(SPARSE)), kind="dbsf", depth=7),
    ],
)
def test_fusion_follows_its_formula(full: Engine, points: Points, fusion: Fusion) -> None:
    expected = fuse(fusion, [ranked(part, points) for part in fusion.parts])

    scores = {hit.id: hit.score for hit in full.query(Query(fusion, limit=1000))}

    assert list(scores.values()) == sorted(scores.values(), reverse=True)
    assert set(scores) == {points.ids[row] for row in expected}
    for row, score in expected.items():
        assert scores[points.ids[row]] == pytest.approx(score, rel=1e-4, abs=1e-6)


def test_filters_of_a_fusion_choose_its_candidates(full: Engine, points: Points) -> None:
    # One candidate a part, and filters that drop the best: applied after, they would leave none.
    own, outer = (
        Not(HasId(tuple(points.ids[row] for row in list(ranked(Nearest(vector), points))[:3])))
        for vector in (DENSE, SPARSE)
    )
    parts = (Nearest(DENSE, filter=own), Nearest(SPARSE))
    best = {
        next(iter(ranked(parts[0], points, own, outer))),
        next(iter(ranked(parts[1], points, outer))),
    }

    hits = full.query(Query(Fusion(parts, depth=1), filter=outer))

    assert {hit.id for hit in hits} == {points.ids[row] for row in best}


def test_offset_of_a_fusion(full: Engine) -> None:
    fusion = Fusion((Nearest(DENSE), Nearest(SPARSE)), weights=(1.0, 0.7))
    whole = [hit.score for hit in full.query(Query(fusion, limit=20))]

    page = [hit.score for hit in full.query(Query(fusion, limit=5, offset=4))]

    assert page == pytest.approx(whole[4:9])


def test_fusion_of_nothing_found_is_empty(full: Engine) -> None:
    nowhere = Nearest(SPARSE, filter=Match("label", ("z",)))

    for kind in ("rrf", "dbsf"):
        assert full.query(Query(Fusion((nowhere, nowhere), kind=kind))) == []


def test_batch_answers_as_the_queries_one_by_one(full: Engine) -> None:
    queries = [
        *(Query(nearest, limit=4) for nearest in RANKINGS),
        Query(Nearest(DENSE), filter=NOT_A, limit=3, with_payload=("label",)),
        Query(Fusion((Nearest(DENSE), Nearest(SPARSE)), weights=(1.0, 0.7)), limit=1),
        Query(filter=EARLY, offset=2, with_payload=False),
    ]

    answers = full.query_batch(queries)

    assert answers == [full.query(query) for query in queries]
    assert full.query_batch([]) == []


def test_hits_carry_what_was_asked_for(full: Engine, points: Points) -> None:
    row = next(iter(ranked(Nearest(SPARSE), points)))
    unit = points.dense[row] / np.linalg.norm(points.dense[row])

    bare = full.query(Query(Nearest(SPARSE), limit=1, with_payload=False))[0]
    part = full.query(Query(Nearest(SPARSE), limit=1, with_payload=("label", "no")))[0]
    whole = full.query(Query(Nearest(SPARSE), limit=1, with_dense=True, with_concepts=True))[0]

    assert (bare.payload, bare.dense, bare.concepts) == ({}, None, None)
    assert part.payload == {"label": points.payloads[row]["label"]}
    assert whole.payload == points.payloads[row]
    assert whole.dense is not None
    assert whole.concepts is not None
    assert whole.dense.dtype == np.float32
    np.testing.assert_allclose(whole.dense, unit, atol=1e-6)
    assert whole.concepts.indices.tolist() == np.flatnonzero(points.concepts[row]).tolist()
    assert max(whole.concepts.indices) < CONCEPTS
    np.testing.assert_allclose(
        whole.concepts.values, points.concepts[row][whole.concepts.indices], rtol=1e-6
    )

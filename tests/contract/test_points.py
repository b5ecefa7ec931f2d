"""Writing, reading, counting and scrolling points."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from conftest import CONCEPTS, DIM, Make, Points, ids_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from splicedex.indexer.engines.base import Batch, Engine
from splicedex.indexer.engines.edge.engine import EdgeEngine
from splicedex.indexer.engines.query import Fusion, Match, Nearest, Query, Range, SparseVector

QUERY = Nearest(np.ones(DIM, dtype=np.float32))
ONE_CONCEPT = Nearest(SparseVector(np.array([0]), np.array([1.0], dtype=np.float32)))
json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(), part, max_size=3),
    max_leaves=8,
)


def batch(payloads: list[dict[str, Any]], dense: float = 1.0) -> Batch:
    count = len(payloads)
    vectors = np.full((count, DIM), dense, dtype=np.float32)
    return Batch(ids_of(count), vectors, csr_array((count, CONCEPTS)), payloads)


def same(held: Any, given: Any) -> bool:
    """Equal in type and value at every level; floats up to the last bit, which JSON may lose."""
    if type(held) is not type(given):
        return False
    if isinstance(given, dict):
        return held.keys() == given.keys() and all(same(held[key], given[key]) for key in given)
    if isinstance(given, list):
        return len(held) == len(given) and all(map(same, held, given))
    return math.isclose(held, given, rel_tol=1e-15) if isinstance(given, float) else held == given


@pytest.fixture(scope="module")
def kept(make: Make) -> Engine:
    return make()


@settings(deadline=None)
@given(payload=st.dictionaries(st.text(), json, max_size=4))
def test_payload_comes_back_as_given(kept: Engine, payload: dict[str, Any]) -> None:
    kept.upsert(batch([payload]))

    (hit,) = kept.retrieve(ids_of(1))

    assert same(hit.payload, payload)


def test_upsert_replaces_the_whole_point(engine: Engine, points: Points) -> None:
    engine.upsert(points.batch)
    other = Points(points.count, seed=1)
    other.payloads = [{"other": row} for row in range(points.count)]

    engine.upsert(other.batch)

    hits = list(engine.scroll(with_dense=True, with_concepts=True))
    assert [hit.id for hit in hits] == points.ids
    assert [hit.payload for hit in hits] == other.payloads
    for hit, dense, concepts in zip(hits, other.dense, other.concepts, strict=True):
        assert hit.dense is not None
        assert hit.concepts is not None
        np.testing.assert_allclose(hit.dense, dense / np.linalg.norm(dense), atol=1e-6)
        assert hit.concepts.indices.tolist() == np.flatnonzero(concepts).tolist()


def test_upsert_of_unsorted_and_double_precision_rows(engine: Engine) -> None:
    concepts = csr_array((np.array([0.2, 0.5]), np.array([7, 2]), np.array([0, 2])), shape=(1, 9))

    engine.upsert(Batch(ids_of(1), np.arange(1.0, DIM + 1)[None], concepts, [{}]))

    (hit,) = engine.retrieve(ids_of(1), with_dense=True, with_concepts=True)
    assert hit.concepts is not None
    assert hit.concepts.indices.tolist() == [2, 7]
    assert hit.concepts.values.tolist() == pytest.approx([0.5, 0.2])
    assert hit.dense is not None
    assert hit.dense[3] == pytest.approx(4 / math.sqrt(sum(n * n for n in range(1, DIM + 1))))


def test_upsert_of_nothing(engine: Engine) -> None:
    engine.upsert(batch([]))

    assert engine.count() == 0


def test_upsert_of_more_points_than_a_request_holds(engine: Engine) -> None:
    many = Points(1100)

    engine.upsert(many.batch)

    assert [hit.payload["row"] for hit in engine.scroll()] == list(range(1100))


def test_point_without_concepts_is_found_by_all_but_sparse_queries(engine: Engine) -> None:
    engine.upsert(batch([{}]))

    (hit,) = engine.query(Query(QUERY, with_concepts=True))
    assert hit.concepts is not None
    assert hit.concepts.indices.tolist() == []
    assert engine.query(Query(ONE_CONCEPT)) == []
    assert len(engine.query(Query(Fusion((QUERY, ONE_CONCEPT))))) == 1


def test_delete_passes_over_the_unknown(engine: Engine) -> None:
    engine.upsert(batch([{"row": row} for row in range(4)]))

    engine.delete([ids_of(2)[1], ids_of(9)[8]])
    engine.delete([])

    assert [hit.payload["row"] for hit in engine.scroll()] == [0, 2, 3]
    assert len(engine.query(Query(QUERY))) == engine.count() == 3


def test_set_payload_leaves_other_fields_and_passes_over_the_unknown(engine: Engine) -> None:
    engine.upsert(batch([{"row": row, "tags": {"a": 1}, "old": 1} for row in range(3)]))
    changed = ids_of(9)[1:9]

    engine.set_payload(changed, {"tags": {"b": 2}, "new": "é", "old": None})
    engine.set_payload([], {"row": 7})

    assert [hit.payload for hit in engine.scroll()] == [
        {"row": 0, "tags": {"a": 1}, "old": 1},
        {"row": 1, "tags": {"b": 2}, "new": "é"},
        {"row": 2, "tags": {"b": 2}, "new": "é"},
    ]


def test_set_payload_reaches_every_one_of_many(engine: Engine) -> None:
    engine.upsert(batch([{"row": row} for row in range(300)]))

    engine.set_payload(ids_of(299), {"late": True})

    assert [hit.payload["row"] for hit in engine.scroll() if "late" not in hit.payload] == [299]


def test_set_payloads_gives_every_point_its_own(engine: Engine) -> None:
    engine.upsert(batch([{"row": row, "old": 1} for row in range(3)]))
    first, second, _, unknown = ids_of(4)

    engine.set_payloads({first: {"row": 7}, second: {"old": None}, unknown: {"row": 8}})
    engine.set_payloads({})

    assert [hit.payload for hit in engine.scroll()] == [
        {"row": 7, "old": 1},
        {"row": 1},
        {"row": 2, "old": 1},
    ]


def test_retrieve_keeps_the_order_asked(full: Engine, points: Points) -> None:
    asked = [points.ids[3], ids_of(99)[98], points.ids[1], points.ids[3]]

    hits = full.retrieve(asked, with_payload=("row",), with_dense=True)

    assert [hit.payload for hit in hits] == [{"row": 3}, {"row": 1}, {"row": 3}]
    assert all(hit.dense is not None and hit.concepts is None for hit in hits)
    assert {hit.score for hit in hits} == {0.0}
    assert full.retrieve([]) == []


@pytest.mark.parametrize("page", [1, 7, 49, 50, 51])
def test_scroll_is_complete_and_without_doubles(full: Engine, points: Points, page: int) -> None:
    late = Range("row", gte=5)

    assert [hit.id for hit in full.scroll(page=page)] == points.ids
    assert [hit.id for hit in full.scroll(late, page=page)] == points.ids[5:]
    assert all(hit.payload == {} for hit in full.scroll(with_payload=False, page=page))


def test_count(full: Engine) -> None:
    assert full.count() == 50
    assert full.count(Match("label", ("a", "b"))) == 34


def test_facet_counts_points_by_value(engine: Engine) -> None:
    rng = np.random.default_rng(2)
    payloads: list[dict[str, Any]] = [
        {"label": f"café {row % 7 % 3}", "concepts": rng.integers(0, 30, size=row % 9).tolist()}
        for row in range(60)
    ]
    payloads[0] = {}
    for _ in range(2):
        engine.create_index("label", "keyword")
        engine.create_index("concepts", "lookup")
    engine.upsert(batch(payloads))
    chosen = Match("label", ("café 0",))

    every = [value for payload in payloads for value in {*payload.get("concepts", [])}]
    among = [
        value
        for payload in payloads
        if payload.get("label") == "café 0"
        for value in {*payload["concepts"]}
    ]

    assert dict(engine.facet("concepts", limit=100)) == Counter(every)
    assert dict(engine.facet("concepts", filter=chosen, limit=100)) == Counter(among)
    assert dict(engine.facet("label")) == Counter(p["label"] for p in payloads if p)
    top = engine.facet("concepts", limit=5)
    assert [count for _, count in top] == [count for _, count in Counter(every).most_common(5)]


def test_empty_collection_answers_everything_with_nothing(engine: Engine) -> None:
    engine.create_index("label", "keyword")

    assert engine.query(Query(QUERY)) == []
    assert engine.query(Query(ONE_CONCEPT)) == []
    assert engine.query(Query(Fusion((QUERY, ONE_CONCEPT)))) == []
    assert engine.query(Query()) == []
    assert list(engine.scroll()) == []
    assert engine.count() == 0
    assert engine.facet("label") == []
    assert engine.retrieve(ids_of(1)) == []
    engine.delete(ids_of(1))
    engine.optimize()


def test_optimize_changes_no_answer(engine: Engine, points: Points) -> None:
    engine.upsert(points.batch)
    engine.delete(points.ids[::3])
    before = [engine.query(Query(ranking, limit=50)) for ranking in (QUERY, ONE_CONCEPT, None)]

    engine.optimize()

    after = [engine.query(Query(ranking, limit=50)) for ranking in (QUERY, ONE_CONCEPT, None)]
    assert after == before


def test_closed_engine_refuses(make: Make) -> None:
    with make() as engine:
        engine.upsert(batch([{}]))
    engine.close()

    with pytest.raises(RuntimeError, match="closed"):
        engine.count()
    with pytest.raises(RuntimeError, match="closed"):
        engine.upsert(batch([{}]))
    with pytest.raises(RuntimeError, match="closed"):
        list(engine.scroll())


def test_estimate_of_one_value_is_its_count(full: Engine) -> None:
    assert full.estimate() == 50
    full.create_index("label", "keyword")
    assert full.estimate(Match("label", ("a",))) == full.count(Match("label", ("a",))) == 17


def test_revision_counts_writes_of_vectors_alone(engine: Engine, points: Points) -> None:
    before = engine.revision
    engine.upsert(points.batch)
    written = engine.revision
    assert written > before
    engine.set_payload(points.ids[:1], {"row": 1})
    engine.query(Query(QUERY))
    assert engine.revision == written
    engine.delete(points.ids[:1])
    assert engine.revision > written


def test_engine_says_who_writes_and_who_plans(engine: Engine) -> None:
    embedded = isinstance(engine, EdgeEngine)
    assert engine.exclusive == embedded
    assert engine.plans_searches != embedded


def test_only_an_embedded_engine_is_optimized_on_demand(engine: Engine) -> None:
    assert not engine.wants_optimizing()
    assert not engine.wants_optimizing("auto", "auto")
    assert engine.wants_optimizing("hnsw", "exact") == isinstance(engine, EdgeEngine)
    engine.optimize("hnsw")
    engine.create_index("label", "keyword")
    engine.preload("label", "point")
    engine.preload("label", "value")
    assert engine.count() == 0

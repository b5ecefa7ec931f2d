"""Every filter passes the same points as plain Python, with and without payload indexes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import CONCEPTS, DIM, Make, ids_of
from hypothesis import example, given, settings
from hypothesis import strategies as st
from reference import passes
from scipy.sparse import csr_array

from splicedex.indexer.engines.base import Batch, Engine
from splicedex.indexer.engines.query import And, Filter, HasId, Match, Not, Or, Query, Range

COUNT = 12
IDS = ids_of(COUNT)
LABELS = ["dog", "cat", "café", "北京"]

labels = st.sampled_from(LABELS)
years = st.integers(-3, 3)
shares = st.sampled_from([-1.0, -0.25, 0.0, 0.1, 0.25, 1.0, 2.5])
payloads = st.fixed_dictionaries(
    {},
    optional={
        "label": labels,
        "words": st.lists(labels, max_size=3),
        "year": years,
        "concepts": st.lists(years, max_size=4),
        "flag": st.booleans(),
        "tags": st.fixed_dictionaries({}, optional={"dog": shares, "cat": shares}),
        "note": st.none(),
    },
)
matches = st.builds(
    Match,
    st.sampled_from(["label", "words", "year", "concepts", "flag", "note", "tags.dog", "nothing"]),
    st.lists(labels | years | st.booleans(), max_size=4).map(tuple),
)
bounds = st.none() | years | shares
ranges = st.builds(
    Range,
    st.sampled_from(["year", "concepts", "tags.dog", "tags.cat", "nothing"]),
    gt=bounds,
    gte=bounds,
    lt=bounds,
    lte=bounds,
)
some_ids = st.lists(st.sampled_from([*IDS, *ids_of(COUNT + 2)]), max_size=5)
trees: st.SearchStrategy[Filter] = st.recursive(
    matches | ranges | some_ids.map(tuple).map(HasId),
    lambda part: st.one_of(
        st.lists(part, max_size=3).map(tuple).map(And),
        st.lists(part, max_size=3).map(tuple).map(Or),
        part.map(Not),
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "indexed"])
def kept(request: pytest.FixtureRequest, make: Make) -> Engine:
    """One engine for all examples; each example writes all its points again."""
    engine = make()
    if request.param:
        for key in ("label", "words"):
            engine.create_index(key, "keyword")
        engine.create_index("year", "integer")
        engine.create_index("concepts", "lookup")
        for key in ("tags.dog", "tags.cat"):
            engine.create_index(key, "float")
    return engine


def write(engine: Engine, payloads: list[dict[str, Any]]) -> None:
    count = len(payloads)
    engine.upsert(Batch(IDS[:count], np.ones((count, DIM)), csr_array((count, CONCEPTS)), payloads))


@settings(deadline=None, max_examples=200)
@example(held=[{"year": 1}] * COUNT, tree=Range("year", lt=2, lte=0))
@example(held=[{"tags": {"dog": 0.1}}] * COUNT, tree=Range("tags.dog", gt=0.2, gte=0.1))
@given(held=st.lists(payloads, min_size=COUNT, max_size=COUNT), tree=trees)
def test_tree_lets_through_what_plain_python_does(
    kept: Engine, held: list[dict[str, Any]], tree: Filter
) -> None:
    write(kept, held)
    expected = [
        point for point, payload in zip(IDS, held, strict=True) if passes(tree, point, payload)
    ]

    assert [hit.id for hit in kept.scroll(tree)] == expected
    assert [hit.id for hit in kept.query(Query(filter=tree, limit=COUNT))] == expected
    assert kept.count(tree) == len(expected)


WIDE = [0, 2**53, 2**53 + 1, 2**60, 2**60 + 1, 2**60 + 2, 2**63 - 1, -(2**63), -(2**60) - 1]


@settings(deadline=None, max_examples=100)
@given(
    low=st.sampled_from(WIDE) | st.integers(-(2**64), 2**64),
    high=st.none() | st.sampled_from(WIDE) | st.integers(-(2**64), 2**64),
    strict=st.booleans(),
)
def test_integers_of_64_bits_are_compared_exactly(
    kept: Engine, low: int, high: int | None, strict: bool
) -> None:
    held = [{"year": value, "concepts": [0, value], "far": value} for value in WIDE]
    write(kept, held)
    for key in ("year", "concepts", "far"):
        tree = Range(key, gt=low, lt=high) if strict else Range(key, gte=low, lte=high)
        expected = [p for p, payload in zip(IDS, held, strict=False) if passes(tree, p, payload)]
        ids = set(IDS[: len(WIDE)])
        assert [hit.id for hit in kept.scroll(tree) if hit.id in ids] == expected
    assert kept.count(Match("year", (2**60 + 1,))) == 1


def test_truth_values_are_counted(engine: Engine) -> None:
    engine.create_index("flag", "bool")
    write(engine, [{"flag": True}, {"flag": False}, {"flag": True}, {}])

    assert engine.count(Match("flag", (True,))) == 2
    assert sorted(engine.facet("flag")) == [(False, 1), (True, 2)]


@pytest.mark.parametrize(
    ("value", "rows"),
    [("1", [3]), (1, [1]), (True, [0]), (False, [])],
)
def test_match_tells_types_apart(engine: Engine, value: str | int | bool, rows: list[int]) -> None:
    write(engine, [{"x": True}, {"x": 1}, {"x": 1.0}, {"x": "1"}, {}])

    found = [hit.id for hit in engine.scroll(Match("x", (value,)))]

    assert found == [IDS[row] for row in rows]


def test_quoted_key_may_hold_anything(engine: Engine) -> None:
    write(engine, [{"bow tie": {"a.b": 1}}, {"bow tie": {"a.b": 2}}, {}])

    found = [hit.id for hit in engine.scroll(Match('"bow tie"."a.b"', (2,)))]

    assert found == [IDS[1]]


def test_numpy_integers_match(engine: Engine) -> None:
    write(engine, [{"concepts": [1, 2]}, {"concepts": [3]}])

    assert engine.count(Match("concepts", tuple(np.array([2, 7])))) == 1

"""Pruning keeps every image that may be among the best."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from splicedex.search.query.nodes import AllOf, AnyOf, Concept, NoneOf
from splicedex.search.query.normalize import boost_of, concepts_of, normal
from splicedex.search.query.resolve import Resolved
from splicedex.search.ranking.concept_scorer import ConceptLogits, _any_synonym
from splicedex.search.ranking.log_probability import LogProbability
from splicedex.search.ranking.pruning import Bounds, estimate

IMAGES = 30

concepts = st.builds(
    Concept,
    st.sampled_from(["dog", "cat", "car"]),
    st.just(0),
    boost=st.sampled_from([1.0, 1.0, 0.3, 2.5, 7.0]),
    below=st.sampled_from([None, None, 0.2]),
)
trees = st.recursive(
    concepts,
    lambda parts: st.one_of(
        st.lists(parts, min_size=1, max_size=3).map(lambda some: AllOf(tuple(some))),
        st.lists(parts, min_size=1, max_size=3).map(lambda some: AnyOf(tuple(some))),
        parts.map(lambda part: NoneOf(part, 0)),
    ),
    max_leaves=6,
)


def log_probability(node, meanings, logits):
    """What the scorer computes, from the definition."""
    match node:
        case Concept():
            found = _any_synonym(meanings[node], ConceptLogits(logits, None))
            return ~found if node.faint else found
        case NoneOf(part):
            return ~log_probability(part, meanings, logits)
        case AllOf(parts) | AnyOf(parts):
            kind = LogProbability.all if isinstance(node, AllOf) else LogProbability.any
            values = [log_probability(part, meanings, logits) for part in parts]
            return kind(values, [boost_of(part) for part in parts])


@given(trees, st.integers(0, 2**32 - 1), st.sampled_from([1.0, 6.0, 30.0]), st.integers(1, 12))
@settings(deadline=None, max_examples=400)
def test_the_best_are_kept(tree, seed, spread, count):
    tree = normal(tree)
    random = np.random.default_rng(seed)
    exact = {i: (spread * random.normal(size=IMAGES)).astype(np.float32) for i in range(6)}
    errors = {i: (0.5 * random.random(IMAGES)).astype(np.float32) for i in exact}
    rough = {
        i: logits + errors[i] * random.uniform(-1, 1, IMAGES).astype(np.float32)
        for i, logits in exact.items()
    }
    meanings = {
        concept: Resolved(
            concept.text,
            concept.text,
            {
                int(i): weight
                for i, weight in zip(
                    random.choice(6, 3, replace=False),
                    [1.0, *random.uniform(0.4, 1, 2)][: random.integers(1, 4)],
                    strict=False,
                )
            },
            "exact",
        )
        for concept in concepts_of(tree)
    }
    scores = boost_of(tree) * log_probability(tree, meanings, exact).yes
    best = np.argsort(-scores)[:count]
    slack = {i: error + np.float32(1e-4 * spread) for i, error in errors.items()}
    bounds = Bounds(meanings, rough, slack.__getitem__)
    kept = np.broadcast_to(bounds.may_reach(tree, min(scores[best[-1]], 0.0)), IMAGES)
    assert kept[best].all()


def test_most_others_are_not():
    random = np.random.default_rng(1)
    logits = {0: random.normal(size=10_000).astype(np.float32) * 3 - 6}
    leaf = Concept("dog", 0)
    meanings = {leaf: Resolved("dog", "dog", {0: 1.0}, "exact")}
    small = np.full(10_000, 0.1, np.float32)
    bounds = Bounds(meanings, logits, lambda _: small)
    for tree in (leaf, NoneOf(leaf, 0)):
        scores = log_probability(tree, meanings, logits).yes
        kept = bounds.may_reach(tree, np.partition(scores, -10)[-10])
        assert 10 <= np.count_nonzero(kept) < 100


def test_the_estimate_puts_the_best_first():
    logits = {0: np.array([-2, 5, 1], np.float32), 1: np.array([3, 4, -9], np.float32)}
    dog, cat = Concept("dog", 0), Concept("cat", 0)
    meanings = {dog: Resolved("dog", "dog", {0: 1.0}, "exact")}
    meanings[cat] = Resolved("cat", "cat", {1: 1.0}, "exact")
    assert estimate(AllOf((dog, cat)), meanings, logits).tolist() == [-2, 4, -9]
    assert estimate(AnyOf((dog, NoneOf(cat, 0))), meanings, logits).tolist() == [-2, 5, 9]

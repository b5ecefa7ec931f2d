import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splicedex.indexer.engines.query import And, Match, Nearest
from splicedex.search.query.parser import parse
from splicedex.search.query.plan import Context, make_plan
from splicedex.search.ranking.concept_scorer import ConceptScorer
from splicedex.search.ranking.embedding_cache import EmbeddingCache
from splicedex.search.ranking.explain import explain_fusion
from splicedex.search.ranking.rankers import AlongVector, ByConceptScore, Fused, Part, whole_blocks
from tests.photos import make_embeddings, make_index, make_space, name

pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
]
SPACE = make_space()
PHOTOS = make_embeddings(SPACE, 60)
ALL = And(())


def assert_same_page(page, expected):
    """The same images in the same order; the last bits of scores depend on the batch."""
    assert [id_ for id_, _ in page] == [id_ for id_, _ in expected]
    assert [score for _, score in page] == pytest.approx([score for _, score in expected], abs=1e-5)


@pytest.fixture(scope="module", params=["edge", "memory"])
def index(request, tmp_path_factory):
    made = make_index(tmp_path_factory.mktemp("ranked") / "made", request.param, SPACE, PHOTOS)
    yield made
    made.close()


def planned(index, query):
    context = Context(SPACE, index.calibration.activations, index.columns, lambda *_: [], None)
    return make_plan(query, parse(query, index.columns), context)


def standardised(index, embeddings):
    return index.calibration.activations.standardised(embeddings)


def hits_of(index, scored):
    ids = [id_ for id_, _ in scored]
    return index.engine.retrieve(ids, with_dense=True, with_concepts=True)


@given(st.integers(0, 100), st.integers(1, 100), st.integers(1, 20))
def test_whole_blocks_hold_a_page(offset, limit, block):
    start, length = whole_blocks(offset, limit, block)
    assert start % block == length % block == 0
    assert start <= offset < start + block
    assert start + length >= offset + limit > start + length - block


@pytest.mark.parametrize("query", ["dog", "dog NOT person", "dog OR width>900", "NOT snow"])
@pytest.mark.parametrize("block", [7, 512])
def test_pages_by_concept_score_fit_together(index, query, block):
    ranking = ByConceptScore(index, planned(index, query), EmbeddingCache(index), block)
    whole = ranking.page(ALL, 0, 60)
    assert len({id_ for id_, _ in whole}) == 60
    for limit in (3, 10, 59):
        pages = [ranking.page(ALL, offset, limit) for offset in range(0, 60, limit)]
        assert_same_page([one for page in pages for one in page], whole)
    for row in range(0, 60, block):
        scores = [score for _, score in whole[row : row + block]]
        assert scores == sorted(scores, reverse=True)
    assert ranking.page(ALL, 60, 5) == []


@pytest.mark.parametrize("query", ["dog^2 ball", "dog NOT person", "(dog OR cat) NOT car"])
def test_the_score_is_the_log_ratio_to_the_collection(index, query):
    """Straight from the formula: Σ boost · (log P(part | photo) - log P(part | collection))."""
    plan = planned(index, query)
    p = index.presence(PHOTOS).astype(np.float64)
    share = index.calibration.prevalence[None].astype(np.float64)

    def presence(word, chances):
        [synonyms] = [m.synonyms for c, m in plan.meanings.items() if c.text == word]
        return 1 - np.prod([1 - w * chances[:, i] for i, w in synonyms.items()], axis=0)

    def logarithm(chances):
        dog, ball, person, cat, car = (
            presence(word, chances) if word in query else 0
            for word in ("dog", "ball", "person", "cat", "car")
        )
        if "ball" in query:
            return 2 * np.log(dog) + np.log(ball)
        if "person" in query:
            return np.log(dog) + np.log(1 - person)
        return np.log(1 - (1 - dog) * (1 - cat)) + np.log(1 - car)

    expected = logarithm(p) - logarithm(share)
    scorer = ConceptScorer(plan, index.calibration)
    found = scorer.scores(scorer.logits(standardised(index, PHOTOS), [{}] * 60), 60)
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_columns_alone_do_not_rank(index):
    plan = planned(index, "label:cat NOT (width>900 OR label:boat)")
    ranking = ByConceptScore(index, plan, EmbeddingCache(index))
    page = ranking.page(ALL, 0, 60)
    assert {score for _, score in page} == {0.0}
    assert all(why.concepts == () for why in ranking.explain(hits_of(index, page)))


def test_a_column_in_an_or_with_a_concept_is_certain(index):
    plan = planned(index, "dog OR label:cat")
    scorer = ConceptScorer(plan, index.calibration)
    payloads = [{"label": "cat"}, {"label": "car"}] * 30
    scores = scorer.scores(scorer.logits(standardised(index, PHOTOS), payloads), 60)
    assert np.isfinite(scores).all()
    assert scores[::2] == pytest.approx(scores[0])
    assert (scores[1::2] < scores[0]).all()


def test_boosts_count_under_or(index):
    dog = SPACE.ids["dog"]
    rows = np.flatnonzero(index.presence(PHOTOS)[:, dog] > 0.5)
    plain, boosted = (
        ConceptScorer(planned(index, query), index.calibration)
        for query in ("dog OR cat", "dog^3 OR cat")
    )

    def chance(scorer):
        logits = scorer.logits(standardised(index, PHOTOS[rows]), [{}] * len(rows))
        [scored] = scorer.score_parts(logits)
        return scored.log_probability.probability

    assert (chance(boosted) > chance(plain)).all()


def test_along_a_vector_ranks_by_cosine(index):
    ranking = AlongVector(index, [Part("7", Nearest(PHOTOS[7]), index.space.image_mean)])
    page = ranking.page(ALL, 0, 60)
    paths = [hit.payload["path"] for hit in hits_of(index, page)]
    cosines = PHOTOS @ PHOTOS[7]
    assert paths == [name(row) for row in np.argsort(-cosines)]
    np.testing.assert_allclose([score for _, score in page], np.sort(cosines)[::-1], atol=1e-5)
    assert_same_page(ranking.page(ALL, 10, 7), page[10:17])
    for (_, score), why in zip(page, ranking.explain(hits_of(index, page)), strict=True):
        assert why.score == pytest.approx(score, abs=1e-5)


@pytest.mark.parametrize("weights", [(1.0, 1.0), (3.0, 1.0), (1.0, 0.0)])
def test_a_fusion_is_split_over_its_rankings(index, weights):
    parts = [
        Part(str(row), Nearest(PHOTOS[row]), index.space.image_mean, weight)
        for row, weight in zip((3, 8), weights, strict=True)
    ]
    ranking = Fused(index, parts)
    page = ranking.page(Match("label", ("cat",)), 0, 20)
    assert len(page) == 20
    cats = [row for row in range(60) if row % 3 == 0]
    places = [np.argsort(np.argsort(-(PHOTOS[cats] @ PHOTOS[row]))) + 1 for row in (3, 8)]
    hits = [type("Hit", (), {"id": id_, "score": score}) for id_, score in page]
    for hit, stored, why in zip(hits, hits_of(index, page), ranking.explain(hits), strict=True):
        cat = [name(row) for row in cats].index(stored.payload["path"])
        expected = sum(
            1 / (60 + place[cat] / weight)
            for place, weight in zip(places, weights, strict=True)
            if weight
        )
        assert hit.score == pytest.approx(expected, abs=1e-5)
        assert why.score == pytest.approx(hit.score, abs=1e-9)
        assert abs(why.rest) < 1e-5
        assert len(why.concepts) == sum(weight > 0 for weight in weights)
    assert_same_page(ranking.page(Match("label", ("cat",)), 5, 4), page[5:9])


def test_what_the_ranks_do_not_explain_is_the_rest():
    why = explain_fusion({"a": 1.0, "b": 2.0}, {"a": 3}, 60, 0.5)
    assert [part.concept for part in why.concepts] == ["a"]
    assert why.rest == pytest.approx(0.5 - 1 / 63)

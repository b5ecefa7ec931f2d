from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splicedex.search.browse.concept import concept_page
from splicedex.search.browse.concept_frequency import (
    FRESH,
    PATIENCE,
    ConceptFrequencies,
    FrequencyCache,
    by_count,
)
from splicedex.search.browse.facets import DISTINCT, facets
from splicedex.search.browse.image import OWN, decompose_image, decompose_text, read_record
from splicedex.search.query.resolve import resolve
from splicedex.search.results import Options
from splicedex.search.searcher import Searcher
from splicedex.splice.align import unit
from splicedex.splice.errors import UserError
from splicedex.splice.presence.calibration import PRESENT
from tests.photos import make_embeddings, make_index, make_space, name

pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
]
SPACE = make_space()
COUNT = 60
PHOTOS = make_embeddings(SPACE, COUNT)
QUERIES = [
    "", "dog", "NOT dog", "shows:dog", "dog OR label:cat", "label:boat", "text:dusk",
    "label:nothing",
]  # fmt: skip


@pytest.fixture(scope="module", params=["edge", "memory"])
def searcher(request, tmp_path_factory):
    index = make_index(tmp_path_factory.mktemp("facets") / "made", request.param, SPACE, PHOTOS)
    yield Searcher(index, lambda text: SPACE.texts[0], browse=True)
    index.close()


@pytest.fixture
def frequencies(searcher):
    return FrequencyCache(searcher.index)


def found(searcher, query):
    return searcher.search(query, Options(limit=COUNT)).hits


class TestFacets:
    @pytest.mark.parametrize("query", QUERIES)
    def test_shows_finds_exactly_what_was_counted(self, searcher, frequencies, query):
        plan = searcher.plan(query)
        told = facets(searcher.index, plan, frequencies, 10)
        assert told.matches == len(found(searcher, query))
        shown = {name for hit in found(searcher, query) for name, _ in hit.shows}
        assert {facet.concept for facet in told.concepts} <= shown
        named = {i for meaning in plan.meanings.values() for i in meaning.synonyms}
        for facet in told.concepts:
            assert SPACE.ids[facet.concept] not in named
            shows = f'shows:"{facet.concept}"'
            narrower = found(searcher, f"({query}) {shows}" if query else shows)
            assert len(narrower) == facet.images
            assert all(facet.concept in dict(hit.shows) for hit in narrower)
            whole = searcher.search(shows).matches
            assert facet.share == facet.images / told.matches
            assert facet.lift == pytest.approx(facet.share / (whole / COUNT))
        counts = [facet.images for facet in told.concepts]
        assert counts == sorted(counts, reverse=True)

    def test_some_are_counted(self, searcher, frequencies):
        for query in QUERIES[:-1]:
            assert facets(searcher.index, searcher.plan(query), frequencies, 10).concepts, query

    @pytest.mark.parametrize("query", QUERIES)
    def test_columns_count_what_the_photos_say(self, searcher, frequencies, query):
        told = facets(searcher.index, searcher.plan(query), frequencies, 10)
        labels = Counter(hit.payload["label"] for hit in found(searcher, query))
        assert dict(told.columns.get("label", ())) == labels
        assert "path" not in told.columns
        assert "width" not in told.columns

    def test_near_synonyms_are_shown_once(self, searcher, frequencies):
        told = facets(searcher.index, searcher.plan(""), frequencies, 100)
        shown = {facet.concept for facet in told.concepts}
        for concept in shown:
            close = resolve(SPACE, concept).synonyms
            near = {SPACE.concepts[i] for i, weight in close.items() if weight >= 0.5}
            assert near & shown == {concept}


class TestFrequencyCache:
    def test_counts_are_what_shows_finds(self, searcher):
        counts = searcher.index.counts.of()
        for word in ("dog", "puppy", "cat", "snow", "thing 3"):
            assert counts[SPACE.ids[word]] == searcher.search(f'shows:"{word}"').matches

    def test_counts_are_kept_as_long_as_they_are_worth(self, searcher):
        now = [0.0]
        frequencies = FrequencyCache(searcher.index, clock=lambda: now[0])
        first = frequencies.current()
        assert first.images == COUNT
        now[0] = FRESH - 0.1
        assert frequencies.current() is first
        now[0] = FRESH
        assert frequencies.current() is not first

    def test_slow_counts_are_kept_longer(self, searcher):
        ticks = iter([0.0, 5.0, 5.0 * PATIENCE, 5.0 * PATIENCE + 6, 5.0 * PATIENCE + 7])
        frequencies = FrequencyCache(searcher.index, clock=lambda: next(ticks))
        first = frequencies.current()
        assert frequencies.current() is first
        assert frequencies.current() is not first

    def test_completion_prefers_beginnings_then_words_then_the_rest(self, searcher, frequencies):
        for typed in ("", "d", "o", "water", "wAt", " hot  d", "zzz"):
            told = frequencies.complete(typed, 200)
            word = " ".join(typed.split()).casefold()
            assert {concept for concept, _ in told} == {
                one for one in SPACE.concepts if word in one
            }

            def rank(concept, word=word):
                return (not concept.startswith(word)) + (f" {word}" not in f" {concept}")

            order = [(rank(concept), -images, concept) for concept, images in told]
            assert order == sorted(order)
            assert frequencies.complete(typed, 3) == told[:3]

    def test_completion_lists_what_no_image_shows_after_the_rest(self, searcher, frequencies):
        counts = [images for _, images in frequencies.complete("", 200)]
        assert len(counts) == len(SPACE.concepts)
        assert counts == sorted(counts, reverse=True)
        assert counts[0] > counts[-1] == 0

    @given(st.lists(st.integers(0, 50), max_size=40))
    def test_the_order_is_by_count(self, values):
        counts = np.array(values, np.int64)
        order = list(by_count(counts))
        assert sorted(order) == np.flatnonzero(counts).tolist()
        assert [values[i] for i in order] == sorted((v for v in values if v), reverse=True)

    def test_shares_of_nothing_are_nothing(self):
        assert ConceptFrequencies(np.zeros(3, np.int64), 0).share(1) == 0


class TestConceptPage:
    @pytest.mark.parametrize("word", ["dog", "dogs", "water"])
    def test_says_what_a_query_finds(self, searcher, frequencies, word):
        page = concept_page(searcher.index, word, frequencies, encode=None, limit=5)
        plain = Searcher(searcher.index)
        assert page.images == plain.search(word).matches
        assert page.share == page.images / COUNT
        for member in page.synonyms:
            assert member.images == plain.search(f'="{member.concept}"').matches
        for other in page.together:
            assert other.images == plain.search(f'{word} shows:"{other.concept}"').matches
        lifts = [other.lift for other in page.together]
        assert lifts == sorted(lifts, reverse=True)

    def test_an_unknown_word_is_refused(self, searcher, frequencies):
        with pytest.raises(UserError, match="unknown concept"):
            concept_page(searcher.index, "gitar", frequencies, encode=None, limit=5)


class TestRecord:
    def test_holds_what_was_written(self, searcher):
        index = searcher.index
        hit = index.find(name(3), with_vectors=True)
        record = read_record(index, hit.id)
        assert (record.id, record.path) == (hit.id, name(3))
        assert record.columns["label"] == hit.payload["label"]
        assert not OWN & record.columns.keys()
        weights = [weight for _, weight in record.decomposition.concepts]
        assert weights == sorted(weights, reverse=True)
        assert {name for name, _ in record.decomposition.concepts} == {
            SPACE.concepts[i] for i in hit.concepts.indices
        }
        [shown] = index.shows.shown(hit.dense[None])
        assert record.shows == shown.named(SPACE)
        [probabilities] = index.presence(hit.dense[None])
        there = {SPACE.concepts[i] for i in np.flatnonzero(probabilities >= PRESENT)}
        assert {name for name, _ in record.present} == there

    def test_decomposing_again_gives_the_same(self, searcher):
        index = searcher.index
        hit = index.find(name(3), with_vectors=True)
        record = read_record(index, hit.id)
        again = decompose_image(index, hit.dense)
        assert again.cosine == pytest.approx(record.decomposition.cosine, abs=1e-3)
        assert dict(again.concepts) == pytest.approx(dict(record.decomposition.concepts), abs=1e-4)

    def test_no_image_is_none(self, searcher):
        assert read_record(searcher.index, "00000000-0000-0000-0000-000000000000") is None

    def test_a_text_of_one_concept_is_that_concept(self, searcher):
        index = searcher.index
        for concept in (0, 7, 30):
            told = decompose_text(index, 3 * SPACE.texts[concept])
            assert told.concepts[0][0] == SPACE.concepts[concept]
            assert told.cosine > 0.99
        both = decompose_text(index, unit(SPACE.texts[0] + SPACE.texts[9]))
        assert {name for name, _ in both.concepts[:2]} == {SPACE.concepts[0], SPACE.concepts[9]}


def test_distinct_values_are_no_facet(tmp_path):
    """A column of names is not worth a list; one of a few values is."""
    index = make_index(tmp_path / "made", "edge", SPACE, PHOTOS)
    assert DISTINCT < COUNT
    index.engine.create_index("content", "keyword")
    for row in range(COUNT):
        index.engine.set_payload([index.lookup(name(row)).id], {"content": f"text {row}"})
    index.register_columns({"content": "keyword"})
    told = facets(index, Searcher(index, browse=True).plan(""), FrequencyCache(index), 10)
    assert set(told.columns) == {"label"}
    index.close()

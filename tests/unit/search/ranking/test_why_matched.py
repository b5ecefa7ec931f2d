import numpy as np
import pytest

from splicedex.search.browse.image import read_record
from splicedex.search.ranking.why_matched import explain_match
from splicedex.search.results import Options
from splicedex.search.searcher import Searcher
from splicedex.splice.errors import UserError
from tests.photos import make_embeddings, make_index, make_space, name

pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
]
SPACE = make_space()
PHOTOS = make_embeddings(SPACE, 30)


@pytest.fixture(scope="module", params=["edge", "memory"])
def searcher(request, tmp_path_factory):
    index = make_index(
        tmp_path_factory.mktemp("why_matched") / "made", request.param, SPACE, PHOTOS
    )
    yield Searcher(index, lambda text: SPACE.texts[0])
    index.close()


@pytest.mark.parametrize(
    "query",
    ["dog", "dog NOT car", "dog OR cat", "dog>0.6", "dog<0.2", "label:cat dog", "NOT label:cat",
     "shows:dog", "NOT shows:dog cat", "shows:dog^2 OR label:cat",
     "NOT (dog OR label:cat)", "(dog label:cat) OR width>700", "dog text:dusk"],
)  # fmt: skip
def test_an_image_matches_as_search_says(searcher, query):
    everything = searcher.search(query, Options(limit=100, near=True)).hits
    scores = {hit.path: hit.score for hit in everything}
    matches = {hit.path for hit in everything if hit.match}
    plan = searcher.plan(query)
    for row in range(30):
        found = explain_match(searcher.index, plan, name(row))
        assert found.match == (name(row) in matches)
        assert found.match == all(part.holds for part in found.parts)
        values = [part.contribution.contribution for part in found.parts]
        assert np.isfinite(values).all()
        assert all(0 <= part.contribution.weight <= 1 for part in found.parts)
        if name(row) in scores and not plan.dense:
            assert sum(values) == pytest.approx(scores[name(row)], abs=1e-5)


def test_parts_are_named_and_say_what_fired(searcher):
    found = explain_match(
        searcher.index, searcher.plan("puppy NOT (cat OR label:car)"), "beach.jpg"
    )
    told = [part.contribution for part in found.parts]
    assert [part.concept for part in told] == ["puppy", "NOT cat", "NOT label:car"]
    assert {fired.concept for fired in told[0].fired} == {"puppy", "hound", "dog"}
    assert told[2].fired == ()
    assert (told[2].weight < 1e-9, found.parts[2].holds) == (True, False)


def test_shows_holds_where_the_image_is_said_to_show_it(searcher):
    plan = searcher.plan("shows:dog NOT shows:car")
    for row in range(30):
        record = read_record(searcher.index, searcher.index.find(name(row)).id)
        shown = {concept for concept, _ in record.shows}
        found = explain_match(searcher.index, plan, name(row))
        assert [part.contribution.concept for part in found.parts] == ["shows:dog", "NOT shows:car"]
        assert [part.holds for part in found.parts] == ["dog" in shown, "car" not in shown]


def test_what_cannot_be_explained_is_an_error(searcher):
    with pytest.raises(UserError, match="only rank"):
        explain_match(searcher.index, searcher.plan("text:dusk"), "beach.jpg")
    with pytest.raises(UserError, match=r"no image 'nowhere\.jpg'"):
        explain_match(searcher.index, searcher.plan("dog"), "nowhere.jpg")


def test_says_how_well_sentences_suit_an_image(searcher):
    found = searcher.explain("text:dusk NOT text:noon dog", "beach.jpg")
    wanted, denied, _ = (part.contribution for part in found.parts)
    assert (wanted.concept, denied.concept) == ("text:dusk", "NOT text:noon")
    assert wanted.contribution == pytest.approx(-denied.contribution)  # the encoder knows one text
    order = [hit.path for hit in searcher.search("text:dusk", Options(limit=100)).hits]
    below = len(order) - 1 - order.index("beach.jpg")
    assert wanted.weight == pytest.approx(below / len(order))


def test_a_sentence_without_negation_is_explained_by_itself(searcher):
    [part] = searcher.explain("text:dusk", "beach.jpg").parts
    [hit] = searcher.search("text:dusk path:beach.jpg").hits
    assert part.contribution.contribution == pytest.approx(hit.score, abs=1e-5)

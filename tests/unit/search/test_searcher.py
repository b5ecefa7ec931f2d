import json
import re

import numpy as np
import pytest

from splicedex.search.browse.image import read_record
from splicedex.search.query.asked import Asked
from splicedex.search.query.nodes import QueryError, Text
from splicedex.search.ranking import rankers
from splicedex.search.ranking.choose import BESIDE
from splicedex.search.results import Options
from splicedex.search.searcher import Searcher
from splicedex.splice.errors import UserError
from tests.paths import ROOT
from tests.photos import make_embeddings, make_index, make_space, name

pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
]
SPACE = make_space()
COUNT = 90
PHOTOS = make_embeddings(SPACE, COUNT)
DOCUMENT = ROOT / "docs" / "query-language.md"
BOOLEAN = [
    "dog",
    "dogs^2",
    "=dog",
    "water",
    "NOT dog",
    "dog OR cat",
    "dog NOT person",
    "NOT (dog OR cat)",
    "dog>0.6",
    "dog<0.2 tree",
    "dog>0.3<0.9",
    "dog^3 (cat OR tree^2) -car",
    "label:cat",
    "-label:cat",
    "label:cat OR width<700",
    "dog OR label:cat",
    "(dog label:ca*) OR (cat width>=900)",
    "NOT (dog label:cat)",
    "dog path:2024/*",
    "dog -dog",
]
DENSE = [
    'text:"at dusk"',
    "text:dusk^2 dog",
    "like:beach.jpg",
    "like:beach.jpg NOT dog",
    "like:beach.jpg -person +snow^2",
    "like:beach.jpg^2 like:002.jpg text:dusk width<1000",
    "text:dusk NOT dog -cat^2",
    "text:dusk dog NOT cat",
    'text:"at dusk" NOT text:noon',
    "NOT text:noon",
    'text:"a beach with no dogs or cats"',
]


def encode(text):
    return SPACE.texts[len(text) % len(SPACE.texts)]


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The same photos in both engines."""
    made = {
        engine: make_index(tmp_path_factory.mktemp(engine) / "made", engine, SPACE, PHOTOS)
        for engine in ("edge", "memory")
    }
    for index in made.values():
        index.register_columns({"ok": "bool", "taken": "date"})  # which the document asks for
    yield {engine: Searcher(index, encode) for engine, index in made.items()}
    for index in made.values():
        index.close()


@pytest.fixture(params=["edge", "memory"])
def searcher(request, both):
    return both[request.param]


def asked(query, **options):
    return query, Options(limit=200, **options)


VARIANTS = [
    *[asked(query) for query in BOOLEAN + DENSE],
    *[asked(query, near=True) for query in BOOLEAN + DENSE],
    *[asked(query, diversity=0.5) for query in ("dog", "dog OR cat", "text:dusk")],
    *[asked(query, rank="rrf") for query in ("text:dusk dog", "like:beach.jpg dog", "dog")],
    *[asked(query, rank="dense") for query in ("dog cat^2", "dog NOT tree")],
    asked("text:dusk dog", rank="rrf", weights=(2.0, 1.0), near=True),
    asked("text:dusk dog", rank="rrf", weights=(0.0, 1.0)),
    asked("text:dusk like:beach.jpg dog", rank="dense", weights=(1.0, 0.5, 0.0)),
    asked("text:dusk dog", rank="dense", diversity=0.3, near=True),
]


@pytest.mark.parametrize(("query", "options"), VARIANTS)
def test_both_engines_answer_alike_and_every_score_is_explained(both, query, options):
    edge, memory = (both[engine].search(query, options) for engine in ("edge", "memory"))
    assert edge.matches == memory.matches
    assert edge.notes == memory.notes
    np.testing.assert_allclose(
        [hit.score for hit in edge.hits], [hit.score for hit in memory.hits], atol=1e-5
    )
    other = {hit.path: (hit.match, hit.score) for hit in memory.hits}
    for hit in edge.hits:
        match, score = other.pop(hit.path)
        assert hit.match == match
        assert hit.score == pytest.approx(score, abs=1e-5)
    assert not other
    for hit in (*edge.hits, *memory.hits):
        assert hit.explanation.score == pytest.approx(hit.score, abs=1e-5)
        parts = [part.contribution for part in hit.explanation.concepts]
        assert parts == sorted(parts, reverse=True)
        assert np.isfinite(parts).all()


@pytest.mark.parametrize("query", BOOLEAN + DENSE)
def test_matches_only_unless_near_misses_may_follow(searcher, query):
    matching = searcher.search(query, Options(limit=200))
    assert all(hit.match for hit in matching.hits)
    assert len(matching.hits) == matching.matches
    whole = searcher.search(query, Options(limit=200, near=True))
    assert whole.matches == matching.matches
    assert [hit.match for hit in whole.hits] == sorted((h.match for h in whole.hits), reverse=True)
    for hit, same in zip(whole.hits, matching.hits, strict=False):
        # The last bits of a product depend on how many rows are multiplied at once.
        assert (hit.path, hit.score) == (same.path, pytest.approx(same.score, abs=1e-6))
    assert len({hit.path for hit in whole.hits}) == len(whole.hits)
    scores = [hit.score for hit in matching.hits]
    np.testing.assert_allclose(scores, sorted(scores, reverse=True), atol=1e-6)


@pytest.mark.parametrize(
    "query", ["dog", "NOT dog", "dog OR cat", "dog>0.6 NOT cat", "tree person"]
)
@pytest.mark.parametrize("diversity", [0.0, 0.5])
def test_near_lets_every_photo_follow_once(searcher, query, diversity):
    hits = searcher.search(query, Options(limit=500, near=True, diversity=diversity)).hits
    assert sorted(hit.path for hit in hits) == sorted(map(name, range(COUNT)))


def test_near_misses_keep_to_the_columns(searcher):
    hits = searcher.search("dog label:cat NOT width>1000", Options(limit=200, near=True)).hits
    rows = [row for row in range(COUNT) if row % 3 == 0 and 500 + 10 * row <= 1000]
    assert sorted(hit.path for hit in hits) == sorted(map(name, rows))


@pytest.mark.parametrize("query", ["dog OR tree", "NOT dog", "label:cat", "text:dusk", "dog -dog"])
@pytest.mark.parametrize("more", [{}, {"near": True}, {"diversity": 0.4, "near": True}])
@pytest.mark.parametrize("block", [7, 512])
def test_pages_fit_together(searcher, query, more, block):
    searcher = Searcher(searcher.index, encode, block=block)
    whole = searcher.search(query, Options(limit=300, **more))
    assert whole.cursor is None
    by_offset = [
        hit
        for offset in range(0, len(whole.hits), 13)
        for hit in searcher.search(query, Options(13, offset, **more)).hits
    ]
    assert told(by_offset) == told(whole.hits)
    options, page = Options(13, **more), None
    by_cursor = []
    while page is None or page.cursor is not None:
        page = searcher.search(query, options, cursor=page and page.cursor)
        by_cursor += page.hits
    assert told(by_cursor) == told(whole.hits)


class Close(float):
    """A score that equals another up to the last bits, which depend on the layout in memory."""

    __hash__ = None

    def __eq__(self, other):
        return abs(self - other) < 1e-6


def told(hits):
    """What a page must repeat."""
    return [(hit.path, Close(hit.score), hit.match) for hit in hits]


@pytest.mark.parametrize("rank", ["rrf", "dense"])
def test_pages_of_other_rankings_fit_together(searcher, rank):
    whole = searcher.search("text:dusk tree", Options(300, near=True, rank=rank))
    pages = [
        hit
        for offset in range(0, len(whole.hits), 13)
        for hit in searcher.search("text:dusk tree", Options(13, offset, True, rank)).hits
    ]
    assert told(pages) == told(whole.hits)
    assert len({hit.path for hit in pages}) == COUNT


@pytest.mark.parametrize("engine", ["edge", "memory"])
def test_copies_of_photos_are_paged_once_each(tmp_path, engine):
    index = make_index(tmp_path / "made", engine, SPACE, PHOTOS[np.arange(60) % 4])
    searcher = Searcher(index, encode, block=7)
    for rank in ("auto", "dense", "rrf"):
        pages = [
            hit.path
            for offset in range(0, 60, 9)
            for hit in searcher.search("NOT snow", Options(9, offset, True, rank)).hits
        ]
        assert sorted(pages) == sorted(map(name, range(60)))
    index.close()


def test_near_misses_never_stand_in_for_matches_out_of_a_fusions_reach(searcher, monkeypatch):
    monkeypatch.setattr(rankers, "DEPTH", 5)
    options = Options(20, near=True, rank="rrf")
    page = searcher.search("text:dusk NOT snow", options)
    assert page.matches > 10
    assert all(hit.match for hit in page.hits)
    assert len(page.hits) <= 10
    assert searcher.search("text:dusk NOT snow", options, cursor=page.cursor).hits == ()


def test_a_cursor_belongs_to_its_query(searcher):
    cursor = searcher.search("dog", Options(3)).cursor
    assert cursor is not None
    for query, options in (
        ("cat", Options(3)),
        ("dog", Options(4)),
        ("dog", Options(3, near=True)),
    ):
        with pytest.raises(UserError, match="belongs to another query"):
            searcher.search(query, options, cursor=cursor)
    for forged in ("", "3", "x.y", cursor.replace("3.", "-3."), "9" * 5000 + cursor[1:]):
        with pytest.raises(UserError, match="belongs to another query"):
            searcher.search("dog", Options(3), cursor=forged)
    far = searcher.search("dog", Options(3), cursor="999999" + cursor[1:])
    assert (far.hits, far.cursor) == ((), None)


@pytest.mark.parametrize(
    ("query", "same"),
    [
        ("dog OR dog", "dog"),
        ("dog AND dog", "dog"),
        ("NOT NOT dog", "dog"),
        ("dog (dog OR dog)", "dog"),
        ("NOT (dog OR cat)", "NOT dog NOT cat"),
        ("text:dusk text:dusk", "text:dusk"),
        ("+dog -cat", "dog NOT cat"),
    ],
)
def test_what_means_the_same_is_answered_the_same(searcher, query, same):
    options = Options(300, near=True)
    assert told(searcher.search(query, options).hits) == told(searcher.search(same, options).hits)


def test_what_is_asked_for_is_found_and_what_is_not_is_not(searcher):
    present = searcher.index.presence(PHOTOS)

    def rows(query):
        by_path = {name(row): row for row in range(COUNT)}
        return {by_path[hit.path] for hit in searcher.search(query, Options(300)).hits}

    dogs = set(np.flatnonzero(present[:, SPACE.ids["dog"]] >= 0.6).tolist())
    assert rows("=dog>0.6") == dogs
    assert rows("NOT =dog>0.6") == set(range(COUNT)) - dogs
    assert rows("=dog<0.6") == set(range(COUNT)) - dogs
    assert rows("=dog>0.6 label:cat") == {row for row in dogs if row % 3 == 0}
    assert rows("dog>0.6") >= dogs


def test_strengths_below_only_prefer_what_is_surely_absent(searcher):
    strengths = searcher.index.presence(PHOTOS)[:, SPACE.ids["dog"]]
    by_path = {name(row): strengths[row] for row in range(COUNT)}
    hits = searcher.search("=dog<0.5", Options(300)).hits
    found = [by_path[hit.path] for hit in hits]
    np.testing.assert_allclose(found, sorted(found), atol=1e-6)


def test_an_image_is_like_all_but_itself(searcher):
    hits = searcher.search("like:beach.jpg", Options(300, near=True)).hits
    cosines = PHOTOS @ PHOTOS[1]
    order = [row for row in np.argsort(-cosines) if row != 1]
    assert [hit.path for hit in hits] == [name(row) for row in order]


def test_an_edit_changes_what_is_found(searcher):
    strengths = searcher.index.presence(PHOTOS)
    dogs = strengths[:, SPACE.ids["dog"]]
    row = int(dogs.argmax())
    by_path = {name(other): other for other in range(COUNT)}

    def found(query):
        hits = searcher.search(query, Options(8)).hits
        return strengths[[by_path[hit.path] for hit in hits]]

    before, after = found(f"like:{name(row)}"), found(f"like:{name(row)} -dog +tree")
    dog, tree = SPACE.ids["dog"], SPACE.ids["tree"]
    assert after[:, dog].mean() < before[:, dog].mean() / 2
    assert after[:, tree].mean() > before[:, tree].mean() + 0.3


def test_hits_come_with_their_columns(searcher):
    [hit] = searcher.search("path:beach.jpg").hits
    assert hit.payload["label"] == "car"
    assert hit.payload["width"] == 510
    assert not {"presence", "concepts"} & set(hit.payload)


@pytest.mark.parametrize("query", ["dog", "shows:dog", "text:dusk", "like:beach.jpg"])
def test_hits_say_what_they_show_as_their_records_do(searcher, query):
    for hit in searcher.search(query, Options(limit=5)).hits:
        record = read_record(searcher.index, hit.id)
        assert hit.shows == record.shows
        assert hit.concepts == record.decomposition.concepts


@pytest.mark.parametrize("query", [*BOOLEAN, "dog text:dusk", "like:beach.jpg"])
def test_an_empty_index_has_no_hits(empty, query):
    if query == "like:beach.jpg":
        with pytest.raises(UserError, match="neither an image of the index"):
            empty.search(query)
        return
    results = empty.search(query, Options(near=True))
    assert (results.hits, results.matches, results.cursor) == ((), 0, None)


@pytest.fixture(scope="module", params=["edge", "memory"])
def empty(request, tmp_path_factory):
    index = make_index(tmp_path_factory.mktemp("empty") / "made", request.param, SPACE, PHOTOS[:0])
    index.register_columns({"label": "keyword", "width": "integer"})
    yield Searcher(index, encode)
    index.close()


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        ({"limit": 0}, "limit 0"),
        ({"offset": -1}, "offset -1"),
        ({"offset": 10**10}, "offset 10000000000"),
        ({"diversity": 1.5}, "diversity 1.5"),
        ({"diversity": float("nan")}, "diversity nan"),
        ({"weights": (1.0, -1.0)}, "weights are numbers"),
        ({"weights": (0.0, 0.0)}, "not all 0"),
        ({"weights": (float("inf"),)}, "weights are numbers"),
    ],
)
def test_options_out_of_bounds_are_refused(options, cause):
    with pytest.raises(UserError, match=cause):
        Options(**options)


@pytest.mark.parametrize(
    ("query", "options", "cause"),
    [
        ("dog", {"weights": (1.0,)}, "only one ranking"),
        ("text:dusk", {"rank": "concept"}, "do not rank by concept"),
        ("label:cat", {"rank": "dense"}, "nothing to rank by"),
        ("text:dusk dog", {"rank": "rrf", "weights": (1.0,)}, "1 weights .* text:dusk, concepts"),
    ],
)
def test_options_that_do_not_fit_are_refused(searcher, query, options, cause):
    with pytest.raises(UserError, match=cause):
        searcher.search(query, Options(**options))


def test_without_an_encoder_a_sentence_is_refused(both):
    with pytest.raises(UserError, match="needs a text encoder"):
        Searcher(both["edge"].index).search("text:dusk")


def test_a_query_of_unknown_words_says_so(both):
    plain = Searcher(both["edge"].index)
    with pytest.raises(QueryError, match="character 1: unknown concept 'xyzzy'"):
        plain.search("xyzzy qwxyz")


@pytest.mark.parametrize("query", BOOLEAN + DENSE)
def test_a_described_plan_is_plain(searcher, query):
    plan = json.loads(json.dumps(searcher.describe(query), allow_nan=False))
    assert plan["query"] == query
    assert all(part for part in plan["ranking"])
    assert ("text:" in query or "like:" in query) == (plan["refined"] != "by concept score")


def documented():
    """The queries in the first column of the document's table."""
    exact, _, _ = DOCUMENT.read_text("utf-8").partition("## As people type it")
    rows = re.findall(r"^\| (`.*?) \|", exact, re.MULTILINE)
    return [query.strip("`") for query in rows]


def test_the_document_has_examples():
    assert len(documented()) >= 15


@pytest.mark.parametrize("query", documented())
def test_every_documented_query_runs(searcher, query):
    results = searcher.search(query, Options(limit=5, near=True))
    columns = ("label", "path", "ok:", "taken")
    assert len(results.hits) == 5 or any(column in query for column in columns)


def test_a_not_beside_a_sentence_has_little_say(searcher):
    """Among photos that pass, scores are the cosine minus an eighth of what is unwanted."""
    plan = searcher.plan("text:dusk NOT dog")
    away = plan.unwanted / np.linalg.norm(plan.unwanted)
    for hit in searcher.search(*asked("text:dusk NOT dog")).hits:
        image = searcher.index.find(hit.path, with_vectors=True).dense
        cosine = float(image @ encode("dusk"))
        expected = cosine - BESIDE * float((image - SPACE.image_mean) @ away)
        assert hit.score == pytest.approx(expected, abs=1e-4)


def test_a_sentence_with_a_negation_is_what_it_says_split_by_hand(searcher):
    typed = searcher.search(*asked('text:"a beach with no dogs"'))
    split = searcher.search(*asked('text:"a beach" NOT dogs'))
    assert [(hit.path, hit.score) for hit in typed.hits] == [
        (hit.path, hit.score) for hit in split.hits
    ]
    assert typed.reading == 'text:"a beach" NOT dogs'
    assert any('text:="a beach with no dogs"' in note for note in typed.notes)
    literal = searcher.search(*asked('text:="a beach with no dogs"'))
    assert literal.matches == COUNT


@pytest.mark.parametrize("literally", [False, True])
def test_a_sentence_in_a_tree_is_read_as_in_text(searcher, literally):
    built = Asked(Text("a beach with no dogs", 0, exact=literally))
    typed, found = searcher.plan(str(built)), searcher.plan(built)
    assert (found.dense, found.parts) == (typed.dense, typed.parts)
    assert bool(found.parts) != literally


def test_not_excludes_what_surely_shows_it(searcher):
    dog = SPACE.ids["dog"]
    passed = {hit.path for hit in searcher.search(*asked("NOT dog")).hits}
    for hit in searcher.index.engine.scroll():
        assert (hit.payload["path"] in passed) == (dog not in hit.payload["shows_surely"])


def test_what_is_suppressed_in_an_image_is_excluded(searcher):
    found = searcher.search(*asked("like:beach.jpg -dog")).hits
    assert {hit.path for hit in found} == {
        hit.path for hit in searcher.search(*asked("like:beach.jpg NOT dog")).hits
    }

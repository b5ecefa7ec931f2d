import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from splicedex.indexer.engines import query as engine
from splicedex.indexer.payload.presence import FIELDS as STORED
from splicedex.indexer.payload.presence import PresenceEncoder
from splicedex.search.query.nodes import (
    AllOf,
    AnyOf,
    Concept,
    Field,
    Like,
    NoneOf,
    QueryError,
    Text,
)
from splicedex.search.query.normalize import leaves, normal
from splicedex.search.query.parser import parse
from splicedex.search.query.plan import Context, describe, make_plan
from splicedex.search.query.resolve import resolve
from splicedex.splice.dictionary.near_synonyms import all_near_synonyms
from splicedex.splice.errors import UserError
from splicedex.splice.presence.activation import Activations
from tests.photos import make_space

SPACE = make_space()
COLUMNS = {"label": "keyword", "width": "integer", "path": "keyword"}
SAID_AS = {SPACE.ids["hound"]: SPACE.ids["dog"]}
"""A hound is a dog by another name, and said so."""
CONTEXT = Context(
    SPACE,
    Activations.of_words(SPACE),
    COLUMNS,
    lambda column, most: ["cat", "car", "boat"],
    None,
    lambda concept: SAID_AS.get(concept, concept),
)

STORE = PresenceEncoder(all_near_synonyms(SPACE))
STRENGTHS = st.sampled_from([None, 0.1, 0.25, 0.6, 0.95])
CONCEPTS = st.builds(
    Concept,
    st.sampled_from(["dog", "puppy", "car", "truck", "snow"]),
    st.just(0),
    st.booleans(),
    STRENGTHS,
    STRENGTHS,
    st.sampled_from([1.0, 2.0]),
)
CONCEPTS |= st.builds(
    Concept,
    st.sampled_from(["dog", "dogs", "puppy", "hound", "car", "snow"]),
    st.just(0),
    boost=st.sampled_from([1.0, 2.0]),
    shown=st.just(True),
)
FIELDS = st.one_of(
    st.builds(
        Field, st.just("label"), st.just(":"), st.sampled_from(["cat", "c*", "x", "?oat"]),
        st.just(0),
    ),
    st.builds(
        Field, st.just("width"), st.sampled_from([":", "<", "<=", ">", ">="]), st.just("3"),
        st.just(0),
    ),
)  # fmt: skip


def trees(leaf):
    def grown(inner):
        several = st.lists(inner, min_size=2, max_size=4).map(tuple)
        return st.one_of(
            st.builds(NoneOf, inner, st.just(0)), several.map(AllOf), several.map(AnyOf)
        )

    return st.recursive(leaf, grown, max_leaves=10)


PHOTOS = st.fixed_dictionaries(
    {
        "presence": st.dictionaries(
            st.sampled_from([SPACE.ids[w] for w in ("dog", "puppy", "hound", "car", "truck")]),
            st.integers(2, 19),
        ),
        "shows": st.lists(st.sampled_from([SPACE.ids[w] for w in ("dog", "puppy", "car")])),
        "shows_surely": st.lists(st.sampled_from([SPACE.ids[w] for w in ("dog", "puppy", "car")])),
        "label": st.sampled_from(["cat", "car", "boat"]),
        "width": st.integers(1, 5),
    }
)


def payload(photo):
    """What is stored of a photo."""
    probabilities = np.zeros((1, len(SPACE.concepts)), np.float32)
    for concept, band in photo["presence"].items():
        probabilities[0, concept] = (band + 0.5) / 20
    return photo | STORE.payloads(csr_array(probabilities))[0]


def holding(concept, probability):
    """What is stored of a photo with one concept."""
    probabilities = np.zeros((1, len(SPACE.concepts)), np.float32)
    probabilities[0, concept] = probability
    return STORE.payloads(csr_array(probabilities))[0]


def passes(part, stored):
    """What an engine does with a filter."""
    match part:
        case engine.And(parts):
            return all(passes(one, stored) for one in parts)
        case engine.Or(parts):
            return any(passes(one, stored) for one in parts)
        case engine.Not(inner):
            return not passes(inner, stored)
        case engine.Match(key, values):
            held = stored[key] if isinstance(stored[key], list) else [stored[key]]
            return bool(set(held) & set(values))
        case engine.Range(key, gt, gte, lt, lte):
            value = stored[key]
            return (
                (gt is None or value > gt)
                and (gte is None or value >= gte)
                and (lt is None or value < lt)
                and (lte is None or value <= lte)
            )


def has(concept, photo, threshold):
    """Whether a member of a concept's family is as likely as its weight asks, in twentieths."""
    synonyms = resolve(SPACE, concept.text, exact=concept.exact).synonyms
    for member, weight in synonyms.items():
        needed = int(20 * threshold / weight + 0.5)
        if threshold <= weight and photo["presence"].get(member, 0) >= min(needed, 19):
            return True
    return False


def is_so(tree, photo):
    """The direct reading of a query in its normal form."""
    match tree:
        case AllOf(parts):
            return all(is_so(part, photo) for part in parts)
        case AnyOf(parts):
            return any(is_so(part, photo) for part in parts)
        case NoneOf(Concept(above=None, below=None, shown=False) as concept):
            meaning = resolve(SPACE, concept.text, exact=concept.exact)
            first = meaning.concept if meaning.concept is not None else next(iter(meaning.synonyms))
            return first not in photo["shows_surely"]
        case NoneOf(part):
            return not is_so(part, photo)
        case Concept(shown=True):
            concept = SPACE.ids[tree.text.removesuffix("s")]
            return SAID_AS.get(concept, concept) in photo["shows"]
        case Concept(above=None, below=None):
            return has(tree, photo, 0.25)
        case Concept():
            enough = tree.above is None or has(tree, photo, tree.above)
            return enough and not (tree.below is not None and has(tree, photo, tree.below))
        case Field("label"):
            wanted = {"cat": ["cat"], "c*": ["cat", "car"], "x": [], "?oat": ["boat"]}[tree.value]
            return photo["label"] in wanted
        case Field("width"):
            value = photo["width"]
            return {
                ":": value == 3, "<": value < 3, "<=": value <= 3, ">": value > 3, ">=": value >= 3
            }[tree.op]  # fmt: skip


@given(trees(CONCEPTS | FIELDS), st.lists(PHOTOS, min_size=1, max_size=8))
@settings(max_examples=100, deadline=None)
def test_the_filter_is_the_query(tree, photos):
    plan = make_plan("", tree, CONTEXT)
    for photo in photos:
        assert passes(plan.filter, payload(photo)) == is_so(normal(tree), photo)


@given(trees(CONCEPTS | FIELDS), st.lists(PHOTOS, min_size=1, max_size=8))
@settings(max_examples=100, deadline=None)
def test_every_match_is_among_the_near(tree, photos):
    plan = make_plan("", tree, CONTEXT)
    for photo in map(payload, photos):
        assert passes(plan.columns, photo) or not passes(plan.filter, photo)


@given(trees(CONCEPTS | FIELDS), st.lists(PHOTOS, min_size=1, max_size=8))
@settings(max_examples=100, deadline=None)
def test_what_passes_a_part_surely_passes_it(tree, photos):
    plan = make_plan("", tree, CONTEXT)
    for passing, surely in plan.strongest.items():
        for photo in map(payload, photos):
            assert passes(passing, photo) or not passes(surely, photo)


@given(trees(FIELDS), st.lists(PHOTOS, min_size=1, max_size=8))
@settings(max_examples=50, deadline=None)
def test_columns_are_never_nearly_met(tree, photos):
    plan = make_plan("", tree, CONTEXT)
    for photo in map(payload, photos):
        assert passes(plan.columns, photo) == passes(plan.filter, photo)


@given(trees(CONCEPTS))
def test_concepts_alone_let_every_photo_be_near(tree):
    plan = make_plan("", tree, CONTEXT)
    assert passes(plan.columns, {**{field: [] for field in STORED}, "label": "x", "width": 1})


def truth(tree, true):
    match tree:
        case AllOf(parts):
            return all(truth(part, true) for part in parts)
        case AnyOf(parts):
            return any(truth(part, true) for part in parts)
        case NoneOf(part):
            return not truth(part, true)
    return tree in true


def is_normal(tree):
    match tree:
        case AllOf(parts) | AnyOf(parts):
            return (
                len(parts) == len(set(parts)) > 1
                and not any(type(part) is type(tree) for part in parts)
                and all(map(is_normal, parts))
            )
        case NoneOf(part):
            return not isinstance(part, AllOf | AnyOf | NoneOf)
    return True


WORDS = st.builds(Concept, st.sampled_from("abcd"), st.integers(0, 9))


@given(trees(WORDS), st.sets(WORDS))
def test_the_normal_tree_says_the_same(tree, true):
    found = normal(tree)
    assert truth(found, true) == truth(tree, true)
    assert is_normal(found)
    assert normal(found) == found
    assert {leaf for leaf, _ in leaves(found)} <= true | {Concept(word, 0) for word in "abcd"}


def planned(query, context=CONTEXT):
    return make_plan(query, parse(query, context.columns), context)


@pytest.mark.parametrize("query", ["dog AND dog", "dog OR dog", "NOT NOT dog", "dog (dog OR dog)"])
def test_what_is_said_twice_is_asked_once(query):
    assert planned(query).parts == planned("dog").parts
    np.testing.assert_array_equal(planned(query).direction, planned("dog").direction)


def test_concepts_that_are_wanted_plainly_can_be_asked_for_surely():
    plan = planned("(dog OR car) truck>0.6 NOT snow label:cat")
    assert list(plan.strongest) == [plan.parts[0][1]]
    surely = plan.strongest[plan.parts[0][1]]
    dog = SPACE.ids["dog"]
    assert passes(surely, holding(dog, 0.97))
    assert not passes(surely, holding(dog, 0.9))


@pytest.mark.parametrize(("word", "said"), [("dog", "dog"), ("hounds", "dog"), ("puppy", "puppy")])
def test_shows_is_what_is_stored_and_nothing_else(word, said):
    stored = engine.Match("shows", (SPACE.ids[said],))
    assert planned(f"shows:{word}").parts[0][1] == stored
    assert planned(f"NOT shows:{word}").parts[0][1] == engine.Not(stored)
    [(_, choice)] = planned(f"shows:{word}^2 OR cat").parts
    assert choice == engine.Or((stored, planned("cat").parts[0][1]))
    assert not planned(f"shows:{word}").strongest


def test_shows_ranks_as_the_word_does():
    for shown, plain in (("shows:dog", "dog"), ("shows:dog^3 car", "dog^3 car")):
        np.testing.assert_array_equal(planned(shown).direction, planned(plain).direction)
    assert describe(planned("shows:dog").filter) == {
        "all": [{"key": "shows", "values": (SPACE.ids["dog"],)}]
    }


def test_sentences_and_images_are_parted_from_the_rest():
    plan = planned('text:"at dusk" dog like:a.jpg -person +snow^2 (cat OR label:cat)')
    assert plan.dense == (
        Text("at dusk", 0),
        Like("a.jpg", 0, ((-1, Concept("person", 0)), (1, Concept("snow", 0, boost=2)))),
    )
    assert [part for part, _ in plan.parts] == [
        Concept("dog", 0),
        AnyOf((Concept("cat", 0), Field("label", ":", "cat", 0))),
        NoneOf(Concept("person", 0), 0),  # what is suppressed is excluded, too
    ]
    assert {concept.text for concept in plan.meanings} == {"dog", "cat", "person", "snow"}


@pytest.mark.parametrize(
    ("query", "at"),
    [
        ("dog OR text:dusk", 7),
        ("NOT like:a.jpg", 4),
        ("cat NOT (dog text:dusk)", 13),
        ("dog OR (cat like:a.jpg -dog)", 12),
    ],
)
def test_sentences_and_images_cannot_be_part_of_or_and_not(query, at):
    with pytest.raises(QueryError, match="cannot be part of OR or NOT") as caught:
        planned(query)
    assert caught.value.at == at


@pytest.mark.parametrize(
    ("query", "at", "cause"),
    [
        ("dog gitar", 4, "unknown concept 'gitar'; did you mean guitar"),
        ("xyzzy", 0, "unknown concept 'xyzzy'"),
        ("dog shows:gitar", 4, "unknown concept 'gitar'; did you mean guitar"),
        ("xyzzy OR qwxyz", 0, "unknown concept 'xyzzy'"),
        ("dog (cat OR =dogs)", 12, "unknown concept 'dogs'"),
        ("like:a.jpg -gitar", 12, "unknown concept 'gitar'"),
        ("dog colour:red", 4, "no column 'colour'; the columns are label, path, width"),
        ("dog label>3", 4, "column 'label' holds text"),
        ("dog width:wide", 4, "column 'width' holds numbers"),
    ],
)
def test_mistakes_carry_their_position(query, at, cause):
    with pytest.raises(QueryError, match=cause) as caught:
        planned(query)
    assert caught.value.at == at
    assert str(caught.value).startswith(f"query, character {at + 1}: ")


def test_an_unknown_word_is_read_by_the_encoder_if_there_is_one():
    asked = []

    def encode(text):
        asked.append(text)
        return SPACE.texts[SPACE.ids["snow"]]

    context = Context(SPACE, CONTEXT.activations, COLUMNS, CONTEXT.values, encode)
    plan = planned("dog blizzard", context)
    assert asked == ["blizzard"]
    assert next(iter(plan.meanings[Concept("blizzard", 0)].synonyms)) == SPACE.ids["snow"]
    [note] = plan.notes(SPACE)
    assert note.startswith("'blizzard' is no concept here; it is read as snow")


def test_the_direction_leans_on_what_is_wanted():
    towards = CONTEXT.activations.queries @ planned("dog NOT car").direction
    assert np.argmax(towards) in resolve(SPACE, "dog").synonyms
    assert towards[SPACE.ids["dog"]] > 3 * -towards[SPACE.ids["car"]] > 0
    for query in ("NOT car", "car<0.2"):
        direction = planned(query).direction
        assert np.argmin(CONTEXT.activations.queries @ direction) in resolve(SPACE, "car").synonyms
    assert planned("label:cat").direction is None


@given(trees(CONCEPTS | FIELDS))
@settings(max_examples=50, deadline=None)
def test_a_plan_can_be_printed(tree):
    plan = make_plan("", tree, CONTEXT)
    for part in (plan.filter, plan.columns):
        assert json.loads(json.dumps(describe(part), allow_nan=False))


ALPHABET = 'ab"()\\:=<>^+- \tANDORNT.5*?'
PIECES = st.sampled_from(
    [*ALPHABET, "dog", "cat", "label:", "shows:", "width>", "text:", "like:", " NOT ", " AND ",
     " OR ", "path:", "9" * 400, "nan", "=dog", "^2", ">.5", "\ud800", "\0", "İ", "ß"]
)  # fmt: skip
STRINGS = st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=40)


def is_read_or_refused(query):
    try:
        plan = planned(query)
    except UserError as error:
        assert not isinstance(error, QueryError) or 0 <= error.at <= len(query)
    else:
        json.dumps([describe(plan.filter), describe(plan.columns)], allow_nan=False)


@given(STRINGS)
@settings(max_examples=2000, deadline=None)
def test_any_string_is_planned_or_refused(query):
    is_read_or_refused(query)


@pytest.mark.slow
@given(STRINGS)
@settings(max_examples=100_000, deadline=None)
def test_any_of_very_many_strings_is_planned_or_refused(query):
    is_read_or_refused(query)

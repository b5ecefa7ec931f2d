"""Queries as values: their text makes the same tree, and finds the same images."""

from datetime import date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import splicedex as sx
from splicedex.search.query.nodes import Like, NoneOf, Text
from splicedex.search.query.parser import DEEPEST, LONGEST, parse
from splicedex.search.query.reading.reading import read

COLUMNS = ("label", "taken", "width", "text", "like", "shows", "not-this")

words = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=8).filter(str.strip)
hostile = st.sampled_from(
    ["not", "AND", "dog", "a\\", '"', "“", "x:y", "-dog", "=dog", "dog>1", "(", "without", "of the",
     "*", "?", "label", "a\nb", "\\\"", "AT&T", "dog, cat", "!cat", "’s", "'a b'", "　", "like:"]
).filter(str.strip)  # fmt: skip
texts = words | hostile
numbers = st.floats(0, 1) | st.integers(0, 1)
boosts = st.sampled_from([1, 2, 0.5]) | st.floats(1e-6, 100)
columns = st.sampled_from(COLUMNS)
values = (
    st.text(st.characters(exclude_categories=("Cs",)), max_size=6) | hostile | st.booleans()
    | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.dates()
    | st.datetimes()
)  # fmt: skip


@st.composite
def concepts(draw):
    made = sx.c(draw(texts), exact=draw(st.booleans()), boost=draw(boosts))
    if draw(st.booleans()):
        made = made > draw(numbers)
    return made < draw(numbers) if draw(st.booleans()) else made


@st.composite
def compared(draw):
    column, value = sx.col(draw(columns)), draw(values)
    return draw(
        st.sampled_from(
            [column == value, column != value, column < value, column <= value, column > value]
        )
    )


leaves = (
    concepts()
    | compared()
    | st.builds(lambda text, boost: sx.c(text, shown=True, boost=boost), texts, boosts)
    | st.builds(sx.text, texts, literally=st.just(True), boost=boosts)
    | st.builds(
        lambda path, add, remove: sx.like(path, add=add, remove=remove),
        texts, st.lists(texts, max_size=2), st.lists(texts, max_size=2),
    )
    | st.builds(lambda pattern: sx.col("label").matches(pattern), texts)
    | st.builds(lambda some: sx.col("label").isin(some), st.lists(texts, min_size=1, max_size=3))
)  # fmt: skip
queries = st.recursive(
    leaves,
    lambda inner: (
        st.builds(lambda a, b: a & b, inner, inner)
        | st.builds(lambda a, b: a | b, inner, inner)
        | st.builds(lambda a: ~a, inner)
    ),
    max_leaves=6,
)


@given(queries)
def test_the_text_of_a_query_makes_its_tree(query):
    text = str(query)
    if len(text) > LONGEST:
        return
    assert parse(text, COLUMNS) == query.tree
    # As people type it, too: nothing in it is interpreted.
    found = read(text, COLUMNS, lambda _: True)
    assert found.tree == query.tree
    assert not found.notes


@given(queries, queries, queries)
def test_combining_is_associative_and_twice_not_is_nothing(a, b, c):
    assert (a & b) & c == a & (b & c)
    assert (a | b) | c == a | (b | c)
    assert ~~a == a
    assert hash(a & b) == hash(a & b)


def test_text_as_people_read_it():
    dog, person = sx.c("dog"), sx.c("person")
    assert str(dog & ~person) == '"dog" AND NOT "person"'
    assert str((dog | person) & (dog > 0.25)) == '("dog" OR "person") AND "dog">0.25'
    assert str(sx.c("dog", exact=True, boost=2)) == '="dog"^2'
    assert str(sx.col("taken") > date(2024, 3, 1)) == 'taken>"2024-03-01"'
    assert str(sx.col("n") == np.int64(3)) == 'n="3"'
    assert str(sx.col("n") >= 1e-7) == 'n>="0.0000001"'
    assert str(sx.col("ok") == True) == 'ok="true"'  # noqa: E712
    assert str(sx.col("taken") == datetime(2024, 3, 1, 2)) == 'taken="2024-03-01T02:00:00.000000"'
    assert str(sx.text("a b", literally=True)) == 'text:="a b"'
    assert isinstance(sx.text("a b").tree, Text)
    assert isinstance(sx.like("a.jpg").tree, Like)
    assert isinstance((~dog).tree, NoneOf)


def test_what_no_query_can_say_is_refused_where_it_is_written():
    for make, told in (
        (lambda: sx.c(" "), "is not a concept"),
        (lambda: sx.c("\ud800"), "half a character"),
        (lambda: sx.c("dog") > 1.5, "not between 0 and 1"),
        (lambda: sx.c("dog", boost=0), "boost 0"),
        (lambda: sx.c("dog", exact=True, shown=True), "different things"),
        (lambda: sx.c("dog", shown=True) > 0.5, "has no bound"),
        (lambda: sx.col("not"), "no name of a column"),
        (lambda: sx.col("a b"), "no name of a column"),
        (lambda: sx.col("n") > float("nan"), "no column holds"),
        (lambda: sx.col("n") == [1], "no column holds"),
        (lambda: sx.col("n").isin([]), "no value"),
        (lambda: sx.col("text").matches("a*"), "something else"),
    ):
        with pytest.raises(sx.UserError, match=told):
            make()
    with pytest.raises(TypeError, match="write &"):
        _ = sx.c("dog") and sx.c("cat")
    with pytest.raises(TypeError):
        _ = sx.c("dog") & "cat"


def test_a_value_finds_what_its_text_finds(ix):
    query = (sx.c("dog") | sx.c("horse")) & (sx.col("number") < 50) & ~(sx.col("split") == "test")
    for options in ({}, {"rank": "dense"}, {"near": True, "limit": 99}):
        assert names(ix.search(query, **options)) == names(ix.search(str(query), **options))
    assert len(ix.view(query)) == len(ix.view(str(query))) > 0


def test_a_query_may_be_longer_and_deeper_than_text(ix):
    query = sx.c("dog")
    for number in range(DEEPEST + 10):
        query = ~(query & (sx.col("number") == number))
    assert len(str(query)) > DEEPEST
    assert len(ix.view(query)) + len(~ix.view(query)) == 240
    many = sx.col("number").isin(range(200))
    assert len(str(many)) > LONGEST
    assert len(ix.view(many)) == 200


def test_a_mistake_names_the_query(ix):
    with pytest.raises(sx.UserError, match="no column 'colour'"):
        ix.search(sx.col("colour") == "red")
    with pytest.raises(sx.UserError, match="cannot be part of OR or NOT"):
        ix.search(sx.text("dusk") | sx.c("dog"))


def names(hits):
    return [hit.name for hit in hits]

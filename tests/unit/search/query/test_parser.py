import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
from splicedex.search.query.parser import DEEPEST, LONGEST, parse


def concept(text, at, **more):
    return Concept(text, at, **more)


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("dog", concept("dog", 0)),
        ('"hot dog"', concept("hot dog", 0)),
        (r'"a \"b\" \\"', concept('a "b" \\', 0)),
        ("=dog^2", concept("dog", 0, exact=True, boost=2)),
        ("dog>0.6", concept("dog", 0, above=0.6)),
        ("dog>.2<.8", concept("dog", 0, above=0.2, below=0.8)),
        ("dog water", AllOf((concept("dog", 0), concept("water", 4)))),
        ("dog AND water", AllOf((concept("dog", 0), concept("water", 8)))),
        ("dog and water", AllOf((concept("dog", 0), concept("water", 8)))),
        ("a OR b c", AnyOf((concept("a", 0), AllOf((concept("b", 5), concept("c", 7)))))),
        ("(a OR b) c", AllOf((AnyOf((concept("a", 1), concept("b", 6))), concept("c", 9)))),
        ("a NOT b", AllOf((concept("a", 0), NoneOf(concept("b", 6), 2)))),
        ("a -b", AllOf((concept("a", 0), NoneOf(concept("b", 3), 2)))),
        ('a -"b c"', AllOf((concept("a", 0), NoneOf(concept("b c", 3), 2)))),
        ("NOT NOT a", NoneOf(NoneOf(concept("a", 8), 4), 0)),
        ("shows:dog", concept("dog", 0, shown=True)),
        ('-shows:"hot dog"^2', NoneOf(concept("hot dog", 1, boost=2, shown=True), 0)),
        ("shows: dog ball", AllOf((concept("dog", 0, shown=True), concept("ball", 11)))),
        ('"shows:dog"', concept("shows:dog", 0)),
        ("label:cat", Field("label", ":", "cat", 0)),
        ("-label:cat", NoneOf(Field("label", ":", "cat", 1), 0)),
        ("path:2024/*", Field("path", ":", "2024/*", 0)),
        ("taken:2024-03-05T10:11:12+02:00", Field("taken", ":", "2024-03-05T10:11:12+02:00", 0)),
        ("width>2024:03:05", Field("width", ">", "2024:03:05", 0)),
        ('width="x*y"', Field("width", "=", "x*y", 0)),
        ('width=""', Field("width", "=", "", 0)),
        ('label:"x" y', AllOf((Field("label", ":", "x", 0), concept("y", 10)))),
        ("width=1234567890123456781", Field("width", "=", "1234567890123456781", 0)),
        ("width>1000", Field("width", ">", "1000", 0)),
        ('text:"at dusk"', Text("at dusk", 0)),
        ("like:b.jpg", Like("b.jpg", 0)),
        (
            "like:b.jpg -person +snow",
            Like("b.jpg", 0, ((-1, concept("person", 12)), (1, concept("snow", 20)))),
        ),
        ("f-16 C++", AllOf((concept("f-16", 0), concept("C++", 5)))),
    ],
)
def test_reads(query, tree):
    found = parse(query, columns={"width"})
    assert found == tree
    assert positions(found) == positions(tree)


def positions(tree):
    """Where a tree's nodes stand, which equality leaves out."""
    match tree:
        case AllOf() | AnyOf():
            return [at for part in tree.parts for at in positions(part)]
        case NoneOf():
            return [tree.at, *positions(tree.part)]
        case Like():
            return [tree.at, *[edit.at for _, edit in tree.edits]]
        case _:
            return [tree.at]


@pytest.mark.parametrize(
    ("query", "at", "cause"),
    [
        ("", 0, "empty"),
        ("  ", 0, "empty"),
        ("dog AND", 7, "missing"),
        ("OR dog", 0, "missing"),
        ("(dog", 0, "not closed"),
        ("dog)", 3, "unexpected"),
        ("()", 1, "missing"),
        ('dog "cat', 4, "quote"),
        ('""', 0, "nothing between"),
        ("dog^", 4, "number"),
        ("dog^0", 3, "boost"),
        ("dog>2", 3, "presence"),
        ("dog>x", 4, "number"),
        ("width^2", 5, "compare"),
        ("like:", 5, "value"),
        ("like:b.jpg -dog +snow>0.5", 17, "takes no"),
        ("like:b.jpg -shows:dog", 12, "an edit of like: is a concept"),
        ("like:b.jpg -label:cat", 12, "an edit of like: is a concept"),
        ("cat shows:", 10, "value"),
        ("shows:=dog", 6, "value"),
        ("shows:dog>0.5", 9, "takes no"),
        ('shows:"hot dog"^2<0.5', 17, "takes no"),
        ("dog \ud800", 4, "half a character"),
    ],
)
def test_refuses_with_the_position(query, at, cause):
    with pytest.raises(QueryError, match=cause) as caught:
        parse(query, columns={"width"})
    assert caught.value.at == at
    assert f"character {at + 1}:" in str(caught.value)


def test_refuses_absurd_queries():
    with pytest.raises(QueryError, match="2,000 characters"):
        parse("a " * LONGEST)
    with pytest.raises(QueryError, match="deep"):
        parse("(" * (DEEPEST + 1) + "a" + ")" * (DEEPEST + 1))
    with pytest.raises(QueryError, match="deep"):
        parse("NOT " * (DEEPEST + 1) + "a")


WORDS = st.sampled_from(["dog", "hot dog", "C++", "Größe", 'a"b', "a\\b", "and", "-x", "x:y"])
LEAVES = st.one_of(
    st.builds(Concept, WORDS, st.just(0)),
    st.builds(Concept, WORDS, st.just(0), st.booleans(), st.sampled_from([None, 0.25])),
    st.builds(Concept, WORDS, st.just(0), shown=st.just(True)),
    st.builds(Text, WORDS, st.just(0)),
    st.builds(Field, st.just("label"), st.just(":"), WORDS, st.just(0)),
    st.builds(
        Like,
        WORDS,
        st.just(0),
        st.lists(st.tuples(st.sampled_from([1, -1]), st.builds(Concept, WORDS, st.just(0)))).map(
            tuple
        ),
    ),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(NoneOf, inner, st.just(0)),
        st.lists(inner, min_size=2, max_size=4)
        .map(tuple)
        .flatmap(lambda parts: st.sampled_from([AllOf(parts), AnyOf(parts)])),
    ),
    max_leaves=12,
)


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def written(tree):
    """A tree as a query that says the same."""
    match tree:
        case Concept():
            bound = f">{tree.above}" if tree.above else ""
            return "shows:" * tree.shown + "=" * tree.exact + quoted(tree.text) + bound
        case Text():
            return f"text:{quoted(tree.text)}"
        case Field():
            return f"{tree.name}:{quoted(tree.value)}"
        case Like():
            signs = {1: "+", -1: "-"}
            edits = [signs[sign] + written(edit) for sign, edit in tree.edits]
            return " ".join([f"like:{quoted(tree.path)}", *edits])
        case NoneOf():
            return f"NOT ({written(tree.part)})"
        case AllOf() | AnyOf():
            word = " AND " if isinstance(tree, AllOf) else " OR "
            return word.join(f"({written(part)})" for part in tree.parts)


@given(TREES)
def test_reads_what_is_written(tree):
    assert parse(written(tree)) == tree


@given(st.text(max_size=60) | st.text(alphabet='ab"()\\:=<>^+- \tANDORNT.5', max_size=60))
@settings(max_examples=2000)
def test_any_string_is_read_or_refused(query):
    try:
        parse(query, columns={"a"})
    except QueryError as error:
        assert 0 <= error.at <= len(query)

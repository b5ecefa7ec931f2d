import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from splicedex.search.query.lexer import quoted
from splicedex.search.query.nodes import Concept, Field, Like, QueryError
from splicedex.search.query.normalize import leaves, normal
from splicedex.search.query.parser import parse
from splicedex.search.query.reading.function_words import NEGATING, PASSED_OVER
from splicedex.search.query.reading.reading import read

KNOWN = {
    "dog", "cat", "hot dog", "swimming", "pool", "swimming pool", "at&t", "c++", "on", "black",
    "glass of water", "water",
}  # fmt: skip
COLUMNS = {"label", "width", "a,b"}


def knows(text):
    return text.casefold() in KNOWN


def as_read(query, **more):
    return read(query, COLUMNS, knows, **more)


@pytest.mark.parametrize(
    ("typed", "exact"),
    [
        ("a dog on the beach", "dog beach"),
        ("Photos of a dog.", "dog"),
        ("where is the dog?", "dog"),
        ("show me a lot of dogs in front of the sea", "dogs sea"),
        ("¿dog? #cat", "dog cat"),
        ("!cat", "NOT cat"),
        ("dog ! cat", "dog NOT cat"),
        ('dog !"hot dog"', 'dog NOT "hot dog"'),
        ("!(dog OR cat)", "NOT (dog OR cat)"),
        ("!label:cat", "NOT label:cat"),
        ("!!cat", "NOT cat"),
        ("dog!", "dog"),
        ("dog !", "dog"),
        ("-cat", "-cat"),
        ("–cat", "-cat"),
        ("−“hot dog”", '-"hot dog"'),
        ("--cat", "-cat"),
        ("dog, cat", "dog cat"),
        ("dog,cat;sea", "dog cat sea"),
        ("dog , cat,", "dog cat"),
        ("dog、cat", "dog cat"),
        ("dog & cat", "dog AND cat"),
        ("dog&&cat", "dog AND cat"),
        ("dog|cat", "dog OR cat"),
        ("dog || cat", "dog OR cat"),
        ("dog + cat", "dog +cat"),
        ("dog+cat", "dog +cat"),
        ("“hot dog” ‘cat’ „sea“ »sky«", '"hot dog" "cat" "sea" "sky"'),
        ("'hot dog' sea", '"hot dog" sea'),
        ("label:'New York'", 'label:"New York"'),
        ("ｄｏｇ　ＯＲ　ｃａｔ", "ｄｏｇ OR ｃａｔ"),
        ("（dog ＯＲ cat）＾2 sea", None),
        ("（dog ＯＲ cat） sea", "(dog OR cat) sea"),
        ("dog with a cat", "dog cat"),
        ("dog without a cat", "dog NOT cat"),
        ("no cat, dog", "NOT cat dog"),
        ("sea without people and with cats", "sea NOT people AND cats"),
        ("neither dog nor cat", "NOT dog NOT cat"),
        ("dog but not the cat", "dog NOT cat"),
        ("dog except a hot dog", 'dog NOT "hot dog"'),
        ("sea without dogs or cats", "sea NOT dogs NOT cats"),
        ("no hot dog and cats", 'NOT "hot dog" NOT cats'),
        ("a dog on the beach with no people in the background", "dog beach NOT people"),
        ("a dog (without cats)", "dog ( NOT cats )"),
        ("(dog without cats) OR sea", "(dog NOT cats ) OR sea"),
        ("label:cat sea without dogs width>3", "label:cat sea NOT dogs width>3"),
        ("this photo has no dog", "NOT dog"),
        ("a dog that isn't black", "dog NOT black"),
        ("a house not far from the sea", "house far sea"),
        ("a no parking sign", "parking sign"),
        ('no "hot dog"', 'NOT "hot dog"'),
        ("sea without (dog OR cat)", "sea NOT (dog OR cat)"),
        ('text:"a dog with no cat"', 'text:"a dog" NOT cat'),
        ('text:"a dog with no cat"^2 sea', 'text:"a dog"^2 NOT cat sea'),
        ('text:"no hot dog"', 'NOT "hot dog"'),
        ('text:"This photo does not show a cat."', 'text:"This photo" NOT cat'),
        ('text:"a house not far from the sea"', 'text:"a house not far from the sea"'),
        ('text:="a dog with no cat"', 'text:="a dog with no cat"'),
        ('NOT text:"a dog with no cat"', 'NOT text:"a dog with no cat"'),
        ("swimming pool", '"swimming pool"'),
        ("a hot dog in the swimming pool", '"hot dog" "swimming pool"'),
        ("a glass of water", '"glass of water"'),
        ("swimming AND pool", "swimming AND pool"),
        ("swimming, pool", "swimming pool"),
        ("swimming +pool", "swimming +pool"),
        ("swimming pool^2", "swimming pool^2"),
        ("=swimming pool", "=swimming pool"),
        ('swimming "pool"', 'swimming "pool"'),
        ("-swimming pool", "-swimming pool"),
        ("AT&T dog", "AT&T dog"),
        ("-AT&T C++", "-AT&T C++"),
        ("on", '"on"'),
        ("dog on", "dog"),
        ('"on" dog', '"on" dog'),
        ("=on dog +on", "=on dog +on"),
        ("the^2 dog", "the^2 dog"),
        ("dog the>0.5", "dog the>0.5"),
        ("label:the", "label:the"),
        ("label:a,b|c&d!", "label:a,b|c&d!"),
        ("label:cat, dog", "label:cat dog"),
        ("a,b:x", "a,b:x"),
        ("width>1000 the dog", "width>1000 dog"),
        ("like:the,b.jpg -person + snow", "like:the,b.jpg -person +snow"),
        ("path:\"2024–05, “x” 'y'\"", "path:\"2024–05, “x” 'y'\""),
        ("dog\u00a0cat", "dog cat"),
    ],
)
def test_reads_what_is_meant(typed, exact):
    if exact is None:
        with pytest.raises(QueryError):
            as_read(typed)
        return
    found = as_read(typed)
    assert " ".join(found.exact.split()) == exact
    assert found.tree == parse(exact, COLUMNS)


@pytest.mark.parametrize(
    ("query", "at", "cause"),
    [
        ("the", 0, "'the' names nothing"),
        ("of the", 0, "names nothing"),
        ("dog - cat", 4, "a dash alone"),
        ("dog — cat", 4, "a dash alone"),
        ("dog |", 5, "missing"),
        ("dog “cat", 4, "not closed"),
    ],
)
def test_what_is_not_plain_is_refused_with_what_to_write(query, at, cause):
    with pytest.raises(QueryError, match=cause) as caught:
        as_read(query)
    assert caught.value.at == at
    assert caught.value.hint


def test_says_how_it_was_read():
    assert as_read("a dog on the beach").notes == ("read as: dog beach (passed over: a, on, the)",)
    told = as_read("a dog on the  beach", has_sentences=True).notes
    assert told[1:] == ('to rank by the whole sentence instead, write text:"a dog on the beach"',)
    told = as_read("a beach with no dogs", has_sentences=True).notes
    assert told[-1].endswith('write text:="a beach with no dogs"')
    for exact in ("dog", "dog cat", "dog AND cat NOT sea", '"hot dog" -cat', "dog OR cat>0.5^2"):
        assert as_read(exact, has_sentences=True).notes == ()


WORDS = st.sampled_from([
    *sorted(KNOWN), "dogs", "sea", "Größe", '"hot dog"', "“a b”", "'x y'", "a", "the", "and", "OR",
    "not", "without", "no", "with", "-cat", "–cat", "!cat", "dog,", ",", "&", "|", "+", "+sea",
    "(", ")", "=dog", "dog^2", "dog>0.5", "label:x,", "label:\"a\"", "like:b.jpg", "photo of", "?",
    "isn't", "but", "far", "people",
    "text:'a dog with no cats'", 'text:"no dogs, a sea and no cats"', 'text:="no cat"',
])  # fmt: skip


@given(st.lists(WORDS, max_size=8).map(" ".join) | st.text(max_size=40))
@example(query="0|¬0")
@settings(max_examples=500)
@example("no")
@example("no the")
def test_a_reading_is_exact(query):
    """What was read, read again, is the same; and it is a query by the grammar."""
    try:
        found = as_read(query)
    except QueryError as error:
        assert 0 <= error.at <= len(query)
        return
    assert parse(found.exact, COLUMNS) == found.tree
    assert as_read(found.exact).tree == found.tree


NAMES = st.text(min_size=1, max_size=20).filter(str.strip)


@given(NAMES)
@example("“x” 'y'")
@example("a\\\nb")
def test_a_name_in_quotes_is_exactly_that_name(name):
    written = quoted(name)
    assert as_read(written).tree == Concept(name, 0)
    assert as_read(f"label:{written}").tree == Field("label", ":", name, 0)
    assert as_read(f"like:{written}").tree == Like(name, 0)
    assert as_read(f"={written}").tree == Concept(name, 0, exact=True)


def test_a_denied_phrase_that_names_no_concept_is_a_sentence_if_there_is_an_encoder():
    query = 'text:"a street with no parked cars"'
    found = as_read(query, has_sentences=True)
    assert found.exact == 'text:"a street" NOT text:"parked cars"'
    assert as_read(query).exact == 'text:"a street" NOT cars'


def test_offers_the_literal_reading_of_a_sentence():
    found = as_read('text:"a dog with no cat"', has_sentences=True)
    assert found.notes == (
        'read as: text:"a dog" NOT cat',
        'to take the sentence literally, write text:="a dog with no cat"',
    )
    assert as_read('text:"a dog"', has_sentences=True).notes == ()


def test_function_words_are_folded():
    assert all(words == words.casefold().strip() for words in PASSED_OVER | NEGATING)
    assert not PASSED_OVER & (NEGATING | {"and", "or", "not"})


OPERATORS = st.sampled_from([":", "=", ">", ">=", "<", "<="])


@given(
    name=st.sampled_from(sorted((PASSED_OVER | NEGATING) - {"photo of"})).filter(str.isalpha),
    operator=OPERATORS,
    value=st.sampled_from(["0", "a,b", "x", "dog!", "I"]),
    before=st.sampled_from(["", "dog ", "NOT ", "a dog and the "]),
)
def test_a_column_may_have_the_name_of_any_word(name, operator, value, before):
    tree = read(f"{before}{name}{operator}{quoted(value)}", {name}, knows).tree
    unquoted = read(f"{before}{name}{operator}{value}", {name}, knows).tree
    fields = [one for one in leaves_of(tree) if isinstance(one, Field)]
    assert [(one.name, one.op, one.value) for one in fields] == [(name, operator, value)]
    assert [one.value for one in leaves_of(unquoted) if isinstance(one, Field)] == [value]


def leaves_of(tree):
    return [leaf for leaf, _ in leaves(normal(tree))]

"""Things: their counts equal what their queries find, whatever the names and the subset."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from splicedex.search.curation.concepts.things import Things
from splicedex.search.curation.subsets.subset import subset
from tests.unit.search.curation.matching import found_by

QUERIES = st.sampled_from(
    ["", "label:dog", "split:test", "dog", "NOT beach", "number<40 (snow OR hat)", "shows:man"]
)


def test_each_concept_is_one_thing(searcher):
    things = Things.of_index(searcher.index)
    counts = searcher.index.counts.of()
    names = [name for thing in range(len(things)) for name in things.names(thing, counts)]
    assert sorted(names) == sorted(searcher.index.space.concepts)
    said = searcher.index.lexicon.names
    assert (things.of == things.of[said]).all()
    person = things.of[searcher.index.space.ids["person"]]
    its = things.names(person, counts)
    assert set(its) == {"person", "man"}
    assert counts[searcher.index.space.ids[its[0]]] >= counts[searcher.index.space.ids[its[1]]]
    ones = csr_array(np.ones((2, len(names))))
    assert things.total(ones).toarray().sum() == 2 * len(names)
    assert things.total(ones).toarray()[0, person] == 2


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=QUERIES)
def test_counts_are_what_queries_find(searcher, query):
    index = searcher.index
    things, counts = Things.of_index(index), index.counts.of()
    chosen = subset(searcher, query)
    inside = found_by(searcher, query) if query else None
    for thing, images in enumerate(
        things.counts(index, chosen.filter, index.counts.of(chosen.filter))
    ):
        found = found_by(searcher, things.query(thing, counts))
        assert images == len(found if inside is None else found & inside)


def test_an_image_with_two_names_counts_once(searcher):
    index = searcher.index
    things, each = Things.of_index(index), index.counts.of()
    person, man = (index.space.ids[name] for name in ("person", "man"))
    images = things.counts(index, None, each)[things.of[person]]
    assert max(each[person], each[man]) <= images < each[person] + each[man]

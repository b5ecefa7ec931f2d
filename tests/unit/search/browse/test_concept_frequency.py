"""The most frequent concepts, compared with what queries for them find."""

import pytest

from splicedex.search.browse.concept_frequency import most_shown
from splicedex.search.curation.concepts.synonyms import query_for
from splicedex.search.searcher import Searcher
from tests.planted import COUNT, make_planted
from tests.unit.search.curation.matching import found_by


@pytest.fixture(scope="module")
def searcher(tmp_path_factory):
    index = make_planted(tmp_path_factory.mktemp("frequency") / "made", "edge")
    yield Searcher(index)
    index.close()


def test_the_most_shown_concepts_are_counted_as_queries_find_them(searcher):
    found = most_shown(searcher.index, COUNT)
    assert found == sorted(found, key=lambda one: -one[1])
    assert [images for _, images in found] == [
        len(found_by(searcher, query_for(name))) for name, _ in found
    ]
    assert sum(images for _, images in found) == searcher.index.counts.of().sum()
    assert most_shown(searcher.index, 3) == found[:3]

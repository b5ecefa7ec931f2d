"""Outliers on both engines."""

from splicedex.search.curation.outliers import outliers
from tests.planted import COUNT
from tests.unit.search.curation.matching import found_by


def test_outliers_are_the_worst_explained(searcher):
    everything = searcher.index.engine.scroll(with_payload=("path", "cosine", "label"))
    cosines = sorted((hit.payload["cosine"], hit.payload["path"]) for hit in everything)
    found = outliers(searcher, limit=15)
    assert [(one.cosine, one.path) for one in found] == cosines[:15]
    dogs = outliers(searcher, "label:dog", limit=COUNT)
    assert {one.id for one in dogs} == found_by(searcher, "label:dog")

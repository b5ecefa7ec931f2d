"""Subsets and their counts."""

from splicedex.search.curation.concepts.synonyms import query_for
from splicedex.search.curation.subsets.subset import subset
from tests.planted import SPACE
from tests.unit.search.curation.matching import found_by


def test_a_facet_counts_as_queries_do(searcher):
    for query in ("", "label:dog", "beach NOT tree", "NOT split:train"):
        chosen = subset(searcher, query)
        counts = searcher.index.counts.of(chosen.filter)
        for word in ("dog", "puppy", "beach", "snow", "horse", "thing 3"):
            asked = f"({query}) {query_for(word)}" if query else query_for(word)
            assert counts[SPACE.ids[word]] == len(found_by(searcher, asked))

"""Linear probes on concept weights."""

import pytest

from splicedex.search.curation.probe import probe
from splicedex.splice.errors import UserError
from tests.planted import COUNT, TEST, TRAIN


def test_probe(searcher):
    found = probe(searcher, "label", "split", by="group", without=["beach", "snow"])
    assert (found.trained, found.tested) == (TRAIN, TEST)
    worst = {
        method: min(one.accuracy.value for one in found.accuracies if one.method == method)
        for method in found.methods
    }
    assert worst["without beach, snow"] >= worst["all concepts"]
    words = {(one.method, one.label): [name for name, _ in one.concepts] for one in found.words}
    assert {"dog", "puppy", "hound"} & set(words["all concepts", "dog"])
    assert "beach" in words["all concepts", "dog"]
    assert not {"beach", "snow"} & set(words["without beach, snow", "dog"])
    assert {"beach", "snow"} <= set(found.removed)
    drawn = probe(searcher, "label", seed=1)
    assert drawn == probe(searcher, "label", seed=1)
    assert 0.1 * COUNT < drawn.tested < 0.3 * COUNT
    for options, message in (
        ({"label": "colour"}, "no column"),
        ({"label": "label", "split": "split", "train": "dev"}, "0 classes"),
        ({"label": "label", "query": "label:dog"}, "1 classes"),
        ({"label": "label", "split": "split", "query": "split:train"}, "no image to test on"),
    ):
        with pytest.raises(UserError, match=message):
            probe(searcher, **options)

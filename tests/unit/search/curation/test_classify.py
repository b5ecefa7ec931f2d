"""Zero-shot classification."""

import pytest

from splicedex.search.curation.classify import classify
from splicedex.splice.errors import UserError
from tests.planted import TEST


def test_classify(searcher):
    found = classify(
        searcher, names_from="label", by="group", query="split:test", without=["beach", "snow"]
    )
    assert found.methods == ("dense", "recomposed", "without beach, snow")
    assert found.images == TEST
    assert all(sum(counts.values()) == TEST for counts in found.predicted.values())
    overall = {one.method: one.accuracy.value for one in found.accuracies if not one.group}
    assert overall["dense"] > 0.9
    assert overall["without beach, snow"] > 0.9
    groups = [one for one in found.accuracies if one.method == "dense" and one.group]
    assert sum(one.images for one in groups) == TEST
    right = sum(one.accuracy.value * one.images for one in groups) / TEST
    assert right == pytest.approx(overall["dense"])
    named = classify(searcher, ["hound=dog", "pony=horse"], query="label:dog")
    assert named.accuracies == ()
    assert set(named.predicted["dense"]) <= {"hound", "pony"}
    # The names' concepts taken out, there is little left to tell the classes by.
    blind = classify(searcher, names_from="label", without=["dog", "horse"])
    assert blind.agreement["without dog, horse"] < blind.agreement["recomposed"]
    for names, message in (
        (["dog"], "fewer than two names"),
        (["dog", "zebra"], "no concept"),
        (["", "="], "empty"),
    ):
        with pytest.raises(UserError, match=message):
            classify(searcher, names)

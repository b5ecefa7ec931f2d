"""Planted spurious correlations are found."""

import pytest

from splicedex.search.curation.spurious import spurious
from splicedex.splice.errors import UserError
from tests.planted import TEST, TRAIN
from tests.unit.search.curation.matching import found_by


def test_spurious_finds_what_was_planted(searcher):
    found = spurious(searcher, "label", "split")
    assert found.part == "train"
    assert found.unknown == ()
    suspects = {(one.label, one.concept) for one in found.suspects}
    assert ("dog", "beach") in suspects
    assert ("horse", "snow") in suspects
    assert not {name for _, name in suspects} & {"dog", "horse", "puppy", "hound"}
    for one in found.suspects:
        train, test = one.strengths
        cells = train.cells
        assert cells.both == len(found_by(searcher, f"split:train label:{one.label} {one.query}"))
        assert cells.both + cells.label == TRAIN // 2
        assert sum((test.cells.both, test.cells.label)) == TEST // 2
        assert train.difference.low <= train.difference.value <= train.difference.high
        assert one.difference == pytest.approx(
            train.difference.value - max(0, test.difference.value)
        )
        assert one.p <= one.q < 0.05
        lacking = {example.id for example in one.without}
        assert lacking <= found_by(searcher, f"split:train label:{one.label} NOT ({one.query})")
        other = {example.id for example in one.elsewhere}
        assert other <= found_by(searcher, f"split:train NOT label:{one.label} {one.query}")
    assert {one.concept for one in found.suspects[:2]} == {"beach", "snow"}
    assert "label" in found.suspects[0].thin or "concept" in found.suspects[0].thin
    itself = {(one.label, name) for one in found.is_it for name in one.family}
    assert {("dog", "dog"), ("horse", "horse")} <= itself
    away = spurious(searcher, "label", "split", "test")
    assert not {one.concept for one in away.suspects} & {"beach", "snow"}


def test_without_a_split_the_planted_is_found_as_well(searcher):
    found = spurious(searcher, "label", query="split:train")
    assert {("dog", "beach"), ("horse", "snow")} <= {(s.label, s.concept) for s in found.suspects}


def test_named_concepts_are_tested_alone(searcher):
    found = spurious(searcher, "label", "split", concepts=["beach", "guitars", "dog"])
    assert found.tested == 6
    assert found.notes == ("'guitars' is read as 'guitar'",)
    named = {(one.label, one.concept): one for one in found.suspects}
    assert {name for _, name in named} == {"beach", "guitar"}
    beach, guitar = named["dog", "beach"], named[max(named, key=lambda pair: pair[1])]
    assert beach.query == '"beach"'
    both = found_by(searcher, "split:train label:dog beach")
    assert beach.strengths[0].cells.both == len(both)
    assert beach.q < 0.05 < guitar.q
    none = spurious(searcher, "label", query="NOT beach>=0.25", concepts=["beach"])
    assert (none.tested, none.notes) == (0, ("none of the examined images has 'beach'",))
    with pytest.raises(UserError, match="unknown concept 'unicorn'"):
        spurious(searcher, "label", concepts=["unicorn"])

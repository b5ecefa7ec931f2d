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
        assert one.excess.low <= one.excess.value <= one.excess.high
        assert one.q < 0.05
        planted = one.concept in {"beach", "snow"}
        assert (one.excess.value > 0.65) == planted
        lacking = {example.id for example in one.without}
        assert lacking <= found_by(searcher, f"split:train label:{one.label} NOT ({one.query})")
        other = {example.id for example in one.elsewhere}
        assert other <= found_by(searcher, f"split:train NOT label:{one.label} {one.query}")
    best = found.suspects[0]
    assert "label" in best.thin or "concept" in best.thin
    assert best.v.value == pytest.approx(best.strengths[0].phi.value, abs=0.02)
    away = spurious(searcher, "label", "split", "test")
    assert not {one.concept for one in away.suspects} & {"beach", "snow"}


def test_named_concepts_are_tested_alone(searcher):
    whole = {(one.label, one.concept): one for one in spurious(searcher, "label", "split").suspects}
    found = spurious(searcher, "label", "split", concepts=["beach", "guitars", "dog"])
    assert found.tested == 6
    assert found.notes == ("'guitars' is read as 'guitar'",)
    named = {(one.label, one.concept): one for one in found.suspects}
    assert {name for _, name in named} == {"beach", "guitar"}
    beach, guitar = named["dog", "beach"], named[max(named, key=lambda pair: pair[1])]
    assert beach.excess == whole["dog", "beach"].excess
    assert beach.q <= whole["dog", "beach"].q
    assert guitar.q > 0.05
    none = spurious(searcher, "label", query="NOT beach", concepts=["beach"])
    assert (none.tested, none.notes) == (0, ("none of the examined images has 'beach'",))
    with pytest.raises(UserError, match="unknown concept 'unicorn'"):
        spurious(searcher, "label", concepts=["unicorn"])

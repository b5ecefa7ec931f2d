"""Drift between sets of one index and of two."""

from dataclasses import replace

import pytest

from splicedex.indexer.store.index import Index
from splicedex.search.curation.drift import drift
from splicedex.search.searcher import Searcher
from splicedex.splice.errors import UserError
from tests.planted import make_planted
from tests.unit.search.curation.matching import found_by


def test_drift(searcher):
    here = (searcher, "label:dog"), (searcher, "label:horse")
    found = drift(*here, permutations=99)
    assert found.p == 0.01
    assert found.distance > found.by_chance[1] > found.by_chance[0] > 0
    moved = {one.concept: one for one in found.moved}
    assert {"dog", "horse"} <= set(moved)
    assert moved["horse"].difference.value > 0.5
    assert moved["dog"].difference.value < -0.5
    for one in found.moved:
        sides = (found_by(searcher, f"{one.query} {query}") for _, query in here)
        assert one.images == tuple(len(ids) for ids in sides)
    assert drift(*here, permutations=99) == found
    alike = drift((searcher, "number<120"), (searcher, "number>=120 split:train"), permutations=99)
    assert alike.p > 0.05


def test_drift_between_indexes(tmp_path):
    one, two = (Searcher(make_planted(tmp_path / name, "edge")) for name in "ab")
    same = drift((one, ""), (two, ""), permutations=99)
    assert same.distance == pytest.approx(0, abs=1e-6)
    assert same.p == 1
    assert same.moved == ()
    denser = replace(two.index.manifest, l1_penalty=0.1, penalties="frequency")
    two = Searcher(Index(two.index.files, denser, two.index.engine))
    assert drift((one, ""), (two, ""), permutations=99) == same
    other = replace(two.index.manifest, word_frequency="words.txt 01234567")
    two = Searcher(Index(two.index.files, other, two.index.engine))
    with pytest.raises(UserError, match="different word frequencies"):
        drift((one, ""), (two, ""))
    for searcher in (one, two):
        searcher.index.close()


def test_images_that_show_nothing_are_a_drift(tmp_path):
    index = make_planted(tmp_path / "made", "edge")
    searcher = Searcher(index)
    sets = (searcher, "split:train"), (searcher, "split:test")
    before = drift(*sets, permutations=99)
    blank = [hit.id for hit in index.engine.scroll(searcher.plan("split:test number<200").filter)]
    index.engine.set_payload(blank, {"shows": [], "shows_percent": []})
    after = drift(*sets, permutations=99)
    assert after.p < 0.05
    assert after.distance > before.distance
    index.close()

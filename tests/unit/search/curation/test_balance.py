"""Balanced selections."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splicedex.search.curation.balance import balance, choose_evenly
from splicedex.search.curation.concepts.parts import shown_parts
from splicedex.search.curation.subsets.subset import subset
from splicedex.splice.errors import UserError
from tests.unit.search.curation.matching import found_by


def test_balance(searcher):
    found = balance(searcher, "split:train", ["beach", "snow", "label:dog"], 40)
    chosen = [part.chosen for part in found.parts]
    assert len({image.id for image in found.selection.chosen}) == 40
    assert max(chosen) - min(chosen) <= 2
    for part in found.parts:
        ids = {image.id for image in found.selection.chosen}
        assert part.chosen == len(ids & found_by(searcher, part.query))
        assert part.images == len(found_by(searcher, f"split:train ({part.query})"))
    assert balance(searcher, "split:train", ["beach", "snow", "label:dog"], 40) == found
    with pytest.raises(UserError, match="balanced"):
        balance(searcher, "", ["dog"], 5)
    with pytest.raises(UserError, match="no image of the subset matches"):
        balance(searcher, "label:dog", ["beach", "label:horse"], 5)


def test_unasked_it_balances_what_is_shown_most(searcher):
    found = balance(searcher, "split:train", [], 40)
    parts = shown_parts(searcher.index, subset(searcher, "split:train"))
    assert [part.query for part in found.parts] == parts
    ids = {image.id for image in found.selection.chosen}
    for part in found.parts:
        matching = found_by(searcher, f"split:train {part.query}")
        assert part.images == len(matching)
        assert part.chosen == len(matching & ids)
    with pytest.raises(UserError, match="show too few concepts"):
        balance(searcher, "number<3", [], 5)


@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=6), st.integers(1, 7), max_size=60),
    st.integers(1, 70),
)
def test_as_many_are_chosen_as_there_are(masks, count):
    found = choose_evenly(masks, 3, count, seed=1)
    assert len(found) == len(set(found)) == min(count, len(masks))
    assert set(found) <= set(masks)


def test_the_choice_is_even_where_it_can_be():
    masks = {
        f"{part}-{i}": 1 << part for part, size in enumerate((30, 11, 200)) for i in range(size)
    }
    found = choose_evenly(masks, 3, 33, seed=2)
    assert [sum(one.startswith(f"{part}-") for one in found) for part in range(3)] == [11, 11, 11]
    found = choose_evenly(masks, 3, 60, seed=2)
    assert [sum(one.startswith(f"{part}-") for one in found) for part in range(3)] == [25, 11, 24]

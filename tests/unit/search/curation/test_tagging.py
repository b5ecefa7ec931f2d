"""Tags as columns that queries can use."""

import pytest

from splicedex.search.curation.tagging import tag
from splicedex.splice.errors import UserError
from tests.unit.search.curation.matching import found_by


def test_tags_are_columns(searcher):
    asked = tag(searcher, "label:dog beach", "reviewed", "yes")
    assert not asked.done
    assert asked.images == len(found_by(searcher, "label:dog beach"))
    with pytest.raises(UserError, match="no column"):
        found_by(searcher, "reviewed:yes")
    done = tag(searcher, "label:dog beach", "reviewed", "yes", dry_run=False)
    assert done.done
    assert found_by(searcher, "reviewed:yes") == found_by(searcher, "label:dog beach")
    tag(searcher, "reviewed:yes", "stars", "4", dry_run=False)
    assert found_by(searcher, "stars>3") == found_by(searcher, "reviewed:yes")
    assert tag(searcher, "stars>3", "reviewed", "007", dry_run=False).value == "007"
    assert not found_by(searcher, "reviewed:yes")
    assert found_by(searcher, "reviewed:007") == found_by(searcher, "stars:4")
    tag(searcher, "stars>3", "reviewed", "", dry_run=False)
    tag(searcher, "stars>3", "stars", None, dry_run=False)
    assert not found_by(searcher, "reviewed:007")
    assert not found_by(searcher, "stars>0")
    assert tag(searcher, "stars>0", "stars", 1, dry_run=False).images == 0
    for column, value, message in (
        ("path", "x", "a column of splicedex itself"),
        ("two words", "x", "cannot be a column"),
        ("stars", "many", "holds whole numbers"),
        ("stars", 1.5, "holds whole numbers"),
        ("note", "x" * 999, "999 characters"),
    ):
        with pytest.raises(UserError, match=message):
            tag(searcher, "label:dog", column, value)

"""Results as tables, and as charts."""

import json

import pytest

import splicedex as sx
from splicedex.api.python.tables.table import plain


def test_intervals_and_pairs_are_columns(ix):
    frame = ix.compare("label:dog", "label:horse").to_pandas()
    assert {"images_first", "images_second", "shares_first", "shares_first_low"} <= set(frame)
    assert {"difference", "difference_low", "difference_high"} <= set(frame)
    assert (frame["difference_low"] <= frame["difference"]).all()
    shares = ix.concepts(inside="label:dog").to_pandas()
    assert (shares["share"] <= shares["share_high"]).all()
    each = ix.compare(by="label").to_pandas()
    assert set(each["value"]) == {"label:dog", "label:horse"}


def test_rows_are_objects_and_plain_values(ix):
    found = ix.spurious("label", split="split")
    assert len(found) == len(found.suspects)
    assert found.to_list() == [plain(one) for one in found]
    assert [one.concept for one in found] == [one["concept"] for one in found.to_list()]
    json.dumps(found.to_dict())
    assert bool(ix.duplicates(inside="label:dog number<2"))  # an empty table is a result, too


def test_images_of_results_have_their_files(ix, planted_folder):
    chosen = ix.sample("", 5).chosen
    for image in chosen:
        assert image.path == str(planted_folder / image.name)
    assert {one.name for one in ix.outliers(limit=3)} <= {one.name for one in ix.view()}
    groups = ix.duplicates(above=0.999)
    assert len(groups) >= 1
    frame = groups.to_pandas()
    assert len(frame) == groups.superfluous
    assert frame["path"].str.startswith(str(planted_folder)).all()
    example = ix.compare("label:dog", "label:horse", examples=1).concepts[0].examples[0][0]
    assert len(ix.view(sx.col("path") == example.path)) == 1


def test_choices_are_tagged(ix):
    assert ix.sample("", 3, tag={"set": "test"}, dry_run=True).tagged.startswith("would write")
    assert ix.sample("", 3, tag={"set": "test"}).tagged == "wrote set=test to 3 images"
    assert len(ix.view("set:test")) == 3
    ix.balance("", 6, by=["beach", "snow"], tag={"set": "even"})
    assert len(ix.view("set:even")) == 6
    ix.outliers(limit=4, tag={"odd": True})
    assert len(ix.view("odd:true")) == 4
    found = ix.duplicates(above=0.999, tag={"copy": True})
    assert len(ix.view("copy:true")) == found.superfluous > 0


def test_plots_are_axes_and_nothing_is_shown(ix, monkeypatch):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    monkeypatch.setattr(pyplot, "show", lambda *_, **__: pytest.fail("it was shown"))
    for found in (
        ix.concepts(inside="label:dog", order="lift"),
        ix.compare("label:dog", "label:horse"),
        ix.drift("beach", "NOT beach>=0.25", permutations=99),
    ):
        assert len(found.plot().patches) >= len(found)
    _, ax = pyplot.subplots()
    assert ix.concepts(inside="label:dog").plot(ax) is ax
    pyplot.close("all")


def test_mistakes_are_those_of_the_command_line(ix):
    for call, told in (
        (lambda: ix.compare(), "nothing to compare"),
        (lambda: ix.compare("dog", "cat", by="label"), "compares many sets"),
        (lambda: ix.concepts("dog", inside="cat"), "ask for different things"),
        (lambda: ix.classify(["dog"]), "fewer than two names"),
        (lambda: ix.probe("colour"), "no column"),
        (lambda: ix.shows("nowhere.jpg"), "no image"),
        (lambda: ix.move("/nowhere", "/there"), "/nowhere"),
        (lambda: ix.drift("dog", "dog", permutations=99), "in both sets"),
    ):
        with pytest.raises(sx.UserError, match=told):
            call()


def test_an_index_is_copied_moved_and_repaired(ix, place):
    copied = ix.copy(place / "copy.idx")
    assert (copied.images, copied.written) == (240, 240)
    with sx.open(place / "copy.idx") as other:
        moved = other.move("a", "c", dry_run=True)
        assert (moved.images, moved.done) == (120, False)
        assert other.move("a", "c", force=True, confirm=lambda move: False).done is False
        assert other.move("a", "c", force=True).done
        assert len(other.view("path:c/*")) == 120
        assert other.verify().findings == ()
    assert sx.repair(place / "copy.idx").kept == 240

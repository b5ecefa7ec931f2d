"""Views are sets: composed, ordered, sampled, tagged, exported, given to other libraries."""

import csv
import pickle
import sys
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import splicedex as sx
from splicedex.search.ranking import by_mapped_score


def ids(view):
    return set(view.ids)


def test_sets_compose_as_sets_do(ix):
    dog, beach, everything = ix.view("dog"), ix.view("beach"), ix.view()
    assert ids(dog & beach) == ids(dog) & ids(beach)
    assert ids(dog | beach) == ids(dog) | ids(beach)
    assert ids(dog - beach) == ids(dog) - ids(beach)
    assert ids(~dog) == ids(everything) - ids(dog)
    assert ids(dog & sx.c("beach")) == ids(sx.c("beach") & dog) == ids(dog & "beach")
    assert ids("beach" - dog) == ids(beach) - ids(dog)
    assert ids(sx.c("beach") | dog) == ids(beach) | ids(dog)
    assert len(everything) == 240
    assert len(~everything) == len(everything - everything) == len(dog & ~dog) == 0
    assert ids(everything | dog) == ids(everything)
    assert ids(everything & dog) == ids(dog)
    assert ids((dog | beach) & (dog | ~beach)) == ids(dog)


sets = st.sampled_from(
    ["dog", "beach", "", "label:dog OR snow", "number<50", "NOT horse", "sample", "slice"]
)
trees = st.recursive(
    sets.map(lambda name: lambda env: env[name]),
    lambda inner: (
        st.builds(lambda a, b: lambda env: a(env) & b(env), inner, inner)
        | st.builds(lambda a, b: lambda env: a(env) | b(env), inner, inner)
        | st.builds(lambda a, b: lambda env: a(env) - b(env), inner, inner)
    ),
    max_leaves=5,
)


@given(trees, st.booleans())
@settings(max_examples=40)
def test_any_composition_has_the_images_of_that_set(shared, tree, deny):
    views, sets_ = shared
    view = tree(views)
    expected = tree(sets_)
    if deny:
        view, expected = ~view, sets_[""] - expected
    assert ids(view) == expected
    assert len(view) == len(expected)


@pytest.fixture(scope="module")
def shared(planted_folder):
    """Views, and the ids of their images."""
    with sx.open(planted_folder / "made.idx") as ix:
        names = ("dog", "beach", "", "label:dog OR snow", "number<50", "NOT horse")
        views = {name: ix.view(name) for name in names}
        views["sample"] = ix.view("dog").sample(20, seed=3)
        views["slice"] = ix.view("horse").sort("-number")[3:30]
        yield views, {name: ids(view) for name, view in views.items()}


def test_order_samples_and_slices(ix):
    view = ix.view("label:dog")
    numbers = [one.columns["number"] for one in view.sort("-number")]
    assert numbers == sorted(numbers, reverse=True)
    assert [one.columns["number"] for one in view.sort("number")[:5]] == numbers[::-1][:5]
    assert [one.columns["number"] for one in view.sort("number")[5:9].limit(2)] == (
        numbers[::-1][5:7]
    )
    assert view.sort("-number")[0].columns["number"] == numbers[0]
    assert len(view[:7]) == 7
    sample = view.sample(10, seed=1)
    assert sample.ids == view.sample(10, seed=1).ids != view.sample(10, seed=2).ids
    assert ids(sample) < ids(view)
    assert {one.id for one in ix.sample(view, 10, seed=1).chosen} == ids(sample)
    assert len(view.sample(10**6)) == len(view)
    # A choice stays what it is, whatever is written to it.
    before = sample.ids
    view.tag(label="gone")
    assert sample.ids == before
    assert len(view) == 0


def test_those_without_a_value_are_last(ix):
    ix.view("number<3").tag(rank=7)
    ix.view("number:3").tag(rank=9)
    for order in ("rank", "-rank"):
        ranks = [one.columns.get("rank") for one in ix.view("number<6").sort(order)]
        assert ranks[4:] == [None, None]
    assert ranks[0] == 9


def test_views_go_wherever_queries_go(ix):
    dog, snow = ix.view("label:dog"), ix.view("snow")
    assert dog.compare(snow & ~dog).images == ix.compare(dog, snow - dog).images
    assert dog.facets().matches == len(dog)
    assert dog.concepts(order="weight").images == len(dog)
    assert {hit.name for hit in dog.search("beach", limit=None)} == {
        hit.name for hit in ix.search("beach label:dog", limit=None)
    }
    some = dog.sample(30)
    assert {hit.id for hit in some.search("beach", limit=None, near=True)} == ids(some)
    assert {hit.id for hit in ix.search(some | snow, limit=None)} == ids(some) | ids(snow)
    assert ix.outliers(some, limit=99).to_pandas()["id"].isin(some.ids).all()
    assert some.drift(ix.view("label:horse"), permutations=99).images == (30, 120)
    assert ix.probe("label", inside=some | ix.view("label:horse")).trained > 0
    with pytest.raises(sx.UserError, match="ranks images; a set needs"):
        ix.view("text:dusk dog")
    with pytest.raises(sx.UserError, match="ranks images; a set needs"):
        ix.view('NOT text:"a thing at dusk"')
    with pytest.raises(sx.UserError, match="no column 'colour'"):
        dog.sort("colour")


def test_a_choice_is_ranked_as_a_column_that_names_it(ix, monkeypatch):
    monkeypatch.setattr(by_mapped_score, "FEW", 5)
    monkeypatch.setattr(by_mapped_score, "SEEDS", 5)
    some = ix.view().sample(150)
    some.tag(chosen=True)
    for query in ("dog", "dog NOT snow", "dog OR beach", "NOT horse"):
        found = [hit.name for hit in some.search(query, limit=12)]
        assert found == [hit.name for hit in ix.search(f"({query}) chosen:true", limit=12)]
    found = [hit.id for hit in ix.search((ix.view("dog") | some) & ~ix.view("snow"), limit=None)]
    assert set(found) == ids((ix.view("dog") | some) - ix.view("snow"))


def test_views_of_two_indexes_do_not_mix(ix, place):
    ix.copy(place / "other.idx")
    with sx.open(place / "other.idx") as other:
        with pytest.raises(sx.UserError, match="two indexes"):
            _ = ix.view("dog") & other.view("dog")
        drift = ix.drift("label:dog", "label:horse", to=other, permutations=99)
        assert drift.images == (120, 120)


def test_tags_are_written_unless_only_tried(ix):
    view = ix.view("dog")
    [tried] = view.tag(good=True, dry_run=True)
    assert (tried.done, tried.images) == (False, len(view))
    assert "good" not in ix.info().manifest.columns
    written = view.tag(good=True, score=0.5)
    assert all(one.done for one in written)
    assert ids(ix.view(sx.col("good") == True)) == ids(view)  # noqa: E712
    changing = ix.view("good:true")
    changing.tag(good=False, checked=True)
    assert len(changing) == 0
    assert len(ix.view("checked:true good:false")) == len(view)
    ix.view("good:false").untag("good", "score")
    assert len(ix.view("good:false")) == 0
    with pytest.raises(sx.UserError, match="nothing to tag with"):
        view.tag()
    with pytest.raises(sx.UserError, match="a column of splicedex"):
        view.tag(path="x")


def test_exports_have_the_images(ix, tmp_path):
    view = ix.view("dog").sample(12)
    view.export(tmp_path / "dogs.csv")
    with (tmp_path / "dogs.csv").open(newline="") as file:
        assert {row["id"] for row in csv.DictReader(file)} == ids(view)
    assert view.export(tmp_path / "links", dry_run=True).done is False
    assert not (tmp_path / "links").exists()
    assert view.export(tmp_path / "links").files == 12
    assert len(list((tmp_path / "links").iterdir())) == 12


def test_views_are_tables(ix):
    view = ix.view("dog").sort("number")
    frame = view.to_pandas()
    assert list(frame["number"]) == sorted(frame["number"])
    assert list(frame["id"]) == view.ids
    assert view.to_polars()["number"].to_list() == list(frame["number"])
    assert view.to_list()[0]["columns"]["number"] == frame["number"][0]
    assert "by number" in repr(view)


def test_datasets(ix):
    pytest.importorskip("datasets", reason="the extra notebook")
    made = ix.view("dog").sort("number").to_datasets()
    assert made.num_rows == len(ix.view("dog"))
    assert made["number"][:] == sorted(made["number"][:])
    assert type(made.features["image"]).__name__ == "Image"


def test_without_a_library_the_message_says_what_to_install(ix, monkeypatch):
    view = ix.view("dog")
    for library, use, extra in (
        ("pandas", view.to_pandas, "splicedex[notebook]"),
        ("polars", view.to_polars, "splicedex[notebook]"),
        ("pyarrow", view.to_arrow, "splicedex[parquet]"),
        ("datasets", view.to_datasets, "splicedex[notebook]"),
        ("fiftyone", view.to_fiftyone, "fiftyone"),
    ):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, library, None)
            with pytest.raises(sx.UserError) as refused:
                use()
        assert f"needs {library}; run `pip install '{extra}'`" in str(refused.value)


def test_fiftyone_is_given_samples_with_columns_and_labels(ix, monkeypatch):
    """FiftyOne needs a database, so a stand-in takes what it would be given."""
    given_ = []

    class Made(dict):
        def __init__(self, **fields):
            super().__init__(fields)

    module = ModuleType("fiftyone")
    module.Sample = module.Classification = module.Classifications = Made
    module.Dataset = type(
        "Dataset",
        (),
        {
            "__init__": lambda self, name: None,
            "add_samples": lambda self, some: given_.extend(some),
        },
    )
    monkeypatch.setitem(sys.modules, "fiftyone", module)
    ix.view("dog").tag(tags="a")
    ix.view("dog")[:3].to_fiftyone("dogs")
    assert len(given_) == 3
    assert given_[0]["tags_"] == "a"
    assert given_[0]["label"] == "dog"
    assert given_[0]["filepath"].endswith(".jpg")
    assert given_[0]["shows"]["classifications"][0].keys() == {"label", "confidence"}


def test_torch_gets_images_and_classes(photos):
    pytest.importorskip("torch")
    found = photos.view().sort("path").to_torch(label="kind", transform=lambda image: image.size)
    assert len(found) == 4
    assert found.classes == ("blue", "red")
    assert {found[row] for row in range(4)} == {((64, 48), 0), ((64, 48), 1)}
    again = pickle.loads(pickle.dumps(photos.view().to_torch()))
    image, id_ = again[0]
    assert image.mode == "RGB"
    assert id_ in photos.view().ids
    with pytest.raises(sx.UserError, match="no column 'colour'"):
        photos.view().to_torch(label="colour")

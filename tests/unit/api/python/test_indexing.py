"""Whatever Python has can be indexed, and indexed again."""

from datetime import date

import numpy as np
import pytest
from PIL import Image

import splicedex as sx
from splicedex.search.curation.subsets.reading import read_ids

COLOURS = ("red", "blue", "green", "white")


@pytest.fixture
def pictures():
    """Four PIL images of four modes."""
    made = [Image.new("RGB", (40, 30), colour) for colour in COLOURS]
    return [made[0], made[1].convert("P"), made[2].convert("CMYK"), made[3].convert("RGBA")]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "made.idx"


def names(path):
    with sx.open(path) as ix:
        return sorted(member.name for member in ix.view())


def test_arrays(planted_folder, path):
    rows = np.load(planted_folder / "x.npy")
    model = str(planted_folder / "space")
    found = sx.index(rows, path, names=[f"{n}.jpg" for n in range(240)], model=model)
    assert (found.images, found.to_dict()["added"]) == (240, 240)
    assert "240 added" in repr(found)
    again = sx.index(rows, path, names=[f"{n}.jpg" for n in range(240)])
    assert again.to_dict()["unchanged"] == 240
    for source, options, told in (
        (rows, {}, "does not name its images"),
        (rows, {"names": ["a"]}, "240 embeddings but 1 images"),
        (rows[0], {"names": ["a"]}, "is no embeddings"),
        (np.ones((2, 3), int), {"names": ["a", "b"]}, "is no embeddings"),
        (rows[:, :5], {"names": [str(n) for n in range(240)]}, "the model has 32 dimensions"),
        ([], {}, "nothing in the list"),
        ([1, 2], {}, "cannot be indexed"),
        (object(), {}, "cannot be indexed"),
        (None, {}, "nothing to index"),
    ):
        with pytest.raises(sx.UserError, match=told):
            sx.index(source, path, **options)


def test_embeddings_with_a_data_frame(planted_folder, path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_csv(planted_folder / "files.csv")
    source, model = planted_folder / "x.npy", str(planted_folder / "space")
    sx.index(source, path, files=frame, model=model)
    with sx.open(path) as ix:
        assert dict(ix.info().manifest.columns)["number"] == "integer"
        assert len(ix.view("label:dog")) == 120
    import polars

    other = path.with_name("other.idx")
    sx.index(None, other, embeddings=str(source), files=polars.from_pandas(frame), model=model)
    assert names(other) == names(path)
    with pytest.raises(sx.UserError, match="several types"):
        sx.index(source, path, files=frame.assign(odd=[object()] * 240), model=model)


def test_data_frames_of_photos(tmp_path, path, settings_of_model):
    pandas = pytest.importorskip("pandas")
    for colour in COLOURS:
        Image.new("RGB", (40, 30), colour).save(tmp_path / f"{colour}.png")
    frame = pandas.DataFrame({"file": [f"{one}.png" for one in COLOURS], "price": [1.5, 2, 3, 4]})
    frame["taken"] = ["2024-01-05", "2024-02-05", None, "2024-03-05"]
    sx.index(frame, path, root=tmp_path, **settings_of_model)
    assert names(path) == sorted(frame["file"])
    with sx.open(path) as ix:
        assert len(ix.view(sx.col("price") > 1.7)) == 3
        assert len(ix.view(sx.col("taken") > date(2024, 2, 1))) == 2
        assert all(member.path.endswith(member.name) for member in ix.view())
    files = [str(tmp_path / f"{one}.png") for one in COLOURS]
    sx.index(files, path.with_name("b.idx"), **settings_of_model)
    assert names(path.with_name("b.idx")) == sorted(files)


def test_pictures_in_memory(pictures, path, settings_of_model, tmp_path):
    before = set(tmp_path.rglob("*.png"))
    found = sx.index(pictures, path, **settings_of_model)
    assert found.images == 4
    assert sx.index(pictures, path, **settings_of_model).to_dict()["unchanged"] == 4
    pictures[2] = Image.new("L", (9, 9))
    again = sx.index(pictures, path, **settings_of_model).to_dict()
    assert (again["replaced"], again["unchanged"]) == (1, 3)
    assert names(path) == [f"image-{n:06}" for n in range(4)]
    with sx.open(path) as ix:
        assert ix.view().sort("path")[2].columns["width"] == 9
        assert ix.verify().findings == ()
    assert set(tmp_path.rglob("*.png")) == before
    with pytest.raises(sx.UserError, match="4 pictures but 1 names"):
        sx.index(pictures, path, names=["a"], **settings_of_model)


def test_pictures_are_embedded_as_their_files_are(pictures, path, settings_of_model, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    turned = Image.new("RGB", (40, 30), "red")
    turned.putpixel((0, 0), (255, 255, 255))
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(folder / "a.png", exif=exif)
    with Image.open(folder / "a.png") as opened:
        sx.index([opened], path, **settings_of_model)
    sx.index(folder, path.with_name("b.idx"), **settings_of_model)
    kept = []
    for one in (path, path.with_name("b.idx")):
        with sx.open(one) as ix, ix._session.searcher() as searcher:
            engine = searcher.index.engine
            [hit] = engine.retrieve(list(read_ids(searcher.index, None)), with_dense=True)
            kept.append((hit.payload["path"], hit.payload["width"], hit.dense))
    assert kept[0][:2] == kept[1][:2] == (str(folder / "a.png"), 30)
    assert np.allclose(kept[0][2], kept[1][2], atol=1e-5)


def test_data_sets(pictures, path, settings_of_model):
    datasets = pytest.importorskip("datasets", reason="the extra notebook")
    made = datasets.Dataset.from_dict(
        {"image": [image.convert("RGB") for image in pictures], "label": [0, 1, 0, 1]},
        features=datasets.Features(
            image=datasets.Image(), label=datasets.ClassLabel(names=["cat", "dog"])
        ),
    )
    sx.index(made, path, **settings_of_model)
    with sx.open(path) as ix:
        assert [one.columns["label"] for one in ix.view().sort("path")] == [
            "cat", "dog", "cat", "dog",
        ]  # fmt: skip
    assert sx.index(made, path, **settings_of_model).to_dict()["unchanged"] == 4
    with pytest.raises(sx.UserError, match="0 columns of images"):
        sx.index(made.remove_columns(["image"]), path, **settings_of_model)


def test_what_cannot_be_read_is_told(pictures, path, settings_of_model, tmp_path):
    class Broken(Image.Image):
        def tobytes(self, *_, **__):
            raise OSError("gone")

    broken = Broken()
    broken._size = (2, 2)
    found = sx.index(
        [*pictures, broken], path, errors_file=tmp_path / "errors.csv", **settings_of_model
    )
    assert (found.images, len(found.skipped)) == (4, 1)
    assert "image-000004" in (tmp_path / "errors.csv").read_text()
    with pytest.raises(sx.UserError, match="could not be read"):
        sx.index([*pictures, broken], path, strict=True, **settings_of_model)


def test_options_are_checked(tmp_path, path):
    for options, told in (
        ({"penalty": 0.2, "l0": 3}, "both set the sparsity"),
        ({"penalties": "none"}, "use frequency, uniform"),
        ({"ann": "fast"}, "use auto"),
        ({"columns": {"a": "number"}}, "is no kind"),
    ):
        with pytest.raises(sx.UserError, match=told):
            sx.index(tmp_path, path, **options)


def test_pruning_much_needs_a_yes(planted_folder, path):
    rows, model = np.load(planted_folder / "x.npy"), str(planted_folder / "space")
    listed = [f"{n}.jpg" for n in range(240)]
    sx.index(rows, path, names=listed, model=model)
    with pytest.raises(sx.UserError, match="nothing was pruned"):
        sx.index(rows[:9], path, names=listed[:9], prune=True)
    assert sx.index(rows[:9], path, names=listed[:9], prune=True, yes=True).images == 9

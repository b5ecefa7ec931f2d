from __future__ import annotations

import os
import shutil
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import splicedex.indexer.pipeline.image_mean as pipeline_mean
import splicedex.indexer.sources.photos as photo_source
import splicedex.splice.dictionary.image_mean as dictionary_mean
from splicedex.indexer.pipeline.image_mean import find_image_mean
from splicedex.indexer.sources.decoding.opened import Reading
from splicedex.indexer.sources.decoding.pool import BUFFER
from splicedex.indexer.sources.finding.find_photos import Excludes
from splicedex.indexer.sources.photos import Listing, PhotoSource, list_paths, list_table, printable
from splicedex.splice.align import unit
from splicedex.splice.dictionary.image_mean import FEWEST
from splicedex.splice.errors import UserError

DIM = 3


@dataclass(frozen=True)
class MeanColour:
    """Gives the mean colour as pixels (3, 1, 1). Writes a byte to a log, if given, per image."""

    log: Path | None = None

    def __call__(self, image):
        if self.log:
            with self.log.open("ab") as file:
                file.write(b".")
        return np.asarray(image.resize((1, 1))).transpose(2, 0, 1)


class ColourEncoder:
    """Embeds a photo by its mean colour. Calls a function first, if given."""

    name, dim, vocabulary = "colours", DIM, None

    def __init__(self, preprocess=MeanColour(), first=lambda: None):
        self._preprocess = preprocess
        self._first = first
        self.encoded = 0

    def fingerprint(self):
        return "colours"

    def preprocess(self):
        return self._preprocess

    def encode_images(self, pixels):
        self._first()
        self.encoded += len(pixels)
        return unit(pixels.reshape(-1, DIM).astype(np.float32) + 1)


@pytest.fixture
def folder(tmp_path):
    """Five photos of one colour each, two of them in folders."""
    for number, name in enumerate(["a.png", "b.jpg", "c.png", "sub/d.png", "sub/deep/e.png"]):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (10 + number, 20), (50 * number, 100, 200)).save(path)
    return tmp_path / "photos"


def signatures(folder):
    source = PhotoSource(list_paths([str(folder)]), ColourEncoder())
    return {Path(item.path).name: item.signature for item in source.items()}


def test_blocks_hold_what_was_read_in_order(folder, monkeypatch):
    monkeypatch.setattr(photo_source, "BATCH", 2)
    (folder / "b.jpg").write_bytes(b"%PDF-1.4")
    source = PhotoSource(list_paths([str(folder)]), ColourEncoder(), workers=0)
    made = list(source.embed(source.items()))
    items = [item for block in made for item in block.items]
    assert [Path(item.path).name for item in items] == ["a.png", "c.png", "d.png", "e.png"]
    colours = np.array([[50 * i, 100, 200] for i in (0, 2, 3, 4)], np.float32)
    np.testing.assert_allclose(
        np.concatenate([block.embeddings for block in made]), unit(colours + 1), atol=1e-6
    )
    facts = [fact for block in made for fact in block.facts]
    assert [(fact["width"], fact["height"]) for fact in facts] == [
        (10, 20), (12, 20), (13, 20), (14, 20),
    ]  # fmt: skip
    assert len({fact["content_hash"] for fact in facts}) == 4
    skipped = [pair for block in made for pair in block.skipped]
    assert skipped == [(str(folder / "b.jpg"), "not an image but a PDF")]


def test_only_the_given_items_are_read(folder):
    encoder = ColourEncoder()
    source = PhotoSource(list_paths([str(folder)]), encoder, workers=0)
    (block,) = source.embed(item for item in source.items() if item.number in {1, 3})
    assert [Path(item.path).name for item in block.items] == ["b.jpg", "d.png"]
    assert encoder.encoded == 2
    assert not list(source.embed([]))


@pytest.mark.parametrize("workers", [0, 1])
def test_a_photo_may_vanish_after_it_was_listed(folder, workers):
    source = PhotoSource(list_paths([str(folder)]), ColourEncoder(), workers=workers)
    items = list(source.items())
    (folder / "c.png").unlink()
    (block,) = source.embed(items)
    assert [Path(item.path).name for item in block.items] == ["a.png", "b.jpg", "d.png", "e.png"]
    assert block.skipped == [(str(folder / "c.png"), "No such file or directory")]


def test_a_block_of_unreadable_photos_is_not_encoded(folder):
    for path in folder.rglob("*.*"):
        path.write_bytes(b"")
    encoder = ColourEncoder()
    source = PhotoSource(list_paths([str(folder)]), encoder, workers=0)
    (block,) = source.embed(source.items())
    assert (len(block.items), block.embeddings.shape, len(block.skipped)) == (0, (0, DIM), 5)
    assert encoder.encoded == 0


def test_signatures_follow_the_file(folder):
    before = signatures(folder)
    assert signatures(folder) == before
    os.utime(folder / "a.png", ns=(1, 1))
    Image.new("RGB", (90, 90)).save(folder / "c.png")
    (folder / "sub" / "d.png").unlink()
    after = signatures(folder)
    assert {name for name in before if after.get(name) != before[name]} == {
        "a.png", "c.png", "d.png",
    }  # fmt: skip


def test_a_table_names_photos_and_gives_them_columns(folder, tmp_path):
    csv = tmp_path / "files.csv"
    csv.write_text("file,label,width\na.png,sea,wide\nsub/d.png,,\nnone.png,sky,\n")
    source = PhotoSource(list_table(csv, folder), ColourEncoder(), workers=0)
    assert dict(source.kinds) == {"label": "keyword", "width": "integer", "height": "integer"}
    before = list(source.items())
    assert [(item.path, item.columns.get("label")) for item in before] == [
        ("a.png", "sea"), ("sub/d.png", None), ("none.png", "sky"),
    ]  # fmt: skip
    (block,) = source.embed(before)
    assert block.facts[0]["location"] == str(folder / "a.png")
    assert block.skipped == [("none.png", "No such file or directory")]
    csv.write_text("file,label\na.png,lake\nsub/d.png,\n")
    after = list(PhotoSource(list_table(csv, folder), ColourEncoder()).items())
    assert before[0].signature != after[0].signature
    assert before[1].signature == after[1].signature
    assert list_table(csv, None).photos[0] == tmp_path / "a.png"
    with pytest.raises(UserError, match="not a folder"):
        list_table(csv, tmp_path / "nowhere")


def test_kinds_that_are_not_read_cost_no_model(folder, monkeypatch):
    for name in ("a.svg", "sub/z.psd"):
        (folder / name).write_bytes(b"<svg/>")
    shutil.copy(folder / "a.png", folder / "icon.ico")
    monkeypatch.setattr(photo_source, "BATCH", 6)
    source = PhotoSource(list_paths([str(folder)]), ColourEncoder(), workers=0)
    made = list(source.embed(source.items()))
    assert len([item for block in made for item in block.items]) == 6
    skipped = dict(pair for block in made for pair in block.skipped)
    assert {Path(path).name: reason for path, reason in skipped.items()} == {
        "a.svg": "a vector drawing, a kind that is not read",
        "z.psd": "a Photoshop document, a kind that is not read",
    }

    class NoEncoder(ColourEncoder):
        def preprocess(self):
            raise AssertionError("the model is loaded")

    source = PhotoSource(list_paths([str(folder)]), NoEncoder())
    (block,) = source.embed(item for item in source.items() if item.path in skipped)
    assert dict(block.skipped) == skipped
    assert not block.items


def test_truncated_photos_are_marked(folder):
    Image.effect_noise((200, 200), 90).convert("RGB").save(folder / "b.jpg")
    content = (folder / "b.jpg").read_bytes()
    (folder / "b.jpg").write_bytes(content[: len(content) // 2])
    strict = PhotoSource(list_paths([str(folder)]), ColourEncoder(), workers=0)
    assert "truncated" not in strict.kinds
    (block,) = strict.embed(strict.items())
    [(path, reason)] = block.skipped
    assert path == str(folder / "b.jpg")
    assert reason.endswith("; --tolerant reads what is left")
    tolerant = PhotoSource(
        list_paths([str(folder)]), ColourEncoder(), reading=Reading(tolerant=True), workers=1
    )
    assert tolerant.kinds["truncated"] == "bool"
    (block,) = tolerant.embed(tolerant.items())
    assert not block.skipped
    marked = [
        item.path
        for item, fact in zip(block.items, block.facts, strict=True)
        if "truncated" in fact
    ]
    assert marked == [str(folder / "b.jpg")]


def test_a_column_of_the_user_called_truncated_is_not_overwritten(folder, tmp_path):
    csv = tmp_path / "files.csv"
    csv.write_text("file,truncated\na.png,maybe\n")
    PhotoSource(list_table(csv, folder), ColourEncoder())
    with pytest.raises(UserError, match="which --tolerant writes; rename the column"):
        PhotoSource(list_table(csv, folder), ColourEncoder(), reading=Reading(tolerant=True))


def test_a_pattern_that_leaves_nothing_out_is_told(folder):
    with pytest.warns(UserWarning, match=r"--exclude \*\.tif leaves nothing out") as told:
        list_paths([str(folder)], Excludes(["*.tif", "c.png", "!d.png", "#recycle"]))
    assert len(told) == 2
    assert str(told[1].message).endswith(r"as # begins a comment; write '\#recycle'")


def test_nothing_is_left_to_index(folder):
    with pytest.raises(UserError, match=r"no photos in .* but what --exclude \* leaves out"):
        list_paths([str(folder)], Excludes(["*"]))


def test_nothing_to_index(tmp_path):
    with pytest.raises(UserError, match="no photos in"):
        list_paths([str(tmp_path)])


class TestCovers:
    """What a run may prune: images under the paths that the user named, and no others."""

    @pytest.mark.parametrize(
        ("asked", "inside", "outside"),
        [
            (".", ["a.png", "sub/gone.png"], ["../other/a.png", "../photos2/a.png"]),
            ("a.png", ["a.png"], ["b.jpg", "a.png2"]),
            ("*.png", ["a.png", "gone.png"], ["sub/d.png", "b.jpg"]),
            ("*", ["a.png", "sub/deep/e.png"], ["../other/a.png"]),
            ("**/*.png", ["a.png", "sub/deep/gone.png"], ["b.jpg", "sub/x.jpg"]),
            ("s[tu]b/*.png", ["sub/d.png"], ["sub/deep/e.png", "sab/d.png"]),
        ],
    )
    def test_by_path(self, folder, monkeypatch, asked, inside, outside):
        monkeypatch.chdir(folder)
        source = PhotoSource(list_paths([asked]), ColourEncoder())
        assert all(source.covers(os.path.abspath(path)) for path in inside)
        assert not any(source.covers(os.path.abspath(path)) for path in outside)

    def test_a_folder_with_a_name_like_a_pattern(self, folder):
        odd = folder / "s[ou]b"
        odd.mkdir()
        Image.new("RGB", (4, 4)).save(odd / "f.png")
        source = PhotoSource(list_paths([str(odd)]), ColourEncoder())
        assert source.covers(str(odd / "f.png"))
        assert not source.covers(str(folder / "sub" / "d.png"))

    def test_a_folder_without_any_photo_is_not(self, folder, tmp_path):
        """Its disk may be unmounted."""
        (tmp_path / "mnt").mkdir()
        with pytest.warns(UserWarning, match=r"no photos in .*mnt: its images stay in the index"):
            listing = list_paths([str(folder), str(tmp_path / "mnt")])
        source = PhotoSource(listing, ColourEncoder())
        assert source.covers(str(folder / "gone.png"))
        assert not source.covers(str(tmp_path / "mnt" / "gone.png"))

    def test_a_folder_with_an_icon_alone_is_not(self, folder, tmp_path):
        (tmp_path / "mnt").mkdir()
        (tmp_path / "mnt" / "autorun.ico").touch()
        with pytest.warns(UserWarning, match=r"no photos in .*mnt"):
            listing = list_paths([str(folder), str(tmp_path / "mnt")])
        assert not PhotoSource(listing, ColourEncoder()).covers(str(tmp_path / "mnt" / "gone.png"))

    def test_what_is_left_out_is_covered(self, folder):
        """So that a run that prunes removes it."""
        listing = list_paths([str(folder)], Excludes(["sub/"]))
        names = [Path(name).name for name in listing.names]
        assert names == ["a.png", "b.jpg", "c.png"]
        assert PhotoSource(listing, ColourEncoder()).covers(str(folder / "sub" / "d.png"))
        assert listing.left_out.rules == [("--exclude sub/", 0, 1)]

    def test_what_was_found_is_covered(self, folder):
        source = PhotoSource(list_paths([str(folder / "**")]), ColourEncoder())
        assert all(source.covers(item.path) for item in source.items())

    def test_a_table_is_the_whole_list(self, folder):
        listing = Listing([folder / "a.png"], ["a.png"])
        assert PhotoSource(listing, ColourEncoder()).covers("anything")


@given(st.binary(min_size=1).map(os.fsdecode))
def test_any_path_becomes_text(path):
    assert printable(path).encode("utf-8")
    if path.isascii():
        assert printable(path) == path


def test_decoding_fills_the_buffer_while_the_encoder_runs(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(photo_source, "BATCH", 50)
    log = tmp_path / "decoded"
    log.touch()
    ahead_of_first_batch = 50 + BUFFER - 1
    waits = []

    def decoded():
        return log.stat().st_size

    def wait_for_decoders():
        """Encoding ends when the decoders have filled the buffer."""
        taken = 50 * (len(waits) + 1)
        deadline = time.monotonic() + 60
        while decoded() < min(taken + BUFFER - 1, 500) and time.monotonic() < deadline:
            time.sleep(0.002)
        waits.append(decoded())
        assert decoded() <= taken + BUFFER

    names = [str(number) for number in range(500)]
    listing = Listing([folder / "a.png"] * 500, names)
    encoder = ColourEncoder(MeanColour(log), wait_for_decoders)
    source = PhotoSource(listing, encoder, workers=2)
    made = list(source.embed(source.items()))
    assert [item.path for block in made for item in block.items] == names
    assert waits[0] == ahead_of_first_batch
    assert waits[-1] == 500


def many(folder, count):
    """A listing of photos of two alternating colours."""
    pair = [folder / "a.png", folder / "c.png"]
    return Listing([pair[i % 2] for i in range(count)], [str(i) for i in range(count)])


class TestImageMean:
    def test_of_a_file_comes_first(self, folder, tmp_path):
        np.save(tmp_path / "mean.npy", np.ones(DIM, np.float32))
        mean = find_image_mean(ColourEncoder(), tmp_path / "mean.npy", many(folder, 200))
        np.testing.assert_array_equal(mean.vector, np.ones(DIM))
        with pytest.raises(UserError, match="does not exist"):
            find_image_mean(ColourEncoder(), tmp_path / "none.npy", None)

    def test_of_the_collection_with_a_warning_that_says_why_not(self, folder):
        listing = many(folder, FEWEST)
        with pytest.warns(UserWarning, match=r"not found.*--image-mean") as told:
            mean = find_image_mean(ColourEncoder(), None, listing, workers=0)
        assert len(told) == 1
        colours = np.array([[1, 101, 201], [101, 101, 201]], np.float32)
        np.testing.assert_allclose(mean.vector, unit(colours).mean(axis=0), atol=1e-6)
        assert mean.source == "estimated from the collection"

    def test_of_a_folder_without_a_warning(self, folder, monkeypatch):
        monkeypatch.setattr(pipeline_mean, "FEWEST", 5)
        monkeypatch.setattr(dictionary_mean, "FEWEST", 5)
        with warnings.catch_warnings(action="error"):
            mean = find_image_mean(ColourEncoder(), folder, None, workers=0)
        assert mean.source == f"estimated from {folder}"

    def test_of_many_photos_reads_some_of_all(self, folder, monkeypatch):
        monkeypatch.setattr(pipeline_mean, "ENOUGH", 120)
        encoder = ColourEncoder()
        with pytest.warns(UserWarning, match="estimated from the collection"):
            find_image_mean(encoder, None, many(folder, 301), workers=0)
        assert encoder.encoded == 101

    @pytest.mark.parametrize("count", [1, 2, 30])
    def test_of_few_photos_leaves_something_of_each(self, folder, count):
        listing = many(folder, count)
        with (
            pytest.warns(UserWarning, match="from the collection"),
            pytest.warns(UserWarning, match=f"{count} photos are few"),
        ):
            mean = find_image_mean(ColourEncoder(), None, listing, workers=0)
        source = PhotoSource(listing, ColourEncoder(), workers=0)
        (block,) = source.embed(source.items())
        expected = block.embeddings.sum(axis=0) / (count + 1)
        np.testing.assert_allclose(mean.vector, expected, atol=1e-6)
        assert np.linalg.norm(block.embeddings - mean.vector, axis=1).min() > 0.02

    def test_of_no_readable_photo(self, tmp_path):
        (tmp_path / "a.png").write_bytes(b"")
        with pytest.raises(UserError, match="none of 1 photos can be read"):
            find_image_mean(ColourEncoder(), tmp_path, None, workers=0)

    def test_of_nothing(self):
        with pytest.raises(UserError, match="--image-mean"):
            find_image_mean(ColourEncoder(), None, None)

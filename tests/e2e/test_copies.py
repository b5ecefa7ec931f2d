"""`splicedex duplicates` on copies of real photos, from files to words."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from splicedex.indexer.payload.fingerprint import FIELD, unpack
from splicedex.indexer.store.index import open_index
from splicedex.indexer.store.manifest import FILE, FORMAT
from tests.e2e.conftest import environment_of
from tests.models import DIM, write_open_clip_model
from tests.real_photos import COLOURED, GREY, cut, photo

FLIP = Image.Transpose
COPIES = {
    "right": ("astronaut", lambda p: p.transpose(FLIP.ROTATE_270), "turned 90° right"),
    "half turn": ("chelsea", lambda p: p.transpose(FLIP.ROTATE_180), "turned 180°"),
    "mirror": ("coffee", lambda p: p.transpose(FLIP.FLIP_LEFT_RIGHT), "mirrored left to right"),
    "down": ("rocket", lambda p: p.transpose(FLIP.FLIP_TOP_BOTTOM), "mirrored upside down"),
    "corner": ("coffee", lambda p: cut(p, 0, 0, 0.8, 0.8), "cropped to 64%"),
    "centre": ("motorcycle_left", lambda p: cut(p, 0.1, 0.1, 0.8, 0.8), "cropped to 64%"),
    "grey": ("chelsea", lambda p: p.convert("L"), "greyed"),
    "small": ("camera", lambda p: p.reduce(4), "shrunk to 1/4"),
    "both": ("astronaut", lambda p: p.convert("L").reduce(2), "greyed, shrunk to 1/2"),
    "again": ("moon", lambda p: p, "re-encoded"),
}
"""Copies by name: of which photo, how, and what is said of them."""


@pytest.fixture(scope="module")
def made(tmp_path_factory, run_to_end):
    """An index of photos and copies, by a model that knows nothing."""
    folder = tmp_path_factory.mktemp("copies")
    model = write_open_clip_model(folder / "model", "vit")
    (model / "vocabulary.txt").write_text("dog\ncat\ntree\nsea\ncar\nhouse\n")
    np.save(model / "image_mean.npy", np.full(DIM, 0.02, np.float32))
    photos = folder / "photos"
    photos.mkdir()
    for name in (*COLOURED, *GREY):
        photo(name).save(photos / f"{Path(name).stem}.png")
    for name, (original, change, _) in COPIES.items():
        with Image.open(photos / f"{original}.png") as opened:
            change(opened.convert("RGB")).save(photos / f"{name}.jpg", quality=60)
    for colour in ("white", "black", "red"):
        Image.new("RGB", (60, 50), colour).save(photos / f"{colour}.png")
    shutil.copy(photos / "coffee.png", photos / "same.png")
    index = folder / "photos.idx"
    words = ["index", photos, "--index", index, "--model", f"local-dir:{model}", "--workers", "1"]
    assert run_to_end([*map(str, words)], environment_of(folder / "cache")).returncode == 0
    return index


@pytest.fixture
def index(made, tmp_path):
    """A copy of the index and the photos, to change."""
    shutil.copytree(made, tmp_path / "photos.idx")
    return tmp_path / "photos.idx"


def said(answer):
    """What is said of each copy, and the photo it is told of."""
    return {
        Path(copy["image"]["path"]).stem: (Path(group["keep"]["path"]).stem, copy["says"])
        for group in answer["groups"]
        for copy in group["others"]
    }


EXPECTED = {name: (original, says) for name, (original, _, says) in COPIES.items()}
EXPECTED |= {"same": ("coffee", "identical")}


def close(found):
    """With shares of crops rounded: a pixel of a small picture is a percent."""
    return {name: (keep, says.replace("63%", "64%").replace("65%", "64%"))
            for name, (keep, says) in found.items()}  # fmt: skip


def test_copies_are_found_and_named(splicedex, made):
    """Plain photos, which look alike to any model, are none."""
    answer = splicedex("duplicates", "--index", made, "--json")
    assert close(said(answer)) == EXPECTED
    assert answer["superfluous"] == len(EXPECTED)
    assert answer["unprinted"] == 0
    by_graph = splicedex("duplicates", "--graph", "--index", made, "--json")
    assert said(by_graph) == said(answer)
    text = splicedex("duplicates", "--index", made)
    assert "turned 90° right" in text
    assert "looks alike" not in text


def test_kinds_are_chosen(splicedex, made):
    answer = splicedex("duplicates", "--kinds", "turned, mirrored", "--index", made, "--json")
    assert set(said(answer)) == {"right", "half turn", "mirror", "down"}
    alike = splicedex("duplicates", "--kinds", "alike", "--above", 0.01, "--index", made, "--json")
    assert {says for _, says in said(alike).values()} == {"looks alike"}
    listed = splicedex("duplicates", "--kinds", "greyed", "--paths", "--index", made)
    assert {Path(line).stem for line in listed.splitlines()} == {"grey", "both"}
    assert "--kinds rotated is unknown" in splicedex(
        "duplicates", "--kinds", "rotated", "--index", made, expect=2
    )


def test_fingerprints_are_enough_for_most_if_the_files_are_gone(splicedex, made):
    photos = made.parent / "photos"
    photos.rename(made.parent / "away")
    try:
        answer = splicedex("duplicates", "--index", made, "--json")
    finally:
        (made.parent / "away").rename(photos)
    found = said(answer)
    assert {name: found[name] for name in ("right", "mirror", "grey", "both", "same")} == {
        name: EXPECTED[name] for name in ("right", "mirror", "grey", "both", "same")
    }
    by = {copy["checked"] for group in answer["groups"] for copy in group["others"]}
    assert by == {"fingerprints", "bytes"}


def test_an_index_without_fingerprints_gets_them_by_repair(splicedex, index):
    with open_index(index) as opened:
        before = {hit.id: hit.payload[FIELD] for hit in opened.engine.scroll()}
        opened.engine.set_payload([*before], {FIELD: None})
    manifest = json.loads((index / FILE).read_text()) | {"format": FORMAT - 1}
    del manifest["checksum"]
    (index / FILE).write_text(json.dumps(manifest))
    assert "splicedex repair" in splicedex("duplicates", "--index", index, expect=2)
    repaired = splicedex("repair", "--index", index, "--json")
    assert repaired["without_fingerprint"] == 0
    with open_index(index) as opened:
        after = {hit.id: hit.payload[FIELD] for hit in opened.engine.scroll()}
    prints = unpack([*before.values(), *after.values()])
    assert not prints.missing.any()
    same = (prints.coefficients[: len(before)] * prints.coefficients[len(before) :]).sum((1, 2))
    assert same[prints.known[: len(before)]].min() > 0.98
    assert "no faults found" in splicedex("verify", "--index", index)


def test_a_damaged_fingerprint_is_found_and_mended(splicedex, run_to_end, environment, index):
    with open_index(index) as opened:
        damaged = next(iter(opened.engine.scroll()))
        opened.engine.set_payload([damaged.id], {FIELD: "x"})
    assert splicedex("duplicates", "--index", index, "--json")["unprinted"] == 1
    done = run_to_end(["verify", "--index", str(index)], environment)
    assert "the fingerprint is damaged: 1 images" in done.stdout
    assert splicedex("repair", "--index", index, "--json")["mended"] == 1
    assert "no faults found" in splicedex("verify", "--index", index)


def test_photos_that_changed_get_no_fingerprint(splicedex, index, tmp_path):
    with open_index(index) as opened:
        hits = list(opened.engine.scroll())
        changed = {FIELD: None, "content_hash": "0" * 64}
        opened.engine.set_payload([hits[0].id], changed)
        opened.engine.set_payload(
            [hits[1].id], {FIELD: None, "location": str(tmp_path / "gone.jpg")}
        )
    assert splicedex("repair", "--index", index, "--json")["without_fingerprint"] == 2
    assert splicedex("duplicates", "--index", index, "--json")["unprinted"] == 2

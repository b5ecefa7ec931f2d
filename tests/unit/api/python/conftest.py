"""An index of embeddings with columns, which several tests open."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

import splicedex as sx
from tests.models import DIM, write_open_clip_model
from tests.planted import write_planted


@pytest.fixture(scope="session")
def planted_folder(tmp_path_factory):
    """The files of the planted data set, and `made.idx`, an index of them that nobody writes to."""
    folder = tmp_path_factory.mktemp("planted")
    write_planted(folder)
    sx.index(
        folder / "x.npy",
        folder / "made.idx",
        files=folder / "files.csv",
        model=str(folder / "space"),
        root=folder,
    )
    return folder


@pytest.fixture
def place(planted_folder, tmp_path):
    """A copy of the data set's folder."""
    shutil.copytree(planted_folder, tmp_path / "planted")
    return tmp_path / "planted"


@pytest.fixture
def ix(place):
    """An open index."""
    with sx.open(place / "made.idx") as opened:
        yield opened


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """The name of a small model with random weights, and files that an index of it needs."""
    pytest.importorskip("open_clip")
    folder = write_open_clip_model(tmp_path_factory.mktemp("model") / "m")
    np.save(folder / "image_mean.npy", np.full(DIM, 0.02, np.float32))
    (folder / "words.txt").write_text("dog\ncat\ntree\nwater\n")
    return folder


@pytest.fixture
def settings_of_model(model):
    """The settings of an index of the small model."""
    return {
        "model": f"local-dir:{model}",
        "image_mean": model / "image_mean.npy",
        "vocabulary": str(model / "words.txt"),
        "workers": 0,
    }


@pytest.fixture
def photos(tmp_path, settings_of_model):
    """An open index of four photos with a column."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, kind in enumerate(("red", "blue", "red", "blue")):
        Image.new("RGB", (64, 48), kind).save(folder / f"{number}.png")
    table = "file,kind\n" + "".join(
        f"{number}.png,{kind}\n" for number, kind in enumerate(("red", "blue", "red", "blue"))
    )
    (folder / "files.csv").write_text(table)
    sx.index(folder / "files.csv", tmp_path / "photos.idx", **settings_of_model)
    with sx.open(tmp_path / "photos.idx") as opened:
        yield opened

"""Chromium, and two servers."""

from __future__ import annotations

import csv
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from tests.e2e.page.browsing import HOSTILE, MANY, MARKUP, opened
from tests.photos import make_embeddings, make_space
from tests.serving import environment, serving
from tools.screenshot import chromium

PHOTOS = {
    "skimage": ("data", ("astronaut.png", "chelsea.png", "coffee.png", "coins.png", "horse.png",
                         "motorcycle_left.png", "motorcycle_right.png", "rocket.jpg")),
    "sklearn": ("datasets/images", ("china.jpg", "flower.jpg")),
}  # fmt: skip


@pytest.fixture(scope="package")
def browser():
    try:
        with chromium() as found:
            yield found
    except FileNotFoundError as error:
        pytest.skip(str(error))


def index(run, folder, *words):
    """Make an index in a folder."""
    words = ("index", "--index", folder / "made.idx", *words)
    done = run(list(map(str, words)), environment(folder))
    assert done.returncode == 0, done.stderr
    return folder / "made.idx"


def listed(folder, rows):
    """A CSV of files with a label."""
    with (folder / "files.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "label"), *rows])
    return folder / "files.csv"


@pytest.fixture(scope="package")
def photos(browser, run_to_end, tmp_path_factory):
    """A server with an encoder, ten photos and one with a hostile name; returns its client."""
    folder = tmp_path_factory.mktemp("photos")
    rows = []
    for package, (inside, names) in PHOTOS.items():
        spec = find_spec(package)
        if spec is None:
            pytest.skip(f"needs the photos that come with {package}")
        for name in names:
            shutil.copy(Path(spec.origin).parent / inside / name, folder)
            rows.append((name, "still" if name in {"coffee.png", "coins.png"} else "other"))
    shutil.copy(folder / "chelsea.png", folder / HOSTILE)
    files = listed(folder, [*rows, (HOSTILE, MARKUP)])
    made = index(run_to_end, folder, "--model", "nano", "--files", files, "--root", folder)
    with serving(made, folder) as server:
        yield server.client


@pytest.fixture(scope="package")
def many(browser, run_to_end, tmp_path_factory):
    """A server of many images without files; returns its client."""
    folder = tmp_path_factory.mktemp("many")
    space = make_space()
    space.save(folder / "space")
    np.save(folder / "x.npy", make_embeddings(space, MANY))
    files = listed(folder, [(f"{i:05}.jpg", "ab"[i % 2]) for i in range(MANY)])
    words = ("--model", folder / "space", "--embeddings", folder / "x.npy", "--files", files)
    with serving(index(run_to_end, folder, *words), folder) as server:
        yield server.client


@pytest.fixture
def page(browser, photos):
    with opened(browser, photos, viewport={"width": 1280, "height": 800}) as page:
        yield page

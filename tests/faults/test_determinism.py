"""The same images, model and settings give the same index, in any order and batch size."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from PIL import Image

from splicedex.splice.presence.calibration import SAMPLE
from tests.faults.conftest import Contents, assert_same
from tests.photos import make_embeddings, make_space

PHOTOS = 300


def shuffled(rows, seed):
    return np.random.default_rng(seed).permutation(len(rows)) if seed else np.arange(len(rows))


@pytest.mark.parametrize(("count", "orders"), [(900, 3), (SAMPLE + 500, 2)])
def test_embeddings_in_any_order(tmp_path, splicedex, count, orders):
    space = make_space()
    space.save(tmp_path / "space")
    rows = make_embeddings(space, count)
    made = []
    for seed in range(orders):
        order = shuffled(rows, seed)
        np.save(tmp_path / "x.npy", rows[order])
        (tmp_path / "files.csv").write_text("\n".join(["file", *map(str, order)]) + "\n")
        splicedex(
            "index", "--index", tmp_path / f"{seed}", "--model", tmp_path / "space",
            "--embeddings", tmp_path / "x.npy", "--files", tmp_path / "files.csv",
        )  # fmt: skip
        made.append(Contents.of(tmp_path / f"{seed}"))
    assert made[0].calibration.images == min(count, SAMPLE)
    for other in made[1:]:
        assert_same(other, made[0])


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for number in range(PHOTOS):
        random = np.random.default_rng(number)
        small = Image.fromarray(random.integers(0, 256, (4, 4, 3), dtype=np.uint8))
        small.resize((48, 36)).save(folder / f"{number}.png")
    return folder


WAYS = [
    pytest.param(1, ["--workers", 3, "--batch-size", 7], id="all at once"),
    pytest.param(0, ["--workers", 3, "--batch-size", 32], id="workers", marks=pytest.mark.slow),
    pytest.param(1, ["--workers", 2, "--batch-size", 32], id="order", marks=pytest.mark.slow),
    pytest.param(0, ["--workers", 0, "--batch-size", 7], id="batches", marks=pytest.mark.slow),
    pytest.param(0, ["--workers", 2, "--batch-size", 256], id="large", marks=pytest.mark.slow),
]


class TestPhotos:
    @pytest.fixture
    def index(self, tmp_path, photos, model, splicedex):
        """Indexes the photos in an order with options."""

        def run(seed, *options):
            names = [f"{number}.png" for number in shuffled(range(PHOTOS), seed)]
            with (tmp_path / "files.csv").open("w", newline="") as file:
                csv.writer(file).writerows([["file"], *([name] for name in names)])
            folder = tmp_path / f"{seed} {options}"
            splicedex(
                "index", "--index", folder, "--model", model, *options,
                "--files", tmp_path / "files.csv", "--root", photos,
            )  # fmt: skip
            return Contents.of(folder)

        return run

    @pytest.mark.parametrize(("seed", "options"), WAYS)
    def test_in_any_way(self, index, seed, options):
        expected = index(0, "--workers", 1, "--batch-size", 32)
        found = index(seed, *options)
        assert_same(found, expected, encoded=bool(seed) or 32 not in options)

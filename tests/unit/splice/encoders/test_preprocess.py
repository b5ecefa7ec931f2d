from __future__ import annotations

import pickle
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from splicedex.splice.encoders.preprocess import Preprocess
from tests.paths import ROOT


def test_equals_open_clip_on_real_photos(data: Path):
    from open_clip.transform import PreprocessCfg, image_transform_v2

    paths = sorted((data / "photos" / "images").iterdir())[::600]
    photos = [Image.open(path).convert("RGB") for path in paths]
    assert {photo.width > photo.height for photo in photos} == {True, False}
    for (height, width), fit, interpolation in product(
        [(224, 224), (160, 200)],
        ["shortest", "longest", "squash"],
        ["bicubic", "bilinear"],
    ):
        theirs = image_transform_v2(
            PreprocessCfg(
                size=(height, width),
                mean=(0, 0, 0),
                std=(1, 1, 1),
                interpolation=interpolation,
                resize_mode=fit,
                fill_color=7,
            ),
            is_train=False,
        )
        # open_clip always resizes "shortest" to an oblong by bicubic interpolation.
        oblong = fit == "shortest" and height != width
        ours = Preprocess(height, width, fit, interpolation == "bicubic" or oblong, 7)
        for photo in photos:
            np.testing.assert_allclose(ours(photo) / 255, theirs(photo).numpy(), atol=1 / 255)


@given(
    st.integers(1, 400),
    st.integers(1, 400),
    st.sampled_from(["shortest", "longest", "squash"]),
    st.sampled_from([(8, 8), (6, 10)]),
)
def test_any_shape_fills_the_input(width, height, fit, shape):
    pixels = Preprocess(*shape, fit, fill=50)(Image.new("RGB", (width, height), (200, 100, 50)))
    assert pixels.shape == (3, *shape)
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    assert set(np.unique(pixels[0])) <= {200, 50}
    assert [200, 100, 50] in pixels.reshape(3, -1).T.tolist()


@pytest.mark.parametrize("size", [(20_000, 1), (1, 20_000)])
def test_a_long_strip_shows_its_middle(size):
    strip = Image.new("RGB", size, (10, 10, 10))
    middle = (size[0] // 2 - 2, size[1] // 2 - 2, size[0] // 2 + 2, size[1] // 2 + 2)
    strip.paste((250, 0, 0), tuple(max(0, side) for side in middle[:2]) + middle[2:])
    pixels = Preprocess(224, 224)(strip)
    assert pixels[0].min() > 200


def test_travels_to_other_processes_without_torch():
    code = (
        "import pickle, sys; from PIL import Image;"
        "image = pickle.loads(sys.stdin.buffer.read())(Image.new('RGB', (9, 9)));"
        "print(image.shape, 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=pickle.dumps(Preprocess(4, 6)),
        capture_output=True,
        check=True,
        env={"PYTHONPATH": str(ROOT)},
    )
    assert done.stdout.decode().strip() == "(3, 4, 6) False"

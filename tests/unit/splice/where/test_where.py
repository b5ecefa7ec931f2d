"""Heatmaps of the bundled model: what they show adds up, and lies where things are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from splicedex.splice.align import unit
from splicedex.splice.encoders.load import load_encoder
from splicedex.splice.where.heatmap import BLUR, CELLS, heatmap
from splicedex.splice.where.places import LONGEST, Places, indexed_places, places_in_photo


@pytest.fixture(scope="module")
def nano():
    return load_encoder("nano", device="cpu")


def photo(width=300, height=200, seed=0):
    random = np.random.default_rng(seed)
    small = random.integers(0, 256, (6, 9, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("size", [(300, 200), (256, 256), (90, 400)])
def test_places_add_up_to_the_embedding(nano, size):
    image = photo(*size)
    mean = np.linspace(-0.03, 0.03, nano.dim, dtype=np.float32)
    [embedding] = nano.encode_images(nano.preprocess()(image)[None])
    places = indexed_places(nano, image, mean)
    np.testing.assert_allclose(places.vectors.mean(axis=(0, 1)), embedding - mean, atol=1e-6)
    direction = unit(np.arange(nano.dim, dtype=np.float32))[None]
    score = float(direction[0] @ (embedding - mean))
    assert places.map_of(direction).mean() == pytest.approx(score, abs=1e-6)


def test_places_cover_the_whole_photo_in_its_own_shape(nano):
    for size, longest in (((300, 200), 2.0 * 1.5), ((2000, 20), LONGEST)):
        small, large = places_in_photo(nano, photo(*size), np.zeros(nano.dim, np.float32), 256)
        height, width, _ = large.vectors.shape
        assert width > height
        assert width * 32 <= longest * 256 + 16
        assert small.vectors.shape[1] <= width


def test_a_thing_is_where_it_was_put(nano):
    """The direction of a patch's own embedding is highest where the patch is."""
    for corner, (x, y) in enumerate([(0, 0), (360, 0), (0, 240), (360, 240)]):
        image = Image.new("RGB", (480, 320), "grey")
        draw = ImageDraw.Draw(image)
        for ring, colour in enumerate(("red", "yellow", "blue", "white")):
            inset = 12 * ring
            draw.ellipse((x + inset, y + inset, x + 120 - inset, y + 80 - inset), colour)
        rows = nano.encode_images(
            np.stack([nano.preprocess()(one) for one in (image.crop((x, y, x + 120, y + 80)),
                                                         Image.new("RGB", (120, 80), "grey"))])
        )  # fmt: skip
        places = places_in_photo(nano, image, np.zeros(nano.dim, np.float32), 256)
        found = heatmap(places, unit(rows[0] - rows[1]), np.zeros((0, nano.dim), np.float32))
        row, column = np.unravel_index(found.argmax(), found.shape)
        assert (column > found.shape[1] / 2, row > found.shape[0] / 2) == (corner % 2, corner // 2)


vectors = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed))


@settings(deadline=None)
@given(vectors, st.integers(1, 12), st.integers(1, 12), st.integers(0, 3))
def test_a_heatmap_has_the_shape_of_the_photo_and_finite_values(random, height, width, others):
    places = Places(random.normal(size=(height, width, 5)).astype(np.float32))
    direction = unit(random.normal(size=5).astype(np.float32))
    distract = unit(random.normal(size=(others, 5)).astype(np.float32))
    found = heatmap((places,), direction, distract)
    assert max(found.shape) == CELLS
    assert min(found.shape) == max(1, round(CELLS * min(height, width) / max(height, width)))
    assert np.isfinite(found).all()
    assert BLUR > 0


def test_what_others_claim_is_taken_away():
    left, right = np.eye(2, dtype=np.float32)
    vectors = np.zeros((4, 8, 2), np.float32)
    vectors[:, :4] = left
    vectors[:, 4:] = 2 * right + left * 1.1  # a little more of `left`, but much of another thing
    places = (Places(vectors),)
    alone = heatmap(places, left, np.zeros((0, 2), np.float32))
    beside = heatmap(places, left, right[None])
    assert alone[:, -8:].mean() > alone[:, :8].mean()
    assert beside[:, -8:].mean() < beside[:, :8].mean()
    alike = unit(left + 0.2 * right)[None]
    np.testing.assert_array_equal(heatmap(places, left, alike), alone)


def test_which_towers_are_means_of_places(nano):
    import torch
    from open_clip.timm_model import TimmModel
    from open_clip.transformer import VisionTransformer

    from splicedex.splice.encoders.places import embed_places, is_mean_of_places

    towers = {
        name: TimmModel(name, 16, image_size=64, pool=pool, proj=proj).eval()
        for name, pool, proj in (
            ("tf_efficientnet_lite0", "avg", "linear"),
            ("mobilenetv3_small_050", "avg", "linear"),
            ("resnet10t", "avg", "linear"),
            ("convnext_atto", "avg", "linear"),
            ("test_vit", "token", "linear"),
        )
    }
    towers["transformer"] = VisionTransformer(32, 16, 32, 2, 2, 2.0, output_dim=16).eval()
    with torch.inference_mode():
        told = {name for name, tower in towers.items() if is_mean_of_places(tower, 64)}
        assert "tf_efficientnet_lite0" in told
        assert not told & {"test_vit", "transformer", "mobilenetv3_small_050"}
        for name in told:
            batch = torch.rand(1, 3, 96, 64)
            mean = embed_places(towers[name], batch).mean(dim=(1, 2))
            torch.testing.assert_close(mean, towers[name](batch), atol=1e-4, rtol=1e-3)

from __future__ import annotations

import shutil

import numpy as np
import pytest

from splicedex.splice.align import unit
from splicedex.splice.dictionary.image_mean import (
    FEWEST,
    estimate_image_mean,
    known_image_mean,
    read_image_mean,
)
from splicedex.splice.errors import UserError

DIM = 8


@pytest.fixture
def embeddings() -> np.ndarray:
    return np.random.default_rng(0).normal(1, 1, (2 * FEWEST, DIM)).astype(np.float32)


def test_estimate_is_the_mean_of_unit_rows_in_any_batches(embeddings):
    expected = unit(embeddings).mean(axis=0)
    for size in (1, 7, len(embeddings)):
        batches = (embeddings[i : i + size] for i in range(0, len(embeddings), size))
        mean = estimate_image_mean(batches, DIM)
        np.testing.assert_allclose(mean.vector, expected, atol=1e-6)
        assert mean.vector.dtype == np.float32
        assert mean.source == "estimated from 200 photos"


def test_too_few_photos(embeddings):
    with pytest.raises(UserError, match="99 photos are too few"):
        estimate_image_mean([embeddings[: FEWEST - 1]], DIM)


def test_bad_embeddings_are_named(embeddings):
    embeddings[150] = np.nan
    with pytest.raises(UserError, match="row 150"):
        estimate_image_mean([embeddings[:128], embeddings[128:]], DIM)


def test_file_as_numpy_or_torch_saves_it(tmp_path):
    import torch

    vector = np.arange(DIM, dtype=np.float32)
    np.save(tmp_path / "mean.npy", vector)
    torch.save(torch.from_numpy(vector)[None], tmp_path / "mean.pt")
    for name in ("mean.npy", "mean.pt"):
        mean = read_image_mean(tmp_path / name, DIM)
        np.testing.assert_array_equal(mean.vector, vector)
        assert mean.source == str(tmp_path / name)


def test_mean_in_the_model_folder(tmp_path):
    np.save(tmp_path / "image_mean.npy", np.ones(DIM, np.float32))
    mean = known_image_mean(f"local-dir:{tmp_path}", DIM)
    assert mean.source == str(tmp_path / "image_mean.npy")
    np.testing.assert_array_equal(mean.vector, np.ones(DIM))


@pytest.mark.parametrize(
    ("encoder", "file", "dim"),
    [
        ("ViT-B-32/laion2b_s34b_b79k", "open_clip_ViT-B-32_image", 512),
        ("clip-ViT-B-32-multilingual-v1", "clip_ViT-B-32_image", 512),
        ("ViT-B-16/openai", "clip_ViT-B-16_image", 512),
        ("RN50-quickgelu/openai", "clip_RN50_image", 1024),
    ],
)
def test_published_means(data, monkeypatch, tmp_path, encoder, file, dim):
    means = data / "splice_reference" / "means"
    shutil.copytree(means, tmp_path / "means")
    monkeypatch.setenv("SPLICEDEX_CACHE", str(tmp_path))
    mean = known_image_mean(encoder, dim)
    np.testing.assert_array_equal(mean.vector, np.load(means / f"{file}.npy"))
    assert file in mean.source


def test_models_without_a_known_mean(tmp_path):
    for name in ("RN101/openai", f"local-dir:{tmp_path}", "sentence-transformers:some/model"):
        assert known_image_mean(name, DIM) is None


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("mean.npy", None, "does not exist"),
        ("mean.pt", None, "does not exist"),
        ("mean.pt", b"pickle?", "torch tensor"),
        ("mean.npy", b"numpy?", "not a readable"),
    ],
)
def test_unreadable_file(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=message):
        read_image_mean(tmp_path / name, DIM)


def test_mean_of_another_model(tmp_path):
    np.save(tmp_path / "mean.npy", np.ones(DIM + 1, np.float32))
    with pytest.raises(UserError, match="has 8 dimensions"):
        read_image_mean(tmp_path / "mean.npy", DIM)
    np.save(tmp_path / "mean.npy", np.full(DIM, np.nan, np.float32))
    with pytest.raises(UserError, match="NaN"):
        read_image_mean(tmp_path / "mean.npy", DIM)

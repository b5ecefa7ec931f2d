from __future__ import annotations

import numpy as np
import pytest

from splicedex.splice.align import unit
from splicedex.splice.dictionary.embed import build_space
from splicedex.splice.errors import UserError

DIM = 6
MEAN = np.full(DIM, 0.1, np.float32)


class CountingEncoder:
    """Embeds texts by their length, and counts them."""

    name = "counting"

    def __init__(self, weights="w"):
        self._weights = weights
        self.encoded = 0

    def fingerprint(self):
        return self._weights

    def encode_texts(self, texts):
        self.encoded += len(texts)
        return np.stack([np.random.default_rng(len(t)).normal(size=DIM) for t in texts])


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SPLICEDEX_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_concepts_are_the_words_embedded():
    encoder = CountingEncoder()
    space = build_space(encoder, ["a", "bb", "ccc"], MEAN)
    assert space.concepts == ("a", "bb", "ccc")
    np.testing.assert_array_equal(space.image_mean, MEAN)
    rows = unit(encoder.encode_texts(["a", "bb", "ccc"]).astype(np.float32))
    np.testing.assert_allclose(space.atoms, unit(rows - rows.mean(axis=0)), atol=1e-5)


def test_words_are_embedded_once():
    encoder = CountingEncoder()
    first = build_space(encoder, ["a", "bb"], MEAN)
    again = build_space(encoder, ["a", "bb"], MEAN)
    assert encoder.encoded == 2
    assert again.fingerprint == first.fingerprint


def test_nothing_stale_is_read():
    first = build_space(CountingEncoder(), ["a", "bb"], MEAN)
    others = [
        build_space(CountingEncoder("v"), ["a", "bb"], MEAN),
        build_space(CountingEncoder(), ["bb", "a"], MEAN),
        build_space(CountingEncoder(), ["a", "bb"], 2 * MEAN),
    ]
    assert others[1].concepts == ("bb", "a")
    np.testing.assert_array_equal(others[2].image_mean, 2 * MEAN)
    encoder = CountingEncoder("v")
    build_space(encoder, ["a", "bb"], MEAN)
    assert encoder.encoded == 0, "each of them was kept beside the first"
    assert first.fingerprint not in {other.fingerprint for other in others[1:]}


def test_nothing_half_written_is_kept(cache):
    with pytest.raises(UserError):
        build_space(CountingEncoder(), ["a", "bb"], MEAN[:-1])
    assert not list(cache.rglob("*.npy"))
    build_space(CountingEncoder(), ["a", "bb"], MEAN)
    assert [folder.name for folder in (cache / "spaces").iterdir() if len(folder.name) != 32] == []

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from splicedex.indexer.pipeline import image_mean
from splicedex.indexer.pipeline.lazy_encoder import load_same_encoder
from splicedex.indexer.pipeline.settings import Settings, resolve
from splicedex.indexer.sources.photos import list_paths
from splicedex.indexer.store.index import create_index, open_index
from splicedex.indexer.store.manifest import FILE, Manifest
from splicedex.splice.encoders.known import DEFAULT, absolute
from splicedex.splice.errors import UserError
from splicedex.splice.load import OWN
from splicedex.splice.sparsity import Sparsity

DIM = 4


class WordEncoder:
    """Gives each text a random embedding, always the same for the same text."""

    vocabulary = None
    dim = DIM

    def __init__(self, name, weights="w", *, precision=None):
        self.name = name
        self._weights = weights
        self.precision = precision or "bf16"  # as if the processor had it

    def fingerprint(self):
        return self._weights

    def encode_texts(self, texts):
        seeds = [sum(text.encode()) for text in texts]
        return np.stack([np.random.default_rng(s).normal(size=DIM) for s in seeds]).astype("f4")


@pytest.fixture
def made(tmp_path, monkeypatch):
    """An index folder, the settings that made it, and photos for it."""
    monkeypatch.setenv("SPLICEDEX_CACHE", str(tmp_path / "cache"))
    (tmp_path / "words.txt").write_text("dog\ncat\ntree\nsea\n")
    np.save(tmp_path / "mean.npy", np.full(DIM, 0.1, np.float32))
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (4, 4)).save(tmp_path / "photos" / "a.png")
    photos = list_paths([str(tmp_path / "photos")])
    settings = Settings("m", str(tmp_path / "words.txt"), tmp_path / "mean.npy", Sparsity(0.3))
    resolved = resolve(tmp_path / "i", settings, photos, load=WordEncoder)
    create_index(tmp_path / "i", resolved.manifest, resolved.space)
    return tmp_path / "i", settings, photos


def test_nothing_is_written(tmp_path, made):
    _, settings, photos = made
    resolve(tmp_path / "other", settings, photos, load=WordEncoder)
    assert not (tmp_path / "other").exists()


def test_an_existing_index_keeps_its_settings(made):
    folder, settings, photos = made
    resolved = resolve(folder, Settings(), photos, load=WordEncoder)
    assert resolved.manifest.model == "m"
    assert resolved.manifest.sparsity == Sparsity(0.3)
    assert resolved.space.concepts == ("dog", "cat", "tree", "sea")
    assert resolved.encoder is not None
    assert resolve(folder, Settings(), None).encoder is None
    for more in (settings, Settings(model="m"), Settings(sparsity=Sparsity(0.3))):
        again = resolve(folder, more, photos, load=WordEncoder)
        assert again.manifest == resolved.manifest


@pytest.mark.parametrize(
    ("other", "cause"),
    [
        (Settings(sparsity=Sparsity(0.2)), "l1_penalty 0.3, not l1_penalty 0.2"),
        (Settings(sparsity=Sparsity(l0=5)), "l1_penalty 0.3, not l0 5"),
        (Settings(model="n"), "model 'm', not 'n'"),
        (Settings(penalties="uniform"), "penalties 'frequency', not 'uniform'"),
    ],
)
def test_other_settings_are_refused(made, other, cause):
    folder, _, photos = made
    with pytest.raises(UserError, match=cause):
        resolve(
            folder,
            other,
            photos,
            load=lambda name, **more: WordEncoder(name, "wv"[name == "n"], **more),
        )


def test_word_frequencies_are_kept_and_others_refused(made, tmp_path):
    _, settings, photos = made
    table = tmp_path / "counts.tsv"
    table.write_text("dog\t30\nsea\t10\n")
    settings = replace(settings, word_frequency=str(table))
    resolved = resolve(tmp_path / "j", settings, photos, load=WordEncoder)
    create_index(tmp_path / "j", resolved.manifest, resolved.space, resolved.frequency)
    with open_index(tmp_path / "j") as index:
        assert index.lexicon.frequency.argmax() == index.space.ids["dog"]
        assert index.penalties[index.space.ids["dog"]] < index.penalties[index.space.ids["cat"]]
    for same in (settings, Settings(model="m"), Settings()):
        again = resolve(tmp_path / "j", same, photos, load=WordEncoder)
        assert again.manifest == resolved.manifest
    table.write_text("dog\t10\nsea\t30\n")
    with pytest.raises(UserError, match=r"word_frequency 'counts.tsv \w+', not 'counts.tsv \w+'"):
        resolve(tmp_path / "j", settings, photos, load=WordEncoder)


def test_another_model_is_refused_before_photos_are_read_for_its_mean(made, recwarn):
    folder, _, photos = made
    with pytest.raises(UserError, match="other contents of m"):
        resolve(folder, Settings(model="m"), photos, load=lambda name, **_: WordEncoder(name, "v"))
    assert not recwarn


def test_weights_that_changed_are_refused(made):
    folder, _, photos = made
    manifest = resolve(folder, Settings(), photos, load=WordEncoder).manifest
    assert load_same_encoder(manifest, folder, WordEncoder).name == "m"
    with pytest.raises(UserError, match="weights of m are not those"):
        load_same_encoder(manifest, folder, lambda name, **_: WordEncoder(name, "v"))


def test_the_default_model_is_for_photos_only(made, tmp_path):
    _, settings, photos = made
    named = []

    def load(name, **_):
        named.append(name)
        return WordEncoder(name)

    settings = Settings(vocabulary=settings.vocabulary, image_mean=settings.image_mean)
    assert resolve(tmp_path / "new", settings, photos, load=load).manifest.model == DEFAULT
    assert named == [DEFAULT]
    with pytest.raises(UserError, match="add --model"):
        resolve(tmp_path / "new", settings, None)


def test_a_concept_space_encodes_no_photos(made, tmp_path, space):
    space.save(tmp_path / "space")
    with pytest.raises(UserError, match="cannot encode photos"):
        resolve(tmp_path / "new", Settings(model=str(tmp_path / "space")), made[2])


def test_a_mean_estimated_from_a_folder_is_kept(made, tmp_path, monkeypatch):
    _, settings, photos = made
    read = []

    def estimate(encoder, photos, source, workers):
        from splicedex.splice.dictionary.image_mean import ImageMean

        read.append(photos.photos)
        return ImageMean(np.full(DIM, 0.1 * len(read), np.float32), source)

    monkeypatch.setattr(image_mean, "_estimate", estimate)
    settings = Settings("m", settings.vocabulary, tmp_path / "photos")
    resolved = resolve(tmp_path / "j", settings, photos, load=WordEncoder)
    create_index(tmp_path / "j", resolved.manifest, resolved.space)
    again = resolve(tmp_path / "j", settings, photos, load=WordEncoder)
    assert (again.manifest, len(read)) == (resolved.manifest, 1)
    (tmp_path / "others").mkdir()
    (tmp_path / "photos" / "a.png").rename(tmp_path / "others" / "a.png")
    settings = Settings("m", settings.vocabulary, tmp_path / "others")
    with pytest.raises(UserError, match=r"estimated from .*others"):
        resolve(tmp_path / "j", settings, photos, load=WordEncoder)


def test_a_model_with_its_own_vocabulary_may_move(made, tmp_path, monkeypatch):
    _, settings, photos = made

    def load(name, **_):
        encoder = WordEncoder(name)
        encoder.vocabulary = str(tmp_path / name / "vocabulary.txt")
        return encoder

    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "vocabulary.txt").write_text("sea\nsky\n")
    settings = Settings("m", None, settings.image_mean)
    resolved = resolve(tmp_path / "j", settings, photos, load=load)
    assert resolved.manifest.vocabulary == OWN
    create_index(tmp_path / "j", resolved.manifest, resolved.space)
    (tmp_path / "m").rename(tmp_path / "moved")
    again = resolve(tmp_path / "j", Settings("moved", None, settings.image_mean), photos, load=load)
    assert again.space.fingerprint == resolved.space.fingerprint


class TestPrecision:
    """An index stays in the number format of its first photos, whatever processor goes on."""

    class OnOlderProcessor(WordEncoder):
        """Embeds in single precision, unless told otherwise; and rounds texts in its own way."""

        def __init__(self, name, *, precision=None):
            super().__init__(name, precision=precision or "fp32")

        def encode_texts(self, texts):
            return super().encode_texts(texts) * np.float32(1 + 1e-6)

    @staticmethod
    def precision_of(resolved):
        """That which photos will be embedded in."""
        from splicedex.indexer.pipeline.lazy_encoder import LazyEncoder

        encoder = resolved.encoder
        return (encoder._encoder() if isinstance(encoder, LazyEncoder) else encoder).precision

    def test_the_first_run_decides(self, made):
        folder, settings, photos = made
        assert resolve(folder, Settings(), photos, load=WordEncoder).manifest.precision == "bf16"
        for asked in (Settings(), Settings(precision="bf16"), settings):
            resolved = resolve(folder, asked, photos, load=self.OnOlderProcessor)
            assert self.precision_of(resolved) == "bf16"

    def test_texts_that_are_rounded_otherwise_are_the_same_space(self, made, monkeypatch, tmp_path):
        folder, settings, photos = made
        monkeypatch.setenv("SPLICEDEX_CACHE", str(tmp_path / "another machine"))
        resolved = resolve(folder, settings, photos, load=self.OnOlderProcessor)
        assert resolved.space.fingerprint == resolved.manifest.space
        (tmp_path / "words.txt").write_text("dog\ncat\ntree\nland\n")
        with pytest.raises(UserError, match="other contents of"):
            resolve(folder, settings, photos, load=self.OnOlderProcessor)

    @pytest.mark.parametrize("more", [{}, {"model": "m"}])
    def test_another_one_is_refused(self, made, more):
        folder, _, photos = made
        with pytest.raises(UserError, match="precision 'bf16', not 'fp32'"):
            resolve(folder, Settings(precision="fp32", **more), photos, load=WordEncoder)

    def test_a_chosen_one_is_recorded(self, made, tmp_path):
        _, settings, photos = made
        settings = replace(settings, precision="fp16")
        resolved = resolve(tmp_path / "j", settings, photos, load=WordEncoder)
        assert (self.precision_of(resolved), resolved.manifest.precision) == ("fp16", "fp16")

    @pytest.mark.parametrize("more", [{}, {"model": "m"}])
    def test_an_older_index_stays_in_single_precision(self, made, more):
        folder, _, photos = made
        replace(Manifest.load(folder), precision=None).save(folder / FILE)
        for asked, precision in ((None, "fp32"), ("bf16", "bf16")):  # it may have been made so
            settings = Settings(precision=asked, **more)
            resolved = resolve(folder, settings, photos, load=WordEncoder)
            assert self.precision_of(resolved) == precision
        assert self.precision_of(resolve(folder, Settings(), photos, load=WordEncoder)) == "fp32"


class TestAbsolute:
    """Names of models that mean the same in any working directory."""

    @pytest.mark.parametrize("prefix", ["local-dir:", "sentence-transformers:"])
    def test_folders(self, tmp_path, monkeypatch, prefix):
        (tmp_path / "m").mkdir()
        monkeypatch.chdir(tmp_path)
        assert absolute(f"{prefix}m") == f"{prefix}{tmp_path / 'm'}"
        assert absolute(f"{prefix}{tmp_path / 'm'}") == f"{prefix}{tmp_path / 'm'}"
        assert absolute(f"{prefix}none") == f"{prefix}none"

    def test_checkpoints_but_not_tags(self, tmp_path, monkeypatch):
        (tmp_path / "c.pt").touch()
        (tmp_path / "openai").touch()
        monkeypatch.chdir(tmp_path)
        assert absolute("ViT-B-32/c.pt") == f"ViT-B-32/{tmp_path / 'c.pt'}"
        for name in ("ViT-B-32/openai", "nano", "ViT-B-32", "hf-hub:a/b", DEFAULT):
            assert absolute(name) == name

    def test_home(self, tmp_path, monkeypatch):
        monkeypatch.setenv("HOME", str(tmp_path))
        (tmp_path / "m").mkdir()
        assert absolute("local-dir:~/m") == f"local-dir:{os.path.expanduser('~/m')}"  # noqa: PTH111
        assert Path(absolute("local-dir:~/m").removeprefix("local-dir:")).is_absolute()

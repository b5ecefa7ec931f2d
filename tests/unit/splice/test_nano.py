from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import timm
import torch
from PIL import Image
from torch.nn.functional import cosine_similarity, normalize

from splicedex.splice.align import unit
from splicedex.splice.dictionary.space import load_matrix
from splicedex.splice.dictionary.vocabulary import load_vocabulary
from splicedex.splice.errors import UserError
from tests.paths import ROOT
from tools.nano.backbone import lower, upper
from tools.nano.bundle import new_model
from tools.nano.corpus import Corpus, Photo, load_corpus
from tools.nano.store import CODE_HASH, claim
from tools.nano.teacher import move_to_labels
from tools.nano.words import MIN_CAPTIONS, stem, vocabulary

NANO = ROOT / "splice" / "models" / "nano"
SOURCE = f"local-dir:{NANO}"
WORDS = ["cat", "car", "coffee", "rocket", "woman", "pizza", "tree", "dog", "boat", "guitar"]


@pytest.fixture(scope="module")
def nano() -> tuple[Any, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        model, preprocess = open_clip.create_model_from_pretrained(SOURCE)
        return model.eval(), preprocess


def tokenize(texts: list[str]) -> torch.Tensor:
    return open_clip.get_tokenizer(SOURCE)(texts)


@torch.inference_mode()
def embed_texts(model: Any, texts: list[str]) -> torch.Tensor:
    return normalize(model.encode_text(tokenize(texts)), dim=1)


def test_bundle_is_small() -> None:
    assert sum(file.stat().st_size for file in NANO.iterdir()) <= 25e6


def test_bundle_brings_what_an_index_needs() -> None:
    words = load_vocabulary(str(NANO / "vocabulary.txt"))
    assert 2000 <= len(words) <= 3500
    assert {"dog", "beach", "running", "guitar"} <= set(words)
    assert all(word == word.lower() for word in words)
    mean = load_matrix(NANO / "image_mean.npy")
    assert mean.shape == (512,)
    assert 0 < np.linalg.norm(mean) < 1


def test_towers_share_512_dimensions(nano: tuple[Any, Any]) -> None:
    model, preprocess = nano
    with torch.inference_mode():
        image = model.encode_image(preprocess(Image.new("RGB", (64, 48), "red"))[None])
    assert image.shape == (1, 512)
    assert embed_texts(model, ["a dog"]).shape == (1, 512)


def test_words_lie_near_what_they_resemble(nano: tuple[Any, Any]) -> None:
    texts = ["dog", "a dog", "a photo of a dog", "puppy", "teapot", "a dog on a beach"]
    dog, a_dog, photo, puppy, teapot, beach = embed_texts(nano[0], texts)
    assert dog @ a_dog > dog @ teapot
    assert dog @ photo > dog @ teapot
    assert dog @ puppy > dog @ teapot
    assert beach @ dog > beach @ teapot


@pytest.mark.parametrize(
    ("photo", "word"), [("chelsea", "cat"), ("coffee", "coffee"), ("rocket", "rocket")]
)
def test_photos_lie_nearest_to_their_word(nano: tuple[Any, Any], photo: str, word: str) -> None:
    data = pytest.importorskip("skimage.data")
    model, preprocess = nano
    image = preprocess(Image.fromarray(getattr(data, photo)()))[None]
    with torch.inference_mode():
        seen = normalize(model.encode_image(image), dim=1)[0]
    texts = embed_texts(model, WORDS)
    assert WORDS[int(normalize(texts - texts.mean(0), dim=1).mv(seen).argmax())] == word


def test_half_precision_agrees(nano: tuple[Any, Any]) -> None:
    model, _ = nano
    half = open_clip.create_model_from_pretrained(SOURCE, precision="fp16")[0].eval()
    pixels = torch.rand(2, 3, 256, 256, generator=torch.Generator().manual_seed(0)) * 2 - 1
    tokens = tokenize(WORDS)
    with torch.inference_mode():
        for ours, theirs in (
            (model.encode_image(pixels), half.encode_image(pixels.half())),
            (model.encode_text(tokens), half.encode_text(tokens)),
        ):
            assert cosine_similarity(ours, theirs.float()).min() > 1 - 1e-2


def test_training_goes_the_way_the_model_goes() -> None:
    torch.manual_seed(0)
    network = timm.create_model("tf_efficientnet_lite0").eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, -0.1, 0.1)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
    pixels = torch.randn(2, 3, 96, 96)
    with torch.inference_mode():
        whole = network.global_pool(network.forward_features(pixels))
        parts = upper(network, lower(network, pixels))
    assert cosine_similarity(whole, parts).min() > 0.995


def test_guesses_are_moved_to_their_label_and_no_others() -> None:
    guesses = unit(np.array([[1, 0.1, 0], [0, 1, 0], [1, 0, 1]], np.float32))
    labels = np.array([[0, 1, 0], [0, 1, 0], [0, 0, 0]], np.float32)
    moved = move_to_labels(guesses, labels)
    assert moved[0, 1] > guesses[0, 1]
    np.testing.assert_allclose(moved[1:], guesses[1:], atol=1e-6)


@pytest.mark.parametrize(
    "forms", [("running", "run", "runs"), ("puppies", "puppy"), ("smiling", "smiles")]
)
def test_forms_of_a_word_share_a_stem(forms: tuple[str, ...]) -> None:
    assert len({stem(form) for form in forms}) == 1
    assert stem("glass") != stem("glue")


def test_training_starts_from_the_seed() -> None:
    models = [new_model(seed).text.state_dict() for seed in (0, 0, 1)]
    same, other = (
        [torch.equal(weight, model[name]) for name, weight in models[0].items()]
        for model in models[1:]
    )
    assert all(same)
    assert not all(other)


def test_words_said_equally_often_stand_in_one_order() -> None:
    words = ["zebra", "apple", "mango", "lemon", "otter", "tiger"]
    photos = [Photo(Path(), "", (), (" ".join(words),))] * MIN_CAPTIONS
    nothing = np.zeros((0, 2), np.float32)
    said = Corpus(
        tuple(photos), nothing, (), nothing, (), nothing, (), nothing, np.zeros(0, np.int64)
    )
    assert vocabulary(said) == sorted(words)


def test_a_cache_of_another_version_is_refused(tmp_path: Path) -> None:
    for _ in range(2):
        claim(tmp_path / "cache")
        (tmp_path / "cache" / "crops.npy").touch()
    for code in ("another", None):
        (tmp_path / "cache" / CODE_HASH).unlink()
        if code:
            (tmp_path / "cache" / CODE_HASH).write_text(code)
        with pytest.raises(UserError, match="another version"):
            claim(tmp_path / "cache")


def test_a_painting_is_taught_as_one(data: Path) -> None:
    corpus = load_corpus(data)
    paintings = [p for p in corpus.photos if "art_painting" in p.path.name]
    assert all(photo.labels[1] == "painting" for photo in paintings)
    names = {photo.path.name.removeprefix("pacs_") for photo in corpus.photos}
    tested = {file.name for file in (data / "spurious_pacs" / "images").iterdir()}
    assert not names & tested

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import splicedex.splice.encoders.hub as hub
from splicedex.splice.encoders import sbert
from splicedex.splice.encoders.load import load_encoder
from splicedex.splice.encoders.runtime import choose_runtime
from splicedex.splice.errors import UserError

SIDE, DIM = 32, 16


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """For models as small as these more threads only wait for each other."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def clip_folder(tmp_path_factory) -> Path:
    """A CLIP model with random weights as Hugging Face's libraries save it."""
    pytest.importorskip("sentence_transformers", reason="needs the sentence-transformers extra")
    import torch
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTokenizer

    tower = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
    }
    letters = {chr(code): code - 33 for code in range(33, 127)}
    vocabulary = letters | {f"{letter}</w>": 94 + i for letter, i in letters.items()}
    vocabulary |= {"<|startoftext|>": 188, "<|endoftext|>": 189}
    config = CLIPConfig(
        text_config=tower | {"vocab_size": 190, "bos_token_id": 188, "eos_token_id": 189},
        vision_config=tower | {"image_size": SIDE, "patch_size": 8},
        projection_dim=DIM,
    )
    folder = tmp_path_factory.mktemp("clip")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        CLIPModel(config).save_pretrained(folder)
    CLIPProcessor(
        CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}),
        CLIPTokenizer(vocab=vocabulary, merges=[]),
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def text_folder(tmp_path_factory) -> Path:
    """A text tower alone, with a projection into the same space: the multilingual layout."""
    pytest.importorskip("sentence_transformers", reason="needs the sentence-transformers extra")
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer import modules
    from transformers import BertConfig, BertModel, BertTokenizer

    folder = tmp_path_factory.mktemp("texts")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "dog", "hund", "cat"]
    (folder / "vocab.txt").write_text("\n".join(words))
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    BertModel(
        BertConfig(
            vocab_size=len(words),
            hidden_size=8,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
        )
    ).save_pretrained(folder)
    transformer = modules.Transformer(str(folder))
    tower = SentenceTransformer(
        modules=[transformer, modules.Pooling(8), modules.Dense(8, DIM, bias=False)]
    )
    tower.save(str(folder / "saved"))
    return folder / "saved"


def test_embeds_as_the_library_does(clip_folder):
    from sentence_transformers import SentenceTransformer

    encoder = load_encoder(f"sentence-transformers:{clip_folder}", device="cpu", batch_size=2)
    library = SentenceTransformer(str(clip_folder), device="cpu")
    texts = ["a dog", "two cats", "rain"]
    images = [
        Image.effect_mandelbrot((60, 40 + 9 * i), (-2, -1, 1, 1), 30 + i).convert("RGB")
        for i in range(3)
    ]
    rows = encoder.encode_images(np.stack([encoder.preprocess()(image) for image in images]))
    assert encoder.dim == DIM
    assert rows.dtype == np.float32
    theirs = library.encode(images, normalize_embeddings=True)
    # Its own resizing rounds otherwise: at 32 pixels that is a visible part of a picture.
    assert np.einsum("nd,nd->n", rows, theirs).min() > 0.99
    np.testing.assert_allclose(
        encoder.encode_texts(texts), library.encode(texts, normalize_embeddings=True), atol=1e-5
    )
    assert encoder.encode_texts([]).shape == (0, DIM)


def test_half_precision_agrees(clip_folder):
    single, half = (
        load_encoder(f"sentence-transformers:{clip_folder}", device="cpu", precision=precision)
        for precision in ("fp32", "bf16")
    )
    assert single.fingerprint() == half.fingerprint()
    texts = ["a dog", "rain"]
    cosines = np.einsum("nd,nd->n", single.encode_texts(texts), half.encode_texts(texts))
    assert cosines.min() > 1 - 1e-2


def test_text_tower_of_its_own_on_the_same_image_space(clip_folder, text_folder):
    runtime = choose_runtime("cpu", None, None)
    both = sbert.SentenceTransformerEncoder("x", str(text_folder), str(clip_folder), runtime)
    images = load_encoder(f"sentence-transformers:{clip_folder}", device="cpu")
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3, SIDE, SIDE), dtype=np.uint8)
    np.testing.assert_allclose(both.encode_images(pixels), images.encode_images(pixels), atol=1e-6)
    assert both.encode_texts(["dog", "hund"]).shape == (2, both.dim) == (2, DIM)
    assert both.fingerprint() != images.fingerprint()


def test_model_without_images(text_folder):
    with pytest.raises(UserError, match="does not embed images"):
        load_encoder(f"sentence-transformers:{text_folder}", device="cpu")


def test_unreachable_hub(monkeypatch):
    pytest.importorskip("sentence_transformers", reason="needs the sentence-transformers extra")
    monkeypatch.setattr(hub, "_reachable", lambda: False)
    with pytest.raises(UserError, match=r"hub cannot be reached.*nano.*local-dir:"):
        load_encoder("clip-ViT-B-32-multilingual-v1", device="cpu")


def test_missing_package_names_the_extra(monkeypatch):
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(sbert.importlib, "import_module", missing)
    with pytest.raises(UserError, match=r"splicedex\[sentence-transformers\]"):
        load_encoder("clip-ViT-B-32", device="cpu")

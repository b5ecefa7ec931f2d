from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import splicedex.splice.encoders.hub as hub
import splicedex.splice.encoders.load as load
from splicedex.splice.encoders.known import KNOWN, NANO, describe
from splicedex.splice.encoders.load import load_encoder
from splicedex.splice.errors import UserError
from tests.models import DIM, model_config, random_model, write_open_clip_model
from tests.paths import ROOT

TEXTS = ["a dog", "a red car on a road", "", "日本の犬"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("models")
    return {
        family: write_open_clip_model(root / family, family) for family in ("vit", "resnet", "timm")
    }


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """For models as small as these more threads only wait for each other."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def photos(preprocess, count: int = 5) -> np.ndarray:
    """Smooth pictures that differ in colour and direction."""
    ramp = np.linspace(0, 1, 40)
    random = np.random.default_rng(3)
    images = []
    for _ in range(count):
        colours = random.integers(0, 256, (2, 3))
        weights = (ramp[:, None] * random.random() + ramp[None] * random.random())[..., None]
        images.append(Image.fromarray((colours[0] * weights + colours[1] * 0.5).astype(np.uint8)))
    return np.stack([preprocess(image) for image in images])


@pytest.mark.parametrize("family", ["vit", "resnet", "timm"])
def test_families_embed_through_the_same_code_in_any_precision(folders, family):
    encoders = {
        precision: load_encoder(
            f"local-dir:{folders[family]}", device="cpu", precision=precision, batch_size=2
        )
        for precision in ("fp32", "fp16", "bf16")
    }
    single = encoders["fp32"]
    pixels = photos(single.preprocess())
    images, texts = single.encode_images(pixels), single.encode_texts(TEXTS)
    assert single.dim == DIM
    for rows, count in ((images, len(pixels)), (texts, len(TEXTS))):
        assert rows.shape == (count, DIM)
        assert rows.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
        assert len(np.unique(rows, axis=0)) == count
    for half in (encoders["fp16"], encoders["bf16"]):
        assert half.fingerprint() == single.fingerprint()
        for rows, expected in (
            (half.encode_images(pixels), images),
            (half.encode_texts(TEXTS), texts),
        ):
            cosines = np.einsum("nd,nd->n", rows, expected)
            assert cosines.min() > 1 - 1e-2


def test_embeds_as_open_clip_does(folders):
    import open_clip
    import torch

    name = f"local-dir:{folders['timm']}"
    encoder = load_encoder(name, device="cpu")
    model, _, transform = open_clip.create_model_and_transforms(name)
    image = Image.effect_mandelbrot((90, 60), (-2, -1, 1, 1), 50).convert("RGB")
    with torch.inference_mode():
        theirs = model.eval().encode_image(transform(image)[None], normalize=True).numpy()
        tokens = open_clip.get_tokenizer(name)(TEXTS)
        their_texts = model.encode_text(tokens, normalize=True).numpy()
    ours = encoder.encode_images(encoder.preprocess()(image)[None])
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    np.testing.assert_allclose(encoder.encode_texts(TEXTS), their_texts, atol=1e-5)


def test_batches_do_not_change_embeddings(folders):
    name = f"local-dir:{folders['vit']}"
    one, many = (load_encoder(name, device="cpu", batch_size=size) for size in (1, 64))
    pixels = photos(one.preprocess())
    np.testing.assert_allclose(one.encode_images(pixels), many.encode_images(pixels), atol=1e-5)
    assert one.encode_images(pixels[:0]).shape == (0, DIM)
    assert one.encode_texts([]).shape == (0, DIM)


def test_refuses_pixels_that_preprocess_did_not_make(folders):
    encoder = load_encoder(f"local-dir:{folders['vit']}", device="cpu")
    with pytest.raises(TypeError, match="uint8"):
        encoder.encode_images(np.zeros((1, 3, 32, 32), np.float32))


def test_fingerprint_follows_weights_architecture_and_preprocessing(folders, tmp_path):
    def fingerprint(folder: Path) -> str:
        return load_encoder(f"local-dir:{folder}", device="cpu").fingerprint()

    same = write_open_clip_model(tmp_path / "same", "vit")
    others = [
        write_open_clip_model(tmp_path / "weights", "vit", seed=1),
        write_open_clip_model(tmp_path / "squash", "vit", preprocess={"resize_mode": "squash"}),
        folders["timm"],
    ]
    prints = [fingerprint(folder) for folder in (folders["vit"], *others)]
    assert fingerprint(same) == prints[0]
    assert len(set(prints)) == len(prints)


def test_model_folder_settings_are_kept(tmp_path):
    folder = write_open_clip_model(
        tmp_path, preprocess={"resize_mode": "longest", "interpolation": "bilinear"}
    )
    (folder / "vocabulary.txt").write_text("dog\n")
    encoder = load_encoder(f"local-dir:{folder}", device="cpu")
    preprocess = pickle.loads(pickle.dumps(encoder.preprocess()))
    assert (preprocess.fit, preprocess.bicubic, preprocess.size) == ("longest", False, 32)
    assert encoder.vocabulary == str(folder / "vocabulary.txt")
    assert encoder.name == f"local-dir:{folder}"


@pytest.fixture
def tiny_architecture(monkeypatch, tmp_path):
    """The architecture "tiny-vit", known to open_clip by name, and a checkpoint of it."""
    import open_clip.factory
    import torch

    config = tmp_path / "tiny-vit.json"
    config.write_text(json.dumps(model_config("vit")))
    monkeypatch.setattr(open_clip.factory, "_MODEL_CONFIGS", dict(open_clip.factory._MODEL_CONFIGS))
    monkeypatch.setattr(open_clip.factory, "_MODEL_CONFIG_PATHS", [])
    open_clip.add_model_config(config)
    checkpoint = tmp_path / "checkpoint.pt"
    torch.save(random_model("vit").state_dict(), checkpoint)
    return checkpoint


def test_checkpoint_file_of_a_named_architecture(tiny_architecture, folders):
    encoder = load_encoder(f"tiny-vit/{tiny_architecture}", device="cpu")
    folder = load_encoder(f"local-dir:{folders['vit']}", device="cpu")
    np.testing.assert_array_equal(encoder.encode_texts(TEXTS), folder.encode_texts(TEXTS))


def test_tag_brings_its_activation(tiny_architecture, monkeypatch, folders):
    from open_clip import pretrained

    tag = {"file": str(tiny_architecture), "quick_gelu": True, "mean": (0.5,) * 3}
    monkeypatch.setitem(pretrained._PRETRAINED, "tiny-vit", {"quick": tag})
    encoder = load_encoder("tiny-vit/quick", device="cpu")
    plain = load_encoder(f"local-dir:{folders['vit']}", device="cpu")
    assert np.abs(encoder.encode_texts(TEXTS) - plain.encode_texts(TEXTS)).max() > 1e-4
    assert encoder.fingerprint() != plain.fingerprint()


def test_unreachable_hub_names_what_works_without(monkeypatch):
    monkeypatch.setattr(hub, "_reachable", lambda: False)
    for name in ("ViT-B-32/laion2b_s34b_b79k", "hf-hub:nobody/nothing"):
        with pytest.raises(UserError, match=r"hub cannot be reached.*nano.*local-dir:"):
            load_encoder(name, device="cpu")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ViT-B32/openai", "ViT-B-32/openai"),
        ("nanno", "try nano"),
        ("ViT-B-32", "ViT-B-32/TAG"),
        ("ViT-B-32/laion9b", "neither a tag nor a checkpoint"),
        ("local-dir:nowhere", "open_clip_config.json"),
        ("", "unknown model"),
    ],
)
def test_wrong_name_says_what_to_write(name, message):
    with pytest.raises(UserError) as caught:
        load_encoder(name, device="cpu")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_folder_without_its_prefix(folders):
    with pytest.raises(UserError, match="write local-dir:"):
        load_encoder(str(folders["vit"]), device="cpu")


def test_broken_weights(tmp_path):
    folder = write_open_clip_model(tmp_path)
    (folder / "open_clip_model.safetensors").write_bytes(b"not weights")
    with pytest.raises(UserError, match="cannot load"):
        load_encoder(f"local-dir:{folder}", device="cpu")
    (folder / "open_clip_model.safetensors").unlink()
    with pytest.raises(UserError, match="cannot load"):
        load_encoder(f"local-dir:{folder}", device="cpu")


def test_overflow_is_told(folders):
    encoder = load_encoder(f"local-dir:{folders['vit']}", device="cpu")
    encoder._model.visual.conv1.weight.data.fill_(float("inf"))
    with pytest.raises(UserError, match="fp32"):
        encoder.encode_images(photos(encoder.preprocess()))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "abacus"}, "unknown device"),
        ({"device": "cuda"}, "not available"),
        ({"precision": "fp8"}, "unknown precision"),
        ({"batch_size": 0}, "batch size"),
    ],
)
def test_wrong_options(options, message, folders, monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match=message):
        load_encoder(f"local-dir:{folders['vit']}", **options)


def test_missing_bundled_model(monkeypatch, tmp_path):
    monkeypatch.setattr(load, "NANO", tmp_path / "nano")
    with pytest.raises(UserError, match="bundled model"):
        load_encoder("nano")


def test_names_are_data():
    assert len({description.name for description in KNOWN}) == len(KNOWN)
    assert describe("nano").source == f"local-dir:{NANO}"
    assert describe("clip-ViT-B-32-multilingual-v1").images == "clip-ViT-B-32"
    assert describe("sentence-transformers:some/folder").source == "some/folder"
    assert describe("RN50/yfcc15m").library == "open_clip"


def test_choosing_by_name_imports_nothing_heavy():
    code = (
        "import sys, splicedex.splice.encoders.load, splicedex.splice.dictionary.image_mean;"
        "print({'torch', 'open_clip', 'huggingface_hub'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        cwd=ROOT,
    )
    assert done.stdout.decode().strip() == "set()"

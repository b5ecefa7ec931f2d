from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from splicedex.splice.encoders import runtime
from splicedex.splice.encoders.class_token import ClassTokenBlock, skip_unread_tokens
from splicedex.splice.encoders.load import load_encoder
from splicedex.splice.encoders.runtime import Runtime, is_native
from splicedex.splice.encoders.streams import LEAST, Streams
from tests.models import random_model, write_open_clip_model

CPU = torch.device("cpu")


def processor(monkeypatch, *, supported=True, **capabilities):
    """Let torch say that the processor has capabilities."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    says = {f"_is_mkldnn_{name}_supported": lambda: supported for name in ("bf16", "fp16")}
    monkeypatch.setattr(torch.ops, "mkldnn", SimpleNamespace(**says))


@pytest.mark.parametrize(
    ("precision", "capabilities", "supported", "native"),
    [
        ("bf16", {"avx512_bf16": True}, True, True),
        ("bf16", {"amx_bf16": True}, True, True),
        ("bf16", {"bf16": True, "architecture": "arm64"}, True, True),
        ("bf16", {"amx_bf16": True}, False, False),
        ("bf16", {"avx2": True, "avx512_f": True, "avx512_bf16": False}, True, False),
        ("bf16", {"avx512_fp16": True}, True, False),
        ("fp16", {"avx512_fp16": True}, True, True),
        ("fp16", {"amx_bf16": True}, True, False),
    ],
)
def test_what_the_processor_can_do(monkeypatch, precision, capabilities, supported, native):
    processor(monkeypatch, supported=supported, **capabilities)
    assert is_native(precision) == native


def test_a_torch_that_does_not_tell_has_nothing(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert not is_native("bf16")


@pytest.mark.parametrize(
    ("device", "transformer", "native", "chosen"),
    [
        ("cpu", True, True, "bf16"),
        ("cpu", True, False, "fp32"),
        ("cpu", False, True, "fp32"),
        ("mps", True, True, "fp32"),
        ("cuda", True, True, "fp16"),
        ("cuda", False, False, "fp16"),
    ],
)
def test_precision_is_chosen_by_tower_and_device(
    monkeypatch, recwarn, device, transformer, native, chosen
):
    monkeypatch.setattr(runtime, "is_native", lambda precision: native)
    made = Runtime(torch.device(device), None, 32)
    assert made.image_precision(transformer=transformer) == chosen
    assert not recwarn


@pytest.mark.parametrize("precision", ["fp32", "fp16", "bf16"])
def test_a_precision_that_is_given_is_kept(precision):
    assert Runtime(CPU, precision, 32).image_precision(transformer=False) == precision


def test_emulation_is_told_once_photos_are_encoded(monkeypatch, tmp_path, recwarn):
    monkeypatch.setattr(runtime, "is_native", lambda precision: False)
    runtime.tell_emulation.cache_clear()
    folder = write_open_clip_model(tmp_path / "vit")
    encoder = load_encoder(f"local-dir:{folder}", device="cpu", precision="bf16")
    encoder.encode_texts(["a dog"])
    assert not recwarn
    for _ in range(2):
        encoder.encode_images(np.zeros((1, 3, 32, 32), np.uint8))
    assert [str(told.message).partition(",")[0] for told in recwarn] == [
        "photos are encoded in bf16"
    ]


def test_the_bundled_model_stays_in_single_precision(monkeypatch):
    monkeypatch.setattr(runtime, "is_native", lambda precision: True)
    assert load_encoder("nano", device="cpu").precision == "fp32"


def test_texts_do_not_depend_on_precision(monkeypatch, tmp_path):
    folder = write_open_clip_model(tmp_path / "vit")
    monkeypatch.setattr(runtime, "is_native", lambda precision: True)
    chosen = load_encoder(f"local-dir:{folder}", device="cpu")
    single = load_encoder(f"local-dir:{folder}", device="cpu", precision="fp32")
    assert (chosen.precision, single.precision) == ("bf16", "fp32")
    texts = ["a dog", "rain"]
    np.testing.assert_array_equal(chosen.encode_texts(texts), single.encode_texts(texts))
    pixels = np.random.default_rng(0).integers(0, 256, (4, 3, 32, 32), dtype=np.uint8)
    rows, expected = chosen.encode_images(pixels), single.encode_images(pixels)
    assert not np.array_equal(rows, expected)
    assert np.einsum("nd,nd->n", rows, expected).min() > 0.999


def test_skipping_unread_tokens_changes_nothing():
    model = random_model("vit")
    pixels = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = model.encode_image(pixels)
        skip_unread_tokens(model.visual)
        assert isinstance(model.visual.transformer.resblocks[-1], ClassTokenBlock)
        torch.testing.assert_close(model.encode_image(pixels), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("name", "value"), [("pool_type", "avg"), ("output_tokens", True)])
def test_tokens_that_are_read_are_not_skipped(name, value):
    model = random_model("vit")
    setattr(model.visual, name, value)
    skip_unread_tokens(model.visual)
    assert not isinstance(model.visual.transformer.resblocks[-1], ClassTokenBlock)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("count", [0, 1, 3 * LEAST - 1, 3 * LEAST, 100])
def test_streams_keep_order_and_batch_size(monkeypatch, threads, count):
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    sizes = []

    def embed(pixels):
        sizes.append(len(pixels))
        return pixels

    pixels = np.arange(count)
    rows = Streams(CPU, 16)(embed, pixels)
    np.testing.assert_array_equal(np.concatenate([pixels[:0], *rows]), pixels)
    assert max(sizes, default=0) <= 16
    assert len(sizes) >= (threads if count >= threads * LEAST else 0)

"""Device and precision of a model, and the fingerprint of its weights."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch

from splicedex.splice.errors import UserError

BATCH_SIZES = {"cpu": 32, "mps": 64, "cuda": 256}
PRECISIONS = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
NATIVE = {
    "fp16": ("amx_fp16", "avx512_fp16", "fp16_arith"),
    "bf16": ("amx_bf16", "avx512_bf16", "bf16", "sve_bf16"),
}
"""Capabilities of processors, any of which makes products in a number format fast. The names are
those of `torch.cpu.get_capabilities`, for x86 and then for ARM."""


@dataclass(frozen=True)
class Runtime:
    """Device, number format and batch size.

    Args:
        device: Device that the towers run on.
        precision: Number format of the image tower; None chooses it by the tower and the device.
        batch_size: Images or texts per forward pass.
    """

    device: torch.device
    precision: str | None
    batch_size: int

    def place(self, model: Any) -> Any:
        """Move a module to the device, in single precision.

        Texts are embedded in single precision everywhere: an index compares its concepts with
        those of another run bit by bit, and a vocabulary is embedded only once.

        The memory format "channels last" makes convolutions up to 1.5 times as fast, and does not
        slow down transformers.
        """
        layout = torch.contiguous_format if self.device.type == "mps" else torch.channels_last
        return model.to(device=self.device, dtype=torch.float32, memory_format=layout)

    def image_precision(self, *, transformer: bool) -> str:
        """The number format of an image tower.

        bfloat16 is chosen for transformers alone. Trained networks of convolutions lose more by it:
        the bundled model's embeddings have a cosine of .9995 with those in single precision.

        Args:
            transformer: Whether the tower is a vision transformer.
        """
        if self.precision is not None:
            return self.precision
        if self.device.type == "cuda":
            return "fp16"
        native = transformer and self.device.type == "cpu" and is_native("bf16")
        return "bf16" if native else "fp32"


def is_native(precision: str) -> bool:
    """Whether the processor itself computes products in "fp16" or "bf16".

    Older versions of torch do not tell what the processor can do; then the answer is no. The second
    question honours ONEDNN_MAX_CPU_ISA, and whether torch was built with oneDNN.
    """
    capabilities: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    has = any(capabilities.get(name) for name in NATIVE[precision])
    return has and bool(getattr(torch.ops.mkldnn, f"_is_mkldnn_{precision}_supported")())


@cache
def tell_emulation(device: str, precision: str) -> None:
    """Warn, once, if images are to be embedded in a number format that the processor lacks.

    Args:
        device: Type of the device.
        precision: Number format of the image tower.
    """
    if device == "cpu" and precision != "fp32" and not is_native(precision):
        warnings.warn(
            f"photos are encoded in {precision}, which this processor has to emulate: that takes "
            "several times as long as fp32",
            stacklevel=2,
        )


def choose_runtime(device: str | None, precision: str | None, batch_size: int | None) -> Runtime:
    """Choose the settings that the user did not.

    Args:
        device: Name of a torch device; by default CUDA if available, else MPS, else the CPU.
        precision: "fp32", "fp16" or "bf16", for images; None lets `Runtime` choose.
        batch_size: Images or texts per forward pass; by default a size that suits the device.

    Raises:
        UserError: The device is not available, or an argument is not valid.
    """
    chosen = _device(device)
    if precision is not None and precision not in PRECISIONS:
        raise UserError(f"unknown precision {precision!r}", f"choose {', '.join(PRECISIONS)}")
    if batch_size is None:
        batch_size = BATCH_SIZES.get(chosen.type, BATCH_SIZES["cpu"])
    if batch_size < 1:
        raise UserError(f"batch size {batch_size}", "give 1 or more")
    return Runtime(chosen, precision, batch_size)


def _device(name: str | None) -> torch.device:
    usable = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name is None:
        return torch.device(next(kind for kind, there in usable.items() if there))
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UserError(f"unknown device {name!r}", "choose cpu, cuda, cuda:1 or mps") from error
    if not usable.get(device.type, True):
        raise UserError(f"device {name} is not available here", "choose cpu")
    return device


def fingerprint(weights: Mapping[str, torch.Tensor], facts: Mapping[str, Any]) -> str:
    """Hash everything that determines the embeddings.

    Call it before the weights are cast: an index that was made in half precision on a GPU may be
    searched in single precision on a laptop, and both must get the same fingerprint.

    Args:
        weights: The state dict as loaded, on the CPU.
        facts: Architecture and preprocessing, as values that JSON can hold.

    Returns:
        SHA-256 as hexadecimal digits.
    """
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode())
    for name, tensor in sorted(weights.items()):
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def unit_rows(embeddings: torch.Tensor) -> torch.Tensor:
    """Scale embeddings to length 1 and move them to the CPU.

    Args:
        embeddings: Embeddings (n, d) on any device.

    Returns:
        Unit embeddings (n, d), float32.

    Raises:
        UserError: An embedding is not finite: some models overflow in half precision.
    """
    rows = torch.nn.functional.normalize(embeddings.float(), dim=-1).cpu()
    if not torch.isfinite(rows).all():
        raise UserError(
            "the model returned embeddings with NaN or infinity", "use precision fp32 or bf16"
        )
    return rows

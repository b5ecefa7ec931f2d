"""Device and precision of a model, and the fingerprint of its weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from splicedex.splice.errors import UserError

BATCH_SIZES = {"cpu": 32, "mps": 64, "cuda": 256}
PRECISIONS = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


@dataclass(frozen=True)
class Runtime:
    """Device, number format and batch size.

    Args:
        device: Device that the towers run on.
        dtype: Number format of weights and activations.
        batch_size: Images or texts per forward pass.
    """

    device: torch.device
    dtype: torch.dtype
    batch_size: int

    def place(self, model: Any) -> Any:
        """Move a module to the device and number format.

        The memory format "channels last" makes convolutions up to 1.5 times as fast, and does not
        slow down transformers.
        """
        layout = torch.contiguous_format if self.device.type == "mps" else torch.channels_last
        return model.to(device=self.device, dtype=self.dtype, memory_format=layout)


def choose_runtime(device: str | None, precision: str | None, batch_size: int | None) -> Runtime:
    """Choose the settings that the user did not.

    Args:
        device: Name of a torch device; by default CUDA if available, else MPS, else the CPU.
        precision: "fp32", "fp16" or "bf16"; by default fp16 on CUDA, fp32 elsewhere.
        batch_size: Images or texts per forward pass; by default a size that suits the device.

    Raises:
        UserError: The device is not available, or an argument is not valid.
    """
    chosen = _device(device)
    if precision is None:
        precision = "fp16" if chosen.type == "cuda" else "fp32"
    if precision not in PRECISIONS:
        raise UserError(f"unknown precision {precision!r}", f"choose {', '.join(PRECISIONS)}")
    if batch_size is None:
        batch_size = BATCH_SIZES.get(chosen.type, BATCH_SIZES["cpu"])
    if batch_size < 1:
        raise UserError(f"batch size {batch_size}", "give 1 or more")
    return Runtime(chosen, PRECISIONS[precision], batch_size)


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

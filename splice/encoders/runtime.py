"""Where and how precisely a model runs, and a name for its weights."""

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
        device: Device the towers run on.
        dtype: Format of weights and activations.
        batch_size: Images or texts in one forward pass.
    """

    device: torch.device
    dtype: torch.dtype
    batch_size: int

    def place(self, model: Any) -> Any:
        """Move a module here, as this runtime's numbers.

        Channels last makes convolutions up to 1.5 times as fast and costs transformers nothing.
        """
        layout = torch.contiguous_format if self.device.type == "mps" else torch.channels_last
        return model.to(device=self.device, dtype=self.dtype, memory_format=layout)


def choose_runtime(device: str | None, precision: str | None, batch_size: int | None) -> Runtime:
    """Fill in what the user left open: CUDA in half precision, else MPS, else the CPU.

    Args:
        device: A torch device name.
        precision: "fp32", "fp16" or "bf16".
        batch_size: Images or texts in one forward pass.

    Raises:
        UserError: The device does not exist here, or an argument makes no sense.
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
    """SHA-256 of weights and of what else decides the embeddings, as hexadecimal digits.

    Take it before the weights are cast: an index made in half precision on a GPU is searched in
    single precision on a laptop, and both must agree that the model is the same.

    Args:
        weights: State dict on the CPU, as loaded.
        facts: Architecture and preprocessing; anything JSON can hold.
    """
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode())
    for name, tensor in sorted(weights.items()):
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def unit_rows(embeddings: torch.Tensor) -> torch.Tensor:
    """Embeddings (n, d) as float32 on the CPU, rows scaled to length 1.

    Raises:
        UserError: The model overflowed; half precision is not for every model.
    """
    rows = torch.nn.functional.normalize(embeddings.float(), dim=-1).cpu()
    if not torch.isfinite(rows).all():
        raise UserError(
            "the model gave embeddings that are not numbers", "use precision fp32, or bf16"
        )
    return rows

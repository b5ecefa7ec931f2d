"""A cache for results that take long to compute, outside the repository."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import nn

from splicedex.splice.errors import UserError

CODE_HASH = "code.sha256"
"""File with the SHA-256 of the code that computed the results in a folder."""


def claim(folder: Path) -> None:
    """Mark a folder as the cache of the present version of the code.

    Raises:
        UserError: The folder holds results of another version.
    """
    sources = sorted(Path(__file__).parent.glob("*.*"))
    code = hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()
    mark = folder / CODE_HASH
    if any(folder.glob("*.npy")) and not (mark.is_file() and mark.read_text() == code):
        raise UserError(
            f"{folder} holds results of another version of tools/nano",
            "delete it, or choose another folder with --cache",
        )
    folder.mkdir(parents=True, exist_ok=True)
    mark.write_text(code)


def cached(file: Path, make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
    """Load an array from a .npy file, computing and saving it first if the file does not exist.

    The file is written atomically, so an interrupted run can continue.

    Args:
        file: The .npy file.
        make: Computes the array.
    """
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part.npy")
        np.save(part, make())
        part.replace(file)
    array: NDArray[Any] = np.load(file)
    return array


def cached_weights(file: Path, module: nn.Module, train: Callable[[], None]) -> None:
    """Load a module's weights from a file, training and saving them first if it does not exist.

    Args:
        file: The .safetensors file.
        module: The module.
        train: Trains the module.
    """
    if file.is_file():
        module.load_state_dict(load_file(file))
        return
    train()
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    save_file({name: tensor.contiguous() for name, tensor in module.state_dict().items()}, part)
    part.replace(file)

"""What is slow to make is made once and kept, outside the repository."""

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

RECIPE = "recipe.sha256"
"""What a folder's contents were made by."""


def claim(folder: Path) -> None:
    """Say that a folder keeps what the code as it is now makes.

    Raises:
        UserError: It keeps what other code made.
    """
    sources = sorted(Path(__file__).parent.glob("*.*"))
    recipe = hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()
    told = folder / RECIPE
    if any(folder.glob("*.npy")) and not (told.is_file() and told.read_text() == recipe):
        raise UserError(
            f"{folder} keeps what other code than that of tools/nano now has made",
            "delete it, or name another folder with --cache",
        )
    folder.mkdir(parents=True, exist_ok=True)
    told.write_text(recipe)


def kept(file: Path, make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
    """The array in a .npy file, made and written there first if there is none.

    An interrupted write leaves no file behind, so a run that was stopped goes on from there.
    """
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part.npy")
        np.save(part, make())
        part.replace(file)
    array: NDArray[Any] = np.load(file)
    return array


def kept_weights(file: Path, module: nn.Module, train: Callable[[], None]) -> None:
    """Give a module the weights in a .safetensors file, trained and written there first if none."""
    if file.is_file():
        module.load_state_dict(load_file(file))
        return
    train()
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    save_file({name: tensor.contiguous() for name, tensor in module.state_dict().items()}, part)
    part.replace(file)

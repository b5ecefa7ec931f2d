"""What NumPy and torch spell differently, behind one small interface.

The solver's arithmetic is written once, in operators and functions both libraries share; the rest
is here. torch is looked up among the modules already imported and never imported: whoever passes a
tensor has it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol, TypeAlias

import numpy as np

Array: TypeAlias = Any
"""A NumPy array or a torch tensor."""


class Arrays(Protocol):
    """One array library on one device, at one precision."""

    xp: Any
    """The library's module, for all that both spell alike."""
    block: int
    """How many floats a block of rows should fill: few enough for memory, enough to be busy."""
    tile: int
    """How many floats to gather from the dictionary at a time: what the cache of a core holds."""
    threaded: bool
    """Whether it is for us to share the blocks among threads."""
    precision: float
    """Relative error to reckon with: rounding in single precision, plenty in double."""

    def floats(self, array: Array) -> Array:
        """As this library's array of the working precision."""

    def wide(self, array: Array) -> Array:
        """In double precision, for small linear systems."""

    def cast(self, array: Array, like: Array) -> Array:
        """To the type of `like`."""

    def zeros(self, shape: tuple[int, ...], like: Array) -> Array:
        """Zeros of the type of `like`."""

    def arange(self, stop: int) -> Array:
        """The integers below `stop`."""

    def rows(self, table: Array, index: Array) -> Array:
        """Vectors of a table (c, d) by their numbers (...), in new memory (..., d)."""

    def largest(self, scores: Array, count: int) -> Array:
        """Columns of the `count` largest scores of each row, in no particular order."""

    def numpy(self, array: Array) -> np.ndarray[Any, Any]:
        """As a NumPy array."""

    def exact(self) -> AbstractContextManager[None]:
        """Context in which products keep their full precision and no gradient is recorded."""


class _NumpyArrays:
    """NumPy, in main memory."""

    xp: Any = np
    block = 16_000_000
    tile = 160_000
    threaded = True

    def __init__(self, *, double: bool) -> None:
        self._dtype: Any = np.float64 if double else np.float32
        self.precision = _precision(double)

    def floats(self, array: Array) -> Array:
        if hasattr(array, "detach"):
            array = (array.float() if array.element_size() == 2 else array).detach().numpy()
        return np.ascontiguousarray(array, dtype=self._dtype)

    def wide(self, array: Array) -> Array:
        return array.astype(np.float64)

    def cast(self, array: Array, like: Array) -> Array:
        return array.astype(like.dtype, copy=False)

    def zeros(self, shape: tuple[int, ...], like: Array) -> Array:
        return np.zeros(shape, like.dtype)

    def arange(self, stop: int) -> Array:
        return np.arange(stop)

    def rows(self, table: Array, index: Array) -> Array:
        return table.take(index, 0)

    def largest(self, scores: Array, count: int) -> Array:
        return np.argpartition(scores, -count, axis=1)[:, -count:]

    def numpy(self, array: Array) -> np.ndarray[Any, Any]:
        return np.asarray(array)

    def exact(self) -> AbstractContextManager[None]:
        return nullcontext()


class _TorchArrays:
    """torch, on an accelerator."""

    block = 100_000_000
    tile = 25_000_000
    threaded = False

    def __init__(self, device: Any, *, double: bool) -> None:
        self.xp = sys.modules["torch"]
        self.precision = _precision(double)
        self._device = device
        self._dtype = self.xp.float64 if double else self.xp.float32
        self._wide = self.xp.float32 if device.type == "mps" else self.xp.float64

    def floats(self, array: Array) -> Array:
        return self.xp.as_tensor(array).detach().to(self._device, self._dtype).contiguous()

    def wide(self, array: Array) -> Array:
        return array.to(self._wide)

    def cast(self, array: Array, like: Array) -> Array:
        return array.to(like.dtype)

    def zeros(self, shape: tuple[int, ...], like: Array) -> Array:
        return like.new_zeros(shape)

    def arange(self, stop: int) -> Array:
        return self.xp.arange(stop, device=self._device)

    def rows(self, table: Array, index: Array) -> Array:
        return table[index]

    def largest(self, scores: Array, count: int) -> Array:
        return scores.topk(count, dim=1, sorted=False).indices

    def numpy(self, array: Array) -> np.ndarray[Any, Any]:
        return np.asarray(array.cpu())

    @contextmanager
    def exact(self) -> Iterator[None]:
        torch = self.xp
        precision = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("highest")  # TF32 is a thousand times coarser
        try:
            with torch.no_grad(), torch.autocast(self._device.type, enabled=False):
                yield
        finally:
            torch.set_float32_matmul_precision(precision)


def arrays_for(*values: Array) -> Arrays:
    """The library, device and precision in which to work with these arrays.

    A tensor on an accelerator decides for torch; tensors in main memory are as good as arrays, and
    NumPy is the faster there. Half precision is computed in single, double in double.
    """
    wide = any(str(v.dtype).endswith(("float64", "float128")) for v in values)
    torch = sys.modules.get("torch")
    devices = [v.device for v in values if torch is not None and isinstance(v, torch.Tensor)]
    for device in devices:
        if device.type != "cpu":
            return _TorchArrays(device, double=wide)
    return _NumpyArrays(double=wide)


def _precision(double: bool) -> float:
    return 1e-11 if double else float(np.finfo(np.float32).eps)

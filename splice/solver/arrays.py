"""One small interface to NumPy and torch.

The solver's arithmetic is written once, with the operators and functions that both libraries share.
This module holds what differs. It never imports torch, but looks it up among the imported modules:
a caller that passes a tensor has already imported it.
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
    """An array library on one device, with one floating-point type, the working precision."""

    xp: Any
    """The library's module, for functions with the same name and arguments in both."""
    block: int
    """Number of floats that a block of rows may take: a compromise of memory and parallelism."""
    tile: int
    """Number of floats to gather from the dictionary at a time: as many as a core's cache holds."""
    threaded: bool
    """Whether the caller should distribute blocks over threads."""
    precision: float
    """Relative error to allow for: machine epsilon in single precision, far more in double."""

    def floats(self, array: Array) -> Array:
        """Convert to this library's array type and the working precision."""

    def wide(self, array: Array) -> Array:
        """Convert to double precision, for small linear systems."""

    def cast(self, array: Array, like: Array) -> Array:
        """Convert to the type of `like`."""

    def zeros(self, shape: tuple[int, ...], like: Array) -> Array:
        """Zeros of the type of `like`."""

    def arange(self, stop: int) -> Array:
        """The integers from 0 to `stop` - 1."""

    def rows(self, table: Array, index: Array) -> Array:
        """Copy rows of a table (c, d) by their indices (...), to an array (..., d)."""

    def largest(self, scores: Array, count: int) -> Array:
        """Columns (n, count) of the `count` largest scores (n, c) of each row, unordered."""

    def numpy(self, array: Array) -> np.ndarray[Any, Any]:
        """Convert to a NumPy array."""

    def exact(self) -> AbstractContextManager[None]:
        """Context manager: products use the full precision, and no gradients are recorded."""


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
        torch.set_float32_matmul_precision("highest")  # TF32 would be a thousand times less precise
        try:
            with torch.no_grad(), torch.autocast(self._device.type, enabled=False):
                yield
        finally:
            torch.set_float32_matmul_precision(precision)


def arrays_for(*values: Array) -> Arrays:
    """Choose the library, device and precision to compute with.

    Args:
        values: Arrays and tensors. If one is on an accelerator, torch computes there; else NumPy
            computes, because it is faster than torch on the CPU. The precision is double if one is
            double, else single.
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

"""Linear algebra in one thread, for many small products and for reproducible results.

How BLAS splits a product among threads changes the last bits of the result.
"""

from __future__ import annotations

import sys
from collections.abc import Set
from functools import cache
from threading import Lock
from typing import Any

from threadpoolctl import ThreadpoolController

_LIBRARIES = frozenset({"numpy", "scipy.linalg", "torch"})
"""Modules that load a BLAS library."""


class _OneBlasThread:
    """Context manager that limits BLAS to one thread; several threads may enter it at a time."""

    def __init__(self) -> None:
        self._lock, self._users = Lock(), 0
        self._limit: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if self._users == 0:
                self._limit = _blas(_LIBRARIES.intersection(sys.modules)).limit(limits=1)
            self._users += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._limit.restore_original_limits()


one_blas_thread = _OneBlasThread()


@cache
def _blas(loaded: Set[str]) -> Any:
    """Controller of the loaded BLAS libraries.

    Args:
        loaded: Who may have loaded some.
    """
    return ThreadpoolController().select(user_api="blas")

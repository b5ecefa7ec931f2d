"""The machine that a benchmark ran on, to print with its results."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from threadpoolctl import ThreadpoolController


def machine(packages: Sequence[str] = ("numpy", "scipy")) -> dict[str, Any]:
    """Describe the machine: processor, cores, memory, load and versions.

    Args:
        packages: Packages whose versions to include; those not installed are left out.
    """
    return {
        "processor": _processor(),
        "cores": cores(),
        "memory_gib": _memory_gib(),
        "load": round(os.getloadavg()[0], 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "blas": _blas(),
        **_versions(packages),
    }


def cores() -> int:
    """Number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_gib() -> float:
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return round(pages * size / 2**30, 1)


def _blas() -> str:
    """BLAS libraries and the kernels that they use; kernels may differ by a factor of two."""
    libraries = ThreadpoolController().select(user_api="blas").info()
    used = {f"{lib['internal_api']} {lib.get('architecture', '')}".strip() for lib in libraries}
    forced = os.environ.get("OPENBLAS_CORETYPE")
    return " and ".join(sorted(used)) + (f" (OPENBLAS_CORETYPE is {forced})" if forced else "")


def _versions(packages: Sequence[str]) -> dict[str, str]:
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found

"""Time of the lasso per image, compared with scikit-learn, SPAMS and one matrix product.

    python -m benchmarks.solver [--images 4096] [--atoms 10000] [--dimensions 512]
                                [--penalty 0.15 0.25 0.35] [--admm] [--short] [--json PATH]

Without `--atoms` it measures 10,000 x 512 and 15,000 x 768, and other vocabulary sizes. The methods
take turns several times, and the best time of each counts, so other work on the machine affects all
alike. It hardly affects the processor time, which is the sum over all cores. scikit-learn and ADMM
solve only the first images.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from benchmarks.datasets import DATA, Embeddings, Matrix, embeddings
from benchmarks.machine import cores, machine
from benchmarks.report import publish
from splicedex.splice.solver import admm, kkt_residual, nonnegative_lasso
from splicedex.splice.solver.penalties import Penalty

FEW = 32
"""Number of images for slow methods."""
VOCABULARIES = (2_500, 5_000, 20_000)
"""Numbers of atoms, in addition to 10,000."""
PER_ATOM = "splicedex, a penalty per atom"
OPTIMAL = 1e-5
"""Largest KKT residual that counts as optimal."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--images", type=int, default=4096, help="number of images")
    parser.add_argument("--atoms", type=int, help="number of atoms")
    parser.add_argument("--dimensions", type=int, default=512, help="dimension of the embeddings")
    parser.add_argument(
        "--penalty", type=float, nargs="+", default=[0.15, 0.25, 0.35], help="penalties λ"
    )
    parser.add_argument("--repeat", type=int, default=3, help="number of runs per method")
    parser.add_argument("--admm", action="store_true", help="include the paper's ADMM solver")
    parser.add_argument("--short", action="store_true", help="1,024 images, one size, λ 0.25")
    parser.add_argument("--json", type=Path, metavar="PATH", help="save the results as JSON")
    options = parser.parse_args()
    if not DATA.is_dir():
        parser.exit(0, "skipped: ../shared/data does not exist\n")
    images = 1024 if options.short else options.images
    penalties = [0.25] if options.short else options.penalty

    def measure(atoms: int, dimensions: int, penalty: float) -> list[dict[str, Any]]:
        sets = embeddings(images, atoms, dimensions)
        return compare(sets, penalty, options.repeat, with_admm=options.admm)

    sizes = [(options.atoms or 10_000, options.dimensions)]
    if options.atoms is None and not options.short:
        sizes.append((15_000, 768))
    tables = {
        f"{images:,} images, {atoms:,} atoms × {dimensions}": [
            row for penalty in penalties for row in measure(atoms, dimensions, penalty)
        ]
        for atoms, dimensions in sizes
    }
    if options.atoms is None and not options.short:
        tables[f"{images:,} images, by number of atoms × {options.dimensions}"] = [
            {"atoms": atoms, **row}
            for atoms in VOCABULARIES
            for row in measure(atoms, options.dimensions, 0.25)
        ]
    about = machine(("numpy", "scipy", "scikit-learn", "spams-bin"))
    publish("Solver: milliseconds per image, best of several runs", about, tables, options.json)
    if missing := [name for name in ("sklearn", "spams") if find_spec(name) is None]:
        print(f"\nNot installed and left out: {', '.join(missing)}.")


def compare(
    sets: Embeddings, penalty: float, repeat: int, *, with_admm: bool
) -> list[dict[str, Any]]:
    """Measure time, sparsity and KKT residual of each method.

    All have one penalty, but one row shows the lasso with a penalty per atom.

    Args:
        sets: The images (n, d) and the dictionary (c, d).
        penalty: Penalty λ.
        repeat: Number of runs per method.
        with_admm: Include the paper's ADMM solver.

    Returns:
        One row per method.

    Raises:
        SystemExit: The weights of `nonnegative_lasso` are not optimal.
    """
    c, z = sets.dictionary, sets.images
    few = z[:FEW]
    per_atom = word_penalties(len(c), penalty)
    methods: dict[str, tuple[int, Callable[[], csr_array | None]]] = {
        "one product Z @ C.T": (len(z), lambda: product(c, z)),
        "splicedex": (len(z), lambda: nonnegative_lasso(c, z, penalty)),
        PER_ATOM: (len(z), lambda: nonnegative_lasso(c, z, per_atom)),
    }
    if find_spec("spams"):
        methods["SPAMS"] = len(z), spams_lasso(c, z, penalty)
    if find_spec("sklearn"):
        methods["scikit-learn"] = len(few), scikit_lasso(c, few, penalty)
    if with_admm:
        methods["the paper's ADMM"] = len(few), lambda: admm(c, few, penalty)
    best = dict.fromkeys(methods, float("inf"))
    busy = dict(best)
    weights: dict[str, csr_array] = {}
    for _ in range(repeat):
        for name, (count, method) in methods.items():
            started, worked = time.perf_counter(), time.process_time()
            found = method()
            busy[name] = min(busy[name], 1e3 * (time.process_time() - worked) / count)
            best[name] = min(best[name], 1e3 * (time.perf_counter() - started) / count)
            if found is not None:
                weights[name] = found
    solved = dict.fromkeys(methods, penalty) | {PER_ATOM: per_atom}
    for name in ("splicedex", PER_ATOM):
        worst = float(kkt_residual(c, z, weights[name], solved[name]).max())
        if worst > OPTIMAL:
            raise SystemExit(f"{name} is not optimal at λ {penalty}: KKT residual {worst:.1e}")
    return [
        {
            "λ": penalty,
            "method": name,
            "ms per image": took,
            "processor ms": busy[name],
            "ratio to the product": took / best["one product Z @ C.T"],
            "ratio to splicedex": took / best["splicedex"],
            **quality(c, z, weights.get(name), solved[name]),
        }
        for name, took in best.items()
    ]


def quality(
    dictionary: Matrix, images: Matrix, weights: csr_array | None, penalty: Penalty
) -> dict[str, float | None]:
    """Mean number of concepts per image, and the largest KKT residual."""
    if weights is None:
        return {"concepts": None, "KKT residual": None}
    images = images[: weights.shape[0]]
    residual = kkt_residual(dictionary, images, weights, penalty)
    return {"concepts": weights.nnz / len(images), "KKT residual": float(residual.max())}


def word_penalties(count: int, penalty: float) -> Matrix:
    """Penalties (c,) that grow with the logarithm of a word's rank by frequency.

    They are scaled to give about as many concepts per image as one penalty does.
    """
    rank = np.random.default_rng(0).permutation(count)
    relative = 1 + 0.2 * np.log1p(rank)
    penalties: Matrix = (penalty / 0.95) * relative / relative.mean()
    return penalties


def product(dictionary: Matrix, images: Matrix) -> None:
    """The product that no method can avoid: all images times all atoms."""
    np.matmul(images, dictionary.T)


def spams_lasso(dictionary: Matrix, images: Matrix, penalty: float) -> Callable[[], csr_array]:
    """LARS in C++ on all cores. Its objective is half of ours, and so is its λ."""
    import spams

    columns, atoms = np.asfortranarray(images.T), np.asfortranarray(dictionary.T)

    def solve() -> csr_array:
        found = spams.lasso(
            columns, atoms, lambda1=penalty / 2, mode=2, pos=True, numThreads=cores()
        )
        return csr_array(found.T)

    return solve


def scikit_lasso(dictionary: Matrix, images: Matrix, penalty: float) -> Callable[[], csr_array]:
    """Coordinate descent, one image at a time, with default accuracy, as in the paper's code."""
    from sklearn.linear_model import Lasso

    atoms = np.asfortranarray(dictionary.T)
    model = Lasso(alpha=penalty / (2 * len(atoms)), positive=True, fit_intercept=False)

    def solve() -> csr_array:
        return csr_array(np.stack([model.fit(atoms, image).coef_ for image in images]))

    return solve


if __name__ == "__main__":
    main()

"""The paper's solver, for comparison: the alternating direction method of multipliers."""

from __future__ import annotations

from typing import Any

from scipy.sparse import csr_array

from splicedex.splice.errors import UserError
from splicedex.splice.solver.arrays import Array
from splicedex.splice.solver.blocks import csr_from_entries, solve_blocks
from splicedex.splice.solver.penalties import Penalty, check_penalty
from splicedex.splice.solver.problem import Problem


def admm(
    dictionary: Any,
    embeddings: Any,
    penalty: Penalty,
    *,
    rho: float = 5.0,
    tol: float = 1e-6,
    max_iter: int = 2000,
    threshold: float = 1e-4,
    threads: int | None = None,
) -> csr_array:
    """Solve the problem of `nonnegative_lasso` approximately, as the paper's code does.

    The problem is split in two (Boyd et al. 2011, section 6.4): `x` for the fit, `v` for the
    penalty and the constraint. With `u` the scaled dual variable, each iteration computes

        (2CC^T + ρI) x = 2Cz + ρ(v - u),   v = max(0, x + u - λ/ρ),   u += x - v

    The paper's code factors the (c, c) matrix on the left. With more atoms than dimensions, this
    function inverts a (d, d) matrix instead, by Woodbury's identity
    `(2CC^T + ρI)⁻¹ = (I - C(ρ/2·I + C^T C)⁻¹C^T)/ρ`; and it starts from zero, not from a random
    point. An iteration still takes two products with the whole dictionary, and hundreds are needed.

    Args:
        dictionary: Atoms C (c, d); a NumPy array or torch tensor.
        embeddings: Embeddings Z (n, d); a NumPy array or torch tensor.
        penalty: Penalty λ > 0, or one per atom (c,).
        rho: Weight ρ > 0 of the term that ties `x` to `v`; the paper's code uses 5.
        tol: Stop when `||x - v||` and `ρ||v - v_previous||` are below it for all rows of a block.
        max_iter: Maximum number of iterations.
        threshold: Weights below it become zero.
        threads: Blocks that NumPy solves at a time; by default as many as there are cores.

    Returns:
        Weights (n, c), with sorted indices and no explicit zeros.

    Raises:
        UserError: A λ or ρ is not above 0, shapes do not match, the dictionary is empty, or a value
            is NaN or infinite.
    """
    if not rho > 0:
        raise UserError(f"rho is {rho}, it must be above 0", "try 5, as the paper's code does")
    problem = Problem.of(dictionary, embeddings)
    arrays, xp, atoms = problem.arrays, problem.arrays.xp, problem.dictionary
    c, d = atoms.shape
    checked = check_penalty(penalty, c)
    shrinkage = (checked if isinstance(checked, float) else arrays.floats(checked)) / rho
    wide = arrays.wide(atoms)
    if c > d:
        small = wide.T @ wide
        small[arrays.arange(d), arrays.arange(d)] += rho / 2
        back = arrays.cast(xp.linalg.solve(small, wide.T), like=atoms)
    else:
        full = 2 * wide @ wide.T
        full[arrays.arange(c), arrays.arange(c)] += rho
        inverse = arrays.cast(xp.linalg.inv(full), like=atoms)

    def fit(right: Array) -> Array:
        return (right - (right @ atoms) @ back) / rho if c > d else right @ inverse

    def solve(block: Array) -> csr_array:
        pull = 2 * block @ atoms.T
        v = u = 0 * pull
        for _ in range(max_iter):
            x, previous = fit(pull + rho * (v - u)), v
            v = (x + u - shrinkage).clip(0)
            u = u + x - v
            primal, dual = ((x - v) ** 2).sum(1), ((v - previous) ** 2).sum(1)
            if float(primal.max()) < tol**2 and float(dual.max()) < (tol / rho) ** 2:
                break
        rows, columns = xp.where(v >= threshold)
        return csr_from_entries(arrays, rows, columns, v[rows, columns], (len(block), c))

    return solve_blocks(problem, solve, 8 * c + 4 * d, threads)

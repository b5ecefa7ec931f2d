"""Many small non-negative quadratic programs at once: min ½ w'Gw - b'w, w ≥ 0.

Three methods follow one another. Accelerated projected gradient (Nesterov 1983) guesses which
weights are positive. Block pivoting (Portugal, Júdice & Vicente 1994) makes the result exact: it
solves for these weights, then exchanges all weights that are negative and all zero weights with a
negative gradient, until there are none. It takes few rounds but may cycle. Programs that remain
after some rounds go to the active-set method of Lawson & Hanson (1974), which exchanges one weight
at a time and always lowers the objective.
"""

from __future__ import annotations

import math
from typing import Any

from splicedex.splice.solver.arrays import Array, Arrays

_GRADIENT_STEPS = 32
_PIVOT_ROUNDS = 20
_NUDGE = 1e-11
"""Relative increase of the diagonal, so that rounding does not make a matrix singular."""


def nnqp(arrays: Arrays, gram: Array, linear: Array, start: Array, tolerance: Array) -> Array:
    """Solve n programs of k weights each.

    Args:
        arrays: The library to compute with.
        gram: Matrices G (n, k, k), positive definite.
        linear: Vectors b (n, k); -inf keeps a weight at zero.
        start: Weights (n, k) ≥ 0 to start from.
        tolerance: How far (n, 1) below zero the gradient of a zero weight may be.

    Returns:
        Weights (n, k) in double precision.
    """
    xp = arrays.xp
    free = projected_gradient(xp, gram, linear, start) > 0
    weights = arrays.wide(start)
    live = arrays.arange(len(linear))
    for _ in range(_PIVOT_ROUNDS):
        solved, gradient = _solve_free(arrays, gram, linear, live, free)
        wrong = xp.where(free, solved < 0, gradient < -tolerance[live])
        more = wrong.any(1)
        weights[live[~more]] = solved[~more]
        live, free = live[more], (free ^ wrong)[more]
        if len(live) == 0:
            return weights
    weights[live] = _active_set(arrays, gram[live], linear[live], weights[live], tolerance[live])
    return weights


def pack(arrays: Arrays, mask: Array) -> tuple[Array, Array]:
    """List the columns of each row's true entries, padded to the longest row.

    Args:
        arrays: The library to compute with.
        mask: Mask (n, k).

    Returns:
        Columns (n, m) with m ≥ 1, where padding is 0; and a mask (n, m) that is false for padding.
    """
    xp = arrays.xp
    places = xp.cumsum(mask, 1) - 1
    width = max(1, int(places.max()) + 1)
    rows, columns = xp.where(mask)
    places = places[rows, columns]
    table = arrays.zeros((len(mask), width), like=columns)
    used = arrays.zeros((len(mask), width), like=mask)
    table[rows, places] = columns
    used[rows, places] = True
    return table, used


def projected_gradient(xp: Any, gram: Array, linear: Array, start: Array) -> Array:
    """Take some steps of accelerated projected gradient (Nesterov 1983).

    The step is 1/L with the largest absolute row sum of G as the bound L of its eigenvalues.

    Args:
        xp: NumPy or torch.
        gram: Matrices G (n, k, k).
        linear: Vectors b (n, k).
        start: Weights (n, k) ≥ 0 to start from.

    Returns:
        Weights (n, k) ≥ 0, approximately optimal.
    """
    bound = xp.amax(xp.abs(gram).sum(2), 1)[:, None]
    step = 1 / xp.where(bound > 0, bound, 1)
    weights = extrapolated = start
    momentum = 1.0
    for _ in range(_GRADIENT_STEPS):
        previous = weights
        weights = extrapolated - step * (product(gram, extrapolated) - linear)
        weights = weights.clip(0)
        grown = (1 + math.sqrt(1 + 4 * momentum**2)) / 2
        extrapolated = weights + (momentum - 1) / grown * (weights - previous)
        momentum = grown
    return weights


def _active_set(
    arrays: Arrays, gram: Array, linear: Array, weights: Array, tolerance: Array
) -> Array:
    """Lawson & Hanson's method from feasible weights (n, k), for all programs at the same time."""
    xp = arrays.xp
    n, k = linear.shape
    every = arrays.arange(n)
    free = weights > 0
    for _ in range(10 * k):
        solved, gradient = _solve_free(arrays, gram, linear, every, free)
        blocked = free & (solved < 0)
        reach = xp.where(blocked, weights / xp.where(blocked, weights - solved, 1.0), 1.0)
        step = xp.amin(reach, 1)[:, None]
        leaves = blocked & (reach == step)
        weights = xp.where(free & ~leaves, weights + step * (solved - weights), 0.0)
        steepest = xp.amin(xp.where(free, 0.0, gradient), 1)[:, None]
        enters = ~free & (gradient == steepest) & (steepest < -tolerance) & (step == 1)
        free = (free & ~leaves) | enters
        if not bool((leaves | enters).any()):
            break
    return weights


def _solve_free(
    arrays: Arrays, gram: Array, linear: Array, live: Array, free: Array
) -> tuple[Array, Array]:
    """Solve the programs `live` for the weights that are `free` (n, k), the others being zero.

    Returns:
        Weights (n, k), which may be negative, and their gradient (n, k).
    """
    xp = arrays.xp
    columns, used = pack(arrays, free)
    row, place = arrays.arange(len(live))[:, None], arrays.arange(columns.shape[1])
    linear, stripes = linear[live], gram[live[:, None], columns]
    system = arrays.wide(stripes[row[:, :, None], place[:, None], columns[:, None, :]])
    system *= used[:, :, None] & used[:, None, :]
    system[:, place, place] *= 1 + _NUDGE
    system[:, place, place] += arrays.cast(~used, like=system)
    target = arrays.wide(xp.where(used, linear[row, columns], 0))
    packed = xp.linalg.solve(system, target[:, :, None])[:, :, 0]
    weights = arrays.zeros(linear.shape, like=packed)
    rows, places = xp.where(used)
    weights[rows, columns[rows, places]] = packed[rows, places]
    return weights, product(stripes, arrays.cast(packed, like=linear)) - linear


def product(gram: Array, weights: Array) -> Array:
    """Product G'w (n, m) of matrices G (n, k, m) and vectors w (n, k)."""
    return (weights[:, None, :] @ gram)[:, 0]

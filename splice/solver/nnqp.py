"""Many small non-negative quadratic programs at once: min ½ w'Gw - b'w, w ≥ 0.

Accelerated projected gradient (Nesterov 1983) guesses which weights are positive. Block pivoting
(Portugal, Júdice & Vicente 1994) makes that exact: it solves for those weights and moves all that
came out on the wrong side across, until none does. That takes a few rounds but need not end; what
is left after some rounds goes to the active-set method of Lawson & Hanson (1974), which moves one
weight at a time, always downhill.
"""

from __future__ import annotations

import math
from typing import Any

from splicedex.splice.solver.arrays import Array, Arrays

_GRADIENT_STEPS = 32
_PIVOT_ROUNDS = 20
_NUDGE = 1e-11
"""Share of the diagonal that keeps rounded matrices from being singular to the last bit."""


def nnqp(arrays: Arrays, gram: Array, linear: Array, start: Array, tolerance: Array) -> Array:
    """Solve n programs of k weights each.

    Args:
        arrays: The library to compute with.
        gram: G (n, k, k), positive definite.
        linear: b (n, k); -inf keeps a weight at zero.
        start: Weights (n, k) ≥ 0 to start from.
        tolerance: How far (n, 1) a zero weight's gradient may be below zero.

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
    """Columns of each row's true entries, moved to the front of a table as narrow as they allow.

    Args:
        arrays: The library to compute with.
        mask: (n, k).

    Returns:
        Columns (n, m), 0 where a row has fewer; and which of them are meant (n, m). m ≥ 1.
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
    """A few accelerated steps of length 1/L, L bounded by the largest absolute row sum."""
    bound = xp.amax(xp.abs(gram).sum(2), 1)[:, None]
    step = 1 / xp.where(bound > 0, bound, 1)
    weights = ahead = start
    momentum = 1.0
    for _ in range(_GRADIENT_STEPS):
        before, weights = weights, ahead - step * (product(gram, ahead) - linear)
        weights = weights.clip(0)
        grown = (1 + math.sqrt(1 + 4 * momentum**2)) / 2
        ahead = weights + (momentum - 1) / grown * (weights - before)
        momentum = grown
    return weights


def _active_set(
    arrays: Arrays, gram: Array, linear: Array, weights: Array, tolerance: Array
) -> Array:
    """Lawson & Hanson's method from feasible weights (n, k), all programs in step."""
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
    """Weights of the live programs, stationary where `free` and zero elsewhere; their gradient."""
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
    """G w of each program; G is symmetric, or its rows are those of the weights given."""
    return (weights[:, None, :] @ gram)[:, 0]

"""Sparse non-negative decomposition of embeddings over a dictionary of concepts.

`nonnegative_lasso` solves the paper's problem exactly and is the default. `at_most` limits the
number of concepts instead of penalising their weights. `admm` is the paper's approximate solver,
for comparison.
"""

from splicedex.splice.solver.admm import admm
from splicedex.splice.solver.greedy import at_most
from splicedex.splice.solver.lasso import nonnegative_lasso
from splicedex.splice.solver.optimality import kkt_residual, objective

__all__ = ["admm", "at_most", "kkt_residual", "nonnegative_lasso", "objective"]

"""Sparse non-negative codes of embeddings in a dictionary of concepts.

`nonnegative_lasso` is the one to use; `at_most` bounds the count of concepts instead of penalising
their weight; `admm` is the paper's approximation, for comparison.
"""

from splicedex.splice.solver.admm import admm
from splicedex.splice.solver.greedy import at_most
from splicedex.splice.solver.lasso import nonnegative_lasso
from splicedex.splice.solver.optimality import kkt_residual, objective

__all__ = ["admm", "at_most", "kkt_residual", "nonnegative_lasso", "objective"]

"""The sparsity of a decomposition, in a module that is quick to import (the solver is not)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from splicedex.splice.errors import UserError

DEFAULT_PENALTY = 0.25
"""Penalty λ; values from 0.15 to 0.35 give 35 to 5 concepts per image."""


@dataclass(frozen=True)
class Sparsity:
    """How sparse a decomposition is: set by a penalty, or by a maximum number of concepts.

    Args:
        l1_penalty: Penalty λ > 0 of the lasso (paper, section 4.3); not used where `l0` is given.
        l0: Maximum number of concepts per image.

    Raises:
        UserError: λ is not a positive number, or `l0` is below 1.
    """

    l1_penalty: float = DEFAULT_PENALTY
    l0: int | None = None

    def __post_init__(self) -> None:
        if self.l0 is None and not (math.isfinite(self.l1_penalty) and self.l1_penalty > 0):
            raise UserError(
                f"the l1 penalty is {self.l1_penalty}, it must be above 0", "try 0.15 to 0.35"
            )
        if self.l0 is not None and self.l0 < 1:
            raise UserError(f"l0 is {self.l0}, it must be at least 1", "try 5 to 35")

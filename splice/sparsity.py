"""How sparse a decomposition is to be; apart from the solver, which takes long to import."""

from __future__ import annotations

import math
from dataclasses import dataclass

from splicedex.splice.errors import UserError

DEFAULT_PENALTY = 0.25
"""λ: 5 to 35 concepts an image between .15 and .35."""


@dataclass(frozen=True)
class Sparsity:
    """How sparse a decomposition is: by penalty, or by an exact bound on the count.

    Args:
        l1_penalty: λ of the lasso, > 0; unused where `l0` is given.
        l0: At most this many concepts an image.

    Raises:
        UserError: λ ≤ 0 or not a number, l0 < 1.
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

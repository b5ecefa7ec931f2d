"""The error for a query that cannot be read or planned."""

from __future__ import annotations

from splicedex.splice.errors import UserError


class QueryError(UserError):
    """A query that cannot be read.

    Args:
        query: The query.
        at: Offset of the character where it went wrong.
        cause: What is wrong there.
        hint: What to do about it.
    """

    def __init__(self, query: str, at: int, cause: str, hint: str) -> None:
        super().__init__(f"query, character {at + 1}: {cause}", hint)
        self.query = query
        self.at = at

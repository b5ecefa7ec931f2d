"""The error for a query that cannot be read or planned."""

from __future__ import annotations

from splicedex.splice.errors import UserError


class QueryError(UserError):
    """A query is invalid.

    Args:
        query: The query text.
        at: Offset of the character where the error is.
        cause: What is wrong.
        hint: How to correct it.
    """

    def __init__(self, query: str, at: int, cause: str, hint: str) -> None:
        super().__init__(f"query, character {at + 1}: {cause}", hint)
        self.query = query
        self.at = at

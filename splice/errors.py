"""The one error users see: what was wrong, where, and what to do about it."""

from __future__ import annotations


class UserError(Exception):
    """A mistake in what the user gave us, not in the program.

    Every face shows it as one line and exits with code 2 (or a 4xx problem).

    Args:
        cause: What was wrong, and where.
        hint: What to do about it; an imperative, without a full stop.
    """

    def __init__(self, cause: str, hint: str) -> None:
        super().__init__(f"{cause}; {hint}")
        self.cause = cause
        self.hint = hint

    def __reduce__(self) -> tuple[type[UserError], tuple[str, str]]:
        """As an exception is pickled: it travels between processes."""
        return type(self), (self.cause, self.hint)


class UnavailableError(UserError):
    """Something we depend on fails: a server, a disk. The same may be possible later (a 503)."""

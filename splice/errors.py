"""The errors that users see: what is wrong, where, and what to do about it."""

from __future__ import annotations


class UserError(Exception):
    """An error in the user's input or environment, not in the program.

    The command line prints it as one line and exits with code 2; HTTP answers with a 4xx status.

    Args:
        cause: What is wrong, and where.
        hint: What the user can do about it: an imperative, without a full stop.
    """

    def __init__(self, cause: str, hint: str) -> None:
        super().__init__(f"{cause}; {hint}")
        self.cause = cause
        self.hint = hint

    def __reduce__(self) -> tuple[type[UserError], tuple[str, str]]:
        """Pickle both arguments, so that the error can be sent between processes."""
        return type(self), (self.cause, self.hint)


class UnavailableError(UserError):
    """A server or a disk fails. The same request may succeed later (HTTP status 503)."""

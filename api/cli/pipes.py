"""Output streams for use in a pipe.

A reader that has enough, such as `head -1`, closes the pipe: then there is nothing more to do, and
nothing went wrong. Names of files can hold bytes that are no text: these are written as escapes.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn, TextIO


class PipeEnd(io.TextIOWrapper):
    """A stream that ends the program quietly when nobody reads it any more."""

    def write(self, text: str) -> int:
        """Write a text; exits where nobody reads."""
        try:
            return super().write(text)
        except BrokenPipeError:
            self._end()

    def flush(self) -> None:
        """Write what is buffered; exits where nobody reads."""
        try:
            super().flush()
        except BrokenPipeError:
            self._end()

    def _end(self) -> NoReturn:
        # What is still buffered must go somewhere when Python flushes it at its end.
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, self.fileno())
        os.close(null)
        raise SystemExit(0)


@contextmanager
def quiet_pipes() -> Iterator[None]:
    """End quietly, with exit code 0, when the reader of standard output or error goes away."""
    sys.stdout, sys.stderr = _wrapped(sys.stdout), _wrapped(sys.stderr)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(SystemExit, ValueError, AttributeError):  # closed before, or never open
                stream.flush()


def _wrapped(stream: TextIO) -> Any:
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    encoding, line_buffering = stream.encoding, stream.line_buffering
    return PipeEnd(
        stream.detach(),
        encoding=encoding,
        errors="backslashreplace",
        line_buffering=line_buffering,
    )

"""A function in a process of its own, asked through a pair of pipes.

Unlike multiprocessing's such a child never runs the caller's main module again; when it dies we
know what it was at; and when we die, however suddenly, it reads the end of its input and goes.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

CHILD = "from splicedex.indexer.concurrency.child_process import serve; serve()"
READY = "ready"


class DiedError(Exception):
    """A child ended before it answered; says how: `exit code 1`, `SIGKILL`."""


class Child:
    """A function, called in a child process.

    Args:
        function: Picklable, as are what it is given and what it returns or raises.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process, or another in its place, and wait until it takes calls.

        Raises:
            DiedError: It cannot load the function.
        """
        self.close()
        function = pickle.dumps(self._function, pickle.HIGHEST_PROTOCOL)
        self._process = subprocess.Popen(
            [sys.executable, "-c", CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ
            | {
                "PYTHONPATH": os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path),
                "OPENBLAS_NUM_THREADS": "1",  # a pool of BLAS threads would idle or be in the way
            },
            start_new_session=True,  # Ctrl-C is for us; we tell the child
        )
        self._ask(function)

    def running(self) -> bool:
        """Whether the process has been started and has not died."""
        return self._process is not None and self._process.poll() is None

    def __call__(self, *arguments: Any) -> Any:
        """Call the function in the process, which has been started.

        Raises:
            DiedError: The process died.
            Exception: What the function raised.
        """
        result, error = self._ask(arguments)
        if error is not None:
            raise error
        return result

    def kill(self) -> None:
        """End the process now; a call that waits for it in another thread returns."""
        if self._process is not None:
            self._process.kill()

    def close(self) -> int:
        """Let the process go, and return its exit code; not while another thread calls."""
        process, self._process = self._process, None
        if process is None:
            return 0
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr]
        try:
            return process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def _ask(self, question: Any) -> Any:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            _write(process.stdin, question)
            return pickle.load(process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise DiedError(_verdict(self.close())) from error


def serve() -> None:
    """What the child does: load the function, then answer calls."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    questions, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not print among the answers
    with suppress(EOFError, BrokenPipeError):
        function = pickle.loads(pickle.load(questions))
        _write(answers, READY)
        while True:
            _write(answers, _outcome(function, pickle.load(questions)))
    os._exit(0)  # nobody is there to read what may be left in the pipe


def _outcome(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, Any]:
    """What a call returned, and what it raised."""
    try:
        return function(*arguments), None
    except Exception as error:
        return None, error


def _write(pipe: IO[bytes], value: Any) -> None:
    pipe.write(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))
    pipe.flush()


def _verdict(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"

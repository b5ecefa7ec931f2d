"""Calls one function in a child process, through a pair of pipes.

Three differences from `multiprocessing`: the child never runs the caller's main module again; when
the child dies, the caller knows which call it was working on; when the caller dies, however
suddenly, the child reads the end of its input and exits.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

MODULE = "splicedex.indexer.concurrency.child_process"
READY = "ready"
_PR_SET_PDEATHSIG = 1


class DiedError(Exception):
    """A child process ended before it answered. The text says how: `exit code 1`, `SIGKILL`."""


class ChildProcess:
    """A function that is called in a child process.

    Args:
        function: The function. It must be picklable, as must its arguments, results and errors.
        name: Short name of the work. The process list shows it.
        quiet: Whether to discard what the child writes to standard error.
    """

    def __init__(self, function: Callable[..., Any], name: str, *, quiet: bool = False) -> None:
        self._function = function
        self._name = name
        self._quiet = quiet
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process, replacing an earlier one, and wait until it accepts calls.

        Raises:
            DiedError: The child could not load the function.
        """
        self.close()
        function = pickle.dumps(self._function, pickle.HIGHEST_PROTOCOL)
        self._process = subprocess.Popen(
            # -P keeps the current directory off the import path of the child.
            [sys.executable, "-P", "-m", MODULE, self._name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if self._quiet else None,
            env=os.environ
            | {
                "PYTHONPATH": os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path),
                "OPENBLAS_NUM_THREADS": "1",  # more BLAS threads would idle or compete for cores
            },
            start_new_session=True,  # Ctrl-C reaches only the parent, which then ends the child
        )
        self._ask(function)

    def running(self) -> bool:
        """Whether the process was started and is still alive."""
        return self._process is not None and self._process.poll() is None

    def __call__(self, *arguments: Any) -> Any:
        """Call the function in the process, which must have been started.

        Args:
            *arguments: Arguments of the function.

        Returns:
            The result of the function.

        Raises:
            DiedError: The process died.
            Exception: The error that the function raised.
        """
        result, error = self._ask(arguments)
        if error is not None:
            raise error
        return result

    def kill(self) -> None:
        """End the process now. A call that another thread is waiting for raises `DiedError`."""
        if self._process is not None:
            self._process.kill()

    def close(self) -> int:
        """End the process after its current work. No other thread may be calling.

        Returns:
            The exit code of the process, 0 if none was started.
        """
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
        """Send a pickled question and wait for the answer."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            _write(process.stdin, question)
            return pickle.load(process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise DiedError(_how_it_ended(self.close())) from error


def end_with_parent(parent: int) -> None:
    """Make this process end at once when its parent ends. Linux only; nothing happens elsewhere.

    A child that is busy in a long call does not read its input, so it would not notice otherwise.
    The parent must not start the child from a thread that ends before the work does: Linux sends
    the signal when that thread ends.

    Args:
        parent: Process id of the parent, as the parent knows it.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # the parent ended before the call above
            os._exit(1)


def serve() -> None:
    """The main loop of the child: load the function, then answer calls until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    questions, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # output of libraries must not mix with the answers
    with suppress(EOFError, BrokenPipeError):
        function = pickle.loads(pickle.load(questions))
        _write(answers, READY)
        while True:
            _write(answers, _outcome(function, pickle.load(questions)))
    os._exit(0)  # skip the flush of a pipe that nobody reads


def _outcome(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, Any]:
    """Call the function. Returns its result and the error that it raised; one of them is None."""
    try:
        return function(*arguments), None
    except Exception as error:
        return None, error


def _write(pipe: IO[bytes], value: Any) -> None:
    pipe.write(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))
    pipe.flush()


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"


if __name__ == "__main__":
    serve()

"""A process that decodes photos, one at a time, and outlives those that kill a decoder."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from indexer.decode import Photo, Preprocess, Skipped, decode

CHILD = "from indexer.worker import serve; serve()"
READY = "ready"


class Worker:
    """A decoder in a child process, started when first needed.

    A plain child on a pair of pipes. Unlike multiprocessing's it never runs the caller's main
    module again; when it dies we know which photo did it; and when we die, however suddenly, it
    reads the end of its input and goes.

    Args:
        preprocess: See `indexer.decode.decode`; picklable.
    """

    def __init__(self, preprocess: Preprocess) -> None:
        self._setup = pickle.dumps(preprocess)
        self._process: subprocess.Popen[bytes] | None = None

    def decode(self, path: Path) -> Photo | Skipped:
        """Decode a photo in the child.

        Raises:
            RuntimeError: The child does not start.
        """
        process = self._process
        if process is None or process.poll() is not None:
            self.close()
            process = self._start()
        try:
            _send(process, pickle.dumps(path))
            answer: Photo | Skipped = _receive(process)
        except (EOFError, OSError, pickle.UnpicklingError):
            return Skipped(path, f"the decoder died of it ({_verdict(self.close())})")
        return answer

    def kill(self) -> None:
        """End the child now; a `decode` that waits for it in another thread returns."""
        if self._process is not None:
            self._process.kill()

    def close(self) -> int:
        """Let the child go, and return its exit code; not while another thread decodes."""
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

    def _start(self) -> subprocess.Popen[bytes]:
        self._process = process = subprocess.Popen(
            [sys.executable, "-c", CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ
            | {
                "PYTHONPATH": os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path),
                "OPENBLAS_NUM_THREADS": "1",  # decoding needs no pool of idle BLAS threads
            },
            start_new_session=True,  # Ctrl-C is for us; we tell the child
        )
        try:
            _send(process, self._setup)
            _receive(process)
        except (EOFError, OSError) as error:
            raise RuntimeError(
                f"a photo decoder did not start ({_verdict(self.close())})"
            ) from error
        return process


def serve() -> None:
    """What the child does: load the preprocessing, then answer paths with photos."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not print among the answers
    preprocess = pickle.load(requests)
    _answer(answers, READY)
    with suppress(EOFError):
        while True:
            _answer(answers, decode(pickle.load(requests), preprocess))


def _answer(answers: BinaryIO, value: Any) -> None:
    pickle.dump(value, answers, protocol=pickle.HIGHEST_PROTOCOL)
    answers.flush()


def _send(process: subprocess.Popen[bytes], content: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(content)
    process.stdin.flush()


def _receive(process: subprocess.Popen[bytes]) -> Any:
    assert process.stdout is not None
    return pickle.load(process.stdout)


def _verdict(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"

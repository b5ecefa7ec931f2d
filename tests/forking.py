"""Starts `splicedex` in processes that already hold the libraries it imports.

Importing torch and others takes seconds, hundreds of times in a test run. So one process imports
them and forks itself for every command. The child imports `splicedex` itself and calls the entry
point of the installed command; its output, exit code, working directory, environment and child
processes are those of the real command. Only at the very end it leaves out the clean-up of modules.

Commands that are killed, stopped or served start as new processes in the tests, and one test of
`tests/e2e/test_forking.py` compares both ways for every command.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

COMMAND = str(Path(sys.executable).with_name("splicedex"))
ALWAYS = {"HF_HUB_OFFLINE": "1", "COLUMNS": "160", "NO_COLOR": "1"}
"""Of the environment of commands: libraries read some of it when they are imported."""
PATIENCE = 120
"""Seconds for a command."""
LIGHT = (
    "numpy", "scipy.sparse", "qdrant_edge", "rich.console", "rich.table", "rich.progress", "typer",
    "typer.rich_utils", "qdrant_client",
)  # fmt: skip
HEAVY = (*LIGHT, "torch", "open_clip", "PIL.Image")
"""What commands import, without and with a model."""

Run = Callable[[Sequence[str], Mapping[str, str]], "subprocess.CompletedProcess[str]"]
"""Runs a command line of `splicedex`, without that word, in an environment."""

SCRIPT = """
import atexit, gc, importlib, json, os, signal, socket, sys, threading
for name in sys.argv[2:]:
    importlib.import_module(name)
gc.freeze()
signal.signal(signal.SIGINT, signal.SIG_IGN)
ours = socket.socket(fileno=int(sys.argv[1]))
while True:
    asked, files, *_ = socket.recv_fds(ours, 1 << 20, 3)
    if not asked:
        sys.exit()
    child = os.fork()
    if child == 0:
        break
    for file in files:
        os.close(file)
    ours.send(b"%d" % child)
    ours.send(b"%d" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

ours.close()
for number, file in enumerate(files):
    os.dup2(file, number)
    os.close(file)
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv, environment, folder = json.loads(asked)
os.environ.clear()
os.environ.update(environment)
os.chdir(folder)
code = 0
try:
    from splicedex.api.cli.main import main
    main()
except SystemExit as ended:
    code = ended.code or 0
except BaseException:
    sys.excepthook(*sys.exc_info())
    code = 1
threading._shutdown()
atexit._run_exitfuncs()
sys.stdout.flush()
sys.stderr.flush()
os._exit(code)  # freeing what was imported before the fork would take seconds
"""


class Forks:
    """Runs commands, one after another, in forks of one process. Linux only.

    Args:
        libraries: Names of the modules that the process imports.
    """

    def __init__(self, libraries: Sequence[str]) -> None:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        number = theirs.fileno()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", SCRIPT, str(number), *libraries],
            env=os.environ | ALWAYS,
            stdin=subprocess.DEVNULL,
            pass_fds=[number],
        )
        theirs.close()

    def run(
        self, words: Sequence[str], environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run a command line to its end."""
        line = [COMMAND, *words]
        with (
            open(os.devnull, "rb") as nothing,  # noqa: PTH123
            tempfile.TemporaryFile("w+") as out,
            tempfile.TemporaryFile("w+") as err,
        ):
            asked = json.dumps([line, dict(environment), str(Path.cwd())]).encode()
            files = [nothing.fileno(), out.fileno(), err.fileno()]
            socket.send_fds(self._ours, [asked], files)
            child = int(self._ours.recv(99))
            if not select.select([self._ours], [], [], PATIENCE)[0]:
                os.kill(child, signal.SIGKILL)
            code = int(self._ours.recv(99))
            said = []
            for file in (out, err):
                file.seek(0)
                said.append(file.read())
        return subprocess.CompletedProcess(line, code, *said)

    def close(self) -> None:
        """End the process."""
        self._ours.close()
        self._process.wait()


def run_new(
    words: Sequence[str], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command line in a new process."""
    return subprocess.run(
        [COMMAND, *words],
        env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip


@contextmanager
def running() -> Iterator[Run]:
    """Gives a function that runs command lines in forks, where the system can."""
    if sys.platform != "linux":
        yield run_new
        return
    with ExitStack() as stack:

        @cache
        def forks(libraries: Sequence[str]) -> Forks:
            made = Forks(libraries)
            stack.callback(made.close)
            return made

        def run(
            words: Sequence[str], environment: Mapping[str, str]
        ) -> subprocess.CompletedProcess[str]:
            model = any(word == "nano" or word.startswith("local-dir:") for word in words)
            return forks(HEAVY if model else LIGHT).run(words, environment)

        yield run

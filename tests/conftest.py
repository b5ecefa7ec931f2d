"""What all tests share: measured data, a small space, a summary of what did not run."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from splicedex.splice.align import unit
from splicedex.splice.dictionary.space import ConceptSpace
from tests.forking import Run, running
from tests.paths import DATA

# No example fails or is given up because the machine is slow.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Ctrl-C reaches the commands we start, even where the shell that started us ignores it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def run_to_end() -> Iterator[Run]:
    """Runs command lines of `splicedex`, each in a process of its own; see `tests/forking.py`."""
    with running() as run:
        yield run


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real embeddings and photos; tests that need it are skipped without it."""
    if not DATA.is_dir():
        pytest.skip("needs the data folder ../shared/data next to the checkout")
    return DATA


@pytest.fixture
def space() -> ConceptSpace:
    """Twelve concepts in 16 dimensions, with a mean that matters."""
    return small_space()


def small_space() -> ConceptSpace:
    random = np.random.default_rng(7)
    names = [
        "dog",
        "puppy",
        "cat",
        "car",
        "tree",
        "water",
        "hot dog",
        "guitar",
        "hat",
        "man",
        "beach",
        "snow",
    ]
    texts = unit(random.normal(size=(12, 16)).astype(np.float32) + 0.5)
    mean = (0.3 * unit(random.normal(size=16).astype(np.float32))).astype(np.float32)
    return ConceptSpace(tuple(names), texts, mean)


TOGETHER = ("tests/e2e/page/", "tests/faults/strangers/")
"""Folders whose files share servers: one worker takes all of a folder."""
LONG = ("tests/e2e/", "tests/faults/")
"""Folders that take longest: workers begin with them, so that they end at about the same time."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """`--dist loadfile`, but for the folders of `TOGETHER`."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            folder = next((name for name in TOGETHER if nodeid.startswith(name)), None)
            return folder or str(super()._split_scope(nodeid))

    config.option.loadscopereorder = False
    return Scheduling(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Workers begin with the tests of `LONG`; otherwise the order stays."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: not item.nodeid.startswith(LONG))


HOW_TO_RUN = {
    "Chromium": "sudo apt-get install chromium",
    "playwright": "make setup",
    "extra": "make setup",
    "could not import": "make setup",
    "QDRANT_URL": "docker run --detach --publish 6333:6333 qdrant/qdrant:v1.18.0, "
    "then QDRANT_URL=http://127.0.0.1:6333 make test",
    "mount": "run as root on a machine that may mount loop devices",
    "setpriv": "sudo apt-get install util-linux",
}
"""How to run skipped tests, by a word of the reason."""


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Count the tests that `-m` leaves out; each xdist worker sees all of them."""
    if items:
        config = items[0].config
        config.stash[DESELECTED] = config.stash.get(DESELECTED, 0) + len(items)
        if hasattr(config, "workeroutput"):
            config.workeroutput["deselected"] = config.stash[DESELECTED]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take over the count of a worker."""
    node.config.stash[DESELECTED] = getattr(node, "workeroutput", {}).get("deselected", 0)


DESELECTED = pytest.StashKey[int]()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say which tests did not run, and how to run them."""
    lines = [*_skipped(terminalreporter.stats.get("skipped", ()))]
    if left_out := config.stash.get(DESELECTED, 0):
        lines.append(f"{left_out} not selected by the options (slow tests: make nightly)")
    if lines:
        terminalreporter.section("not run")
        for line in lines:
            terminalreporter.write_line(line)
    if config.pluginmanager.hasplugin("randomly"):
        seed = config.getoption("randomly_seed", None)
        terminalreporter.write_line(f"random order: -p randomly --randomly-seed={seed}")


def _skipped(reports: list[Any]) -> Iterator[str]:
    reasons = Counter(str(report.longrepr[2]).removeprefix("Skipped: ") for report in reports)
    for reason, count in reasons.most_common():
        how = next((how for word, how in HOW_TO_RUN.items() if word in reason), None)
        yield f"{count} skipped: {reason}" + (f" ({how})" if how else "")

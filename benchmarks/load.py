"""Requests a second and their times under load, beside brute force over the same vectors.

    python -m benchmarks.load [--short] [--images 10000,100000] [--clients 1,8,64] [--seconds 20]

Starts the real `splicedex serve` over an index of made embeddings (`benchmarks.large`) and asks it
concept queries, each client one after the other without a pause; then the same of
`benchmarks.brute_force`. Clients are threads of this process on the same machine, so they take a
share of its cores. `splicedex` explains every hit and counts all matches; brute force does neither.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np

from benchmarks.datasets import DATA
from benchmarks.large import write_large
from benchmarks.machine import machine
from benchmarks.report import publish

FOLDER = Path("artifacts") / "load"
SPLICEDEX = str(Path(sys.executable).with_name("splicedex"))
SPACE = DATA / "space"
QUERIES = 200
LIMIT = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--images", type=_numbers, default=[10_000, 100_000])
    parser.add_argument("--clients", type=_numbers, default=[1, 8, 64])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="For the indexes; kept.")
    parser.add_argument("--short", action="store_true", help="10,000 images, 3 s a row.")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.short:
        options.images, options.seconds = [10_000], 3
    tables = {}
    for images in options.images:
        rows, _, index = prepare(options.folder, images)
        measured = []
        with splicedex(index) as port:
            asked = queries(port)
            for clients in options.clients:
                found = load(port, "/v1/search", asked, clients, options.seconds)
                measured.append({"server": "splicedex", "clients": clients, **found})
        with brute_force(rows) as port:
            for clients in options.clients:
                found = load(port, "/search", asked, clients, options.seconds)
                measured.append({"server": "brute force", "clients": clients, **found})
        tables[f"{images:,} images"] = measured
    packages = ("qdrant-edge-py", "numpy", "fastapi", "uvicorn")
    publish("Search under load", machine(packages), tables, options.json)


def prepare(folder: Path, images: int) -> tuple[Path, Path, Path]:
    """Embeddings, their table and an index of them, made unless they are there."""
    here = folder / str(images)
    rows, table = write_large(here, images)
    index = here / "index"
    words = ["index", "--index", index, "--model", SPACE, "--embeddings", rows, "--files", table]
    subprocess.run([SPLICEDEX, *map(str, words)], check=True, stdout=subprocess.DEVNULL)
    return rows, table, index


def queries(port: int) -> list[str]:
    """Queries of one concept, of two, and of one without another, over what is frequent."""
    told = _get(port, "/v1/concepts", limit=100)
    names = [f'"{one["concept"]}"' for one in told["concepts"]]
    random = np.random.default_rng(0)
    made = []
    for kind in np.arange(QUERIES) % 3:
        first, second = random.choice(names, 2, replace=False)
        made.append((first, f"{first} AND {second}", f"{first} NOT {second}")[kind])
    return made


def load(
    port: int, path: str, asked: Sequence[str], clients: int, seconds: float
) -> dict[str, float]:
    """Ask for some seconds from so many clients at once.

    Returns:
        Requests a second, and the 50th and 99th percentile of their times in milliseconds.

    Raises:
        RuntimeError: An answer was no 200.
    """
    times: list[list[float]] = [[] for _ in range(clients)]
    refused: list[int] = []
    end = time.perf_counter() + seconds

    def ask(client: int) -> None:
        random = np.random.default_rng(client)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        while (start := time.perf_counter()) < end:
            asking = urlencode({"q": random.choice(asked), "limit": LIMIT})
            connection.request("GET", f"{path}?{asking}")
            answer = connection.getresponse()
            answer.read()
            times[client].append(time.perf_counter() - start)
            if answer.status != 200:
                refused.append(answer.status)
        connection.close()

    threads = [threading.Thread(target=ask, args=(client,)) for client in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if refused:
        raise RuntimeError(f"{len(refused)} answers were refused, the first with {refused[0]}")
    took = 1000 * np.sort(np.concatenate(times))
    return {
        "requests/s": len(took) / seconds,
        "p50 ms": float(np.percentile(took, 50)),
        "p99 ms": float(np.percentile(took, 99)),
    }


@contextmanager
def splicedex(index: Path) -> Iterator[int]:
    """The real server over an index; gives its port."""
    with _running(SPLICEDEX, "serve", "--index", str(index), "--port") as port:
        yield port


@contextmanager
def brute_force(rows: Path) -> Iterator[int]:
    """Brute force over the same embeddings."""
    words = ("-m", "benchmarks.brute_force", "--embeddings", str(rows), "--space", str(SPACE))
    with _running(sys.executable, *words, "--port") as port:
        yield port


@contextmanager
def _running(*words: str) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    process = subprocess.Popen([*words, str(port)], env=environment, stdout=subprocess.DEVNULL)
    try:
        _wait(process, port)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    while True:
        if process.poll() is not None:
            raise RuntimeError("the server did not start")
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.1)


def _get(port: int, path: str, **asked: Any) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", f"{path}?{urlencode(asked)}")
    return json.loads(connection.getresponse().read())


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


if __name__ == "__main__":
    main()

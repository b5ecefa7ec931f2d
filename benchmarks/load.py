"""Requests per second and response times under load, against brute force over the same vectors.

    python -m benchmarks.load [--short] [--images 10000,100000] [--clients 1,8,64] [--seconds 20]

Starts `splicedex serve` on an index of synthetic embeddings (`benchmarks.large`) and sends concept
queries; each client sends its next query when the last one is answered. Then it does the same with
`benchmarks.brute_force`. Clients are threads of this process on the same machine, so they use part
of its cores. splicedex explains every hit and counts all matches; brute force does neither.
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
    parser.add_argument(
        "--images", type=_numbers, default=[10_000, 100_000], help="numbers of images, with commas"
    )
    parser.add_argument(
        "--clients", type=_numbers, default=[1, 8, 64], help="numbers of clients, with commas"
    )
    parser.add_argument("--seconds", type=float, default=20, help="duration of each measurement")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="folder of the indexes")
    parser.add_argument("--short", action="store_true", help="10,000 images, 3 s per measurement")
    parser.add_argument("--json", type=Path, metavar="PATH", help="save the results as JSON")
    options = parser.parse_args()
    if options.short:
        options.images, options.seconds = [10_000], 3
    tables = {}
    for images in options.images:
        rows, _, index = prepare(options.folder, images)
        measured = []
        with splicedex(index) as port:
            texts = queries(port)
            for clients in options.clients:
                found = load(port, "/v1/search", texts, clients, options.seconds)
                measured.append({"server": "splicedex", "clients": clients, **found})
        with brute_force(rows) as port:
            for clients in options.clients:
                found = load(port, "/search", texts, clients, options.seconds)
                measured.append({"server": "brute force", "clients": clients, **found})
        tables[f"{images:,} images"] = measured
    packages = ("qdrant-edge-py", "numpy", "fastapi", "uvicorn")
    publish("Search under load", machine(packages), tables, options.json)


def prepare(folder: Path, images: int) -> tuple[Path, Path, Path]:
    """Make embeddings, their table and an index of them, unless they exist."""
    here = folder / str(images)
    rows, table = write_large(here, images)
    index = here / "index"
    words = ["index", "--index", index, "--model", SPACE, "--embeddings", rows, "--files", table]
    subprocess.run([SPLICEDEX, *map(str, words)], check=True, stdout=subprocess.DEVNULL)
    return rows, table, index


def queries(port: int) -> list[str]:
    """Make queries for one, for two, and for one without another of the most frequent concepts."""
    answer = _get(port, "/v1/concepts", limit=100)
    names = [f'"{one["concept"]}"' for one in answer["concepts"]]
    random = np.random.default_rng(0)
    found = []
    for kind in np.arange(QUERIES) % 3:
        first, second = random.choice(names, 2, replace=False)
        found.append((first, f"{first} AND {second}", f"{first} NOT {second}")[kind])
    return found


def load(
    port: int, path: str, texts: Sequence[str], clients: int, seconds: float
) -> dict[str, float]:
    """Send requests from several clients at a time.

    Args:
        port: Port of the server.
        path: Path of the URL.
        texts: The queries; each client chooses at random.
        clients: Number of clients.
        seconds: Duration.

    Returns:
        Requests per second, and percentiles 50 and 99 of the response times in milliseconds.

    Raises:
        RuntimeError: A response had another status than 200.
    """
    times: list[list[float]] = [[] for _ in range(clients)]
    failed: list[int] = []
    end = time.perf_counter() + seconds

    def ask(client: int) -> None:
        random = np.random.default_rng(client)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        while (start := time.perf_counter()) < end:
            parameters = urlencode({"q": random.choice(texts), "limit": LIMIT})
            connection.request("GET", f"{path}?{parameters}")
            answer = connection.getresponse()
            answer.read()
            times[client].append(time.perf_counter() - start)
            if answer.status != 200:
                failed.append(answer.status)
        connection.close()

    threads = [threading.Thread(target=ask, args=(client,)) for client in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise RuntimeError(f"{len(failed)} requests failed, the first with status {failed[0]}")
    times_ms = 1000 * np.sort(np.concatenate(times))
    return {
        "requests/s": len(times_ms) / seconds,
        "p50 ms": float(np.percentile(times_ms, 50)),
        "p99 ms": float(np.percentile(times_ms, 99)),
    }


@contextmanager
def splicedex(index: Path) -> Iterator[int]:
    """Run `splicedex serve` on an index; yields the port."""
    with _running(SPLICEDEX, "serve", "--index", str(index), "--port") as port:
        yield port


@contextmanager
def brute_force(rows: Path) -> Iterator[int]:
    """Run `benchmarks.brute_force` on embeddings; yields the port."""
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


def _get(port: int, path: str, **parameters: Any) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", f"{path}?{urlencode(parameters)}")
    return json.loads(connection.getresponse().read())


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


if __name__ == "__main__":
    main()

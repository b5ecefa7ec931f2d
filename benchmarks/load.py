"""Requests per second and response times under load, beside brute force and the search alone.

    python -m benchmarks.load [--short] [--images 10000,100000] [--clients 1,16,64] [--seconds 20]

Starts `splicedex serve` on an index of synthetic embeddings (`benchmarks.large`) and sends concept
queries; each client sends its next query when the last one is answered. Then it does the same with
`benchmarks.brute_force`, and makes the same searches in this process. Clients are threads of this
process on the same machine, so they use part of its cores. splicedex explains every hit and counts
all matches; brute force does neither.

"Beside the search" is one client: "HTTP adds" is the time of a request less that of its search as
the same response tells it, so both meet the same load of the machine; the client is a part of it.
"CPU" is the server's processor time for each request; the last table divides it into stages.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

import numpy as np
from fastapi import FastAPI

from benchmarks.datasets import DATA
from benchmarks.large import write_large
from benchmarks.machine import machine
from benchmarks.report import publish
from splicedex.api.http import answers
from splicedex.api.http.app import make_app
from splicedex.api.http.config import Settings
from splicedex.indexer.store.index import open_index
from splicedex.search.results import Options
from splicedex.search.threads import one_blas_thread

FOLDER = Path("artifacts") / "large"
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
        "--clients", type=_numbers, default=[1, 16, 64], help="numbers of clients, with commas"
    )
    parser.add_argument("--seconds", type=float, default=20, help="duration of each measurement")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="folder of the indexes")
    parser.add_argument("--short", action="store_true", help="10,000 images, 3 s per measurement")
    parser.add_argument("--json", type=Path, metavar="PATH", help="save the results as JSON")
    options = parser.parse_args()
    if options.short:
        options.images, options.seconds = [10_000], 3
    tables, beside, spent = {}, [], []
    for images in options.images:
        rows, index = prepare(options.folder, images)
        measured = []
        with splicedex(index) as server:
            texts = queries(server)
            for clients in options.clients:
                found = load(server, "/v1/search", texts, clients, options.seconds)
                measured.append({"server": "splicedex", "clients": clients, **found})
            one = {"images": images, **one_client(server, texts)}
        with brute_force(rows) as server:
            for clients in options.clients:
                found = load(server, "/search", texts, clients, options.seconds)
                measured.append({"server": "brute force", "clients": clients, **found})
        tables[f"{images:,} images"] = measured
        staged = stages(index, texts)
        beside.append(one)
        spent.append(
            {"images": images, **staged, "socket and protocol": one["CPU"] - staged["application"]}
        )
    tables["Beside the search, one client, milliseconds"] = beside
    tables["Stages of a request, milliseconds of processor time"] = spent
    packages = ("qdrant-edge-py", "numpy", "fastapi", "uvicorn", "orjson")
    publish("Search under load", machine(packages), tables, options.json)


@dataclass(frozen=True)
class Server:
    """A running server: its port and its process."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def cpu(self) -> float:
        """Seconds of processor time so far; nan where the system does not tell."""
        try:
            stat = Path(f"/proc/{self.process.pid}/stat").read_text()
        except OSError:
            return float("nan")
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def prepare(folder: Path, images: int) -> tuple[Path, Path]:
    """Make embeddings and an index of them, unless they exist."""
    here = folder / str(images)
    rows, table = write_large(here, images)
    index = here / "index"
    words = ["index", "--index", index, "--model", SPACE, "--embeddings", rows, "--files", table]
    subprocess.run([SPLICEDEX, *map(str, words)], check=True, stdout=subprocess.DEVNULL)
    return rows, index


def one_client(server: Server, texts: Sequence[str]) -> dict[str, float]:
    """Median milliseconds of requests, of their searches by the server's clock, and the rest."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    took, used = [], server.cpu
    for text in [*texts, *texts]:
        start = time.perf_counter()
        connection.request("GET", f"/v1/search?{urlencode({'q': text, 'limit': LIMIT})}")
        content = connection.getresponse().read()
        took.append((1000 * (time.perf_counter() - start), json.loads(content)["took_ms"]))
    connection.close()
    used = 1000 * (server.cpu - used) / len(took)
    whole, searches = np.array(took[len(texts) :]).T
    return {
        "request": float(np.median(whole)),
        "search": float(np.median(searches)),
        "HTTP adds": float(np.median(whole - searches)),
        "CPU": used,
    }


def stages(index: Path, texts: Sequence[str]) -> dict[str, float]:
    """Milliseconds of processor time of each stage of a request, in this process."""
    one_blas_thread()
    with open_index(index) as opened:
        app = make_app(opened, Settings())
        searcher = app.state.service.searcher
        found = [searcher.search(text, Options(LIMIT)) for text in texts]  # and fill the caches
        search = _cpu(lambda: [searcher.search(text, Options(LIMIT)) for text in texts])
        write = _cpu(lambda: [answers.to_json(answers.search_answer(one)) for one in found])
        app_alone = _cpu(lambda: asyncio.run(_ask(app, texts)))
        app.state.service.close()
    count = len(texts)
    return {
        "search": search / count,
        "write the JSON": write / count,
        "check, validate, change thread": (app_alone - search - write) / count,
        "application": app_alone / count,
    }


def _cpu(call: Callable[[], object]) -> float:
    used = time.process_time()
    call()
    return 1000 * (time.process_time() - used)


async def _ask(app: FastAPI, texts: Sequence[str]) -> None:
    """Send requests to the application, without a socket."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message.get("status", 200) != 200:
            raise RuntimeError(f"a request failed with status {message['status']}")

    for text in texts:
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "path": "/v1/search",
            "query_string": urlencode({"q": text, "limit": LIMIT}).encode(),
            "headers": [(b"host", b"localhost")],
        }
        await app(scope, receive, send)


def queries(server: Server) -> list[str]:
    """Make queries for one, for two, and for one without another of the most frequent concepts."""
    answer = _get(server, "/v1/concepts", limit=100)
    names = [f'"{one["concept"]}"' for one in answer["concepts"]]
    random = np.random.default_rng(0)
    found = []
    for kind in np.arange(QUERIES) % 3:
        first, second = random.choice(names, 2, replace=False)
        found.append((first, f"{first} AND {second}", f"{first} NOT {second}")[kind])
    return found


def load(
    server: Server, path: str, texts: Sequence[str], clients: int, seconds: float
) -> dict[str, float]:
    """Send requests from several clients at a time.

    Args:
        server: The server.
        path: Path of the URL.
        texts: The queries; each client chooses at random.
        clients: Number of clients.
        seconds: Duration.

    Returns:
        Requests per second, percentiles 50 and 99 of the response times in milliseconds, and the
        server's processor time for each request.

    Raises:
        RuntimeError: A response had another status than 200.
    """
    times: list[list[float]] = [[] for _ in range(clients)]
    failed: list[int] = []
    used, end = server.cpu, time.perf_counter() + seconds

    def ask(client: int) -> None:
        random = Random(client)
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
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
        "CPU ms": 1000 * (server.cpu - used) / len(times_ms),
    }


@contextmanager
def splicedex(index: Path) -> Iterator[Server]:
    """Run `splicedex serve` on an index."""
    with _running(SPLICEDEX, "serve", "--index", str(index), "--port") as server:
        yield server


@contextmanager
def brute_force(rows: Path) -> Iterator[Server]:
    """Run `benchmarks.brute_force` on embeddings."""
    words = ("-m", "benchmarks.brute_force", "--embeddings", str(rows), "--space", str(SPACE))
    with _running(sys.executable, *words, "--port") as server:
        yield server


@contextmanager
def _running(*words: str) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    process = subprocess.Popen([*words, str(port)], env=environment, stdout=subprocess.DEVNULL)
    try:
        _wait(process, port)
        yield Server(port, process)
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


def _get(server: Server, path: str, **parameters: Any) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    connection.request("GET", f"{path}?{urlencode(parameters)}")
    return json.loads(connection.getresponse().read())


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


if __name__ == "__main__":
    main()

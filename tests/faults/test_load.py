"""Load: 64 clients and a writer for a minute, then without pauses."""

import http.client
import json
import random
import threading
import time
from urllib.parse import urlencode

import numpy as np
import pytest

from tests.photos import NEAR_SYNONYMS, WORDS, make_embeddings, make_index, make_space
from tests.serving import serving

pytestmark = pytest.mark.slow
SPACE = make_space()
IMAGES = 5_000
CLIENTS = 64
SECONDS = 60
PAUSE = (0.5, 1.5)
"""Pause of a client in seconds. Without a pause, 64 clients wait for 64 responses each,
whatever the server: that is the second test."""
NAMES = [*WORDS, *NEAR_SYNONYMS]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("load")
    make_index(folder / "made", "edge", SPACE, make_embeddings(SPACE, IMAGES)).close()
    with serving(folder / "made" / "index", folder) as made:
        yield made


class Client(threading.Thread):
    """Sends queries until stopped.

    Args:
        port: Of the server.
        number: Seeds what it asks.
        pause: Seconds between an answer and the next question, at least and at most.
    """

    def __init__(self, port, number, pause):
        super().__init__()
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._random = random.Random(number)
        self._pause = pause
        self.stopped = threading.Event()
        self.times = []
        self.statuses = []

    def run(self):
        while not self.stopped.wait(self._random.uniform(*self._pause)):
            first, second = (f'"{name}"' for name in self._random.sample(NAMES, 2))
            asked = self._random.choice([first, f"{first} {second}", f"{first} NOT {second}"])
            start = time.perf_counter()
            self._connection.request("GET", f"/v1/search?{urlencode({'q': asked})}")
            answer = self._connection.getresponse()
            answer.read()
            self.times.append(time.perf_counter() - start)
            self.statuses.append(answer.status)
        self._connection.close()


class Writer(threading.Thread):
    """Tags photos repeatedly and checks the result."""

    def __init__(self, port):
        super().__init__()
        self._port = port
        self.stopped = threading.Event()
        self.written = 0
        self.wrong = []

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        headers = {"content-type": "application/json"}
        while not self.stopped.wait(0.1):
            value = f"turn {self.written}"
            query = f'seen:"{value}"'
            body = {"q": "dog NOT cat", "name": "seen", "value": value, "dry_run": False}
            connection.request("POST", "/v1/tags", json.dumps(body), headers)
            tagged = json.loads(connection.getresponse().read())
            connection.request("GET", f"/v1/search?{urlencode({'q': query})}")
            found = json.loads(connection.getresponse().read())
            if tagged.get("images") != found.get("matches"):
                self.wrong.append((tagged, found))
            self.written += 1
        connection.close()


def run(threads, seconds):
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    for thread in threads:
        thread.stopped.set()
    for thread in threads:
        thread.join()


def resident(server):
    """Memory of the server's process, in MiB."""
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as status:  # noqa: PTH123
        [line] = [line for line in status if line.startswith("VmRSS:")]
    return int(line.split()[1]) / 1024


def milliseconds(times, percent):
    return 1000 * float(np.percentile(times, percent))


def test_a_minute_of_many_clients_and_a_writer(server, capsys):
    alone = Client(server.port, 0, (0.05, 0.1))
    run([alone], 5)
    idle = milliseconds(alone.times, 50)
    warming = [Client(server.port, 1000 + number, PAUSE) for number in range(CLIENTS)]
    run([*warming, Writer(server.port)], SECONDS / 3)
    before = resident(server)
    clients = [Client(server.port, number, PAUSE) for number in range(CLIENTS)]
    writer = Writer(server.port)
    run([*clients, writer], SECONDS)
    after = resident(server)
    times = np.concatenate([client.times for client in clients])
    p99 = milliseconds(times, 99)
    with capsys.disabled():
        print(
            f"\n{len(times)} answers to {CLIENTS} clients in {SECONDS} s, {writer.written} writes: "
            f"p50 {milliseconds(times, 50):.1f} ms, p99 {p99:.1f} ms, idle p50 {idle:.1f} ms; "
            f"memory {before:.0f} to {after:.0f} MiB"
        )
    assert {status for client in clients for status in client.statuses} == {200}
    assert writer.written > 0
    assert not writer.wrong
    assert after < 1.1 * before


def test_as_fast_as_they_can(server, capsys):
    clients = [Client(server.port, number, (0, 0)) for number in range(CLIENTS)]
    run(clients, SECONDS / 4)
    times = np.concatenate([client.times for client in clients])
    with capsys.disabled():
        print(
            f"\n{len(times) / (SECONDS / 4):.0f} answers a second without a pause: "
            f"p50 {milliseconds(times, 50):.0f} ms, p99 {milliseconds(times, 99):.0f} ms"
        )
    assert {status for client in clients for status in client.statuses} == {200}

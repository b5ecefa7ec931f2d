"""Clients that never finish a request."""

from __future__ import annotations

import contextlib
import socket

from tests.faults.strangers.wire import raw, status


def test_headers_that_never_end_are_cut_off(server):
    waiting = [socket.create_connection(("127.0.0.1", server.port), timeout=30) for _ in range(100)]
    waiting[0].sendall(b"GET / HTTP/1.1\r\n")
    assert server.client.get("/healthz").status_code == 200
    for connection in waiting:
        assert connection.recv(1000) == b""
        connection.close()


def test_a_second_request_that_never_ends_is_cut_off(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /x HTTP/1.1\r\nA:")
        answer = b""
        while part := connection.recv(65536):
            answer += part
    assert answer.count(b"HTTP/1.1") == 1


def test_headers_that_are_too_large_are_cut_off(server):
    for start in (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nA: ", b"GET /"):
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
            connection.sendall(start)
            answer = b""
            with contextlib.suppress(ConnectionError):  # closed while we still send
                for _ in range(1000):
                    connection.sendall(b"x" * 1000)
                    connection.settimeout(0.01)
                    with contextlib.suppress(TimeoutError):
                        answer += connection.recv(10_000)
                        break
        assert not answer or status(answer) == 400


def test_a_body_that_never_comes_is_answered(server):
    head = b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    answer = raw(server, head + b"Content-Length: 100\r\n\r\n{", wait=30)
    assert status(answer) == 408


def test_a_large_body_that_trickles_is_answered(server):
    head = (
        b"POST /v1/uploads HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Type: multipart/form-data; boundary=x\r\n"
    )
    answer = raw(server, head + b"Content-Length: 99999999\r\n\r\n--x", wait=30)
    assert status(answer) in {408, 413}

"""Requests as bytes that no normal client sends."""

from __future__ import annotations

import socket

SECRET = b"root:x:0:0"
"""The first bytes of /etc/passwd, which everyone can read."""


def raw(server, request, *, wait=60.0):
    """The response to bytes, until the server closes or sends nothing for `wait` seconds."""
    answer = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=wait) as connection:
        try:
            connection.sendall(request)
            while part := connection.recv(65536):
                answer += part
        except (TimeoutError, ConnectionError):
            pass
    return answer


def get(target, *headers, host="localhost"):
    lines = [f"GET {target} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def status(answer):
    return int(answer.split(b" ", 2)[1])

"""HTTP/1.1 with limits on headers: a client that connects must soon send a request, a short one."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class PatientProtocol(HttpToolsProtocol):
    """The protocol of uvicorn, which has no limits for headers, with them.

    Without a timeout, a few hundred idle connections (slowloris) block all other clients. Without a
    limit on their size, one client can fill the memory.
    """

    patience: float
    """Seconds from connecting, or from the first byte of a request, to the end of its headers."""
    header_bytes: int
    """Most bytes received while headers are incomplete."""
    _timer: asyncio.TimerHandle | None = None
    _in_headers = False
    _received = 0

    def connection_made(self, transport: Any) -> None:
        """Start the timeout."""
        super().connection_made(transport)
        self._start_timer()

    def data_received(self, data: bytes) -> None:
        """Handle data; stop the timeout once the headers of a request are complete."""
        super().data_received(data)
        if self._in_headers:
            self._received += len(data)
            if self._received > self.header_bytes and not self.transport.is_closing():
                self.send_400_response("The headers are too large.")
        answering = self.cycle is not None and not self.cycle.response_complete
        if answering:
            self._stop_timer()
        elif self._timer is None:
            self._start_timer()

    def on_message_begin(self) -> None:
        """Count the bytes of headers from here."""
        self._in_headers, self._received = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Answer the request.

        Raises:
            ValueError: It names two hosts, of which another server might take the other; the parser
                answers 400.
        """
        self._in_headers = False
        if sum(name == b"host" for name, _ in self.headers) > 1:
            raise ValueError("more than one Host")
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timeout."""
        self._stop_timer()
        super().connection_lost(exc)

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(self.patience, self.transport.close)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def patient(seconds: float, header_bytes: int) -> type[PatientProtocol]:
    """A protocol class with a timeout for headers, in seconds, and a limit on their size."""
    return type("Patient", (PatientProtocol,), {"patience": seconds, "header_bytes": header_bytes})

"""HTTP/1.1 with a timeout for headers: a client that connects must soon send a request."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol


class PatientProtocol(H11Protocol):
    """The protocol of uvicorn, which has no timeout for headers, with one.

    Without it, a few hundred idle connections (slowloris) block all other clients.
    """

    patience: float
    """Seconds from connecting, or from the first byte of a request, to the end of its headers."""
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Start the timeout."""
        super().connection_made(transport)
        self._start_timer()

    def data_received(self, data: bytes) -> None:
        """Handle data; stop the timeout once the headers of a request are complete."""
        super().data_received(data)
        answering = self.cycle is not None and not self.cycle.response_complete
        if answering:
            self._stop_timer()
        elif self._timer is None:
            self._start_timer()

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


def patient(seconds: float) -> type[PatientProtocol]:
    """A protocol class with this timeout for headers, in seconds."""
    return type("Patient", (PatientProtocol,), {"patience": seconds})

"""HTTP/1.1 with bounded patience: a client that opens a connection must soon ask something."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol


class PatientProtocol(H11Protocol):
    """uvicorn's own, which waits for headers for ever, with an end to that.

    Otherwise a few hundred idle connections (slowloris) would keep everybody else out.
    """

    patience: float
    """Seconds from connecting, or from the first byte of a request, to the end of its headers."""
    _alarm: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Start waiting for a request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what comes, and wait no longer once a request is complete to its headers."""
        super().data_received(data)
        answering = self.cycle is not None and not self.cycle.response_complete
        if answering:
            self._stop()
        elif self._alarm is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._alarm = self.loop.call_later(self.patience, self.transport.close)

    def _stop(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None


def patient(seconds: float) -> type[PatientProtocol]:
    """The protocol with this much patience."""
    return type("Patient", (PatientProtocol,), {"patience": seconds})

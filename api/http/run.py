"""Runs the application: socket, signals, shutdown."""

from __future__ import annotations

import logging
import signal
import socket

import uvicorn
from threadpoolctl import threadpool_limits

from splicedex.api.http.app import make_app
from splicedex.api.http.config import Settings
from splicedex.api.http.guard.protocol import patient
from splicedex.indexer.store.index import Index
from splicedex.splice.errors import UserError

CONNECTIONS = 1000
"""Largest number of open connections; more are answered 503."""
HEADER_BYTES = 32 * 1024
KEEP_ALIVE = 10
"""Seconds that an idle connection stays open."""
GRACE = 10
"""Seconds that running requests may take after the server was told to stop."""


def bind(host: str, port: int) -> socket.socket:
    """Listen at an address.

    Args:
        host: Host name or IP address.
        port: Port; 0 for any that is free.

    Raises:
        UserError: The address is in use or does not belong to this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=CONNECTIONS)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"cannot listen at {host}, port {port} ({reason})", "choose another --host or --port"
        ) from error
    # Connections inherit it. asyncio sets it only on sockets that name their protocol. Without it,
    # the body of every response waits 40 ms until the client acknowledges the headers.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def url_of(listening: socket.socket) -> str:
    """The URL of a listening socket."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(index: Index, settings: Settings, listening: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM; running requests are finished.

    Args:
        index: Open index.
        settings: Limits and access rules.
        listening: A socket from `bind`.
    """
    config = uvicorn.Config(
        make_app(index, settings),
        http=patient(settings.patience, HEADER_BYTES),
        ws="none",
        lifespan="on",
        log_level="error",  # clients must not be able to fill the log
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
    )

    logging.getLogger("python_multipart").setLevel(logging.ERROR)

    server = uvicorn.Server(config)
    # uvicorn handles signals only while it runs, and raises them again when it has stopped. This
    # also handles those that come before and after.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, server.handle_exit)
    # Otherwise each of several concurrent searches would start one BLAS thread per core.
    with threadpool_limits(1, user_api="blas"):
        server.run(sockets=[listening])

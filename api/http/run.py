"""Running the application: the socket, the signals, the end."""

from __future__ import annotations

import logging
import signal
import socket

import uvicorn
from threadpoolctl import threadpool_limits

from splicedex.api.http.app import make_app
from splicedex.api.http.config import Settings
from splicedex.api.http.guard.timeouts import patient
from splicedex.indexer.store.index import Index
from splicedex.splice.errors import UserError

CONNECTIONS = 1000
"""Open at a time; more are answered 503."""
HEADER_BYTES = 32 * 1024
KEEP_ALIVE = 10
"""Seconds an idle connection stays open."""
GRACE = 10
"""Seconds that requests in hand get when the server is told to end."""


def bind(host: str, port: int) -> socket.socket:
    """Take an address; port 0 takes any that is free.

    Raises:
        UserError: It is taken, or none of ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=CONNECTIONS)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"cannot listen at {host}, port {port} ({reason})", "choose another --host or --port"
        ) from error
    # Connections inherit it. asyncio sets it only on sockets that name their protocol, and without
    # it the body of every answer waits 40 ms for the client to acknowledge the headers.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def url_of(listening: socket.socket) -> str:
    """How to reach a socket."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(index: Index, settings: Settings, listening: socket.socket) -> None:
    """Serve until told to end by SIGINT or SIGTERM; requests in hand are finished.

    Args:
        index: Open index.
        settings: How to serve.
        listening: A socket from `bind`.
    """
    config = uvicorn.Config(
        make_app(index, settings),
        http=patient(settings.patience),
        ws="none",
        lifespan="on",
        log_level="error",  # strangers must not be able to fill it
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
        h11_max_incomplete_event_size=HEADER_BYTES,
    )

    logging.getLogger("python_multipart").setLevel(logging.ERROR)

    server = uvicorn.Server(config)
    # uvicorn handles signals once it runs, and raises them again when it has ended: what is told
    # before counts too, and what is told after is done already.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, server.handle_exit)
    # Each of several searches at once would else start a thread a core for its products.
    with threadpool_limits(1, user_api="blas"):
        server.run(sockets=[listening])

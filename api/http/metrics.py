"""Metrics for Prometheus: how many requests, how long they took, and what is held."""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PATH = "/metrics"
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """What is counted of one application.

    Args:
        images: Gives how many images are in the index.
        pending: Gives how many calls are in hand or wait.
        uploads: Gives how many uploads are remembered.
    """

    def __init__(
        self, images: Callable[[], int], pending: Callable[[], int], uploads: Callable[[], int]
    ) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "splicedex_requests", "Requests answered.", ("method", "route", "status"),
            registry=self._registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "splicedex_request_seconds", "Time from request to end of answer.", ("route",),
            buckets=SECONDS, registry=self._registry,
        )  # fmt: skip
        gauges = (
            ("images", "Images in the index.", images),
            ("pending", "Calls in hand or waiting for a thread.", pending),
            ("uploads", "Uploads remembered.", uploads),
        )
        for name, told, value in gauges:
            gauge = Gauge(f"splicedex_{name}", told, registry=self._registry)
            gauge.set_function(value)

    def saw(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def response(self) -> Response:
        """All of it, as Prometheus reads it."""
        return Response(generate_latest(self._registry), media_type=MEDIA_TYPE)


class Measured:
    """Counts and times what passes through.

    Args:
        app: What comes next.
        metrics: What counts.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and count it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        status = 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            # The route's pattern, not the path: a label must not take any value a stranger likes.
            route = getattr(scope.get("route"), "path", None) or "other"
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.saw(method, route, status, time.perf_counter() - start)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

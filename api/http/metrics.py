"""Metrics for Prometheus: number and duration of requests, images, uploads, pending calls."""

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
    """Counters of one application.

    Args:
        images: Returns the number of images in the index.
        pending: Returns the number of calls that run or wait.
        uploads: Returns the number of uploads in memory.
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
            "splicedex_request_seconds", "Seconds to the end of the response.", ("route",),
            buckets=SECONDS, registry=self._registry,
        )  # fmt: skip
        gauges = (
            ("images", "Images in the index.", images),
            ("pending", "Calls that run or wait for a thread.", pending),
            ("uploads", "Uploads in memory.", uploads),
        )
        for name, description, value in gauges:
            gauge = Gauge(f"splicedex_{name}", description, registry=self._registry)
            gauge.set_function(value)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request and its duration."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def response(self) -> Response:
        """All metrics in the text format of Prometheus."""
        return Response(generate_latest(self._registry), media_type=MEDIA_TYPE)


class MetricsMiddleware:
    """Counts and times requests.

    Args:
        app: The next application.
        metrics: Where to count.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        status = 500

        async def send_and_record(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_record)
        finally:
            # The route's pattern, not the path: clients must not be able to create labels.
            route = getattr(scope.get("route"), "path", None) or "other"
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.observe(method, route, status, time.perf_counter() - start)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

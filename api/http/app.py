"""The ASGI application: routes, middleware, start and end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Security
from fastapi.security import HTTPBearer
from fastapi.staticfiles import StaticFiles
from starlette.middleware import Middleware
from starlette.responses import Response

from splicedex.api.http.config import Settings
from splicedex.api.http.guard.limits import BodyLimits
from splicedex.api.http.guard.problems import install_handlers
from splicedex.api.http.guard.security import AccessControl, SecureHeaders
from splicedex.api.http.metrics import PATH, Metrics, MetricsMiddleware
from splicedex.api.http.routes import concepts, curation, images, probes, search, server, uploads
from splicedex.api.http.service import Service
from splicedex.api.page import STATIC
from splicedex.indexer.store.index import Index

DESCRIPTION = """Image search that explains its results: every photo is a few weighted concepts.

Queries are a small language: `dog AND (beach OR snow) NOT person`, `text:"a photo at dusk"`,
`like:IMAGE -person +snow`. Errors are RFC 9457 problems with a cause and a hint."""

TOKEN = Security(HTTPBearer(auto_error=False))
"""How clients send the token, for the OpenAPI document; `AccessControl` checks it."""


def make_app(index: Index, settings: Settings) -> FastAPI:
    """Create the application for an open index.

    Args:
        index: Open index. The caller closes it after the application has ended.
        settings: Limits and access rules.
    """
    service = Service(index, settings)
    metrics = Metrics(
        index.engine.count,
        lambda: service.searching.pending + service.decoding.pending,
        lambda: len(service.uploads),
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.warm_up()
        yield
        service.close()

    app = FastAPI(
        title="splicedex",
        version=service.version,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # FastAPI's pages load scripts from other sites
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,  # method names of clients
        middleware=[
            Middleware(MetricsMiddleware, metrics),
            Middleware(SecureHeaders),
            Middleware(AccessControl, settings.token, settings.hosts),
            Middleware(BodyLimits, settings.most_bytes, settings.patience),
        ],
    )
    app.state.service = service
    install_handlers(app)
    app.include_router(probes.router)
    for routes in (server, search, images, concepts, uploads, curation):
        app.include_router(routes.router, dependencies=[TOKEN] if settings.token else None)

    @app.get(PATH, include_in_schema=False)
    async def metrics_page() -> Response:
        return await service.searching.run(metrics.response)

    app.mount("/static", StaticFiles(directory=STATIC, check_dir=False), "static")
    return app

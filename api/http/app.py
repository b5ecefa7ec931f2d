"""The application: routes, checks around them, and how it starts and ends."""

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
from splicedex.api.http.guard.security import Gate, SecureHeaders
from splicedex.api.http.metrics import PATH, Measured, Metrics
from splicedex.api.http.problems import tell_problems
from splicedex.api.http.routes import concepts, curation, images, probes, search, server, uploads
from splicedex.api.http.service import Service
from splicedex.api.page import STATIC
from splicedex.indexer.store.index import Index

DESCRIPTION = """Image search that can say why: every photo is a handful of weighted concepts.

Queries are a small language: `dog AND (beach OR snow) NOT person`, `text:"a photo at dusk"`,
`like:IMAGE -person +snow`. Errors are RFC 9457 problems with a cause and a hint."""

TOKEN = Security(HTTPBearer(auto_error=False))
"""How the token is sent, for the OpenAPI; `api.http.guard.security.Gate` has read it by then."""


def make_app(index: Index, settings: Settings) -> FastAPI:
    """The application over an open index.

    Args:
        index: Open index; closed by whoever opened it, after the application has ended.
        settings: How to serve.
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
        docs_url=None,  # FastAPI's pages load scripts from elsewhere
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,  # what clients call their methods
        middleware=[
            Middleware(Measured, metrics),
            Middleware(SecureHeaders),
            Middleware(Gate, settings.token, settings.hosts),
            Middleware(BodyLimits, settings.most_bytes, settings.patience),
        ],
    )
    app.state.service = service
    tell_problems(app)
    app.include_router(probes.router)
    for routes in (server, search, images, concepts, uploads, curation):
        app.include_router(routes.router, dependencies=[TOKEN] if settings.token else None)

    @app.get(PATH, include_in_schema=False)
    async def measured() -> Response:
        return await service.searching.run(metrics.response)

    app.mount("/static", StaticFiles(directory=STATIC, check_dir=False), "static")
    return app

"""Routes of the server: its index and its web page."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import FileResponse, Response

from splicedex.api.http import models
from splicedex.api.http.guard.problems import responses
from splicedex.api.http.service import Served
from splicedex.api.page import INDEX

router = APIRouter(tags=["server"])


@router.get("/v1/info", responses=responses(401, 503))
async def info(service: Served) -> models.Info:
    """The index that is served, and what the server can do with it."""
    index = service.index
    images = await service.searching.run(index.engine.count)
    encodes = service.encoder is not None
    return models.Info(
        name="splicedex",
        version=service.version,
        images=images,
        model=index.manifest.model,
        encodes_text=encodes,
        encodes_images=encodes,
        concepts=len(index.space.concepts),
        columns=dict(index.columns),
    )


@router.get("/", include_in_schema=False)
async def page() -> Response:
    """The web page."""
    return FileResponse(INDEX, media_type="text/html", headers={"Cache-Control": "no-cache"})

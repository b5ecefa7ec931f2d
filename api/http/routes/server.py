"""The server itself: what it serves, and its page."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import FileResponse, Response

from splicedex.api.http import models
from splicedex.api.http.problems import responses
from splicedex.api.http.service import Served
from splicedex.api.page import INDEX

router = APIRouter(tags=["server"])


@router.get("/v1/info", responses=responses(401, 503))
async def info(service: Served) -> models.Info:
    """What is served."""
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
    """The page."""
    return FileResponse(INDEX, media_type="text/html", headers={"Cache-Control": "no-cache"})

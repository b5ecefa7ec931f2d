"""Health checks for orchestrators; they need no token and reveal nothing."""

from __future__ import annotations

from fastapi import APIRouter

from splicedex.api.http import models
from splicedex.api.http.guard.problems import ProblemError, responses
from splicedex.api.http.service import Served

router = APIRouter(tags=["server"])


@router.get("/healthz")
async def healthy() -> models.Health:
    """Whether the process responds."""
    return models.Health(status="ok")


@router.get("/readyz", responses=responses(503))
async def ready(service: Served) -> models.Health:
    """Whether the index responds."""
    try:
        await service.searching.run(service.index.engine.count)
    except ProblemError:
        raise
    except Exception as error:
        raise ProblemError(503, "the index does not respond", "see the server's log") from error
    return models.Health(status="ok")

"""Images of the index: their records, their like, their thumbnails and files."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path as File
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, Header, Path, Query
from fastapi.responses import FileResponse, Response

from splicedex.api.http import answers, models
from splicedex.api.http.guard.problems import ProblemError, Responses, responses
from splicedex.api.http.images.originals import media_type, photo_of
from splicedex.api.http.images.thumbnails import SIZE, available_size, etag_of, reading_of
from splicedex.api.http.service import Served, Service
from splicedex.indexer.sources.base import TRUNCATED
from splicedex.search.browse.image import read_record
from splicedex.search.results import Options

router = APIRouter(prefix="/v1/images", tags=["images"])
PROBLEMS = responses(401, 404, 422, 503)
JPEG: Responses = {200: {"content": {"image/jpeg": {}}}, 304: {"description": "Not modified."}}
CACHED = {"Cache-Control": "private, max-age=3600"}
SANDBOXED = {"Content-Security-Policy": "default-src 'none'; sandbox"}

Id: TypeAlias = Annotated[
    str, Query(description="Point id of an image.", max_length=64, examples=["2f1c0a52-..."])
]
PathId: TypeAlias = Annotated[str, Path(description="Point id of an image.", max_length=64)]
Tag: TypeAlias = Annotated[str | None, Header(description="ETag of the cached response.")]


@router.get("/{id}", responses=PROBLEMS)
async def image(service: Served, id: PathId) -> models.ImageRecord:  # noqa: A002
    """All that the index stores of an image: concepts, columns, URLs of its photo."""

    def read() -> models.ImageRecord:
        record = read_record(service.index, uuid_of(id))
        if record is None:
            raise no_image(id)
        return answers.image_record(record)

    return await service.searching.run(read)


@router.get("/{id}/similar", responses=PROBLEMS, response_model=models.SearchAnswer)
async def similar(
    service: Served,
    id: PathId,  # noqa: A002
    limit: models.Limit = 20,
    above: Annotated[
        float, Query(ge=-1, le=1, description="Lowest cosine; near-duplicates have about 0.95.")
    ] = -1.0,
) -> Response:
    """The images most similar to one, and the concepts that make them similar."""

    def find() -> Response:
        known = uuid_of(id)
        if not service.index.engine.retrieve([known], with_payload=False):
            raise no_image(id)
        results = service.searcher.search(f"like:{known}", Options(limit))
        close = tuple(hit for hit in results.hits if hit.score >= above)
        return answers.to_json(answers.search_answer(replace(results, hits=close)))

    return await service.searching.run(find)


@router.get("/{id}/thumbnail", responses={**PROBLEMS, **JPEG}, response_class=Response)
async def thumbnail(
    service: Served,
    id: PathId,  # noqa: A002
    size: Annotated[
        int,
        Query(ge=1, le=4096, description="Longest edge in pixels, rounded up."),
    ] = 256,
    if_none_match: Tag = None,
) -> Response:
    """A small upright JPEG of the photo."""

    def make() -> Response:
        photo, payload = _photo(service, id)
        edge = available_size(size)
        try:
            tag = etag_of(photo, edge)
        except OSError as error:
            raise _photo_missing(id) from error
        headers = {**CACHED, "ETag": f'"{tag}"'}
        if if_none_match == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        reading = reading_of(payload, service.settings.most_pixels)
        content = service.thumbnails.get(photo, edge, tag, reading)
        return Response(content, media_type="image/jpeg", headers=headers)

    return await service.decoding.run(make)


@router.get(
    "/{id}/file",
    responses={**PROBLEMS, 200: {"content": {"image/*": {}}}, **responses(415)},
    response_class=Response,
)
async def original(service: Served, id: PathId) -> Response:  # noqa: A002
    """The original photo, if its type is safe in browsers."""

    def look() -> tuple[File, str]:
        photo, _ = _photo(service, id)
        kind = media_type(photo)
        if kind is None:
            raise ProblemError(
                415, "browsers must not show this type of photo", "use its thumbnail"
            )
        return photo, kind

    photo, kind = await service.decoding.run(look)
    return FileResponse(
        photo,
        media_type=kind,
        filename=photo.name.encode("utf-8", "replace").decode(),
        content_disposition_type="inline",
        headers={**CACHED, **SANDBOXED},
    )


def uuid_of(id_: str) -> str:
    """A point id in canonical form.

    Raises:
        ProblemError: 404 if it is not a UUID.
    """
    try:
        return str(uuid.UUID(id_))
    except ValueError as error:
        raise no_image(id_) from error


def no_image(id_: str) -> ProblemError:
    """The error for an id that the index does not have."""
    return ProblemError(404, f"no image {id_!r} in the index", "use an id from a search result")


def _photo_missing(id_: str) -> ProblemError:
    return ProblemError(404, f"the file of image {id_} is missing", "restore the file")


def _photo(service: Service, id_: str) -> tuple[File, Mapping[str, Any]]:
    """The file of an indexed image, and the payload that says how to read it.

    Raises:
        ProblemError: 404 if there is no such image or its file is missing.
    """
    fields = ("path", "location", *SIZE, TRUNCATED)
    found = service.index.engine.retrieve([uuid_of(id_)], with_payload=fields)
    if not found:
        raise no_image(id_)
    photo = photo_of(found[0].payload)
    if photo is None:
        raise _photo_missing(id_)
    return photo, found[0].payload

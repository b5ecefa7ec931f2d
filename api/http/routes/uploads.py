"""Routes of uploads: search by an image, decompose images and texts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Path, UploadFile
from fastapi.responses import Response

from splicedex.api.http import answers, models
from splicedex.api.http.guard.problems import ProblemError, responses
from splicedex.api.http.images.uploads import Upload
from splicedex.api.http.service import Served
from splicedex.search.browse.image import Decomposition, decompose_text
from splicedex.search.results import Options

router = APIRouter(prefix="/v1", tags=["uploads"])
PROBLEMS = responses(400, 401, 413, 415, 422, 503)
FORGOTTEN = responses(401, 404, 422)
LINKS = {
    operation: {"operationId": operation, "parameters": {"id": "$response.body#/id"}}
    for operation in ("uploaded", "uploaded_thumbnail")
}

UploadId = Annotated[
    str,
    Path(max_length=64, description="Id of an upload.", examples=["upload-9f86"]),
]


@router.post("/uploads", responses={**PROBLEMS, 200: {"links": LINKS}})
async def upload(service: Served, file: UploadFile) -> models.UploadRecord:
    """Keep an image for a while, so that queries can name it: `like:upload-... -person`."""
    return answers.upload_record(await _add(service, file), service.uploads)


@router.get("/uploads/{id}", responses=FORGOTTEN)
async def uploaded(service: Served, id: UploadId) -> models.UploadRecord:  # noqa: A002
    """An upload that the server still has."""
    return answers.upload_record(service.uploads.get(id), service.uploads)


@router.get(
    "/uploads/{id}/thumbnail",
    responses={**FORGOTTEN, 200: {"content": {"image/jpeg": {}}}},
    response_class=Response,
)
async def uploaded_thumbnail(service: Served, id: UploadId) -> Response:  # noqa: A002
    """A small JPEG of an upload."""
    kept = service.uploads.get(id)
    headers = {"Cache-Control": "private, max-age=3600"}
    return Response(kept.thumbnail, media_type="image/jpeg", headers=headers)


@router.post("/search/image", responses=PROBLEMS, response_model=models.ImageSearchAnswer)
async def search_by_image(
    service: Served,
    file: UploadFile,
    q: Annotated[models.Query, Form(description="Edits, conditions: -person +snow dog.")] = "",
    limit: Annotated[models.Limit, Form()] = 20,
    near: Annotated[bool, Form(description="List near misses after the matches.")] = False,
    rank: Annotated[models.Rank, Form(description="See /v1/search.")] = "auto",
) -> Response:
    """The images most similar to an uploaded one, with optional edits."""
    kept = await _add(service, file)
    query = f"like:{kept.id} {q}".strip()
    options = Options(limit, near=near, rank=rank)

    def find() -> Response:
        found = answers.search_answer(service.searcher.search(query, options))
        return answers.to_json({**found, "upload": answers.upload_record(kept, service.uploads)})

    return await service.searching.run(find)


@router.post("/decompose/image", tags=["decompose"], responses=PROBLEMS)
async def decompose_image(service: Served, file: UploadFile) -> models.DecompositionAnswer:
    """An image as a sparse sum of concepts."""
    return _answer((await _add(service, file)).decomposition)


@router.post("/decompose/text", tags=["decompose"], responses=responses(400, 401, 413, 422, 503))
async def decompose_words(service: Served, asked: models.TextRequest) -> models.DecompositionAnswer:
    """A text as a sparse sum of concepts."""
    encoder, index = service.encoder, service.index
    if encoder is None:
        raise ProblemError(
            400,
            "this index was made from embeddings alone, so it cannot read texts",
            "serve an index made with an encoder (--model)",
        )

    def read() -> Decomposition:
        return decompose_text(index, encoder.text(asked.text))

    return _answer(await service.searching.run(read))


async def _add(service: Served, file: UploadFile) -> Upload:
    # Read the body in the thread, so that only images being decoded are in memory.
    return await service.decoding.run(lambda: service.uploads.add(file.file.read()))


def _answer(found: Decomposition) -> models.DecompositionAnswer:
    return models.DecompositionAnswer(
        concepts=answers.weights(found.concepts), cosine=found.cosine, l0=len(found.concepts)
    )

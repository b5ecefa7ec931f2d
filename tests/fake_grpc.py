"""The part of a fake Qdrant server's gRPC API that we use: writing and reading vectors."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from qdrant_client.conversions.conversion import GrpcToRest, RestToGrpc
from qdrant_client.grpc import (
    GetResponse,
    ListCollectionsResponse,
    PointsOperationResponse,
    ScrollResponse,
    UpdateResult,
    UpdateStatus,
)
from qdrant_client.grpc.collections_service_pb2_grpc import (
    CollectionsServicer,
    add_CollectionsServicer_to_server,
)
from qdrant_client.grpc.points_service_pb2_grpc import (
    PointsServicer,
    add_PointsServicer_to_server,
)

from tests.fake_qdrant import FakeQdrant


class FakeGrpc(PointsServicer, CollectionsServicer):
    """The gRPC service of a fake server.

    Args:
        fake: The server.
    """

    def __init__(self, fake: FakeQdrant) -> None:
        self.fake = fake
        self.asked: list[str] = []
        self.fault: Callable[[str], grpc.StatusCode | None] = lambda _: None
        self._server = grpc.server(ThreadPoolExecutor(2))
        add_PointsServicer_to_server(self, self._server)
        add_CollectionsServicer_to_server(self, self._server)
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.stop(None).wait()

    def _begin(self, name: str, context: Any) -> None:
        self.asked.append(name)
        key = dict(context.invocation_metadata()).get("api-key")
        if key != self.fake.api_key:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "Must provide an API key")
        if fault := self.fault(name):
            context.abort(fault, "as asked for")

    def List(self, request: Any, context: Any) -> Any:  # noqa: N802
        self._begin("List", context)
        return ListCollectionsResponse()

    def Upsert(self, request: Any, context: Any) -> Any:  # noqa: N802
        self._begin("Upsert", context)
        points = [GrpcToRest.convert_point_struct(point) for point in request.points]
        plain = {"points": [point.model_dump(mode="json") for point in points]}
        path = f"/collections/{request.collection_name}/points"
        self.fake._do("PUT", path, plain)
        done = UpdateResult(operation_id=0, status=UpdateStatus.Completed)
        return PointsOperationResponse(result=done)

    def Get(self, request: Any, context: Any) -> Any:  # noqa: N802
        self._begin("Get", context)
        records = self.fake.client.retrieve(
            request.collection_name,
            [GrpcToRest.convert_point_id(id_) for id_ in request.ids],
            **_wanted(request),
        )
        return GetResponse(result=[RestToGrpc.convert_record(record) for record in records])

    def Scroll(self, request: Any, context: Any) -> Any:  # noqa: N802
        self._begin("Scroll", context)
        start = GrpcToRest.convert_point_id(request.offset) if request.HasField("offset") else None
        records, following = self.fake.client.scroll(
            request.collection_name, limit=request.limit, offset=start, **_wanted(request)
        )
        return ScrollResponse(
            result=[RestToGrpc.convert_record(record) for record in records],
            next_page_offset=(
                None if following is None else RestToGrpc.convert_extended_point_id(following)
            ),
        )


def _wanted(request: Any) -> dict[str, Any]:
    return {
        "with_payload": GrpcToRest.convert_with_payload_interface(request.with_payload),
        "with_vectors": GrpcToRest.convert_with_vectors_selector(request.with_vectors),
    }

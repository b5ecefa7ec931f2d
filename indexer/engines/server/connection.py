"""A connection to a Qdrant server that repeats requests while the server does not answer.

Importing this module imports `qdrant_client`, which takes most of a second: do so only where a
server is used.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import time
import warnings
from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import urlsplit

import grpc
from httpx import TransportError
from qdrant_client import QdrantClient
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.grpc import ListCollectionsRequest
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from splicedex.splice.errors import UnavailableError, UserError

OLDEST_SERVER = (1, 17)
"""The first version with weighted fusion. Older ones silently ignore the weights."""
TIMEOUT = 60
"""Seconds to wait for an answer."""
PATIENCE = 30.0
"""Seconds to keep trying a server that does not answer; `SPLICEDEX_PATIENCE` overrides it."""
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
"""Bounds in seconds of the exponential backoff: each pause is drawn uniformly below its bound."""

REST_PORT, GRPC_PORT = 6333, 6334
"""Default ports of a server. `SPLICEDEX_GRPC_PORT` sets another gRPC port; 0 turns gRPC off."""
PROBE = 2.0
"""Seconds to wait for the answer that tells whether a server speaks gRPC."""
_PASSING = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.ABORTED,
    }
)

T = TypeVar("T")


class Away(Exception):  # noqa: N818  (not an error of the request)
    """The server does not answer at the moment.

    Args:
        reason: The reason in a few words.
        pause: Seconds that the server asks to wait; None if it does not say.
    """

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.pause = pause


class Connection:
    """A connection to a server of the right version.

    Requests have to be idempotent, because a request whose answer is lost is repeated.

    Args:
        server: URL of the server, or a client, which stays open when the connection closes.
        api_key: API key of a server that requires one.
        patience: Seconds to keep trying; None for the default.

    Raises:
        UserError: The server does not answer, is too old, or refuses the key.
    """

    def __init__(
        self,
        server: str | QdrantClient,
        *,
        api_key: str | None = None,
        patience: float | None = None,
    ) -> None:
        self._patience = _number("SPLICEDEX_PATIENCE", PATIENCE) if patience is None else patience
        self._owned = isinstance(server, str)
        self.url = server if isinstance(server, str) else "the given client"
        self._api_key = api_key
        self._client: QdrantClient | None = (
            _client(server, api_key) if isinstance(server, str) else server
        )
        version = self.ask(lambda client: client.info().version)
        if tuple(map(int, version.split(".")[:2])) < OLDEST_SERVER:
            oldest = ".".join(map(str, OLDEST_SERVER))
            raise UserError(f"{self.url} runs Qdrant {version}", f"upgrade it to {oldest} or later")

    def ask(self, request: Callable[[QdrantClient], T], *, bulk: bool = False) -> T:
        """Send a request; repeat it with growing pauses while the server does not answer.

        Args:
            request: Sends the request with a client, and returns the answer.
            bulk: Whether vectors are transferred. gRPC, where the server speaks it, needs a quarter
                of the bytes.

        Raises:
            UserError: The server still does not answer, or it refuses the request.
        """
        deadline = time.monotonic() + self._patience
        for attempt in itertools.count():
            try:
                return self._ask_once(request, bulk=bulk)
            except Away as away:
                pause = random.random() * min(FIRST_PAUSE * 2**attempt, LONGEST_PAUSE)
                pause = pause if away.pause is None else away.pause
                if time.monotonic() + pause > deadline:
                    raise UnavailableError(
                        f"no Qdrant server answers at {self.url} ({away})",
                        "start it, or correct the URL",
                    ) from away
                warnings.warn(f"{self.url} is away ({away}); trying again", stacklevel=2)
                time.sleep(pause)
        raise AssertionError("unreachable")

    def _ask_once(self, request: Callable[[QdrantClient], T], *, bulk: bool) -> T:
        if self._client is None:
            raise RuntimeError("the connection is closed")
        try:
            return request(self._for_bulk if bulk else self._client)
        except grpc.RpcError as error:
            raise self._translated(error) from error
        except ResourceExhaustedResponse as error:
            raise Away("it is busy", error.retry_after_s) from error
        except ResponseHandlingException as error:
            if isinstance(error.source, TransportError):
                raise Away(str(error.source) or type(error.source).__name__) from error
            raise UserError(
                f"what answers at {self.url} is no Qdrant", "correct the URL"
            ) from error
        except UnexpectedResponse as error:
            if error.status_code in {401, 403}:
                raise UserError(f"{self.url} refuses the API key", "give one it accepts") from error
            told = f"{error.status_code} {_told(error)}"
            if error.status_code == 429 or (error.status_code or 0) >= 500:
                raise Away(told) from error
            raise UserError(f"{self.url} refuses a request ({told})", "see its log") from error

    @cached_property
    def _for_bulk(self) -> QdrantClient:
        """The client that transfers vectors: by gRPC where the server speaks it."""
        assert self._client is not None
        port = _grpc_port(self.url) if self._owned else None
        if port is None:
            return self._client
        client = _client(self.url, self._api_key, prefer_grpc=True, grpc_port=port)
        try:
            client.grpc_collections.List(ListCollectionsRequest(), timeout=PROBE)
        except grpc.RpcError:
            client.close()
            return self._client
        return client

    def _translated(self, error: grpc.RpcError) -> Exception:
        """Translate an error of gRPC."""
        code, told = error.code(), error.details()
        if code in {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED}:
            return UserError(f"{self.url} refuses the API key", "give one it accepts")
        if code in _PASSING:
            return Away(told)
        return UserError(f"{self.url} refuses a request ({told})", "see its log")

    def close(self) -> None:
        """Release the connection; later requests fail, closing again does nothing."""
        if self._client is not None and self._owned:
            if "_for_bulk" in self.__dict__ and self._for_bulk is not self._client:
                self._for_bulk.close()
            self._client.close()
        self._client = None


def create_collection(connection: Connection, name: str, **config: Any) -> None:
    """Make a collection, unless there is one of that name with any configuration."""

    def create(client: QdrantClient) -> None:
        if client.collection_exists(name):
            return
        try:
            client.create_collection(name, **config)
        except UnexpectedResponse as error:
            if error.status_code != 409:  # another client made it just now
                raise

    connection.ask(create)


def _client(url: str, api_key: str | None, **options: Any) -> QdrantClient:
    return QdrantClient(
        url=url, api_key=api_key, timeout=TIMEOUT, check_compatibility=False, **options
    )


def _grpc_port(url: str) -> int | None:
    """The gRPC port of a server; None on this machine, where REST is fast enough."""
    parts = urlsplit(url)
    near = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    likely = 0 if near or parts.port not in {None, REST_PORT} else GRPC_PORT
    return int(_number("SPLICEDEX_GRPC_PORT", likely)) or None


def _number(variable: str, otherwise: float) -> float:
    text = os.environ.get(variable)
    try:
        return float(text) if text else otherwise
    except ValueError as error:
        raise UserError(f"{variable}={text} is not a number", "correct it, or unset it") from error


def _told(error: UnexpectedResponse) -> str:
    """The message of the server about an error."""
    try:
        return str(json.loads(error.content)["status"]["error"])
    except (ValueError, KeyError, TypeError):
        return error.reason_phrase

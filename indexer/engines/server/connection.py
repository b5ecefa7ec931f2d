"""A Qdrant server, asked again while it is away.

Importing this module imports `qdrant_client`, which takes most of a second: do so only once a
server is asked for.
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
"""The first to weight the parts of a fusion; older ones would leave the weights out silently."""
TIMEOUT = 60
"""Seconds an answer may take."""
PATIENCE = 30.0
"""Seconds to keep trying a server that is away; `SPLICEDEX_PATIENCE` sets others."""
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
"""Seconds between tries at most: doubled from one to the other, and drawn evenly below."""

REST_PORT, GRPC_PORT = 6333, 6334
"""A server's own; `SPLICEDEX_GRPC_PORT` sets another, 0 none."""
PROBE = 2.0
"""Seconds to find out whether a server speaks gRPC."""
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


class Away(Exception):  # noqa: N818  (the server is; nothing is wrong with the request)
    """The server does not answer now.

    Args:
        reason: In a few words.
        pause: Seconds it asks us to wait.
    """

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.pause = pause


class Connection:
    """A connection to a server of the right version.

    What is asked has to be harmless to ask twice: an answer that is lost is asked for again.

    Args:
        server: Its URL, or a client, which stays open when the connection closes.
        api_key: Key of a server that asks for one.
        patience: Seconds to keep trying.

    Raises:
        UserError: No server there, one too old, or one that refuses the key.
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
        """Ask the server, again with growing pauses while it is away.

        Args:
            request: Given a client, asks.
            bulk: Vectors are on their way: by gRPC, if the server speaks that, they are a fourth
                of the bytes.

        Raises:
            UserError: It stays away, or refuses.
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
            raise self._explained(error) from error
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
        """The client that vectors go through: by gRPC where the server speaks it."""
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

    def _explained(self, error: grpc.RpcError) -> Exception:
        """What an error over gRPC means; its code and details come with the call it is of."""
        code, told = error.code(), error.details()
        if code in {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED}:
            return UserError(f"{self.url} refuses the API key", "give one it accepts")
        if code in _PASSING:
            return Away(told)
        return UserError(f"{self.url} refuses a request ({told})", "see its log")

    def close(self) -> None:
        """Release it; later requests fail, closing again does nothing."""
        if self._client is not None and self._owned:
            if "_for_bulk" in self.__dict__ and self._for_bulk is not self._client:
                self._for_bulk.close()
            self._client.close()
        self._client = None


def create_collection(connection: Connection, name: str, **config: Any) -> None:
    """Make a collection unless there is one of that name, whatever it is like."""

    def create(client: QdrantClient) -> None:
        if client.collection_exists(name):
            return
        try:
            client.create_collection(name, **config)
        except UnexpectedResponse as error:
            if error.status_code != 409:  # somebody else made it just now
                raise

    connection.ask(create)


def _client(url: str, api_key: str | None, **options: Any) -> QdrantClient:
    return QdrantClient(
        url=url, api_key=api_key, timeout=TIMEOUT, check_compatibility=False, **options
    )


def _grpc_port(url: str) -> int | None:
    """Where a server may speak gRPC; to one on this machine the bytes do not matter."""
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
    """What the server says of an error."""
    try:
        return str(json.loads(error.content)["status"]["error"])
    except (ValueError, KeyError, TypeError):
        return error.reason_phrase

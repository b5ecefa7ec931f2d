"""Limits on the size of request bodies and on the time a client takes to send them."""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from splicedex.api.http.guard import problems

JSON_BYTES = 64 << 10
"""Largest body that is not an upload, in bytes."""
ROOM = 64 << 10
"""Bytes allowed in an upload besides the file."""
UPLOADS = 16
"""Uploads received at the same time; the bodies of others stay unread until then."""
DRAINED = 64 << 20
"""Bytes of a refused body that are read and dropped: a client that is cut off early never sees the
response."""
CLOSE = {"Connection": "close"}


class BodyLimits:
    """Middleware that refuses bodies that are too large or take too long.

    Args:
        app: The next application.
        most_bytes: Largest upload, in bytes.
        seconds: Longest time to receive a body.
    """

    def __init__(self, app: ASGIApp, most_bytes: int, seconds: float) -> None:
        self._app = app
        self._most_bytes = most_bytes
        self._seconds = seconds
        self._uploads = asyncio.Semaphore(UPLOADS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_upload = headers.get("content-type", "").casefold().startswith("multipart/")
        if is_upload:
            async with self._uploads:
                await self._bounded(scope, receive, send, self._most_bytes + ROOM)
        else:
            await self._bounded(scope, receive, send, JSON_BYTES)

    async def _bounded(self, scope: Scope, receive: Receive, send: Send, most: int) -> None:
        body = _Body(receive, most, self._seconds)
        length = Headers(scope=scope).get("content-length", "")
        if length.isdigit() and int(length) > most:
            error = await body.refuse()
            refusal = problems.answer(
                error.status_code, error.detail, problems.HINTS[error.status_code], CLOSE
            )
            await refusal(scope, receive, send)
        else:
            await self._app(scope, body.receive, send)


class _Body:
    """A body whose size and time are checked while it arrives."""

    def __init__(self, receive: Receive, most: int, seconds: float) -> None:
        self._receive = receive
        self._most = most
        self._seconds = seconds
        self._ends = asyncio.get_running_loop().time() + seconds
        self._read = 0
        self._complete = False

    async def receive(self) -> Message:
        """Receive the next message.

        Raises:
            HTTPException: 413 if the body is too large, 408 if it is too slow. FastAPI passes on no
                other exception while it reads a body.
        """
        message = await self._next()
        if self._read > self._most:
            raise await self.refuse()
        return message

    async def refuse(self) -> HTTPException:
        """Read and drop what still arrives; returns the exception to refuse the body with."""
        try:
            while not self._complete and self._read < DRAINED:
                await self._next()
        except HTTPException as error:
            return error
        most = f"{self._most >> 20} MiB" if self._most >> 20 else f"{self._most >> 10} KiB"
        return HTTPException(413, f"the body is larger than {most}", CLOSE)

    async def _next(self) -> Message:
        if self._complete:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._ends):
                message = await self._receive()
        except TimeoutError as error:
            raise HTTPException(408, f"the body took over {self._seconds:g} s", CLOSE) from error
        self._read += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        return message

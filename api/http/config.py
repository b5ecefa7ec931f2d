"""What a server may be told, with bounds that suit one on a desk."""

from __future__ import annotations

from dataclasses import dataclass

MEBI = 1 << 20


@dataclass(frozen=True)
class Settings:
    """How to serve.

    Args:
        token: What callers must know; None lets everybody in.
        hosts: Names this server may be asked by, beside localhost and IP addresses; "*" for any.
        most_bytes: Largest upload.
        most_pixels: Largest image decoded, in pixels.
        uploads: Uploaded images remembered at a time.
        upload_seconds: How long each is remembered.
        thumbnail_bytes: Room for thumbnails on disk.
        searches: Threads that search; the engine fills about one core whatever their number.
        waiting: Requests that may wait for a thread before others are turned away.
        patience: Seconds a client has to send a request's headers, and then its body.
    """

    token: str | None = None
    hosts: tuple[str, ...] = ()
    most_bytes: int = 20 * MEBI
    most_pixels: int = 100_000_000
    uploads: int = 256
    upload_seconds: float = 3600
    thumbnail_bytes: int = 256 * MEBI
    searches: int = 2
    waiting: int = 1000
    patience: float = 30

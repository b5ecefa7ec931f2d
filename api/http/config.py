"""Settings of the server, with defaults for a single machine."""

from __future__ import annotations

from dataclasses import dataclass

MEBI = 1 << 20


@dataclass(frozen=True)
class Settings:
    """Limits and access rules of a server.

    Args:
        token: Secret that callers must send; None admits everyone.
        hosts: Accepted `Host` names besides localhost and IP addresses; "*" accepts any.
        most_bytes: Largest upload, in bytes.
        most_pixels: Largest image that is decoded, in pixels. Photos that were indexed larger are
            decoded as well.
        uploads: Number of uploaded images kept in memory.
        upload_seconds: Seconds that an upload is kept.
        thumbnail_bytes: Largest size of the thumbnail cache on disk, in bytes.
        searches: Threads that search. The engine uses about one core, however many there are.
        waiting: Requests that may wait for a thread; more are answered 503.
        patience: Seconds a client may take to send the headers of a request, and then its body.
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

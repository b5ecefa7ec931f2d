"""Access control and security headers: checks before a request reaches a route."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from splicedex.api.http.guard import problems

COOKIE = "splicedex"
OPEN = frozenset({"/healthz", "/readyz"})
"""Paths that need no token: they reveal nothing."""
READING = frozenset({"GET", "HEAD", "OPTIONS"})
LOCAL = frozenset({"localhost"})
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' blob: data:; font-src 'self'; manifest-src 'self'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
"""Headers that make browsers run only our own scripts and forbid other sites to frame the page."""
_RAW = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
_UNCACHED = (b"cache-control", b"no-store")


class SecureHeaders:
    """Middleware that adds the security headers to every response that does not set its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                own = {name for name, _ in headers}
                ours = [*_RAW, _UNCACHED] if scope["path"].startswith("/v1/") else _RAW
                message["headers"] = [*headers, *(one for one in ours if one[0] not in own)]
            await send(message)

        await self._app(scope, receive, secured)


class AccessControl:
    """Middleware that refuses unknown host names, requests from other sites, and missing tokens.

    A page of another site can make a browser send requests to this server. The name in `Host`
    reveals DNS rebinding, where the page uses a name of its own; `Origin` and `Sec-Fetch-Site`
    reveal requests that it sends directly.

    Args:
        app: The next application.
        token: Secret that callers must send; None admits everyone.
        hosts: Accepted `Host` names besides localhost and IP addresses; "*" accepts any.
    """

    def __init__(self, app: ASGIApp, token: str | None, hosts: tuple[str, ...]) -> None:
        self._app = app
        self._key = None if token is None else _digest(token)
        self._hosts = LOCAL | {host.casefold() for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._check_origin(scope, headers) or self._check_token(scope, headers)
        await (refusal or self._app)(scope, receive, send)

    def _check_origin(self, scope: Scope, headers: Headers) -> Response | None:
        host = headers.get("host", "")
        if not self._is_accepted(_name(host)):
            return problems.answer(
                421,
                f"this server does not accept the host name {host!r}",
                "use localhost or an IP address, or serve with --allow-host",
            )
        if scope["method"] in READING:
            return None
        origin = headers.get("origin")
        foreign = origin is not None and origin.partition("://")[2] != host
        if foreign or headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
            return problems.answer(
                403, "the request comes from another site's page", "use the page of this server"
            )
        return None

    def _is_accepted(self, name: str) -> bool:
        if "*" in self._hosts or name.casefold() in self._hosts:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True  # DNS cannot redirect an IP address

    def _check_token(self, scope: Scope, headers: Headers) -> Response | None:
        if self._key is None or scope["path"] in OPEN:
            return None
        offered = [_digest(token) for token in _tokens(headers)] or _cookies(headers)
        if offered and all(hmac.compare_digest(self._key, one) for one in offered):
            return None
        in_url = _query(scope).get("token", []) if scope["path"] == "/" else []
        if any(hmac.compare_digest(self._key, _digest(token)) for token in in_url):
            return self._log_in()
        return problems.answer(
            401,
            "this server requires a token",
            f"{problems.HINTS[401]}, or open /?token=TOKEN in a browser",
            {"WWW-Authenticate": "Bearer"},
        )

    def _log_in(self) -> Response:
        """Set a cookie that scripts cannot read; it holds the hash of the token."""
        assert self._key is not None
        response = RedirectResponse("/", 303)
        response.set_cookie(
            COOKIE, self._key.decode(), httponly=True, samesite="strict", max_age=30 * 86400
        )
        return response


def _digest(token: str) -> bytes:
    """The hash of a token: of fixed length, for constant-time comparison, and valid in a cookie."""
    salted = f"splicedex {token}".encode("utf-8", "surrogateescape")
    return hashlib.sha256(salted).hexdigest().encode()


def _tokens(headers: Mapping[str, str]) -> list[str]:
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    offered = [credentials.strip()] if scheme.casefold() == "bearer" else []
    if key := headers.get("x-api-key"):
        offered.append(key)
    return offered


def _cookies(headers: Mapping[str, str]) -> list[bytes]:
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return []
    return [cookies[COOKIE].value.encode()] if COOKIE in cookies else []


def _query(scope: Scope) -> dict[str, list[str]]:
    return parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=20)


def _name(host: str) -> str:
    """The name in a Host header, without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]

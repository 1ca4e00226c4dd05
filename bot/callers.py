"""Tells who calls over HTTP: by a token, or, where none is set, by coming from this machine and nobody else's page."""

import hmac
import ipaddress
from functools import lru_cache
from urllib.parse import urlsplit

from aiohttp import web

PROXY = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")
"""What proxies leave behind; behind one, everybody seems to come from this machine."""

OWN_PAGE = ("same-origin", "none")
"""What a browser says of a request that no other site made it send."""


def bearer(request: web.Request) -> str:
    """The token a caller brought, "" for none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else request.headers.get("X-Tocsin-Token", "")


def same(given: str, token: str) -> bool:
    """Whether a caller's token is this one, in a time that tells nothing; no token is the same as none."""
    # Headers may hold bytes that are no text; they are compared, not refused, so that they look like any wrong token.
    wanted, brought = (text.encode("utf-8", "surrogateescape") for text in (token, given))
    return bool(token) and hmac.compare_digest(wanted, brought)


def may(request: web.Request, *tokens: str) -> bool:
    """Whether the caller's token is one of these; where none is set, only callers on this machine may."""
    known = [token for token in tokens if token]
    if not known:
        return is_loopback(request)
    given = bearer(request)
    return any(same(given, token) for token in known)


def is_loopback(request: web.Request) -> bool:
    """Whether a program on this machine calls: not through a proxy, not under a name that somebody else may have bound
    to this machine, and not a browser on behalf of another site's page."""
    if any(name in request.headers for name in PROXY) or not _is_local(request.remote or ""):
        return False
    return _is_local(_name(request.host)) and not _from_other_site(request)


def _from_other_site(request: web.Request) -> bool:
    if request.headers.get("Sec-Fetch-Site", "none") not in OWN_PAGE:
        return True
    origin = request.headers.get("Origin", "")
    return bool(origin) and origin.partition("://")[2] != request.host


@lru_cache(256)
def _is_local(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""

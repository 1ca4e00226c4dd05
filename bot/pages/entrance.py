"""Guards the way in to every page: Host, origin of a form, who may look; and says errors in one sentence."""

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal
from urllib.parse import urlencode, urlsplit

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from bot.pages.call import VISIT, Call, Pages, recognise
from bot.pages.frame import notice
from engine.errors import InputError, PlatformBusy, StoreError, TocsinError, UnknownName
from engine.model import Phrase

log = logging.getLogger("tocsin.pages")

Page = Callable[[Call], Awaitable[web.StreamResponse]]
Needs = Literal["nothing", "look", "sign-in"]

BODY_LIMIT = 256 * 1024
BODY_WITHIN = 30.0
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": that would make browsers send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Refused(InputError):
    """The caller may not do this here; `status` is the HTTP status."""

    def __init__(self, status: int, word: str, **values: str | int) -> None:
        super().__init__(Phrase(word=word, values={**values}))
        self.status = status


def entrance(pages: Pages, page: Page, needs: Needs = "look") -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A handler for aiohttp that lets only those in who may, and always answers with a page or one clear sentence."""

    async def enter(request: web.Request) -> web.StreamResponse:
        call = await recognise(request, pages)
        try:
            if not known_host(request.host, pages.public_url):
                named = request.host[:80].encode("ascii", "replace").decode()
                raise Refused(421, "web.wrong_host", host=named, address=pages.public_url)
            response = await page(call) if _may(call, needs) else _to_sign_in(call)
        except web.HTTPRequestEntityTooLarge:
            response = say(call, 413, call.text("web.too_large", limit=BODY_LIMIT // 1024))
        except TocsinError as error:
            response = say(call, _status(error), call.words.say(error.phrase))
        return _sealed(call, response)

    return enter


def known_host(host: str, public_url: str) -> bool:
    """Whether this Host header names us: the public address, or this machine. Anything else is a rebound name."""
    ours = urlsplit(public_url)
    try:
        asked = urlsplit(f"//{host}")
        return (asked.hostname or "") in LOOPBACK or (
            asked.hostname == ours.hostname and (asked.port or _port(ours.scheme)) == (ours.port or _port(ours.scheme))
        )
    except ValueError:
        return False


def own_path(path: str) -> str:
    """The path where it is one of ours, else "/": nobody is sent elsewhere."""
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path
    return path if plain and len(path) < 500 else "/"


async def fields(call: Call) -> Mapping[str, str]:
    """What was posted, once it is sure that a page of ours posted it. Refused (403); 413 beyond 256 KB."""
    origin = call.request.headers.get("Origin", "")
    if origin and origin.partition("://")[2] != call.request.host:
        raise Refused(403, "web.wrong_origin")
    try:
        async with asyncio.timeout(BODY_WITHIN):
            posted = await call.request.clone(client_max_size=BODY_LIMIT).post()
    except TimeoutError:
        raise Refused(408, "web.unreadable_form") from None
    except (ValueError, LookupError, HttpProcessingError):
        # A boundary, an encoding or a character that is none: no page of ours sends such.
        raise Refused(400, "web.unreadable_form") from None
    given = {name: value for name, value in posted.items() if isinstance(value, str)}
    if call.fresh or not hmac.compare_digest(given.get("csrf", "").encode("utf-8", "replace"), call.csrf.encode()):
        raise Refused(403, "web.wrong_token")
    return given


def say(call: Call, status: int, text: str) -> web.Response:
    """One sentence, as a page or as JSON."""
    if call.wants_json:
        return web.json_response({"tone": "refused", "text": text}, status=status)
    return notice(call, call.text("web.sorry"), text, status)


def _may(call: Call, needs: Needs) -> bool:
    if needs == "nothing" or call.account is not None:
        return True
    return needs == "look" and call.pages.personas


def _to_sign_in(call: Call) -> web.Response:
    if call.wants_json or call.request.method == "POST":
        return say(call, 401, call.text("web.sign_in_first"))
    query = urlencode({"next": own_path(call.request.path_qs)})
    return web.Response(status=303, headers={"Location": f"/sign-in?{query}"})


def _status(error: TocsinError) -> int:
    match error:
        case Refused():
            return error.status
        case UnknownName():
            return 404
        case InputError():
            return 400
        case StoreError() | PlatformBusy():
            log.warning("a page could not be served: %s", error)
            return 503
        case _:
            log.warning("a page could not be served: %s", error)
            return 502


def _sealed(call: Call, response: web.StreamResponse) -> web.StreamResponse:
    """With the headers every page carries; a stream that is under way has them already."""
    if response.prepared:
        return response
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    if call.fresh:
        response.set_cookie(VISIT, call.secret, httponly=True, samesite="Lax", secure=call.pages.secure)
    return response


def _port(scheme: str) -> int:
    return 443 if scheme == "https" else 80

"""Draws what stands around every page: head, header with rooms, language and who is signed in, and the main part."""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files

import htpy as h
from aiohttp import web
from markupsafe import Markup

from bot.pages.call import Call, Tone

STATIC = {"room.css": "text/css", "room.js": "text/javascript", "bell.svg": "image/svg+xml"}
HTML_LANGUAGE = {"zh": "zh-CN", "en": "en"}
TOASTS: dict[Tone, str] = {"ok": "✓", "refused": "✕", "quiet": "·"}


@cache
def static(name: str) -> tuple[bytes, str]:
    """A file beside the pages and the digest that its address carries, so that browsers may keep it."""
    body = files("bot.pages").joinpath("static", name).read_bytes()
    return body, hashlib.sha256(body).hexdigest()[:12]


def page(
    call: Call,
    title: str,
    *content: h.Node,
    status: int = 200,
    data: Mapping[str, str] | None = None,
    toast: tuple[Tone, str] | None = None,
) -> web.Response:
    """A whole page; `data` are attributes for the script on the main part, `toast` is said at its top."""
    attributes = {f"data-{name}": value for name, value in (data or {}).items()}
    said = toast or call.pages.flashes.take(call.secret)
    body = h.body(data_offline=call.text("web.offline"))[
        h.a(class_="skip", href="#main")[call.text("web.skip")],
        _header(call),
        h.div(id="toast", role="status", aria_live="polite")[toast_box(*said) if said else None],
        h.main({"id": "main", "tabindex": "-1"} | attributes | _words(call))[content],
    ]
    document = h.html(lang=HTML_LANGUAGE[call.language])[_head(title), body]
    return web.Response(text=str(document), status=status, content_type="text/html", charset="utf-8")


def notice(call: Call, title: str, text: str, status: int) -> web.Response:
    """A page that says one thing."""
    inside = h.section(class_="notice")[
        h.h1[title],
        h.p(class_="notice-text")[text],
        h.p[h.a(class_="button button-link", href="/")[call.text("web.to_start")]],
    ]
    return page(call, title, inside, status=status)


def toast_box(tone: Tone, text: str) -> h.Element:
    """A short answer, its tone also as a sign."""
    return h.p(class_=f"toast toast-{tone}")[h.span(aria_hidden="true")[TOASTS[tone]], " ", text]


def hidden(call: Call, **more: str) -> list[h.VoidElement]:
    """The hidden fields of a form: its token, an id that makes a second sending the same event, and more."""
    named = {"csrf": call.csrf, "id": draw_id()} | more
    return [h.input(type="hidden", name=name, value=value) for name, value in named.items()]


def draw_id() -> str:
    """An id for what a form sends."""
    return secrets.token_hex(12)


def moment(at: datetime) -> h.Element:
    """A moment: UTC without script, the reader's own zone with it."""
    universal = at.astimezone(UTC)
    return h.time(class_="local", datetime=universal.isoformat(timespec="seconds"))[f"{universal:%m-%d %H:%M:%S} UTC"]


def markup(text: str) -> Markup:
    """What cards.render.html drew: it has escaped everything that is text."""
    return Markup(text)  # noqa: S704  drawn by our own renderer out of escaped parts


def _head(title: str) -> h.Element:
    return h.head[
        h.meta(charset="utf-8"),
        h.meta(name="viewport", content="width=device-width, initial-scale=1"),
        h.meta(name="color-scheme", content="light dark"),
        h.title[f"{title} · Tocsin"],
        h.link(rel="icon", type="image/svg+xml", href=_address("bell.svg")),
        h.link(rel="stylesheet", href=_address("room.css")),
        h.script(src=_address("room.js"), defer=True),
    ]


def _address(name: str) -> str:
    return f"/static/{name}?v={static(name)[1]}"


def _header(call: Call) -> h.Element:
    here = call.request.path
    rooms = (
        h.a(href=f"/rooms/{room.id}", aria_current="page" if here.startswith(f"/rooms/{room.id}") else None)[
            f"# {room.id}"
        ]
        for room in call.rooms
    )
    return h.header(class_="top")[
        h.div(class_="top-inner")[
            h.a(class_="brand", href="/", aria_current="page" if here == "/" else None)[
                h.img(src=_address("bell.svg"), alt="", width="22", height="22"), "Tocsin"
            ],
            h.nav(class_="rooms", aria_label=call.text("web.rooms"))[rooms],
            h.div(class_="top-end")[_language(call), _who(call)],
        ]
    ]


def _language(call: Call) -> h.Element:
    other, label = ("en", "English") if call.language == "zh" else ("zh", "中文")
    return h.form(method="post", action="/language", class_="plain")[
        hidden(call, language=other, back=call.request.path_qs),
        h.button(type="submit", class_="quiet-button", lang=HTML_LANGUAGE[other])[label],
    ]


def _who(call: Call) -> list[h.Element]:
    change = h.a(class_="quiet-button", href="/sign-in")[
        call.text("web.change_persona" if call.account else "web.sign_in")
    ]
    if call.account is None:
        return [change]
    leave = h.form(method="post", action="/sign-out", class_="plain")[
        hidden(call), h.button(type="submit", class_="quiet-button")[call.text("web.sign_out")]
    ]
    who = h.span(class_="who")[h.span(class_="visually-hidden")[call.text("web.signed_in_as"), " "], call.name]
    return [who, change, leave] if call.pages.personas else [who, leave]


def _words(call: Call) -> dict[str, str]:
    """The few sentences the script itself says."""
    return {
        "data-failed": call.text("web.failed"),
        "data-cancel": call.text("web.cancel"),
    }

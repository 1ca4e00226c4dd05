"""Takes what people do on the pages: buttons, forms and free text; every one of them gets a visible answer."""

import hashlib
from collections.abc import Mapping
from typing import Any

import htpy as h
from aiohttp import web

from bot.pages import frame, message
from bot.pages.call import Call, Tone
from bot.pages.entrance import Refused, fields, own_path
from bot.platforms.console import NAME
from cards.render import html
from engine.team import Account
from handlers.inbound import Answer, ButtonPressed, CommandTyped, FormSent, Inbound, MessageSaid, Place

LONGEST_MESSAGE = 4_000

Fields = Mapping[str, str]


async def act(call: Call) -> web.StreamResponse:
    """`POST /act` and `POST /send`: a button or a form of a card."""
    given = await fields(call)
    account = _somebody(call)
    value = _named(given, "value.")
    place = await _place(call, given, value.get("incident", ""))
    action = given.get("action", "")[:100]
    event: Inbound
    if given.get("event") == "form":
        event = FormSent(_id(call, given), place, account, action, value, _named(given, "field."))
    else:
        event = ButtonPressed(_id(call, given), place, account, action, value)
    return _shown(call, given, await call.pages.front_door.receive(event))


async def say(call: Call) -> web.StreamResponse:
    """`POST /say`: free text; a line that starts with a slash is a command."""
    given = await fields(call)
    account = _somebody(call)
    text = given.get("text", "").replace("\r\n", "\n").strip()
    if not text:
        raise Refused(400, "web.nothing_said")
    if len(text) > LONGEST_MESSAGE:
        raise Refused(400, "web.message_too_long", limit=LONGEST_MESSAGE)
    place = await _place(call, given, "")
    if not place.room:
        raise Refused(400, "web.no_place")
    key = _id(call, given)
    event: Inbound
    if text.startswith("/"):
        event = CommandTyped(key, place, account, text)
    else:
        console = call.pages.console
        await console.say(place.room, place.thread, account, text, f"said:{key}")
        event = MessageSaid(key, place, account, text, mentions_bot=True)
    return _shown(call, given, await call.pages.front_door.receive(event))


def _somebody(call: Call) -> Account:
    if call.account is None:
        raise Refused(401, "web.sign_in_first")
    return call.account


async def _place(call: Call, given: Fields, incident: str) -> Place:
    """Where it happened, judged by what this visitor may see and not by what the form says."""
    if not given.get("room"):
        return Place(platform=NAME, room="", thread="", incident=incident)
    room = call.room(given["room"])
    if not given.get("thread"):
        return Place(platform=NAME, room=room.id, thread="", incident=incident)
    root = await call.thread(room, given["thread"])
    return Place(NAME, room.id, str(root.id), str(root.body.get("incident", "")) or incident)


def _id(call: Call, given: Fields) -> str:
    """The same for the same form sent twice by the same person, and another for another button or other words."""
    parts = [call.account.id if call.account else "", *(f"{name}={given[name]}" for name in sorted(given))]
    return "web-" + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _named(given: Fields, prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): value for name, value in given.items() if name.startswith(prefix)}


def _shown(call: Call, given: Fields, answer: Answer) -> web.Response:
    text = call.words.say(answer.phrase) if answer.phrase else ""
    if not text and answer.form is None and answer.card is None:
        text = call.text("web.taken")
    content = _content(call, given, answer)
    if call.wants_json:
        told = {"tone": answer.tone, "text": text, "html": str(content) if content else "", "next": frame.draw_id()}
        return web.json_response(told | {"plain": _plain(answer), "form": _form(answer)})
    if content:
        toast: tuple[Tone, str] | None = (answer.tone, text) if text else None
        inside = h.div(class_="column")[content, _back(call, given)]
        return frame.page(call, call.text("web.answer"), inside, toast=toast)
    call.pages.flashes.keep(call.secret, answer.tone, text)
    return web.Response(status=303, headers={"Location": own_path(given.get("back", "/"))})


def _content(call: Call, given: Fields, answer: Answer) -> h.Renderable | None:
    room, thread = given.get("room", ""), given.get("thread", "")
    back = own_path(given.get("back", "/"))
    if answer.form is not None:
        hidden = {"id": frame.draw_id(), "room": room, "thread": thread, "back": back}
        done = html.form(answer.form, csrf=call.csrf, action_url="/send", hidden=hidden)
        return h.fragment[frame.markup(done.body)]
    if answer.card is not None:
        return h.fragment[message.drawn(call, answer.card, room, thread, back=back)]
    return None


def _plain(answer: Answer) -> str:
    """The card of an answer for a terminal."""
    return message.as_text(answer.card) if answer.card is not None else ""


def _form(answer: Answer) -> dict[str, Any] | None:
    """The form of an answer for a terminal, which asks for one field after the other."""
    if answer.form is None:
        return None
    ask = answer.form
    fields = [
        {
            "name": field.name,
            "label": field.label,
            "hint": field.hint,
            "value": field.value,
            "required": field.required,
            "choices": [list(choice) for choice in field.choices],
        }
        for field in ask.fields
    ]
    return {"question": ask.question, "who": ask.who, "action": ask.action, "value": ask.value, "fields": fields}


def _back(call: Call, given: Fields) -> h.Element:
    return h.p[h.a(class_="button button-link", href=own_path(given.get("back", "/")))[call.text("web.back")]]

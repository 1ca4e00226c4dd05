"""Shows the full rendering of one incident: every card, all evidence, raw labels and the whole timeline."""

import htpy as h
from aiohttp import web

from bot.pages import frame, message
from bot.pages.call import Call
from cards import views
from cards.words import Words
from engine.errors import UnknownName
from engine.incident import fold
from engine.model import Phrase
from engine.team import Team
from store.rooms import Message


async def incident(call: Call) -> web.StreamResponse:
    """`GET /incidents/{incident}`; to somebody outside its team an incident does not exist."""
    name = call.request.match_info["incident"]
    unknown = UnknownName(Phrase(word="error.no_incident", values={"incident": name[:40]}))
    try:
        team = call.sees(await call.pages.register.team_of(name))
    except UnknownName:
        raise unknown from None
    entries = await call.pages.timeline.read(name)
    card = views.page(fold(entries), entries, Words(call.language, team.zone), team)
    room, root = await _thread(call, team, name)
    thread = str(root.id) if root else ""
    return frame.page(
        call,
        card.title,
        h.div(class_="column wide")[
            message.status_bar(card),
            h.p(class_="crumbs")[
                h.a(href=f"/rooms/{room}/threads/{thread}")[call.text("web.to_thread", room=room)] if root else None,
                " ",
                h.code[name],
            ],
            h.h1(class_="visually-hidden")[card.title],
            h.article(class_="message by-bot", id="incident")[
                h.div(class_="swap")[message.drawn(call, card, room, thread, back=f"/incidents/{name}")],
                h.div(class_="answer", aria_live="polite"),
            ],
        ],
        data={"refresh": "5"},
    )


async def _thread(call: Call, team: Team, name: str) -> tuple[str, Message | None]:
    """The first of the visitor's rooms in which this incident has a thread."""
    there = [room for room in call.rooms if f"console:{room.id}" in team.places]
    for room in there:
        if root := await call.pages.console.thread_of(room.id, name):
            return room.id, root
    return (there[0].id, None) if there else ("", None)

"""Shows the overview, the rooms and the threads."""

from collections.abc import Sequence

import htpy as h
from aiohttp import web

from bot.pages import frame, message
from bot.pages.call import Call, Room
from bot.platforms.console import newest
from cards.views.header import TONES
from cards.views.listing import state
from engine.incident import Incident, fold
from engine.team import Team
from store.rooms import Message

MOST_INCIDENTS = 50
MOST_THREADS = 30


async def overview(call: Call) -> web.StreamResponse:
    """`GET /`: the visitor's rooms and their newest incidents; the same as JSON for programs."""
    incidents = [found for team in call.teams for found in await newest_of(call, team)]
    incidents.sort(key=lambda item: (item.status != "closed", item.opened_at.timestamp() if item.opened_at else 0.0))
    incidents.reverse()
    if call.wants_json:
        briefs = [await _brief(call, item) for item in incidents]
        return web.json_response({"incidents": briefs, "rooms": [here.id for here in call.rooms]})
    alive = [item for item in incidents if item.status != "closed"]
    return frame.page(
        call,
        call.text("web.overview"),
        h.h1[call.text("web.overview")],
        _sign_in_hint(call),
        h.section(aria_label=call.text("web.rooms"), class_="room-list")[
            (_room_card(call, room, alive) for room in call.rooms)
        ],
        h.section(class_="incidents", id="incidents")[
            h.h2[call.text("web.incidents", n=len(incidents))], _table(call, incidents)
        ],
        data={"refresh": "5"},
    )


async def newest_of(call: Call, team: Team) -> list[Incident]:
    """The newest incidents of a team, as their timelines stand."""
    names = await call.pages.register.newest(team.id, MOST_INCIDENTS)
    return [fold(await call.pages.timeline.read(name)) for name in names]


async def room(call: Call) -> web.StreamResponse:
    """`GET /rooms/{room}`: the newest threads, newest first, and a place to type."""
    here = call.room(call.request.match_info["room"])
    log = call.pages.console.log
    revision = newest(await log.read(here.id))
    roots = await log.threads(here.id, MOST_THREADS)
    return frame.page(
        call,
        f"# {here.id}",
        h.div(class_="column")[
            h.h1[f"# {here.id}", " ", h.small[here.team.name]],
            _sign_in_hint(call),
            composer(call, here, None),
            h.div(id="messages", class_="messages newest-first")[
                [await message.draw(call, root, in_list=True) for root in roots]
                or h.p(id="empty", class_="empty")[call.text("web.room_empty")]
            ],
            _reload(call),
        ],
        data={"stream": f"/rooms/{here.id}/stream?after={revision}&thread=0", "order": "newest-first"},
    )


async def thread(call: Call) -> web.StreamResponse:
    """`GET /rooms/{room}/threads/{thread}`: everything said in a thread, in order, and a place to type."""
    here = call.room(call.request.match_info["room"])
    root = await call.thread(here, call.request.match_info["thread"])
    messages = await call.pages.console.log.read(here.id, root.id)
    head = await call.pages.console.card(root, call.language) if message.is_card(root) else None
    title = head.title if head else call.text("web.thread")
    return frame.page(
        call,
        title,
        h.div(class_="column")[
            message.status_bar(head) if head else None,
            h.p(class_="crumbs")[
                h.a(href=f"/rooms/{here.id}")[f"← # {here.id}"], " ", _full(call, str(root.body.get("incident", "")))
            ],
            h.h1(class_="visually-hidden")[title],
            _sign_in_hint(call),
            h.div(id="messages", class_="messages")[[await message.draw(call, item) for item in messages]],
            composer(call, here, root),
            _reload(call),
        ],
        data={"stream": f"/rooms/{here.id}/stream?after={newest(messages)}&thread={root.id}", "order": "oldest-first"},
    )


def composer(call: Call, here: Room, root: Message | None) -> h.Element:
    """Where a person types; Enter sends, Shift+Enter breaks the line."""
    reference = str(root.id) if root else ""
    back = f"/rooms/{here.id}/threads/{reference}" if reference else f"/rooms/{here.id}"
    label = call.text("web.say_in_thread" if root else "web.say_in_room")
    able = call.account is not None
    return h.form(class_="composer", method="post", action="/say", id="composer")[
        frame.hidden(call, room=here.id, thread=reference, back=back),
        h.label(for_="say", class_="visually-hidden")[label],
        h.textarea(
            id="say", name="text", rows="2", maxlength="4000", required=True, placeholder=label, disabled=not able
        )[""],
        h.button(type="submit", class_="button button-primary", disabled=not able)[call.text("web.send")],
        h.div(class_="answer", aria_live="polite"),
    ]


def _sign_in_hint(call: Call) -> h.Element | None:
    if call.account is not None:
        return None
    return h.p(class_="hint")[
        call.text("web.read_only"), " ", h.a(href=f"/sign-in?next={call.request.path}")[call.text("web.choose_persona")]
    ]


def _reload(call: Call) -> h.Element:
    return h.noscript[
        h.p(class_="hint")[call.text("web.no_script"), " ", h.a(href=call.request.path)[call.text("web.reload")]]
    ]


def _full(call: Call, incident: str) -> h.Element | None:
    if not incident:
        return None
    return h.a(href=f"/incidents/{incident}")[call.text("web.full_page", incident=incident)]


def _room_card(call: Call, here: Room, alive: Sequence[Incident]) -> h.Element:
    there = [item for item in alive if item.team == here.team.id]
    waiting = [item for item in there if item.status in ("awaiting_approval", "needs_human")]
    ill = [item for item in there if item.status != "recovered"]
    tone = "warning" if waiting else "bad" if ill else "good"
    count = call.text("web.open_incidents", n=len(there)) if there else call.text("web.all_quiet")
    return h.a(class_=f"room-card tone-{tone}", href=f"/rooms/{here.id}")[
        h.strong[f"# {here.id}"],
        h.span(class_="room-team")[here.team.name],
        h.span(class_="room-count")[count],
        h.span(class_="room-waiting")[call.text("web.waiting", n=len(waiting))] if waiting else None,
    ]


def _table(call: Call, incidents: Sequence[Incident]) -> h.Element:
    if not incidents:
        return h.p(class_="empty")[call.text("web.no_incidents")]
    names = ("severity", "title", "service", "state", "opened")
    head = h.tr[(h.th(scope="col")[call.words.text(f"column.{name}")] for name in names)]
    return h.div(class_="table", role="region", tabindex="0", aria_label=call.text("web.incidents", n=len(incidents)))[
        h.table[h.thead[head], h.tbody[(_row(call, item) for item in incidents)]]
    ]


def _row(call: Call, item: Incident) -> h.Element:
    tone = TONES.get(item.status, "good" if item.outcome == "recovered" else "neutral")
    return h.tr[
        h.td[h.span(class_=f"severity severity-{item.severity.lower()}")[item.severity]],
        h.th(scope="row")[
            h.a(href=f"/incidents/{item.id}")[item.title or item.id], h.br, h.small(class_="mono")[item.id]
        ],
        h.td[item.service],
        h.td[h.span(class_=f"pill tone-{tone}")[state(item, call.words)]],
        h.td[frame.moment(item.opened_at) if item.opened_at else "—"],
    ]


async def _brief(call: Call, item: Incident) -> dict[str, str]:
    """What `tocsin chat` lists: the incident, and the room and thread in which it is talked about."""
    places = [(here.id, root) for here in call.rooms if (root := await call.pages.console.thread_of(here.id, item.id))]
    name, thread_id = (places[0][0], str(places[0][1].id)) if places else ("", "")
    status = state(item, call.words)
    return {"id": item.id, "title": item.title, "severity": item.severity, "status": status} | {
        "room": name,
        "thread": thread_id,
        "closed": "yes" if item.status == "closed" else "",
    }

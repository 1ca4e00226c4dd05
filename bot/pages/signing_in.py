"""Signs people in and out: by a one-time link, or in the demo by choosing who to be; and remembers the language."""

import secrets
from datetime import timedelta

import htpy as h
from aiohttp import web

from bot.callers import is_loopback
from bot.pages import frame
from bot.pages.call import LANGUAGE, LANGUAGES, SESSION, Call
from bot.pages.entrance import Refused, fields, own_path
from bot.platforms.console import NAME, TOKEN_BYTES, digest
from engine.team import Account, Person

SESSION_LASTS = timedelta(days=7)
LANGUAGE_LASTS = timedelta(days=365)


async def ask(call: Call) -> web.StreamResponse:
    """`GET /sign-in`: with a link's token a button that redeems it (so that a preview of the link does not use it up),
    in the demo the personas, else how to get a link. For programs: the token a form needs."""
    token = call.request.query.get("token", "")
    if call.wants_json:
        return web.json_response({"csrf": call.csrf})
    if token:
        inside = _link_form(call, token)
    elif call.pages.personas:
        inside = _personas(call)
    else:
        inside = h.fragment[
            h.p[call.text("web.how_to_sign_in")],
            h.pre[h.code["tocsin sign-in ", call.text("web.person")]],
            h.p(class_="quiet")[call.text("web.link_lasts")],
        ]
    title = call.text("web.who_are_you" if call.pages.personas and not token else "web.sign_in")
    return frame.page(call, title, h.section(class_="notice")[h.h1[title], inside])


async def enter(call: Call) -> web.StreamResponse:
    """`POST /sign-in`: redeem a link, or become a persona; then a session of seven days."""
    given = await fields(call)
    if given.get("token"):
        account = await _redeemed(call, given["token"])
    else:
        account = _persona(call, given.get("persona", ""))
    if call.account is not None:
        await call.pages.sessions.revoke(digest(call.secret))
    token = secrets.token_urlsafe(TOKEN_BYTES)
    until = call.pages.clock.now() + SESSION_LASTS
    await call.pages.sessions.issue(digest(token), account.model_dump_json(), until, one_time=False)
    response: web.Response
    if call.wants_json:
        response = web.json_response({"name": account.name or account.id})
    else:
        response = web.Response(status=303, headers={"Location": own_path(given.get("next", "/"))})
    response.set_cookie(
        SESSION,
        token,
        max_age=int(SESSION_LASTS.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=call.pages.secure,
    )
    return response


async def leave(call: Call) -> web.StreamResponse:
    """`POST /sign-out`: the session is forgotten here and in the browser."""
    await fields(call)
    if call.account is not None:
        await call.pages.sessions.revoke(digest(call.secret))
    response = web.Response(status=303, headers={"Location": "/sign-in"})
    response.del_cookie(SESSION)
    return response


async def speak(call: Call) -> web.StreamResponse:
    """`POST /language`: remember the language and go back."""
    given = await fields(call)
    language = given.get("language", "")
    if language not in LANGUAGES:
        raise Refused(400, "web.no_language")
    response = web.Response(status=303, headers={"Location": own_path(given.get("back", "/"))})
    response.set_cookie(
        LANGUAGE,
        language,
        max_age=int(LANGUAGE_LASTS.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=call.pages.secure,
    )
    return response


async def _redeemed(call: Call, token: str) -> Account:
    found = await call.pages.sessions.redeem(digest(token[:200]))
    if found is None:
        raise Refused(403, "web.link_used")
    account = Account.model_validate_json(found)
    person = next((known for team in call.pages.teams.all() if (known := team.person(account))), None)
    return account.model_copy(update={"name": person.name}) if person else account


def _persona(call: Call, persona: str) -> Account:
    if not call.pages.personas or not is_loopback(call.request):
        raise Refused(403, "web.no_personas")
    people = {person.id: person for team in call.pages.teams.all() for person in team.people if _account(person)}
    if persona not in people:
        raise Refused(400, "web.no_persona", person=persona[:40])
    return Account(platform=NAME, id=_account(people[persona]), name=people[persona].name)


def _account(person: Person) -> str:
    return person.accounts.get(NAME, "")


def _link_form(call: Call, token: str) -> h.Renderable:
    return h.form(method="post", action="/sign-in", class_="stack")[
        frame.hidden(call, token=token[:200], next=_next(call)),
        h.p[call.text("web.link_ready")],
        h.button(type="submit", class_="button button-primary", autofocus=True)[call.text("web.sign_in")],
    ]


def _personas(call: Call) -> h.Renderable:
    people = {person.id: person for team in call.pages.teams.all() for person in team.people if _account(person)}
    return h.fragment[
        h.p[call.text("web.personas")],
        h.ul(class_="personas")[(h.li[_persona_form(call, person)] for person in people.values())],
    ]


def _persona_form(call: Call, person: Person) -> h.Element:
    chosen = call.account is not None and call.account.id == _account(person)
    best = next((role for role in ("approver", "responder") if role in person.roles), "viewer")
    return h.form(method="post", action="/sign-in", class_="plain")[
        frame.hidden(call, persona=person.id, next=_next(call)),
        h.button(type="submit", class_="persona", aria_pressed="true" if chosen else "false")[
            h.strong[person.name], h.span(class_="quiet")[call.words.text(f"web.role.{best}")]
        ],
    ]


def _next(call: Call) -> str:
    return own_path(call.request.query.get("next", "/"))

"""Serves the process over HTTP: alert intake, the API, health and metrics; the browser room adds its own pages."""

import asyncio
import itertools
import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from bot.callers import bearer, may
from bot.gauges import Gauges
from bot.precedence import Precedence
from bot.settings import Settings
from cards.words import Words
from engine.context import context
from engine.errors import InputError, StoreError, TocsinError, UnknownName
from engine.incident import Incident, fold
from engine.intake import Report, opening, severity
from engine.model import Entry, Phrase
from engine.ports import Clock, Register, Teams, Timeline
from handlers.front_door import FrontDoor
from handlers.inbound import AlertReceived

SETTINGS = web.AppKey("settings", Settings)
FRONT_DOOR = web.AppKey("front_door", FrontDoor)
TIMELINE = web.AppKey("timeline", Timeline)
REGISTER = web.AppKey("register", Register)
TEAMS = web.AppKey("teams", Teams)
CLOCK = web.AppKey("clock", Clock)
GAUGES = web.AppKey("gauges", Gauges)
PRECEDENCE = web.AppKey("precedence", Precedence)
PATIENCE = web.AppKey("patience", float)
"""Seconds a caller has to send a body."""

WAKE: web.AppKey[Callable[[str], None]] = web.AppKey("wake")

OWN_TOKENS: web.AppKey[Callable[[str], str]] = web.AppKey("own_tokens")
"""The team whose own intake token this is, "" for none."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

NUMBERS = itertools.count(secrets.randbits(32))
"""Tells calls of one moment apart. Begins anywhere, so that two processes do not meet; drawing lots at each
call would cost a system call."""

LIST_LIMIT = 200
TEXT_LIMIT = 300


def refuse(status: int, phrase: Phrase | str, **headers: str) -> web.Response:
    """An error answer of one clear sentence, in English, as JSON."""
    text = phrase if isinstance(phrase, str) else Words("en").say(phrase)
    return web.json_response({"error": text}, status=status, headers=headers)


@web.middleware
async def say_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what can go wrong into a status and one sentence; Alertmanager retries 5xx, never 4xx."""
    try:
        return await handler(request)
    except UnknownName as error:
        return refuse(404, error.phrase)
    except InputError as error:
        return refuse(400, error.phrase)
    except StoreError as error:
        request.app[GAUGES].count("store_errors")
        return refuse(503, error.phrase, **{"Retry-After": "5"})
    except TocsinError as error:
        return refuse(502, error.phrase)
    except web.HTTPRequestEntityTooLarge:
        limit = request.app[SETTINGS].intake.max_bytes
        return refuse(413, Phrase(word="error.too_large", values={"limit": limit}))
    except web.RequestPayloadError:
        return refuse(400, Phrase(word="error.broken_body"), Connection="close")
    except web.HTTPRequestTimeout:
        return refuse(408, Phrase(word="error.too_slow", values={"seconds": request.app[PATIENCE]}), Connection="close")


async def whole_body(request: web.Request) -> bytes:
    """The body of a request. HTTPRequestTimeout where it comes too slowly, so that nobody holds a door open."""
    if request.content.is_eof():
        return await request.read()
    try:
        async with asyncio.timeout(request.app[PATIENCE]):
            return await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None


async def take_alerts(request: web.Request) -> web.Response:
    """`POST /alerts/{format}` → 202 once everything readable is on disk."""
    app = request.app
    team = app[OWN_TOKENS](bearer(request))
    if not team and not may(request, app[SETTINGS].intake.token.get_secret_value()):
        app[GAUGES].count("intake_unauthorised")
        return refuse(401, Phrase(word="error.intake_token"), **{"WWW-Authenticate": "Bearer"})
    body = await whole_body(request)
    event = AlertReceived(_reference(app[CLOCK]), request.match_info["format"], body, team)
    with app[PRECEDENCE].taking_alerts():
        answer = await app[FRONT_DOOR].receive(event)
    app[GAUGES].count("alerts_accepted", answer.accepted)
    return web.json_response({"accepted": answer.accepted, "incidents": list(answer.incidents)}, status=202)


async def take_changes(request: web.Request) -> web.Response:
    """`POST /changes` → 202 once everything readable is on disk; the same doors as for alerts."""
    app = request.app
    team = app[OWN_TOKENS](bearer(request))
    if not team and not may(request, app[SETTINGS].intake.token.get_secret_value()):
        app[GAUGES].count("intake_unauthorised")
        return refuse(401, Phrase(word="error.changes_token"), **{"WWW-Authenticate": "Bearer"})
    taken = await app[FRONT_DOOR].note_changes(await whole_body(request), team)
    app[GAUGES].count("changes_accepted", len(taken.ids))
    answer = {"accepted": len(taken.ids), "ids": taken.ids, "unreadable": taken.problems}
    return web.json_response(answer, status=202)


def _reference(clock: Clock) -> str:
    # Later calls have greater names, so that what is kept of a flood stands together on the disk.
    return f"raw_{int(clock.now().timestamp() * 1_000):011x}{next(NUMBERS) % 2**32:08x}"


def reader(handler: Handler) -> Handler:
    """A handler for callers with the API token or the read-only one."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        api = request.app[SETTINGS].api
        if not may(request, api.token.get_secret_value(), api.read_token.get_secret_value()):
            return refuse(401, Phrase(word="error.api_token"), **{"WWW-Authenticate": "Bearer"})
        return await handler(request)

    return guarded


async def list_incidents(request: web.Request) -> web.Response:
    """`GET /api/incidents` → {"incidents": […]}, newest first."""
    register, timeline = request.app[REGISTER], request.app[TIMELINE]
    newest = await register.newest(request.query.get("team") or None, LIST_LIMIT)
    states = [fold(await timeline.read(incident)) for incident in newest]
    return web.json_response({"incidents": [brief(state) for state in states]})


async def show_incident(request: web.Request) -> web.Response:
    """`GET /api/incidents/{id}` → the whole folded state."""
    state = await _state(request)
    return web.json_response(state.model_dump(mode="json"))


async def show_timeline(request: web.Request) -> web.Response:
    """`GET /api/incidents/{id}/timeline` → {"timeline": […]} in order."""
    state = await _state(request)
    entries = await request.app[TIMELINE].read(state.id)
    return web.json_response({"incident": state.id, "timeline": [line(entry) for entry in entries]})


async def show_context(request: web.Request) -> web.Response:
    """`GET /api/incidents/{id}/context` → what it is about in one bounded object, for scripts and models."""
    state = await _state(request)
    services = request.app[TEAMS].team(state.team).services
    return web.json_response(context(state, services).model_dump(mode="json", exclude_defaults=True))


async def open_incident(request: web.Request) -> web.Response:
    """`POST /api/incidents` {summary, service, severity?, environment?, alert_name?} → 201 {"incident": id}."""
    app = request.app
    if not may(request, app[SETTINGS].api.token.get_secret_value()):
        return refuse(401, Phrase(word="error.api_token"), **{"WWW-Authenticate": "Bearer"})
    try:
        body = json.loads(await whole_body(request))
    except (ValueError, RecursionError):
        return refuse(400, Phrase(word="error.not_json"))
    if not isinstance(body, dict) or not str(body.get("summary", "")).strip():
        return refuse(400, Phrase(word="error.incident_summary"))
    report = _report(body, app[TEAMS])
    drafts = opening(report, f"api:{secrets.token_hex(8)}", app[CLOCK].now())
    incident = await app[REGISTER].open(report.team, drafts)
    app[WAKE](incident)
    return web.json_response({"incident": incident}, status=201)


def _report(body: dict[str, Any], teams: Teams) -> Report:
    text = {name: str(body.get(name, ""))[:TEXT_LIMIT] for name in ("summary", "service", "environment", "team")}
    labels = {"service": text["service"], "environment": text["environment"], "env": text["environment"]}
    return Report(
        team=teams.route({**labels, "team": text["team"]}).id,
        title=text["summary"],
        service=text["service"],
        severity=severity({"severity": str(body.get("severity", ""))}),
        environment=text["environment"],
        source="api",
    )


async def _state(request: web.Request) -> Incident:
    incident = request.match_info["incident"]
    entries = await request.app[TIMELINE].read(incident)
    if not entries:
        raise UnknownName(Phrase(word="error.no_incident", values={"incident": incident[:40]}))
    return fold(entries)


def brief(state: Incident) -> dict[str, Any]:
    """What a list shows of an incident."""
    names = {"id", "team", "title", "service", "severity", "environment", "status", "outcome", "opened_at", "closed_at"}
    return state.model_dump(mode="json", include=names | {"acknowledged_by"})


def line(entry: Entry) -> dict[str, Any]:
    """A timeline entry under its public names."""
    return entry.model_dump(mode="json", exclude={"incident"})


async def say_alive(request: web.Request) -> web.Response:
    """`GET /healthz`: the process answers."""
    return web.json_response({"status": "ok"})


async def say_ready(request: web.Request) -> web.Response:
    """`GET /readyz`: 200 when alerts can be stored, else 503 with the reason. A room that takes no messages is named,
    but keeps nobody from sending alerts here: the incidents go on in the other rooms."""
    gauges = request.app[GAUGES]
    problems = await gauges.problems()
    told = {"ready": not problems, "problems": problems, "degraded": await gauges.flaws()}
    return web.json_response(told, status=503 if problems else 200)


async def show_metrics(request: web.Request) -> web.Response:
    """`GET /metrics` in Prometheus text format."""
    text = await request.app[GAUGES].text()
    return web.Response(text=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


def make_app(settings: Settings) -> web.Application:
    """The application with its routes; wiring puts the ports under their keys."""
    app = web.Application(middlewares=[say_errors], client_max_size=settings.intake.max_bytes)
    app[SETTINGS] = settings
    app[PATIENCE] = 30.0
    app.add_routes(
        [
            web.post("/alerts/{format}", take_alerts),
            web.post("/changes", take_changes),
            web.get("/api/incidents", reader(list_incidents)),
            web.post("/api/incidents", open_incident),
            web.get("/api/incidents/{incident}", reader(show_incident)),
            web.get("/api/incidents/{incident}/timeline", reader(show_timeline)),
            web.get("/api/incidents/{incident}/context", reader(show_context)),
            web.get("/healthz", say_alive),
            web.get("/readyz", say_ready),
            web.get("/metrics", show_metrics),
        ]
    )
    return app

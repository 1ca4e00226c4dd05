"""Asks every source of changes, by hand, what was changed lately of a service and of those it calls."""

from datetime import datetime, timedelta
from typing import NamedTuple

from cards.views import recent as drawn
from engine.diagnosis.witnesses import united
from engine.model import Window
from engine.team import Service
from handlers import telemetry
from handlers.inbound import Answer
from handlers.monitor import unknown, wanted
from handlers.queries import LAST
from handlers.statements import duration
from handlers.times import BETWEEN, between
from handlers.visit import Visit, no

USUALLY = timedelta(hours=2)
QUERIED = frozenset({"changes", "deploys", "变更", "发布"})
"""Behind `query`, the words that ask for changes."""


async def changes(visit: Visit, text: str) -> Answer:
    """`payment last 6h`, or `payment from 14:00 to 14:30`: who changed what, newest first, and which source says so. In
    an incident it is written down that somebody asked."""
    clock, wish, now = visit.house.clock, understood(text), visit.house.clock.now()
    service = wanted(visit, wish.name)
    if service is None:
        return unknown(visit, wish.name)
    window = _window(wish, now, visit.words.zone)
    if window is None:
        start, end = wish.between or ("", "")
        return no("error.query_when", start=start, end=end)
    services = _together(visit, service)
    look = await telemetry.changed(visit.telemetry, clock, visit.team.id, services, window, rollouts=True)
    if not look.asked:
        return no("error.no_change_source")
    found = drawn.Recent(services, look.asked, window, _found(look, now), look.silent, now)
    if visit.incident.id:
        body = {"source": ", ".join(found.asked), "query": f"changes {service.name}", "count": len(found.changes)}
        await visit.write(f"query:{visit.id}", "query.asked", {**body, "inbound": visit.id})
    return Answer(card=drawn.recent(found, visit.words, visit.incident.id))


class Wish(NamedTuple):
    """Of which service, and how far back or from when to when."""

    name: str
    back: timedelta = USUALLY
    between: tuple[str, str] | None = None


def understood(text: str) -> Wish:
    """What was asked for: two hours where no time is said."""
    said = text.replace("\x00", "").strip()
    if exact := BETWEEN.search(said):
        return Wish(said[: exact.start()].strip(), between=(exact[1], exact[2]))
    last = LAST.search(said)
    span = duration(last[1]) if last else None
    return Wish(said) if last is None or span is None else Wish(said[: last.start()].strip(), span)


def _window(wish: Wish, now: datetime, zone: str) -> Window | None:
    """The time that was asked about; None where it makes none."""
    if wish.between:
        return between(*wish.between, now, zone)
    return Window(start=now - wish.back, split=max(now - wish.back, now - telemetry.NOW), end=now)


def _together(visit: Visit, service: Service) -> tuple[Service, ...]:
    """The service with those it calls, as many as are asked about: what broke it may have been changed there."""
    known = visit.team.services
    return (service, *(known.get(name, Service(name=name)) for name in service.dependencies))[: telemetry.AT_ONCE]


def _found(look: telemetry.Look, now: datetime) -> tuple[drawn.Told, ...]:
    """Each change once, newest first, however many sources tell of it; the clock of one may be ahead."""
    start, end = look.window.start, look.window.end
    told = [
        drawn.Told(change.service or each.service, change, each.source, each.query, each.link)
        for each in united(look.seen)
        for change in each.changes
        if start <= change.at and (change.at <= end or end == now)
    ]
    return tuple(sorted(told, key=lambda each: each.change.at, reverse=True))

"""Asks every source of changes, by hand, what was changed lately of a service and of those it calls."""

from datetime import timedelta

from cards.views import recent as drawn
from engine.diagnosis.witnesses import united
from engine.team import Service
from handlers import telemetry
from handlers.inbound import Answer
from handlers.monitor import unknown, wanted
from handlers.queries import LAST
from handlers.statements import duration
from handlers.visit import Visit, no

USUALLY = timedelta(hours=2)
QUERIED = frozenset({"changes", "deploys", "变更", "发布"})
"""Behind `query`, the words that ask for changes."""


async def changes(visit: Visit, text: str) -> Answer:
    """`payment last 6h`: who changed what, newest first, and which source says so. In an incident it is written down
    that somebody asked."""
    named, back = understood(text)
    service = wanted(visit, named)
    if service is None:
        return unknown(visit, named)
    services = _together(visit, service)
    look = await telemetry.changed(visit.telemetry, visit.house.clock, visit.team.id, services, back, rollouts=True)
    if not look.asked:
        return no("error.no_change_source")
    found = drawn.Recent(services, look.asked, look.window, _found(look), look.silent)
    if visit.incident.id:
        body = {"source": ", ".join(found.asked), "query": f"changes {service.name}", "count": len(found.changes)}
        await visit.write(f"query:{visit.id}", "query.asked", {**body, "inbound": visit.id})
    return Answer(card=drawn.recent(found, visit.words, visit.incident.id))


def understood(text: str) -> tuple[str, timedelta]:
    """The service, and how far back: two hours, or what was said."""
    said = text.replace("\x00", "").strip()
    last = LAST.search(said)
    span = duration(last[1]) if last else None
    return (said, USUALLY) if last is None or span is None else (said[: last.start()].strip(), span)


def _together(visit: Visit, service: Service) -> tuple[Service, ...]:
    """The service with those it calls, as many as are asked about: what broke it may have been changed there."""
    known = visit.team.services
    return (service, *(known.get(name, Service(name=name)) for name in service.dependencies))[: telemetry.AT_ONCE]


def _found(look: telemetry.Look) -> tuple[drawn.Told, ...]:
    """Each change once, newest first, however many sources tell of it."""
    told = [
        drawn.Told(change.service or each.service, change, each.source, each.query, each.link)
        for each in united(look.seen)
        for change in each.changes
        if look.window.start <= change.at
    ]
    return tuple(sorted(told, key=lambda each: each.change.at, reverse=True))

"""Shows what the team's catalogue says of a service and who calls whom, and adds dependencies that people confirm."""

from cards.views import catalogue as drawn
from cards.views.border import across
from cards.views.written import written
from engine import topology
from engine.incident import Taught
from engine.model import Phrase
from engine.team import Lesson, Service
from engine.topology import Call
from handlers import telemetry
from handlers.inbound import Answer
from handlers.monitor import unknown, wanted
from handlers.overview import open_incidents
from handlers.visit import Visit, no, ok

MOST_LEARNED = 50
"""Dependencies one service may be given in chat."""


async def show(visit: Visit, name: str) -> Answer:
    """One entry of the catalogue: owner, promises, dependencies, runbooks, and what is open about it."""
    service = wanted(visit, name)
    if service is None:
        return unknown(visit, name)
    states, _ = await open_incidents(visit.house, visit.team)
    about = tuple(state for state in states if state.service == service.name)
    card = drawn.entry(service, about, visit.words, visit.team, visit.house.permissions)
    return Answer(card=across(card, "", visit.words))


async def graph(visit: Visit, name: str) -> Answer:
    """Who a service calls and who calls it, by the catalogue and by the traces of the last hour, and the difference; of
    calls that were written down (`a -> b`), the drawing and how it differs from the catalogue."""
    if said := topology.in_text(name):
        return Answer(card=across(written(said, visit.team, visit.words), "", visit.words))
    service = wanted(visit, name)
    if service is None:
        return unknown(visit, name)
    look = await telemetry.traced(visit.telemetry, visit.house.clock, visit.team.id, service)
    calls = topology.in_spans(span for each in look.seen for span in each.spans)
    traced = bool(visit.telemetry.traces)
    return Answer(card=drawn.graph(service, visit.team, calls, look.silent, visit.words, traced=traced))


async def learn(visit: Visit, service: str, peer: str) -> Answer:
    """Add a dependency to what the team knows, because a person says so; its files stay as they are."""
    known = visit.team.services.get(service)
    if known is None:
        return unknown(visit, service)
    if not topology.is_name(peer) or peer == service:
        return no("error.depends_what")
    if peer in known.dependencies:
        return ok("catalogue.known", service=service, peer=peer)
    if len(known.learned) >= MOST_LEARNED:
        return no("error.depends_many", service=service, n=MOST_LEARNED)
    lesson = _lesson(visit, known, peer)
    await visit.house.memory.keep(visit.team.id, lesson)
    if visit.incident.id:
        taught = Taught(lesson=lesson, state="kept", by=visit.actor)
        await visit.write(visit.key(f"lesson/{lesson.id}"), "memory.learned", taught.model_dump(mode="json"))
    await visit.house.relearn()
    if visit.incident.sweep:
        await visit.show("evidence")
    return ok("catalogue.learned", service=service, peer=peer, lesson=lesson.id)


def _lesson(visit: Visit, service: Service, peer: str) -> Lesson:
    title = Phrase(word="lesson.dependency.title", values={"service": service.name, "peer": peer})
    return Lesson(
        id=visit.house.ids.draw("les"),
        kind="dependency",
        title=title,
        incident=visit.incident.id,
        service=service.name,
        rule={"peer": peer},
        taught_by=visit.actor,
        at=visit.house.clock.now(),
    )


def understood(text: str) -> Call | None:
    """`payment ledger`, `payment -> ledger`, `payment → ledger`; None for anything else."""
    parts = text.replace("→", " ").replace("->", " ").replace("\x00", "").split()
    return Call(*parts) if len(parts) == 2 else None

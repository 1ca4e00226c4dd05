"""Draws an entry of the service catalogue, and the graph of who calls whom around a service."""

from collections.abc import Mapping, Sequence

from cards.model import Block, Button, Buttons, Card, Facts, Fold, Link, Log, Prose
from cards.views.listing import state
from cards.views.remedies import faults, remedies
from cards.views.scene import Scene
from cards.words import Words
from engine import topology
from engine.incident import Incident
from engine.masking import mask
from engine.model import Quantity, Silence
from engine.policy import Permissions
from engine.team import Objective, Service, Signal, Team
from engine.topology import Branch, Call

MOST_INCIDENTS = 4
MOST_LINKS = 6
MOST_OFFERS = 5
"""Dependencies that may be added with a press on one card."""
NAMED = 120


def entry(service: Service, incidents: Sequence[Incident], words: Words, team: Team, permissions: Permissions) -> Card:
    """All the catalogue says of a service, and what may be done about it; what it leaves empty is not shown."""
    title = words.text("catalogue.title", service=service.name)
    about = _facts(_about(service, words), words)
    blocks: list[Block] = [about if about.pairs else Prose(words.text("catalogue.nothing"))]
    if incidents:
        pairs = tuple((each.id, f"{each.severity} · {state(each, words)}") for each in incidents[:MOST_INCIDENTS])
        blocks.append(Facts(pairs))
    if service.signals:
        lines = tuple(_signal(each, words) for each in service.signals)
        blocks.append(Fold(words.text("catalogue.signals", n=len(lines)), (Log(lines),)))
    for word, told in (("where", _where(service, words)), ("rollback", _rollback(service))):
        seen = _facts(told, words)
        blocks += [Fold(words.text(f"catalogue.{word}"), (seen,))] if seen.pairs else []
    blocks += [*remedies(service, team, permissions, words), *faults(service, team, words)]
    blocks.append(Buttons((*_buttons(service, words), *_links(service, incidents, words))))
    owner = words.text("catalogue.owned", owner=service.owner) if service.owner else ""
    summary = " · ".join(part for part in (title, owner) if part)
    return Card(title, summary, tone="warning" if incidents else "info", blocks=tuple(blocks), language=words.language)


def graph(
    service: Service,
    team: Team,
    calls: Mapping[Call, int],
    silent: Sequence[Silence],
    words: Words,
    *,
    traced: bool,
) -> Card:
    """The tree below a service, who calls it, and where traces and catalogue differ, with an offer to add what is
    missing; `traced`: whether there is a source of traces at all."""
    services = team.services if service.name in team.services else {**team.services, service.name: service}
    title = words.text("topology.title", service=service.name)
    tree = (_branch(each, services, words) for each in topology.branches(service.name, services, calls))
    blocks: list[Block] = [Log((service.name, *tree))]
    above = topology.callers(service.name, services, calls)
    names = words.text("list.comma").join(above) or words.text("topology.nobody")
    blocks.append(Prose(words.text("topology.callers", names=names)))
    new = topology.undeclared(calls, team.services)
    blocks += [
        Prose(words.text("topology.undeclared", caller=call.caller, callee=call.callee), strong=True)
        for call in new[:MOST_OFFERS]
    ]
    if unseen := topology.unseen(calls, service):
        blocks.append(Prose(words.text("topology.unseen", names=words.text("list.comma").join(unseen)), quiet=True))
    if not traced:
        blocks.append(Prose(words.text("topology.no_traces"), quiet=True))
    blocks += [Prose(words.text("evidence_card.silent", source=each.source, reason=each.reason)) for each in silent]
    if new:
        blocks.append(Buttons(offers(new, words)))
    return Card(title, title, tone="warning" if new else "info", blocks=tuple(blocks), language=words.language)


def missing(scene: Scene) -> tuple[Block, ...]:
    """Calls that the evidence of an incident shows and the catalogue does not name, each with a way to add it."""
    known = topology.undeclared(topology.in_evidence(scene.evidence), scene.team.services)[:MOST_OFFERS]
    said = tuple(
        Prose(scene.text("topology.undeclared", caller=call.caller, callee=call.callee), quiet=True) for call in known
    )
    buttons = tuple(
        scene.button(
            "learn", label=scene.text("button.learn", caller=call.caller, callee=call.callee), **call._asdict()
        )
        for call in known
    )
    return (*said, Buttons(buttons)) if buttons and not scene.over else said


def offers(calls: Sequence[Call], words: Words) -> tuple[Button, ...]:
    """Buttons by which a person adds what traces show and the catalogue does not name."""
    return tuple(
        Button("learn", words.text("button.learn", caller=call.caller, callee=call.callee), {**call._asdict()})
        for call in calls[:MOST_OFFERS]
    )


def promised(objective: Objective, words: Words) -> str:
    """What a service promises, in one line."""
    parts = [words.text("catalogue.promise_errors", errors=Quantity(value=objective.error_ratio, unit="ratio"))]
    if objective.latency_p95:
        latency = Quantity(value=objective.latency_p95, unit="seconds")
        parts.append(words.text("catalogue.promise_latency", latency=latency))
    if objective.availability:
        availability = Quantity(value=objective.availability, unit="ratio")
        parts.append(words.text("catalogue.promise_availability", availability=availability))
    return words.text("list.comma").join(parts)


def _about(service: Service, words: Words) -> list[tuple[str, str]]:
    comma = words.text("list.comma")
    named = (
        words.text("catalogue.in_chat", name=name) if name in service.learned else name for name in service.dependencies
    )
    return [
        ("catalogue.owner", service.owner),
        ("catalogue.environment", service.environment),
        ("catalogue.region", service.region),
        ("catalogue.promise", promised(service.objective, words)),
        ("catalogue.dependencies", comma.join(named)),
        ("catalogue.language", service.language),
        ("catalogue.repository", service.repository),
        ("catalogue.clone", service.repo_path),
    ]


def _where(service: Service, words: Words) -> list[tuple[str, str]]:
    comma = words.text("list.comma")
    return [
        ("catalogue.labels", comma.join(f"{name}={value}" for name, value in service.labels.items())),
        ("catalogue.health", mask(service.health_url)),
        ("catalogue.workload", "/".join(part for part in (service.namespace, service.workload) if part)),
        ("catalogue.hosts", comma.join(service.hosts)),
        ("catalogue.logs", comma.join(service.log_paths)),
        ("catalogue.units", comma.join(service.units)),
    ]


def _rollback(service: Service) -> list[tuple[str, str]]:
    back = service.rollback
    return [
        ("catalogue.rollback_with", back.executor),
        ("catalogue.rollback_app", back.argocd_app),
        ("catalogue.rollback_workload", back.workload),
        ("catalogue.rollback_to", back.safe_revision),
    ]


def _signal(signal: Signal, words: Words) -> str:
    name = signal.name if signal.unit == "none" else f"{signal.name} ({signal.unit})"
    worse = words.text(f"catalogue.worse_{signal.worse}")
    return words.text("catalogue.signal", name=name, worse=worse, expression=signal.expression)


def _facts(pairs: Sequence[tuple[str, str]], words: Words) -> Facts:
    return Facts(tuple((words.text(word), value) for word, value in pairs if value))


def _buttons(service: Service, words: Words) -> tuple[Button, ...]:
    value = {"service": service.name}
    return (
        Button("monitor", words.text("button.monitor", service=service.name), value),
        Button("topology", words.text("button.topology"), value),
    )


def _links(service: Service, incidents: Sequence[Incident], words: Words) -> tuple[Link, ...]:
    runbooks = service.runbooks[:MOST_LINKS]
    many = len(runbooks) > 1
    books = tuple(
        Link(words.text("button.runbook") + (f" {number}" if many else ""), url)
        for number, url in enumerate(runbooks, 1)
    )
    return (*books, *(Link(each.id, f"/incidents/{each.id}") for each in incidents[:MOST_INCIDENTS]))


def noted(notes: Sequence[str], words: Words) -> str:
    """What stands behind a name on a line of a tree."""
    return f"  ({words.text('list.comma').join(notes)})" if notes else ""


def _branch(branch: Branch, services: Mapping[str, Service], words: Words) -> str:
    caller, callee = branch.call
    known = services.get(caller)
    notes = []
    if known is None or callee not in known.dependencies:
        notes.append(words.text("topology.by_traces"))
    elif callee in known.learned:
        notes.append(words.text("topology.by_people"))
    if branch.repeated:
        notes.append(words.text("topology.above"))
    return f"{branch.frame}{callee[:NAMED]}{noted(notes, words)}"

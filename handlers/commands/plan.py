"""Asks for an operation of the service catalogue; the person who asks for it cannot approve it."""

from typing import Any

from engine.model import Phrase, Plan
from engine.policy import GAP
from engine.team import Remedy, Service
from handlers import deeds
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.operations import CHINESE, class_of
from handlers.visit import Visit, no


async def run(visit: Visit, rest: str) -> Answer:
    """`plan <operation> [service] [name=value …]`; the operation by its name in the catalogue, or by what it does."""
    offered = _offered(visit)
    operation, more = _named(visit, rest, offered)
    if not operation:
        known = ", ".join(dict.fromkeys(f"{remedy.operation} {service.name}" for service, remedy in offered))
        return no(
            "error.which_operation",
            operation=rest.split(maxsplit=1)[0][:60] if rest.split() else "-",
            known=known or "-",
        )
    words = more.split()
    wanted = next((word for word in words if "=" not in word), visit.incident.service)
    fitting = [(s, r) for s, r in offered if r.operation == operation]
    service, remedy = next(((s, r) for s, r in fitting if s.name == wanted), fitting[0])
    values = _values(visit, service, remedy) | dict(word.split("=", 1) for word in words if "=" in word)
    missing = [gap for gap in _gaps(remedy.arguments) if not values.get(gap)]
    if missing:
        return no("error.plan_needs", operation=remedy.operation, missing=", ".join(f"{gap}=…" for gap in missing))
    return await deeds.propose(visit, _plan(visit, service, remedy, values))


def _named(visit: Visit, text: str, offered: list[tuple[Service, Remedy]]) -> tuple[str, str]:
    """The operation a text begins with, and what follows; "" where none is meant, or more than one may be."""
    first, _, more = text.partition(" ")
    if first in {remedy.operation for _, remedy in offered}:
        return first, more
    kind, more = class_of(text)
    about = next((word for word in more.split() if "=" not in word), visit.incident.service)
    fitting = {(r.operation, s.name) for s, r in offered if r.operation_class == kind}
    meant = {operation for operation, service in fitting if service == about} or {name for name, _ in fitting}
    return (meant.pop(), more) if len(meant) == 1 else ("", text)


def _offered(visit: Visit) -> list[tuple[Service, Remedy]]:
    return [(service, remedy) for service in visit.team.services.values() for remedy in service.remedies]


def _values(visit: Visit, service: Service, remedy: Remedy) -> dict[str, str]:
    """What fills the gaps of an operation without being asked: the change the diagnosis points at."""
    cause = visit.incident.diagnosis.cause if visit.incident.diagnosis else None
    change = cause.change if cause else None
    return {
        "service": service.name,
        "peer": remedy.peer or (cause.peer if cause else ""),
        "version": change.version if change else "",
        "previous_version": change.way_back if change else "",
    }


def _gaps(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [gap for item in value.values() for gap in _gaps(item)]
    return GAP.findall(value) if isinstance(value, str) else []


def _filled(value: Any, values: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(item, values) for name, item in value.items()}
    return GAP.sub(lambda gap: values.get(gap[1], ""), value) if isinstance(value, str) else value


def _plan(visit: Visit, service: Service, remedy: Remedy, values: dict[str, str]) -> Plan:
    cause = visit.incident.diagnosis.cause if visit.incident.diagnosis else None
    cited = (id for claim in cause.supporting for id in claim.evidence_ids) if cause else ()
    return Plan(
        id=visit.house.ids.draw("plan"),
        operation=remedy.operation,
        operation_class=remedy.operation_class,
        executor=remedy.executor,
        target=service.name,
        arguments=_filled(remedy.arguments, values),
        reason=Phrase(word="command.plan_reason", values={"person": visit.name(visit.actor)}),
        evidence_ids=tuple(dict.fromkeys(cited)),
        way_back=Phrase(word="plan.way_back", values={"operation": remedy.undo}) if remedy.undo else None,
        requester=visit.actor,
    )


PLAN = Command("plan", ("plan", "propose", "remediate", "申请", "方案"), run, follows="object", objects=CHINESE)

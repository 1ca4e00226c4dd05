"""Gathers what is before a whole team: its open incidents, the approvals that wait, and how its services do."""

from dataclasses import replace

from cards.views.overview import Health, Neighbour, Overview, Waiting
from engine.approvals import may_approve
from engine.incident import Incident
from engine.team import Team
from handlers import telemetry
from handlers.visit import House, Visit

MOST_READ = 100
"""Open incidents that are looked into, the newest first."""
MOST_ASKED = 18
"""Services whose last change is asked for."""
MOST_TEAMS = 4
"""Other teams of a person that are led to."""
FAR_BACK = 5_000
"""Incidents of a team among which the open ones are looked for."""


async def overview(visit: Visit) -> Overview:
    """The team's open incidents with what waits in them, and its services; of this team alone."""
    states, unread = await open_incidents(visit.house, visit.team)
    services = tuple(
        Health(service, tuple(state for state in states if state.service == name))
        for name, service in visit.team.services.items()
    )
    waiting = sorted(_waiting(visit, states), key=lambda each: (not each.mine, _asked_at(each)))
    return Overview(visit.team, states, tuple(waiting), services, unread)


async def open_incidents(house: House, team: Team) -> tuple[tuple[Incident, ...], int]:
    """The open incidents of one team, newest first, and how many older ones were not looked into."""
    living = set(await house.register.living())
    own = [id for id in await house.register.newest(team.id, FAR_BACK) if id in living]
    states = [await house.state(incident) for incident in own[:MOST_READ]]
    return tuple(state for state in states if state.status != "closed"), max(0, len(own) - MOST_READ)


async def with_changes(visit: Visit, over: Overview) -> Overview:
    """The same, with the last change of each service, as far as a source knows of one."""
    house, services = visit.house, [each.service for each in over.services[:MOST_ASKED]]
    looks = [
        await telemetry.changed(visit.telemetry, house.clock, visit.team.id, services[place:])
        for place in range(0, len(services), telemetry.AT_ONCE)
    ]
    found = {s.name: next((c for look in looks for c in look.changes(s.name)), None) for s in services}
    known = tuple(replace(each, change=found.get(each.service.name)) for each in over.services)
    return replace(over, services=known, notes=_silences(visit, looks))


async def with_figures(visit: Visit, over: Overview) -> Overview:
    """The same, with the figures of the services most in need of a look as they are now."""
    house = visit.house
    first = sorted(over.services, key=lambda each: not each.incidents)
    services = [each.service for each in first]
    look = await telemetry.figures(visit.telemetry, house.clock, visit.team.id, services)
    known = tuple(
        replace(
            each,
            error_ratio=look.now(each.service.name, "error_ratio"),
            latency=look.now(each.service.name, "latency_p95"),
        )
        for each in first
    )
    return replace(over, services=known, notes=_silences(visit, [look]))


async def with_bounds(visit: Visit, over: Overview) -> Overview:
    """The same, with what the team keeps, what may be changed here, and the person's other teams."""
    house, may = visit.house, visit.house.permissions
    offered = {remedy.operation for service in visit.team.services.values() for remedy in service.remedies}
    allowed = tuple(sorted(offered & set(may.allowed_operations))) if may.execution_enabled else None
    mine = [team for team in house.teams.all() if team.id != visit.team.id and team.person(visit.account)]
    others = [await _neighbour(house, team) for team in mine[:MOST_TEAMS]]
    return replace(
        over,
        runbooks=len(await house.memory.kept(visit.team.id, "runbook")),
        notebook=len(await house.memory.kept(visit.team.id, "habit")),
        operations=allowed,
        others=tuple(others),
    )


async def _neighbour(house: House, team: Team) -> Neighbour:
    states, unread = await open_incidents(house, team)
    return Neighbour(team.id, team.name, len(states) + unread)


def _silences(visit: Visit, looks: list[telemetry.Look]) -> tuple[str, ...]:
    silent = {silence.source: silence.reason for look in looks for silence in look.silent}
    words = visit.words
    return tuple(words.text("evidence_card.silent", source=name, reason=why) for name, why in silent.items())


def _waiting(visit: Visit, states: tuple[Incident, ...]) -> list[Waiting]:
    may = visit.person is not None and may_approve(visit.person, visit.team)
    return [
        Waiting(state, proposal, may and proposal.plan.requester != visit.actor)
        for state in states
        for proposal in state.proposals.values()
        if proposal.request and not proposal.decision
    ]


def _asked_at(waiting: Waiting) -> float:
    request = waiting.proposal.request
    return request.asked_at.timestamp() if request else 0.0

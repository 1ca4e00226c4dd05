"""Gathers what is before a whole team: its open incidents, the approvals that wait, and how its services do."""

from dataclasses import replace

from cards.views.overview import Health, Overview, Waiting
from engine.approvals import may_approve
from engine.incident import Incident
from engine.team import Team
from handlers.visit import House, Visit

MOST_READ = 100
"""Open incidents that are looked into, the newest first."""
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


def noted(over: Overview, *notes: str) -> Overview:
    """The same, with notes of what could not be asked."""
    return replace(over, notes=(*over.notes, *(note for note in notes if note)))


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

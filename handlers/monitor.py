"""Makes the live card of a service, and keeps it up to date where it hangs in the team's room."""

from collections.abc import Sequence
from datetime import datetime

from cards.model import Card
from cards.views import vitals
from cards.views.border import across
from cards.views.monitor import Live, monitor
from cards.words import Words
from engine.model import Evidence, Observation, Window
from engine.team import Service, Team
from engine.topology import callers
from handlers import telemetry
from handlers.inbound import Answer
from handlers.overview import open_incidents
from handlers.visit import House, Visit, no, ok

MOST_NAMES = 20


async def show(visit: Visit, name: str) -> Answer:
    """The service's figures as they are now: on the card that hangs in the team's room, one for each service, edited in
    place and kept fresh for a while; to the person alone inside an incident's thread and outside the team's rooms."""
    house, team, service = visit.house, visit.team, wanted(visit, name)
    if service is None:
        return unknown(visit, name)
    room = f"{visit.at.platform}:{visit.at.room}"
    if house.board is None or visit.incident.id or room not in team.rooms:
        return Answer(card=await draw(house, team, service, visit.words))
    # What hangs in a room speaks the room's language, whoever asked.
    until = house.keep_fresh(team, room, service.name) if service.name in team.services else None
    card = await draw(house, team, service, Words(team.language_of(room), team.zone), until)
    hung = await house.board.hang(team, room, name_of(service, room), card)
    return ok("monitor_card.refreshed" if hung else "monitor_card.hung", summary=card.summary)


def name_of(service: Service, room: str) -> str:
    """Under which name the card of a service hangs in a room."""
    return f"monitor:{service.name}/{room}"


async def draw(house: House, team: Team, service: Service, words: Words, until: datetime | None = None) -> Card:
    """The live card of one service; `until` when it is kept fresh by itself."""
    asked = house.telemetry(team)
    look = await telemetry.live(asked, house.clock, team.id, service)
    states, _ = await open_incidents(house, team)
    about = tuple(state for state in states if state.service == service.name)
    figures = {role: (look.now(service.name, role), look.series(service.name, role)) for role in Live.ROLES}
    seen = tuple(o for o in look.seen if o.service == service.name)
    before = {role: look.before(service.name, role) for role in Live.ROLES}
    live = Live(
        service,
        look.window,
        figures,
        before,
        seen,
        _judged(vitals.told(seen), look.window),
        look.silent,
        about,
        asked=any((asked.measuring, seen)),
        until=until,
        callers=callers(service.name, team.services, {}),
    )
    return across(monitor(live, words), "", words)


def _judged(told: Sequence[Observation], window: Window) -> tuple[Evidence, ...]:
    """What it amounts to."""
    if not told:
        return ()
    from engine.diagnosis.signals import judge  # noqa: PLC0415 - numpy and its like, not needed to be ready

    return judge(told, window)


def wanted(visit: Visit, name: str) -> Service | None:
    """The service a person means: the one they name, else the incident's; none of another team."""
    said = name.strip() or visit.incident.service
    known = visit.team.services.get(said) or next(
        (service for id, service in visit.team.services.items() if id.casefold() == said.casefold()), None
    )
    if known is None and said and said == visit.incident.service and not foreign(visit, said):
        return Service(name=said)
    return known


def foreign(visit: Visit, name: str) -> Team | None:
    """The other team this service belongs to; None where it is this team's, or nobody's."""
    if name in visit.team.services:
        return None
    return next((team for team in visit.house.teams.all() if name in team.services), None)


def unknown(visit: Visit, name: str) -> Answer:
    """That the team has no such service, and which it has."""
    known = ", ".join(list(visit.team.services)[:MOST_NAMES]) or "-"
    return no("error.which_service", said=name.strip()[:60] or "-", known=known)

"""Decides who is called while nobody has taken an incident, and when; pure, so that any round may ask at any time."""

from datetime import datetime, timedelta

from engine.duty import Rung
from engine.incident import Incident
from engine.model import Gaps, Phrase, Value
from engine.team import Person, Team

AFTER_MINUTES = 10.0
"""How long each step waits where a team does not say."""

QUICKER = 0.5
"""What part of that the later steps of a P1 wait."""

LOOKED_AFTER = ("executing", "verifying", "recovered", "closed")
"""Statuses in which somebody has just decided something, or nothing is wrong any more."""


class Call(Value):
    """The next step: who (`to`), which room, or the pager is called at `at`, if nobody has the incident by then."""

    rung: Rung
    to: str = ""
    room: str = ""
    at: datetime
    minutes: float


def next_up(incident: Incident, team: Team, but: str = "") -> Person | None:
    """The first of the on-call order who was not called in this episode, has not got the incident, and is not `but`."""
    involved = {summons.to for summons in incident.summons} | {incident.assignee, incident.acknowledged_by, but}
    return next((person for person in team.on_duty if person.id not in involved), None)


def patience(incident: Incident, team: Team) -> float:
    """Minutes each step waits; 0: nobody is called."""
    said = team.escalation.after_minutes
    if said is None:
        return 0.0 if incident.compressed_time else AFTER_MINUTES
    return said


def ladder(incident: Incident, team: Team) -> tuple[Rung, ...]:
    """The steps there are for this incident, in order; a P4 is worth a reminder and nobody's sleep."""
    if incident.severity == "P4":
        return ("again",)
    rungs: list[Rung] = ["again"]
    rungs += ["second"] if len(team.on_duty) > 1 else []
    rungs += ["urgent"] if insisted(incident, team) else []
    rungs += ["room"] if team.escalation.room else []
    rungs += ["pager"] if team.escalation.pager else []
    return tuple(rungs)


def insisted(incident: Incident, team: Team) -> tuple[Person, ...]:
    """For whom a message can insist: whoever was called or has it, with an account there; else the first on call."""
    there = [person for person in team.on_duty if team.escalation.urgent in person.accounts]
    called = {summons.to for summons in incident.summons} | {incident.assignee}
    return tuple(person for person in there if person.id in called) or tuple(there[:1])


def due(incident: Incident, team: Team) -> Call | None:
    """The next step and when it is due; None where none will be, as things stand. Each step is taken once per episode;
    after a time in which nobody could call (a snooze, a process that was down) steps keep their distance."""
    minutes, began = patience(incident, team), incident.began_at
    idle = incident.acknowledged_by or incident.resolved_at or incident.snooze or incident.status in LOOKED_AFTER
    if began is None or minutes <= 0 or idle:
        return None
    taken = [summons for summons in incident.summons if summons.rung != "asked"]
    rungs = ladder(incident, team)
    rung = next((rung for rung in rungs if rung not in {summons.rung for summons in taken}), None)
    if rung is None:
        return None
    if incident.snoozed_until and incident.snoozed_until > began:
        began = incident.snoozed_until
    step = minutes * (QUICKER if incident.severity == "P1" else 1.0)
    at = began + timedelta(minutes=minutes + step * rungs.index(rung))
    if taken:
        at = max(at, taken[-1].at + timedelta(minutes=step / 2))
    room = team.escalation.room if rung == "room" else ""
    return Call(rung=rung, to=_whom(incident, team, rung), room=room, at=at, minutes=minutes)


def _whom(incident: Incident, team: Team, rung: Rung) -> str:
    """The person a step is meant for, "" where it is meant for none in particular."""
    first = incident.assignee or (team.on_duty[0].id if team.on_duty else "")
    if rung == "again":
        return first
    if rung != "second":
        return ""
    person = next_up(incident, team, but=first)
    return person.id if person else next((p.id for p in team.on_duty if p.id != first), "")


def said(incident: Incident, call: Call, names: str, waited: float) -> Phrase:
    """What is said about a step after `waited` seconds; `names` is the whole on-call order, "" where there is none."""
    values: Gaps = {
        "incident": incident.id,
        "title": incident.title,
        "minutes": max(1, round(waited / 60)),
        "names": names,
    }
    word = call.rung if names or call.rung != "again" else "nobody"
    return Phrase(word=f"notice.unacknowledged_{word}", values=values)

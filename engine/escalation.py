"""Decides who is called while nobody has taken an incident, and when; pure, so that any round may ask at any time."""

from engine.incident import Incident
from engine.team import Person, Team


def next_up(incident: Incident, team: Team, but: str = "") -> Person | None:
    """The first of the on-call order who was not called in this episode, has not got the incident, and is not `but`."""
    involved = {summons.to for summons in incident.summons} | {incident.assignee, incident.acknowledged_by, but}
    return next((person for person in team.on_duty if person.id not in involved), None)

"""Says how the bot itself does: what is set up, what is wrong with it, and what does not work right now."""

from cards.views import doctor as drawn
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.overview import open_incidents
from handlers.visit import Visit, no


async def run(visit: Visit, rest: str) -> Answer:
    """`doctor`: within the team's wall, everything that is wrong and everything that could be set up."""
    if visit.house.doctor is None:
        return no("error.no_doctor")
    health = await visit.house.doctor(visit.team)
    states, _ = await open_incidents(visit.house, visit.team)
    stuck = [state for state in states if state.stuck]
    return Answer(card=drawn.doctor(health, stuck, visit.words, visit.team))


DOCTOR = Command("doctor", ("doctor", "check", "自检", "体检", "诊断自己"), run, role="viewer", about=False)

"""Says who is on call."""

from cards.model import Card, Facts, Prose
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit, no

WORDS = ("on-call", "on call", "oncall", "who is on call", "who's on call", "值班", "谁值班", "谁在值班")


async def run(visit: Visit, rest: str) -> Answer:
    """`on-call`: the order in which people are called, and who has this incident."""
    words, team = visit.words, visit.team
    if not team.on_duty:
        return no("error.nobody_on_call", team=team.name)
    pairs = tuple(
        (words.text("on_call.first" if n == 1 else "on_call.place", n=n), person.name)
        for n, person in enumerate(team.on_duty, start=1)
    )
    title = words.text("on_call.title", team=team.name)
    has_it = visit.incident.assignee
    said = words.text("on_call.has_it", person=visit.name(has_it), incident=visit.incident.id) if has_it else ""
    blocks = (Facts(pairs), *((Prose(said, strong=True),) if said else ()))
    return Answer(card=Card(title, title, tone="info", blocks=blocks, language=words.language))


ON_CALL = Command("on_call", WORDS, run, role="viewer", about=False)

"""Lists the newest incidents of the person's team."""

from cards import views
from handlers import choosing
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit, no

NEWEST = 20
FAR_BACK = 300
"""Incidents among which those that a choice means are looked for."""


async def run(visit: Visit, rest: str) -> Answer:
    """`incidents [open|closed|free|waiting|…] [P1…P4] [service] [mine]`, in any order."""
    choice = choosing.understood(rest, visit.team, visit.actor)
    if isinstance(choice, str):
        return no("error.list_what", said=choice[:40])
    states = []
    for incident in await visit.house.register.newest(visit.team.id, FAR_BACK if choice.fits else NEWEST):
        state = await visit.house.state(incident)
        if choice.meant(state):
            states.append(state)
        if len(states) == NEWEST:
            break
    words = visit.words
    said = [words.text(f"listing.only.{kind}", what=_named(visit, kind, what)) for kind, what in choice.names]
    card = views.listing(states, words, visit.team, words.text("list.comma").join(said))
    return Answer(card=card, incidents=tuple(state.id for state in states))


def _named(visit: Visit, kind: str, what: str) -> str:
    return visit.words.text(f"listing.state.{what}") if kind == "state" else what


INCIDENTS = Command("incidents", ("incidents", "list", "事件", "事件列表", "列表"), run, role="viewer", about=False)


async def mine(visit: Visit, rest: str) -> Answer:
    """`mine`: the open ones the person has."""
    return await run(visit, f"open mine {rest}")


MINE = Command("mine", ("mine", "my incidents", "我的事件", "我负责的"), mine, role="viewer", about=False)

"""Turns the state of an incident into cards: state in, meaning out, no clock and nothing to wait for."""

from collections.abc import Callable, Sequence

from cards.model import Card
from cards.views import header as first
from cards.views.background import background
from cards.views.border import across
from cards.views.closing import closing
from cards.views.diagnosis import diagnosis
from cards.views.duty import handover, update
from cards.views.evidence import evidence
from cards.views.listing import listing as rows
from cards.views.page import page as whole
from cards.views.plan import plan
from cards.views.recovery import recovery
from cards.views.report import posted as report
from cards.views.say import say, stand_in
from cards.views.scene import Scene
from cards.views.triage import triage
from cards.words import Words
from engine.incident import Incident
from engine.model import Entry
from engine.team import Team


def slots(incident: Incident) -> tuple[str, ...]:
    """The names of this incident's cards that have something to show, in thread order; one-off messages come last."""
    names = ["header"]
    names += ["background"] if incident.background else []
    names += ["evidence"] if incident.sweep or incident.asked else []
    names += ["diagnosis"] if incident.diagnosis or incident.first_look else []
    for plan_id, proposal in incident.proposals.items():
        names.append(f"plan:{plan_id}")
        names += [f"recovery:{plan_id}"] if proposal.recovery else []
    names += ["closing"] if incident.lessons or incident.status == "closed" else []
    names += ["report"] if incident.reported_by else []
    names += [f"update:{update.key}" for update in incident.updates]
    names += [f"handover:{handover.key}" for handover in incident.handovers]
    return (*names, *(f"say:{said.key}" for said in incident.says))


def draw(incident: Incident, slot: str, words: Words, team: Team) -> Card | None:
    """The card of one slot as the incident stands now; None where there is nothing to show, or no such slot."""
    scene = Scene(incident, words, team)
    card = _drawn(scene, slot)
    return across(card, incident.id, words) if card else None


def page(incident: Incident, entries: Sequence[Entry], words: Words, team: Team) -> Card:
    """The full rendering: every card, all evidence with queries, raw alert labels, the whole timeline."""
    scene = Scene(incident, words, team)
    cards = [card for slot in slots(incident)[1:] if (card := _drawn(scene, slot))]
    return across(whole(scene, cards, entries), incident.id, words)


def listing(incidents: Sequence[Incident], words: Words, team: Team | None = None, only: str = "") -> Card:
    """One row per incident, in the order given; `only` says what they were narrowed to."""
    return across(rows(incidents, words, team, only), "", words)


WHOLE: dict[str, Callable[[Scene], Card | None]] = {
    "header": first.header,
    "background": background,
    "evidence": evidence,
    "diagnosis": diagnosis,
    "closing": closing,
    "report": report,
    "triage": triage,
}
"""Cards of which an incident has one."""

KEYED: dict[str, Callable[[Scene, str], Card | None]] = {
    "plan": plan,
    "recovery": recovery,
    "update": update,
    "handover": handover,
    "say": say,
    "stand_in": stand_in,
}
"""Cards of which it may have several, each with a key of its own."""


def _drawn(scene: Scene, slot: str) -> Card | None:
    name, _, rest = slot.partition(":")
    if name in KEYED:
        return KEYED[name](scene, rest)
    return WHOLE[name](scene) if name in WHOLE else None

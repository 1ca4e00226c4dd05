"""Holds what every view of an incident needs: its state, the words of the room, and the team it belongs to."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cards.model import Addressee, Button, Buttons, Link
from cards.words import Filling, Words
from engine.incident import Incident, Proposal
from engine.model import Evidence, Phrase, Quantity, Sweep, Unit
from engine.team import Team

BOT = "tocsin"
LIST_END = 8
"""Names in one sentence; more are counted."""


@dataclass(frozen=True)
class Scene:
    """One incident, one language, one team; the views ask it for words and for what stands now."""

    incident: Incident
    words: Words
    team: Team

    def text(self, word: str, **values: Filling) -> str:
        """A sentence of the views."""
        return self.words.text(word, **values)

    def say(self, phrase: Phrase | None) -> str:
        """A sentence of the engine; "" where there is none."""
        return self.words.say(phrase) if phrase else ""

    def named(self, word: str, name: str) -> str:
        """The word for a name out of an open list (a signal, an operation), else the name itself."""
        key = f"{word}.{name}"
        return self.words.text(key) if self.words.has(key) else name

    def person(self, actor: str) -> str:
        """How a person is called in this team; accounts nobody linked keep the name their platform gives."""
        if actor == BOT:
            return "Tocsin"
        member = self.team.member(actor)
        return member.name if member and member.name else actor

    def addressee(self, actor: str) -> Addressee:
        """A person as a card calls them; whoever is no member of the team is named and mentioned nowhere."""
        member = self.team.member(actor)
        return Addressee(self.person(actor), dict(member.accounts) if member else {})

    def listed(self, items: Iterable[str]) -> str:
        """Items in one sentence, the rest counted."""
        names = [item for item in items if item]
        shown = self.text("list.comma").join(names[:LIST_END])
        return self.text("list.more", items=shown, n=len(names) - LIST_END) if len(names) > LIST_END else shown

    def button(self, action: str, style: str = "plain", label: str = "", **value: str) -> Button:
        """A button of this incident; its label is the word `button.<action>` unless another is given."""
        text = label or self.text(f"button.{action}")
        kept = {"incident": self.incident.id} | value
        match style:
            case "primary":
                return Button(action=action, label=text, value=kept, style="primary")
            case "danger":
                return Button(action=action, label=text, value=kept, style="danger")
            case _:
                return Button(action=action, label=text, value=kept)

    def link_to_page(self) -> Link:
        """The full rendering of this incident."""
        return Link(label=self.text("button.view"), href=f"/incidents/{self.incident.id}")

    def row(self, *buttons: Button | Link) -> tuple[Buttons, ...]:
        """One row of buttons, or nothing where there are none."""
        return (Buttons(buttons),) if buttons else ()

    @property
    def over(self) -> bool:
        """Whether the incident is closed."""
        return self.incident.status == "closed"

    @property
    def sweep(self) -> Sweep | None:
        """What the newest round brought; before it is over, what its first look did."""
        first = self.incident.first_look
        return self.incident.sweep or (first.sweep if first else None)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """All evidence of the newest round."""
        return self.sweep.evidence if self.sweep else ()

    @property
    def cited(self) -> dict[str, Evidence]:
        """Evidence by id."""
        return {item.id: item for item in self.evidence}

    @property
    def newest(self) -> Proposal | None:
        """The proposal that was made last."""
        return next(reversed(self.incident.proposals.values()), None)


def ids(items: Sequence[str]) -> str:
    """Evidence ids as they stand behind a sentence."""
    return f"[{', '.join(items)}]" if items else ""


def seconds_between(start: datetime | None, end: datetime | None) -> float:
    """Seconds from start to end; nan where either is missing."""
    return (end - start).total_seconds() if start and end else math.nan


def unit_of(evidence: Evidence) -> Unit:
    """The unit of a piece of evidence, from whichever side was measured."""
    quantity = evidence.after or evidence.before
    return quantity.unit if quantity else "none"


def change_of(before: Quantity | None, after: Quantity | None, words: Words) -> tuple[str, str]:
    """Both sides of a comparison as text; "" where a side was not measured."""
    return (words.quantity(before) if before else "", words.quantity(after) if after else "")

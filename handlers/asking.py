"""Builds the forms in which a person says what a button cannot know, and takes what was typed as the command it is."""

from collections.abc import Awaitable, Callable

from cards.model import Ask, Field
from handlers import people, silences, statements
from handlers.commands.open import run as declare
from handlers.inbound import Answer, FormSent
from handlers.visit import QUIET, Visit, no

SPANS = ("30m", "1h", "2h", "4h", "1d")
LEVELS = ("P1", "P2", "P3", "P4")
MOST_CHOICES = 50
LONGEST = 1_000

Take = Callable[[Visit, str], Awaitable[Answer]]


def form(visit: Visit, action: str) -> Answer:
    """The form behind a button."""
    words = visit.words
    about = {"incident": visit.incident.id} if action != "declare" else {}
    ask = Ask(
        question=words.text(f"form.{action}", incident=visit.incident.id, team=visit.team.name),
        who=words.text("form.who_responder"),
        until=None,
        action=action,
        submit=words.text(f"form.{action}_submit"),
        value=about,
        fields=tuple(_field(visit, name) for name in FIELDS[action]),
    )
    return Answer(form=ask)


FIELDS: dict[str, tuple[str, ...]] = {
    "assign": ("person",),
    "handover": ("person", "note"),
    "snooze": ("span",),
    "severity": ("level", "reason"),
    "update": ("text",),
    "silence": ("span", "why"),
    "declare": ("service", "what"),
}
"""What each form asks for, in the order in which the command takes it."""
OPTIONAL = frozenset({"note", "reason", "service"})


def _field(visit: Visit, name: str) -> Field:
    words = visit.words
    return Field(
        name=name,
        label=words.text(f"field.{name}"),
        required=name not in OPTIONAL,
        multiline=name in ("note", "text"),
        choices=_choices(visit, name),
    )


def _choices(visit: Visit, name: str) -> tuple[tuple[str, str], ...]:
    match name:
        case "person":
            able = [person for person in visit.team.people if people.may_act(person) and person.id != visit.actor]
            return tuple((person.id, person.name) for person in able[:MOST_CHOICES])
        case "span":
            return tuple((span, visit.words.text(f"span.{span}")) for span in SPANS)
        case "level":
            return tuple((level, visit.words.text(f"severity.{level}")) for level in LEVELS)
        case "service":
            return tuple((service, service) for service in list(visit.team.services)[:MOST_CHOICES])
        case _:
            return ()


async def sent(visit: Visit, event: FormSent) -> Answer:
    """Take a filled-in form as the command it stands for; a repetition is taken once."""
    if visit.again:
        return QUIET
    if not visit.may("responder"):
        attempt = f"{event.action} {event.value}"
        return await visit.refuse("error.role.responder", attempt, person=visit.name(visit.actor))
    typed = [event.fields.get(name, "").replace("\x00", "").strip()[:LONGEST] for name in FIELDS[event.action]]
    if not any(typed):
        return no("error.form_empty")
    return await TAKERS[event.action](visit, " ".join(part for part in typed if part))


TAKERS: dict[str, Take] = {
    "assign": people.assign,
    "handover": people.hand_over,
    "snooze": statements.snooze,
    "severity": statements.rate,
    "update": statements.update,
    "silence": silences.silence,
    "declare": declare,
}
"""What takes each form's words; the same that takes the command."""

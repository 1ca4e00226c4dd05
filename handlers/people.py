"""Does what a person may do about people: who takes an incident, who is called, who it goes to next."""

import re

from engine.escalation import next_up
from engine.masking import masked
from engine.model import Phrase
from engine.team import Person, Team
from handlers import deeds
from handlers.inbound import Answer
from handlers.visit import QUIET, Visit, no, ok

MENTION = re.compile(r"^(?:<@|@)?\s*")
MARKUP = re.compile(r"^<@!?([A-Za-z0-9_-]+)(?:\|[^>]*)?>\s*")
ME = ("me", "myself", "我", "我自己")
NEXT = ("next", "下一位", "下一个", "下一个人")
LONGEST = 500
"""Characters of a reason or a note."""


def find(team: Team, text: str) -> tuple[Person | None, str]:
    """The member a text begins with, and what follows: by id, by name in any case, or mentioned as a platform does."""
    if mentioned := MARKUP.match(text):
        found = next((p for p in team.people if mentioned[1] in p.accounts.values()), None)
        return found, text[mentioned.end() :].strip()
    plain = MENTION.sub("", text.strip(), count=1)
    lower = plain.casefold()
    named = [(name.casefold(), p) for p in team.people for name in (p.id, p.name) if name]
    for name, person in sorted(named, key=lambda item: -len(item[0])):
        after = lower[len(name) : len(name) + 1]
        if lower.startswith(name) and not (after.isascii() and (after.isalnum() or after in "_-") and after):
            return person, plain[len(name) :].strip(" \t\n:：,，")
    return None, plain


def meant(visit: Visit, text: str) -> tuple[Person | None, str]:
    """As `find`, where "me" is the person who speaks."""
    first, _, rest = text.strip().partition(" ")
    if first.casefold() in ME:
        return visit.person, rest.strip()
    return find(visit.team, text)


def unknown(visit: Visit, text: str) -> Answer:
    """That nobody in the team is called that, and who is."""
    known = ", ".join(person.id for person in visit.team.people if person.roles - {"viewer"})
    return no("error.unknown_person", said=text.strip()[:60] or "-", known=known[:300] or "-")


def may_act(person: Person) -> bool:
    """Whether it makes sense to give this person an incident."""
    return bool(person.roles - {"viewer"})


def bounded(text: str) -> str:
    """A reason or a note as it is kept: without secrets, and no longer than a note is."""
    return masked(text.replace("\x00", "").strip(), LONGEST)


async def assign(visit: Visit, text: str) -> Answer:
    """Give the incident to a person. Who gives it to himself has taken it."""
    person, _ = meant(visit, text)
    if (wrong := _unfit(visit, person, text)) is not None or person is None:
        return wrong or unknown(visit, text)
    if person.id == visit.actor and not visit.incident.acknowledged_by:
        return await deeds.acknowledge(visit)
    if person.id == visit.incident.assignee:
        return ok("command.assigned_before", person=person.name)
    say = Phrase(word="notice.assigned", values={"by": visit.name(visit.actor), "incident": visit.incident.id})
    spoken = {} if person.id == visit.actor else {"say": say.model_dump(mode="json")}
    key = f"assigned:{visit.id}"
    await visit.write(key, "incident.assigned", {"to": person.id, "inbound": visit.id, **spoken})
    await visit.show("header", *([f"say:{key}"] if spoken else []))
    return ok("command.assigned", person=person.name)


def _unfit(visit: Visit, person: Person | None, text: str) -> Answer | None:
    """Why this person cannot be given the incident; None where nothing speaks against it."""
    if visit.incident.status == "closed":
        return no("error.closed", incident=visit.incident.id)
    if person is None:
        return unknown(visit, text)
    return None if may_act(person) else no("error.may_only_look", person=person.name)


async def escalate(visit: Visit, text: str) -> Answer:
    """Call somebody into the thread: the person named, else the next one of the team's on-call order."""
    first, _, rest = text.strip().partition(" ")
    if not first or first.casefold() in NEXT:
        person, reason = next_up(visit.incident, visit.team, but=visit.actor), rest
        if person is None and visit.incident.status != "closed":
            return no("error.nobody_next", team=visit.team.name)
    else:
        person, reason = find(visit.team, text)
    if (wrong := _unfit(visit, person, text)) is not None or person is None:
        return wrong or unknown(visit, text)
    reason = bounded(reason)
    values = {"by": visit.name(visit.actor), "incident": visit.incident.id, "reason": reason}
    say = Phrase(word="notice.called_why" if reason else "notice.called", values={**values})
    body = {"rung": "asked", "to": person.id, "reason": reason, "inbound": visit.id}
    key = f"escalated:{visit.id}"
    await visit.write(key, "incident.escalated", body | {"say": say.model_dump(mode="json")})
    await visit.show("header", f"say:{key}")
    return ok("command.escalated", person=person.name)


async def hand_over(visit: Visit, text: str) -> Answer:
    """Give the incident to another person, with a card that says how it stands."""
    person, note = meant(visit, text)
    if (wrong := _unfit(visit, person, text)) is not None or person is None:
        return wrong or unknown(visit, text)
    if person.id == visit.actor:
        return no("error.hand_over_to_self")
    key = f"handover:{visit.id}"
    body = {"to": person.id, "note": bounded(note), "inbound": visit.id}
    entry = await visit.write(key, "shift.handed_over", body)
    await visit.show("header", f"handover:{entry.key}")
    return ok("command.handed_on", person=person.name) if not visit.again else QUIET

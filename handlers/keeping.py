"""Lets a team keep what a person tells it, look at what it keeps, and forget it again."""

import re

from cards.views import kept as drawn
from engine.incident import Incident, Taught
from engine.masking import mask
from engine.model import Phrase
from engine.team import Lesson, LessonKind
from handlers import teaching
from handlers.inbound import Answer
from handlers.visit import Visit, elsewhere, no, ok

LONGEST = 1_000
"""Characters of a note."""
TITLE = 60
MOST_OFFERED = 50
NOTE = re.compile(r"les_[0-9a-f]{8}")
OFFERED = "/offered"
"""Behind a team's id in the memory: notes of that team nobody has decided about yet. No team can be called so."""


async def remember(visit: Visit, text: str) -> Answer:
    """Offer to keep a note, with who said it where. In a thread it is about the incident's alert, and comes again with
    it; elsewhere it may begin with a service of the team. The id of a note on offer, typed, is its button in words."""
    said = mask(text.replace("\x00", "").strip()[:LONGEST])
    if NOTE.fullmatch(said):
        return await keep(visit, said)
    if not said:
        return no("error.remember_what")
    lesson = _note(visit, said)
    if visit.incident.id:
        offered = {"lessons": [lesson.model_dump(mode="json")], "inbound": visit.id}
        await visit.write(f"remember:{visit.id}", "skill.generated", offered)
    else:
        await _offer(visit, lesson)
    return Answer(card=drawn.offer(lesson, visit.words, visit.name(visit.actor)))


def _note(visit: Visit, said: str) -> Lesson:
    incident = visit.incident
    first = said.partition(" ")[0].rstrip(":：,，")
    cause = incident.diagnosis.cause if incident.diagnosis else None
    return Lesson(
        id=visit.house.ids.draw("les"),
        kind="habit",
        title=Phrase(word="lesson.note.title", values={"text": said[:TITLE] + ("…" if len(said) > TITLE else "")}),
        text=said,
        incident=incident.id,
        service=incident.service or (first if first in visit.team.services else ""),
        category=cause.category if cause else "",
        alert=incident.alert.name if incident.alert else "",
        taught_by=visit.actor,
        at=visit.house.clock.now(),
    )


async def _offer(visit: Visit, lesson: Lesson) -> None:
    memory, shelf = visit.house.memory, visit.team.id + OFFERED
    await memory.keep(shelf, lesson)
    for old in (await memory.kept(shelf))[MOST_OFFERED:]:
        await memory.drop(shelf, old.id)


async def keep(visit: Visit, id: str) -> Answer:
    """Keep a note that was offered outside incidents."""
    memory, shelf = visit.house.memory, visit.team.id + OFFERED
    lesson = next((each for each in await memory.kept(shelf) if each.id == id), None)
    if lesson is None:
        there = any(each.id == id for each in await memory.kept(visit.team.id))
        return ok("command.kept") if there else no("error.no_such_note", lesson=id[:40] or "-")
    await memory.keep(visit.team.id, lesson)
    await memory.drop(shelf, id)
    return ok("command.kept")


async def forget(visit: Visit, id: str) -> Answer:
    """Forget one thing the team keeps, or a note it was offered; the incident it came from is told."""
    memory, named = visit.house.memory, id.strip().split(" ")[0]
    for shelf in (visit.team.id, visit.team.id + OFFERED):
        lesson = next((each for each in await memory.kept(shelf) if each.id == named), None)
        if lesson is not None:
            return await _drop(visit, shelf, lesson)
    return no("error.no_such_note", lesson=named[:40] or "-")


async def _drop(visit: Visit, shelf: str, lesson: Lesson) -> Answer:
    there = await elsewhere(visit, lesson.incident) if lesson.incident else None
    if isinstance(there, Visit) and _kept(there.incident, lesson.id):
        return await teaching.drop(there, lesson.id)
    await visit.house.memory.drop(shelf, lesson.id)
    return ok("command.dropped")


def _kept(incident: Incident, id: str) -> Taught | None:
    taught = incident.lessons.get(id)
    return taught if taught is not None and taught.state == "kept" else None


async def show(visit: Visit, kind: LessonKind, id: str) -> Answer:
    """What the team keeps of this kind, newest first; one of them in full where it is named."""
    kept = await visit.house.memory.kept(visit.team.id, kind)
    named = id.strip().split(" ")[0]
    if not named:
        return Answer(card=drawn.shelf(kind, kept, visit.words, visit.team))
    lesson = next((each for each in kept if each.id == named), None)
    if lesson is None:
        return no("error.no_such_note", lesson=named[:40])
    origin = await visit.house.state(lesson.incident) if lesson.incident else Incident()
    return Answer(card=drawn.one(lesson, origin, visit.words, visit.team))

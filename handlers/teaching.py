"""Keeps, edits and drops what an incident may teach its team."""

from typing import Literal

from cards.model import Ask, Field
from engine.incident import Taught, fold
from engine.learning import lessons as learning
from engine.team import Lesson
from handlers.inbound import Answer
from handlers.visit import Visit, no, ok

State = Literal["kept", "dropped"]
LONGEST = 4_000


async def keep(visit: Visit, lesson: str) -> Answer:
    """Keep one lesson for the team, as it stands."""
    taught = _taught(visit, lesson)
    if taught is None:
        return no("error.no_such_lesson", incident=visit.incident.id)
    await _settle(visit, taught.lesson, "kept")
    await visit.show("closing")
    return ok("command.kept")


async def drop(visit: Visit, lesson: str) -> Answer:
    """Drop one lesson; one that was kept is forgotten."""
    taught = _taught(visit, lesson)
    if taught is None:
        return no("error.no_such_lesson", incident=visit.incident.id)
    await _settle(visit, taught.lesson, "dropped")
    await visit.show("closing")
    return ok("command.dropped")


async def keep_all(visit: Visit) -> Answer:
    """Keep every lesson nobody has decided about; runbooks are published before anything is remembered."""
    if not visit.incident.lessons:
        return await draft(visit)
    offered = [taught.lesson for taught in visit.incident.lessons.values() if taught.state == "offered"]
    for lesson in sorted(offered, key=lambda lesson: lesson.kind != "runbook"):
        await _settle(visit, lesson, "kept")
    await visit.show("closing")
    return ok("command.kept_all", n=len(offered))


async def draft(visit: Visit) -> Answer:
    """Draft lessons because a person asks for it, of an incident that did not recover by itself."""
    if visit.incident.diagnosis is None:
        return no("error.nothing_to_learn", incident=visit.incident.id)
    entries = await visit.house.timeline.read(visit.incident.id)
    drafted = learning.draft(fold(entries), entries, visit.house.ids, visit.house.clock.now())
    await visit.write(visit.key("lessons"), "skill.generated", drafted.model_dump(mode="json"))
    await visit.show("closing")
    return ok("command.drafted", n=len(drafted.lessons))


def edit_form(visit: Visit, lesson: str) -> Answer:
    """The form in which a person puts a lesson into words of their own."""
    taught = _taught(visit, lesson)
    if taught is None:
        return no("error.no_such_lesson", incident=visit.incident.id)
    words = visit.words
    text = taught.lesson.text or "\n".join(words.say(line) for line in taught.lesson.lines)
    ask = Ask(
        question=words.text("form.edit", title=taught.lesson.title),
        who=words.text("form.who_responder"),
        until=None,
        action="edit",
        submit=words.text("form.edit_submit"),
        value={"incident": visit.incident.id, "lesson": lesson},
        fields=(Field(name="text", label=words.text("form.edit_text"), value=text, multiline=True),),
    )
    return Answer(form=ask)


async def edited(visit: Visit, lesson: str, text: str) -> Answer:
    """Keep a lesson in a person's own words."""
    taught = _taught(visit, lesson)
    said = text.replace("\x00", "").strip()[:LONGEST]
    if taught is None:
        return no("error.no_such_lesson", incident=visit.incident.id)
    if not said:
        return no("error.empty_lesson")
    await _settle(visit, taught.lesson.model_copy(update={"text": said}), "kept")
    await visit.show("closing")
    return ok("command.kept")


def _taught(visit: Visit, lesson: str) -> Taught | None:
    return visit.incident.lessons.get(lesson)


async def _settle(visit: Visit, lesson: Lesson, state: State) -> None:
    """Memory first: should we stop in between, the card still offers the lesson, and keeping it again is harmless."""
    known = visit.incident.lessons[lesson.id]
    if state == "kept":
        lesson = lesson.model_copy(update={"taught_by": visit.actor})
        await visit.house.memory.keep(visit.team.id, lesson)
    elif known.state == "kept":
        # An offer that nobody kept may carry on an older lesson under its id; that one stays.
        await visit.house.memory.drop(visit.team.id, lesson.id)
    key = visit.key(f"lesson/{lesson.id}") + ("" if known.state == "offered" else f"/{visit.id}")
    kind = "skill.published" if lesson.kind == "runbook" and state == "kept" else "memory.learned"
    taught = Taught(lesson=lesson, state=state, by=visit.actor)
    await visit.write(key, kind, taught.model_dump(mode="json"))

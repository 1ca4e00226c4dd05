"""Draws what a team keeps: a note on offer, the shelf of habits or runbooks, and one of them in full."""

from collections.abc import Sequence

from cards.documents import skill_document
from cards.model import Block, Button, Buttons, Card, Change, Facts, Fold, Link, Prose
from cards.views.background import wording
from cards.views.scene import Scene
from cards.words import Words
from engine.incident import Incident
from engine.team import Lesson, LessonKind, Team

MOST = 10
"""Lessons on one card; more are counted."""


def offer(lesson: Lesson, words: Words, by: str) -> Card:
    """A note somebody wants kept: its words, where it comes from, and the choice."""
    title = words.text("kept_card.offer")
    about = " · ".join(part for part in (lesson.service, lesson.alert) if part)
    pairs = (
        ("fact.taught_by", by),
        ("fact.from", lesson.incident or words.text("kept_card.room")),
        ("kept_card.about", about or words.text("kept_card.anything")),
    )
    facts = Facts(tuple((words.text(word), value) for word, value in pairs))
    where = {"incident": lesson.incident} if lesson.incident else {}
    value = {**where, "lesson": lesson.id}
    names = ("keep", "edit", "drop") if lesson.incident else ("remember", "forget")
    styles = {"keep": "primary", "remember": "primary"}
    buttons = tuple(
        Button(name, words.text(f"button.{name}"), value, "primary" if name in styles else "plain") for name in names
    )
    blocks = (Prose(lesson.text, strong=True), facts, Buttons(buttons))
    return Card(title, title, tone="info", blocks=blocks, incident=lesson.incident, language=words.language)


def shelf(kind: LessonKind, lessons: Sequence[Lesson], words: Words, team: Team) -> Card:
    """Everything of one kind, newest first, each with its way out."""
    title = words.text(f"kept_card.{kind}", n=len(lessons), team=team.name)
    blocks: list[Block] = [Prose(words.text(f"kept_card.no_{kind}"))] if not lessons else []
    for lesson in lessons[:MOST]:
        blocks += _row(lesson, words, team)
    if len(lessons) > MOST:
        rest = ", ".join(lesson.id for lesson in lessons[MOST : MOST * 4])
        blocks.append(Prose(words.text("kept_card.more", n=len(lessons) - MOST, ids=rest), quiet=True))
    return Card(title, title, tone="info", blocks=tuple(blocks), language=words.language)


def one(lesson: Lesson, origin: Incident, words: Words, team: Team) -> Card:
    """One of them in full: a runbook as the document it is."""
    scene = Scene(origin, words, team)
    title = scene.say(lesson.title)
    if lesson.kind == "runbook":
        body: Block = Change(skill_document(lesson, origin, words, _who(scene, lesson)), "SKILL.md")
    else:
        body = Prose("\n".join(wording(scene, lesson)) or title)
    blocks = (_facts(scene, lesson), body, _buttons(lesson, words))
    return Card(title, title, tone="info", blocks=blocks, incident=lesson.incident, language=words.language)


def _row(lesson: Lesson, words: Words, team: Team) -> tuple[Block, ...]:
    scene = Scene(Incident(), words, team)
    lines = "\n".join(wording(scene, lesson))
    body = (*((Prose(lines),) if lines else ()), _facts(scene, lesson))
    return (Fold(f"{scene.say(lesson.title)} · {lesson.id}", body), _buttons(lesson, words))


def _facts(scene: Scene, lesson: Lesson) -> Facts:
    pairs = (
        ("fact.service", lesson.service),
        ("column.alert", lesson.alert),
        ("fact.from", lesson.incident),
        ("fact.taught_by", _who(scene, lesson)),
        ("fact.at", scene.words.moment(lesson.at)),
        ("fact.seen", scene.text("background.seen", n=lesson.seen) if lesson.seen > 1 else ""),
    )
    return Facts(tuple((scene.text(word), value) for word, value in pairs if value))


def _who(scene: Scene, lesson: Lesson) -> str:
    return scene.person(lesson.taught_by) if lesson.taught_by else ""


def _buttons(lesson: Lesson, words: Words) -> Buttons:
    forget = Button("forget", words.text("button.forget"), {"lesson": lesson.id})
    if not lesson.incident:
        return Buttons((forget,))
    return Buttons(
        (forget, Link(words.text("button.view_earlier", incident=lesson.incident), f"/incidents/{lesson.incident}"))
    )

"""Draws the end: how long it took, what was done, and what the team may keep of it."""

from cards.documents import skill_document
from cards.model import Block, Button, Buttons, Card, Change, Facts, Fold, Prose
from cards.views.background import wording
from cards.views.header import tone
from cards.views.scene import Scene, seconds_between
from engine.feedback import RATED, opinions
from engine.incident import Taught


def closing(scene: Scene) -> Card | None:
    """The last message of the thread; None while neither lessons nor an end are there."""
    incident = scene.incident
    if not scene.over and not incident.lessons:
        return None
    outcome = scene.text(f"outcome.{incident.outcome}") if incident.outcome else scene.text(f"status.{incident.status}")
    title = scene.text("closing.title" if scene.over else "closing.title_open", outcome=outcome)
    pairs = (
        ("fact.incident", incident.id),
        ("fact.outcome", outcome),
        ("fact.duration", _duration(scene)),
        ("fact.operations", operations(scene)),
        ("fact.feedback", _feedback(scene)),
        ("fact.closed_by", scene.person(incident.closed_by) if incident.closed_by else ""),
        ("report.why_closed", incident.closed_reason),
    )
    return Card(
        title=title,
        summary=f"{title} · {incident.id}",
        tone=tone(scene),
        blocks=(
            Facts(tuple((scene.text(word), value) for word, value in pairs if value)),
            Prose(summary(scene)),
            *_lessons(scene),
            *_all_of_them(scene),
            *scene.row(scene.link_to_page()),
        ),
    )


def operations(scene: Scene) -> str:
    """How many operations changed the world, by name; one nobody can vouch for is counted apart."""
    results = [(p.plan.operation, p.execution.result) for p in scene.incident.proposals.values() if p.execution]
    done = [name for name, result in results if result == "done"]
    unclear = [name for name, result in results if result == "unknown"]
    said = scene.text("closing.operations" if done else "closing.no_operation", n=len(done), names=scene.listed(done))
    return f"{said} {scene.text('closing.unclear', n=len(unclear), names=scene.listed(unclear))}" if unclear else said


def summary(scene: Scene) -> str:
    """What happened in two or three sentences, from what stands in the timeline alone."""
    incident = scene.incident
    cause = incident.diagnosis.cause if incident.diagnosis else None
    said = [scene.text("closing.alert", title=incident.title)] if incident.title else []
    if cause:
        said.append(scene.text("closing.cause", cause=cause.title))
    elif incident.diagnosis:
        said.append(scene.text("closing.quiet" if incident.diagnosis.quiet else "closing.no_cause"))
    for proposal in incident.proposals.values():
        if proposal.execution and proposal.execution.result == "done":
            said.append(scene.text("closing.done", operation=proposal.plan.operation, target=proposal.plan.target))
        if proposal.recovery:
            said.append(scene.text(f"recovery_card.{proposal.recovery.verdict}") + scene.text("list.stop"))
    return scene.text("list.space").join(said)


def _feedback(scene: Scene) -> str:
    """What people thought of the cards, each with how many found it useful and how many not."""
    found = {slot: list(opinions(scene.incident.feedback, slot).values()) for slot in RATED}
    counted = {slot: (sum(said), len(said) - sum(said)) for slot, said in found.items() if said}
    return scene.listed(
        scene.text(f"feedback.{slot}", useful=useful, useless=useless) for slot, (useful, useless) in counted.items()
    )


def _duration(scene: Scene) -> str:
    end = scene.incident.closed_at or scene.incident.updated_at
    return scene.words.duration(seconds_between(scene.incident.opened_at, end))


def _lessons(scene: Scene) -> tuple[Block, ...]:
    lessons = scene.incident.lessons.values()
    if not lessons:
        return ()
    blocks: list[Block] = [Prose(scene.text("closing.lessons"), strong=True)]
    for taught in lessons:
        blocks += _lesson(scene, taught)
    return tuple(blocks)


def _lesson(scene: Scene, taught: Taught) -> tuple[Block, ...]:
    lesson = taught.lesson
    kind = scene.text(f"lesson_kind.{lesson.kind}")
    by = scene.person(taught.by) if taught.by else ""
    state = "" if taught.state == "offered" else f" · {scene.text(f'lesson_state.{taught.state}', person=by)}"
    body: tuple[Block, ...]
    if lesson.kind == "runbook":
        document = skill_document(lesson, scene.incident, scene.words, scene.person(lesson.taught_by))
        body = (Change(document, "SKILL.md"),)
    else:
        body = (Prose("\n".join(wording(scene, lesson)) or scene.say(lesson.title)),)
    shown = taught.state == "offered" and lesson.kind == "habit"
    fold = Fold(f"{kind} · {scene.say(lesson.title)}{state}", body, open=shown)
    return (fold, Buttons(_choices(scene, taught))) if taught.state == "offered" else (fold,)


def _choices(scene: Scene, taught: Taught) -> tuple[Button, ...]:
    lesson = taught.lesson.id
    return (
        scene.button("keep", "primary", lesson=lesson),
        scene.button("edit", lesson=lesson),
        scene.button("drop", lesson=lesson),
    )


def _all_of_them(scene: Scene) -> tuple[Buttons, ...]:
    offered = [taught for taught in scene.incident.lessons.values() if taught.state == "offered"]
    return scene.row(scene.button("keep_all", "primary")) if len(offered) > 1 else ()

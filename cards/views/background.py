"""Draws what the team's memory recalls: a place to look first, set apart, and never evidence."""

from cards.model import Block, Card, Facts, Fold, Link, Prose
from cards.views.scene import Scene
from engine.team import Lesson


def background(scene: Scene) -> Card | None:
    """Recalled lessons, marked as a weak prior; None where nothing was recalled."""
    lessons = scene.incident.background
    if not lessons:
        return None
    label = scene.text("background.title", n=len(lessons))
    return Card(
        title=label,
        summary=label,
        tone="neutral",
        blocks=(
            Prose(scene.text("background.weak"), quiet=True),
            *(_lesson(scene, lesson) for lesson in lessons),
            *scene.row(*_links(scene)),
        ),
    )


def wording(scene: Scene, lesson: Lesson) -> tuple[str, ...]:
    """What a lesson says: a person's own words where there are any, else the draft."""
    return tuple(lesson.text.splitlines()) if lesson.text else tuple(scene.say(line) for line in lesson.lines)


def _lesson(scene: Scene, lesson: Lesson) -> Fold:
    lines = "\n".join(wording(scene, lesson))
    pairs = (
        ("fact.from", lesson.incident),
        ("fact.taught_by", scene.person(lesson.taught_by) if lesson.taught_by else ""),
        ("fact.seen", scene.text("background.seen", n=lesson.seen) if lesson.seen > 1 else ""),
    )
    body: tuple[Block, ...] = (Prose(lines, quiet=True),) if lines else ()
    facts = Facts(tuple((scene.text(word), value) for word, value in pairs if value))
    kind = scene.text(f"lesson_kind.{lesson.kind}")
    return Fold(f"{kind} · {scene.say(lesson.title)}", (*body, facts), open=lesson.kind == "habit")


def _links(scene: Scene) -> tuple[Link, ...]:
    earlier = dict.fromkeys(lesson.incident for lesson in scene.incident.background)
    return tuple(
        Link(label=scene.text("button.view_earlier", incident=item), href=f"/incidents/{item}")
        for item in list(earlier)[:5]
        if item and item != scene.incident.id
    )

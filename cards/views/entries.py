"""Says one line of a timeline in a few words, whatever its kind and body hold."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from cards.views.scene import Scene
from engine.masking import bounded, mask
from engine.model import Entry, Phrase

LONGEST = 160
Body = Mapping[str, Any]


def kind(scene: Scene, name: str) -> str:
    """The kind of an entry in words, with its own name behind it so that a person can search for it."""
    return f"{scene.text(f'kind.{name}')} ({name})" if scene.words.has(f"kind.{name}") else name


def brief(scene: Scene, entry: Entry) -> str:
    """What the entry says, masked, in one line of at most 160 characters."""
    said = BRIEFS.get(entry.kind, _generic)(scene, entry.body)
    return bounded(mask(" ".join(said[: 20 * LONGEST].split())), LONGEST)


def _generic(scene: Scene, body: Body) -> str:
    """Phrases said, plain values named; nested values are left to the page's other parts."""
    parts: list[str] = []
    for name, value in body.items():
        if phrase := _phrase(value):
            parts.append(scene.say(phrase))
        elif isinstance(value, bool | int | float | str) and value != "":
            parts.append(f"{name}={value}")
    return " · ".join(parts)


def _phrase(value: object) -> Phrase | None:
    if not isinstance(value, Mapping) or "word" not in value:
        return None
    try:
        return Phrase.model_validate(value)
    except ValidationError:
        return None


def _picked(part: str, *names: str) -> Callable[[Scene, Body], str]:
    def said(scene: Scene, body: Body) -> str:
        value = body.get(part) if part else body
        if not isinstance(value, Mapping):
            return _generic(scene, body)
        return " · ".join(str(value[name]) for name in names if value.get(name) not in (None, "", [], {}))

    return said


def _sweep(scene: Scene, body: Body) -> str:
    found, silent = _items(body, "evidence"), _items(body, "silent")
    odd = sum(bool(item.get("abnormal")) for item in found if isinstance(item, Mapping))
    return scene.text("page.collected", n=len(found), abnormal=odd, silent=len(silent))


def _diagnosis(scene: Scene, body: Body) -> str:
    first = next(iter(_items(body, "hypotheses")), None)
    title = _phrase(first.get("title")) if isinstance(first, Mapping) else None
    if body.get("verdict") != "conclusive" or title is None:
        return scene.text("step.inconclusive")
    return scene.say(title)


def _first_look(scene: Scene, body: Body) -> str:
    heard, all_ = len(_items(body, "answered")), len(_items(body, "answered")) + len(_items(body, "waiting"))
    found = body.get("diagnosis")
    said = _diagnosis(scene, found) if isinstance(found, Mapping) else ""
    return " · ".join(part for part in (scene.text("step.heard", n=heard, all=all_), said) if part)


def _asking(scene: Scene, body: Body) -> str:
    return scene.listed(str(source) for source in _items(body, "sources"))


def _lessons(scene: Scene, body: Body) -> str:
    titles = (_phrase(item.get("title")) for item in _items(body, "lessons") if isinstance(item, Mapping))
    return scene.listed(scene.say(title) for title in titles if title)


def _checks(scene: Scene, body: Body) -> str:
    checks = body.get("checks")
    if not isinstance(checks, Mapping):
        return _generic(scene, body)
    return json.dumps({str(name): bool(value) for name, value in checks.items()}, ensure_ascii=False)


def _decision(scene: Scene, body: Body) -> str:
    verdict, by = body.get("verdict"), str(body.get("by") or "")
    said = scene.text(f"decision.{verdict}", person=scene.person(by)) if scene.words.has(f"decision.{verdict}") else ""
    return " · ".join(part for part in (said, str(body.get("approval") or ""), str(body.get("reason") or "")) if part)


def _execution(scene: Scene, body: Body) -> str:
    receipt = body.get("receipt")
    named = str(receipt.get("id") or "") if isinstance(receipt, Mapping) else ""
    phrase = _phrase(body.get("reason"))
    parts = (str(body.get("result") or ""), named, scene.say(phrase))
    return " · ".join(part for part in parts if part)


def _taught(scene: Scene, body: Body) -> str:
    lesson = body.get("lesson")
    phrase = _phrase(lesson.get("title")) if isinstance(lesson, Mapping) else None
    return f"{body.get('state', '')} · {scene.say(phrase)}" if phrase else _generic(scene, body)


def _items(body: Body, name: str) -> list[Any]:
    value = body.get(name)
    return list(value) if isinstance(value, list | tuple) else []


def _opinion(scene: Scene, body: Body) -> str:
    if body.get("standing") is False:
        return scene.text("feedback.taken_back", card=str(body.get("slot")))
    return scene.text("feedback.useful" if body.get("useful") else "feedback.useless", card=str(body.get("slot")))


BRIEFS: dict[str, Callable[[Scene, Body], str]] = {
    "alert.normalized": _picked("alert", "name", "service", "summary"),
    "alert.resolved": _picked("alert", "name", "service"),
    "message.said": _picked("", "name", "text"),
    "memory.recalled": _lessons,
    "evidence.asking": _asking,
    "evidence.first_look": _first_look,
    "evidence.collected": _sweep,
    "hypothesis.generated": _diagnosis,
    "action.planned": _picked("plan", "id", "operation", "target"),
    "checkpoint.created": _picked("checkpoint", "id", "target", "resource_version"),
    "checkpoint.restored": _picked("", "plan", "checkpoint"),
    "dry_run.completed": _picked("dry_run", "command_preview", "reason"),
    "approval.requested": _picked("", "id", "digest", "expires_at"),
    "approval.resolved": _decision,
    "action.checked": _checks,
    "action.executed": _execution,
    "recovery.measured": _picked("recovery", "verdict"),
    "recovery.verified": _picked("recovery", "verdict"),
    "skill.generated": _lessons,
    "memory.learned": _taught,
    "skill.published": _taught,
    "feedback.given": _opinion,
}
"""Kinds whose body is nested; the others say their plain values."""

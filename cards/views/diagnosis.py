"""Draws the diagnosis in five lines, each sentence with the evidence it rests on, or says plainly that none stands."""

from collections.abc import Sequence
from datetime import datetime

from cards.model import Block, Button, Card, Facts, Fold, Prose, Table
from cards.views.scene import Scene, ids, seconds_between
from engine.model import Claim, Diagnosis, Evidence, Hypothesis, Quantity

BULLET = "• "
FELT = frozenset({"sli", "error_ratio", "unavailable_ratio", "timeout_ratio", "limited_ratio", "latency_p95"})
"""Signals of what users meet; since when it lasts is counted from them."""


def diagnosis(scene: Scene) -> Card | None:
    """The cause with its reasons and counter-reasons, or inconclusive with what to look at next."""
    found = scene.incident.diagnosis
    if found is None:
        return None
    if found.cause is not None:
        return _conclusive(scene, found, found.cause)
    return _inconclusive(scene, found)


def percent(scene: Scene, share: float) -> str:
    """A confidence as a whole percentage."""
    return scene.words.quantity(Quantity(value=round(share, 2), unit="ratio"))


def claims(scene: Scene, said: Sequence[Claim]) -> str:
    """Sentences, one per line, each with its evidence ids."""
    space = scene.text("list.space")
    return "\n".join(f"{BULLET}{scene.say(claim.phrase)}{space}{ids(claim.evidence_ids)}" for claim in said)


def began(scene: Scene, claim: Claim) -> datetime | None:
    """When what a claim rests on began: the earliest change or onset among its evidence."""
    found = [scene.cited[item] for item in claim.evidence_ids if item in scene.cited]
    moments = [moment for item in found if (moment := _moment(item))]
    return min(moments, default=None)


def _moment(item: Evidence) -> datetime | None:
    return item.change.at if item.change else item.onset


def _conclusive(scene: Scene, found: Diagnosis, cause: Hypothesis) -> Card:
    title = scene.text("diagnosis_card.title", cause=cause.title)
    confidence = scene.text("diagnosis_card.confidence", share=percent(scene, cause.confidence))
    against = claims(scene, cause.contradicting) or scene.text("diagnosis_card.nothing_against")
    lines = (
        ("diagnosis_card.what", scene.say(cause.title)),
        ("diagnosis_card.since", _since(scene, cause)),
        ("diagnosis_card.why", claims(scene, cause.supporting)),
        ("diagnosis_card.against", against),
        ("diagnosis_card.do", _what_to_do(scene, found)),
    )
    return Card(
        title=title,
        summary=f"{title} · {confidence}",
        tone="bad",
        blocks=(
            Prose(confidence, strong=True),
            Facts(tuple((scene.text(word), value) for word, value in lines)),
            *_sequence(scene, found),
            *_others(scene, found.hypotheses[1:]),
            *scene.row(*_buttons(scene), scene.link_to_page()),
        ),
    )


def _since(scene: Scene, cause: Hypothesis) -> str:
    cited = [scene.cited[item] for claim in cause.supporting for item in claim.evidence_ids if item in scene.cited]
    felt = [item for item in cited if item.signal in FELT] or [item for item in cited if item.kind != "change"]
    onset = min((item.onset for item in felt if item.onset), default=None)
    if cause.change is None:
        return scene.words.moment(onset) if onset else scene.text("diagnosis_card.unknown_since")
    deployed = scene.words.moment(cause.change.at)
    version = cause.change.version or scene.named("change_kind", cause.change.kind)
    if onset is None or onset < cause.change.at:
        return scene.text("diagnosis_card.since_change", at=deployed, version=version)
    gap = scene.words.duration(seconds_between(cause.change.at, onset))
    onset_text = scene.words.moment(onset)
    return scene.text("diagnosis_card.since_onset", onset=onset_text, gap=gap, version=version, at=deployed)


def _what_to_do(scene: Scene, found: Diagnosis) -> str:
    proposal = scene.newest
    steps = [f"{BULLET}{scene.say(step)}" for step in found.next_steps]
    if proposal is not None:
        operation = scene.named("operation", proposal.plan.operation)
        steps.insert(0, scene.text("diagnosis_card.see_plan", operation=operation, target=proposal.plan.target))
    return "\n".join(steps) or scene.text("diagnosis_card.no_plan")


def _sequence(scene: Scene, found: Diagnosis) -> tuple[Fold, ...]:
    if not found.sequence:
        return ()
    rows = tuple(
        (scene.words.clock(began(scene, claim)), scene.say(claim.phrase), ids(claim.evidence_ids))
        for claim in found.sequence
    )
    columns = tuple(scene.text(f"column.{name}") for name in ("at", "what", "evidence"))
    return (Fold(scene.text("diagnosis_card.sequence"), (Table(columns, rows),)),)


def _others(scene: Scene, others: Sequence[Hypothesis]) -> tuple[Fold, ...]:
    if not others:
        return ()
    blocks: list[Block] = []
    for other in others:
        blocks.append(Prose(f"{scene.say(other.title)} · {percent(scene, other.confidence)}", strong=True))
        sides = (
            ("diagnosis_card.for_it", claims(scene, other.supporting)),
            ("diagnosis_card.against", claims(scene, other.contradicting)),
        )
        blocks.append(Facts(tuple((scene.text(word), value) for word, value in sides if value)))
    return (Fold(scene.text("diagnosis_card.others", n=len(others)), tuple(blocks)),)


def _inconclusive(scene: Scene, found: Diagnosis) -> Card:
    name = "quiet" if found.quiet else "inconclusive"
    title = scene.text(f"diagnosis_card.{name}_title")
    reasons = "\n".join(f"{BULLET}{scene.say(reason)}" for reason in found.why_inconclusive)
    following = "\n".join(f"{BULLET}{scene.say(step)}" for step in found.next_steps)
    pairs = (("diagnosis_card.why_not", reasons), ("diagnosis_card.next", following))
    return Card(
        title=title,
        summary=title,
        tone="neutral" if found.quiet else "warning",
        blocks=(
            Prose(scene.text(f"diagnosis_card.{name}_text"), strong=True),
            Facts(tuple((scene.text(word), value) for word, value in pairs if value)),
            *_sequence(scene, found),
            *_others(scene, found.hypotheses),
            *scene.row(*_buttons(scene), scene.link_to_page()),
        ),
    )


def _buttons(scene: Scene) -> tuple[Button, ...]:
    found, status = scene.incident.diagnosis, scene.incident.status
    if found is None or scene.over or status in ("executing", "verifying", "recovered"):
        return ()
    if found.cause is not None:
        return (scene.button("look_again"),) if status == "needs_human" else ()
    first = "primary" if found.quiet else "plain"
    again = "plain" if found.quiet else "primary"
    return (scene.button("look_again", again), scene.button("false_alarm", first), scene.button("close"))

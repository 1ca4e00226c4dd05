"""Draws what was measured before a change against after it, signal by signal, and the verdict."""

from cards.model import Block, Card, Facts, Fold, Prose, Table, Tone
from cards.views.scene import Scene
from engine.model import RecoverySignal

TONES: dict[str, Tone] = {"recovered": "good", "not_recovered": "bad", "unknown": "warning"}
MARKS = {True: "✓", False: "✗", None: "?"}


def recovery(scene: Scene, plan_id: str) -> Card | None:
    """The comparison after one plan; None until it was made."""
    proposal = scene.incident.proposals.get(plan_id)
    if proposal is None or proposal.recovery is None:
        return None
    found = proposal.recovery
    title = scene.text(f"recovery_card.{found.verdict}")
    columns = tuple(scene.text(f"column.{name}") for name in ("signal", "verdict", "before", "after", "target"))
    rows = tuple(_row(scene, signal) for signal in found.signals)
    queries = tuple((scene.named("signal", signal.name), signal.query) for signal in found.signals if signal.query)
    watched = scene.words.duration(found.seconds)
    after = scene.text("recovery_card.after", operation=proposal.plan.operation, time=watched)
    blocks: tuple[Block, ...] = (Prose(after), Table(columns, rows))
    if found.verdict != "recovered":
        blocks = (*blocks, Prose(scene.text(f"recovery_card.{found.verdict}_next"), strong=True))
    if queries:
        blocks = (*blocks, Fold(scene.text("recovery_card.queries"), (Facts(queries),)))
    return Card(
        title=title,
        summary=title,
        tone=TONES[found.verdict],
        blocks=(*blocks, *scene.row(scene.link_to_page())),
    )


def _row(scene: Scene, signal: RecoverySignal) -> tuple[str, ...]:
    verdict = {True: "ok", False: "not_ok", None: "unmeasured"}[signal.ok]
    return (
        scene.named("signal", signal.name),
        f"{MARKS[signal.ok]} {scene.text(f'recovery_card.{verdict}')}",
        signal.text_before or scene.words.quantity(signal.before),
        signal.text_after or scene.words.quantity(signal.after),
        scene.words.quantity(signal.target),
    )

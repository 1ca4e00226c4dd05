"""Draws the full rendering of an incident: every card of its thread, all evidence, labels, the whole timeline."""

from collections.abc import Sequence

from cards.model import Block, Card, Findings, Fold, Table
from cards.views.charts import charts
from cards.views.entries import brief, kind
from cards.views.evidence import finding, logs
from cards.views.header import header
from cards.views.scene import Scene
from engine.model import Entry


def page(scene: Scene, cards: Sequence[Card], entries: Sequence[Entry]) -> Card:
    """The header's blocks first, then one section per further card, then evidence, labels and timeline in full."""
    first = header(scene)
    blocks: list[Block] = [*first.blocks]
    blocks += [Fold(card.title, card.blocks, open=True) for card in cards]
    blocks += _evidence(scene)
    blocks += _labels(scene)
    blocks.append(_timeline(scene, entries))
    return Card(title=first.title, summary=first.summary, tone=first.tone, blocks=tuple(blocks))


def _evidence(scene: Scene) -> tuple[Fold, ...]:
    items = list(scene.evidence)
    if not items:
        return ()
    inside: tuple[Block, ...] = (
        Findings(tuple(finding(scene, item) for item in items)),
        *charts(scene, items),
        *logs(scene, items),
    )
    return (Fold(scene.text("page.evidence", n=len(items)), inside),)


def _labels(scene: Scene) -> tuple[Fold, ...]:
    columns = (scene.text("column.name"), scene.text("column.value"))
    folds: list[Fold] = []
    for alert in scene.incident.alerts.values():
        rows = [("fingerprint", alert.fingerprint), ("generatorURL", alert.generator_url)]
        rows += list(alert.labels.items()) + list(alert.annotations.items())
        table = Table(columns, tuple((name, value) for name, value in rows if value))
        folds.append(Fold(scene.text("page.labels", alert=alert.name), (table,)))
    return tuple(folds)


def _timeline(scene: Scene, entries: Sequence[Entry]) -> Fold:
    columns = tuple(scene.text(f"column.{name}") for name in ("seq", "at", "kind", "actor", "what"))
    rows = tuple(
        (
            str(entry.seq),
            scene.words.clock(entry.at),
            kind(scene, entry.kind),
            scene.person(entry.actor),
            brief(scene, entry),
        )
        for entry in entries
    )
    return Fold(scene.text("page.timeline", n=len(rows)), (Table(columns, rows),), open=True)

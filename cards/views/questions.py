"""Says what to ask next where no cause stands, as buttons: each asks one source by hand, as if it had been typed."""

from collections.abc import Iterator

from cards.model import Button
from cards.views.scene import Scene
from engine.model import Diagnosis, Evidence

MOST = 3
"""With the three that decide about the incident they fill a card of WeCom."""
LONGEST = 200
"""Characters of an expression on a button; a longer one is on the evidence card, with its link."""
MOST_NAMES = 2
KINDS = (("log", "logs"), ("trace", "traces"))
"""Kinds of evidence, and the word of the `query` command that asks for more of it."""
LABEL = 24
BACK = "last 1h"
"""What a button says of the window: figures are asked for where the trouble began, not only of how they stand now."""


def questions(scene: Scene, found: Diagnosis) -> tuple[Button, ...]:
    """Logs and traces of whoever is suspected most, and the figures nearest to being unusual; only what a source of
    this round can answer."""
    asked = dict(_asked(scene, found))
    return tuple(scene.button("query", label=label, ask=ask) for ask, label in list(asked.items())[:MOST])


def _asked(scene: Scene, found: Diagnosis) -> Iterator[tuple[str, str]]:
    """The words of a `query` command, with what stands on its button."""
    heard = {item.kind for item in scene.evidence}
    for service in _suspected(scene, found):
        for kind, word in KINDS:
            if kind in heard:
                yield f"{word} {service}", scene.text(f"question.{word}", service=service[:LABEL])
    figures = [item for item in scene.evidence if item.kind == "metric" and item.points and len(item.query) <= LONGEST]
    for item in sorted(figures, key=lambda item: -item.unusual):
        yield f"metrics {item.query} {BACK}", _label(scene, item)


def _label(scene: Scene, item: Evidence) -> str:
    """What a series measures and of whom, in words where there are any."""
    service, known = item.service[:LABEL], f"evidence.signal.{item.signal}"
    if not scene.words.has(f"signal.{item.signal}") and scene.words.has(known):
        return scene.text(known, service=service, peer=item.peer[:LABEL])
    return scene.text("question.metrics", signal=scene.named("signal", item.signal)[:LABEL], service=service)


def _suspected(scene: Scene, found: Diagnosis) -> tuple[str, ...]:
    """Who is suspected most, the alerted service among them."""
    best = found.hypotheses[0] if found.hypotheses else None
    names = [*(each.service for each in found.suspects[:1]), *((best.service, best.peer) if best else ())]
    named = dict.fromkeys(name for name in (*names, scene.incident.service) if name and not set(name) & set(" \t\n"))
    return tuple(named)[:MOST_NAMES]

"""Draws how evidence hangs together: the service, those it calls and those that call it, what shows in each, and which
of it speaks for the cause."""

from collections.abc import Iterator, Sequence

from cards.model import Fold, Prose, Table
from cards.views.scene import Scene, ids
from engine.model import Diagnosis, Evidence
from engine.topology import callers

MOST_ROWS = 12
MOST_SIGNALS = 5
COLUMNS = ("service", "relation", "shows")


def around(scene: Scene, found: Diagnosis) -> tuple[Fold, ...]:
    """One row a service; nothing where only one service is known of."""
    places = dict(_places(scene))
    if len(places) < 2:
        return ()
    cause = found.cause
    cited = {name for claim in (cause.supporting if cause else ()) for name in claim.evidence_ids}
    rows = tuple(
        (name, scene.text(f"around.{relation}"), _shows(scene, name, cited))
        for name, relation in list(places.items())[:MOST_ROWS]
    )
    table = Table(tuple(scene.text(f"column.{name}") for name in COLUMNS), rows)
    note = (Prose(scene.text("around.marked"), quiet=True),) if cited else ()
    return (Fold(scene.text("around.title", n=len(places)), (table, *note)),)


def _places(scene: Scene) -> Iterator[tuple[str, str]]:
    """Every service once: the alerted one, those it calls, those that call it, and whoever else shows anything."""
    service, services = scene.incident.service, scene.team.services
    known = {service} - {""}
    yield from ((name, "alerted") for name in known)
    seen = {item.peer: None for item in scene.evidence if item.service == service and item.peer}
    below = dict.fromkeys((*(services[service].dependencies if service in services else ()), *seen))
    others = dict.fromkeys(item.service for item in scene.evidence if item.abnormal and item.service)
    relations = (("called", below), ("caller", callers(service, services, {})), ("seen", others))
    for relation, names in relations:
        yield from ((name, relation) for name in names if name not in known)
        known |= set(names)


def _shows(scene: Scene, name: str, cited: set[str]) -> str:
    """What is unusual there, else how much is as usual, else that nothing came, else that nobody looked."""
    own = [item for item in scene.evidence if item.service == name]
    odd = [item for item in own if item.abnormal]
    if odd:
        return scene.text("list.comma").join(_signals(scene, odd, cited))
    held = [item for item in own if item.count]
    if held:
        return scene.text("around.normal", n=len(held))
    return scene.text("around.empty" if own else "around.unseen")


def _signals(scene: Scene, odd: Sequence[Evidence], cited: set[str]) -> Iterator[str]:
    for item in sorted(odd, key=lambda item: item.id not in cited)[:MOST_SIGNALS]:
        mark = "✓ " if item.id in cited else ""
        yield f"{mark}{scene.named('signal', item.signal)} {ids((item.id,))}"
    if len(odd) > MOST_SIGNALS:
        yield scene.text("around.more", n=len(odd) - MOST_SIGNALS)

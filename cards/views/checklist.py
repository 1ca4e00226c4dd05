"""Draws what was looked at before anybody thinks about causes: which kinds of evidence came, failed, or have nobody to
ask, and beside them what is no evidence: the catalogue's entry and what memory recalls."""

from collections import Counter

from cards.model import Facts
from cards.views.scene import Scene
from engine.model import Evidence, Sweep
from engine.ports import Tells

KINDS: tuple[Tells, ...] = ("metric", "log", "trace", "change", "cluster", "state")


def checklist(scene: Scene, sweep: Sweep) -> Facts:
    """Three lines: looked at, no answer, nobody to ask."""
    tells = scene.incident.asking.tells if scene.incident.asking else {}
    states = _states(scene, sweep)
    came = Counter(_told(each) for each in sweep.evidence)
    heard = {tells[source] for source, state in states.items() if state == "done" and source in tells} | set(came)
    silent = [source for source, state in states.items() if state == "silent"]
    tried = heard | {tells[source] for source in silent if source in tells}
    looked = [scene.text("checklist.kind", kind=_kind(scene, kind), n=came[kind]) for kind in KINDS if kind in heard]
    missing = [_kind(scene, kind) for kind in KINDS if kind not in tried]
    described = scene.incident.service in scene.team.services
    (looked if described else missing).append(scene.text("checklist.catalogue"))
    looked.append(_memory(scene))
    pairs = (
        ("checklist.looked", looked),
        ("checklist.silent", [_silent(scene, source, tells.get(source)) for source in silent]),
        ("checklist.nobody", missing),
    )
    return Facts(tuple((scene.text(word), scene.text("list.comma").join(said)) for word, said in pairs if said))


def _states(scene: Scene, sweep: Sweep) -> dict[str, str]:
    """How asking each source went; of older incidents, as far as what came of it tells."""
    noted = {source: asked.state for source, asked in scene.incident.asked.items()}
    return noted or {each.source: "silent" for each in sweep.silent}


def _told(each: Evidence) -> Tells:
    """What the source of a piece of evidence told with it."""
    match each.kind:
        case "sli":
            return "metric"
        case "state":
            return "cluster"
        case "probe":
            return "state"
        case kind:
            return kind


def _kind(scene: Scene, kind: Tells) -> str:
    return scene.text(f"checklist.{kind}")


def _silent(scene: Scene, source: str, kind: Tells | None) -> str:
    if kind is None or kind not in KINDS:
        return source
    return scene.text("checklist.source", source=source, kind=_kind(scene, kind))


def _memory(scene: Scene) -> str:
    recalled = len(scene.incident.background)
    return scene.text("checklist.memory", n=recalled) if recalled else scene.text("checklist.no_memory")

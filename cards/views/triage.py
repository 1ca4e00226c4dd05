"""Draws the triage of an incident on one card: which service and how it was found, what kind of trouble and how bad,
what tells so, what was done to find out, and what to look at next."""

from cards.model import Card, Facts, Fold
from cards.views.checklist import checklist
from cards.views.diagnosis import BULLET, LONGEST, claims
from cards.views.duty import severity
from cards.views.header import title as named
from cards.views.scene import Scene
from engine.context import Context, Known, context
from engine.masking import bounded

Lines = tuple[tuple[str, str], ...]


def triage(scene: Scene) -> Card:
    """All that is known so far, each sentence with the evidence it rests on; what nobody knows yet is said to be so."""
    known = context(scene.incident, scene.team.services)
    title = scene.text("triage.title", title=named(scene))
    kind = scene.text(f"triage.{known.error_type or 'no_error_seen'}")
    lines = (
        (scene.text("fact.service"), _service(scene, known)),
        (scene.text("triage.error_type"), kind),
        (scene.text("fact.severity"), severity(scene)),
        (scene.text("triage.error_summary"), _summary(scene, known)),
        (scene.text("triage.key_indicators"), _indicators(scene, known)),
        *_done(scene),
        (scene.text("triage.recommended"), _next(scene, known)),
    )
    return Card(
        title=title,
        summary=f"{title} · {kind}",
        tone="info",
        blocks=(_facts(lines), *_catalogue(scene, known.catalogue), *scene.row(scene.link_to_page())),
    )


def _service(scene: Scene, known: Context) -> str:
    found_by = scene.say(known.service_found_by)
    return "\n".join(part for part in (known.service, found_by) if part)


def _summary(scene: Scene, known: Context) -> str:
    """What the alert says, and what was measured of it."""
    measured = claims(scene, (known.error_summary,), LONGEST) if known.error_summary else ""
    return "\n".join(part for part in (bounded(known.summary, LONGEST), measured) if part)


def _indicators(scene: Scene, known: Context) -> str:
    return claims(scene, known.key_indicators, LONGEST) or scene.text("triage.none")


def _done(scene: Scene) -> Lines:
    """What was asked for, what did not answer, and whom nobody could ask."""
    if scene.sweep is None:
        return ((scene.text("checklist.looked"), scene.text("triage.nothing_asked")),)
    return checklist(scene, scene.sweep).pairs


def _next(scene: Scene, known: Context) -> str:
    steps = [bounded(scene.say(step), LONGEST) for step in known.recommended_investigation]
    waiting = "" if scene.incident.diagnosis else scene.text("triage.no_advice")
    return "\n".join(f"{BULLET}{step}" for step in steps) or waiting


def _catalogue(scene: Scene, known: Known | None) -> tuple[Fold, ...]:
    """Where to look by hand, as the catalogue has it."""
    if known is None:
        return ()
    comma = scene.text("list.comma")
    lines = (
        (scene.text("catalogue.owner"), known.owner),
        (scene.text("catalogue.health"), known.health_url),
        (scene.text("catalogue.logs"), comma.join(known.log_paths)),
        (scene.text("catalogue.repository"), known.repository),
        (scene.text("catalogue.language"), known.language),
        (scene.text("catalogue.dependencies"), comma.join(known.dependencies)),
        (scene.text("button.runbook"), comma.join(known.runbooks)),
    )
    facts = _facts(lines)
    return (Fold(scene.text("triage.catalogue"), (facts,)),) if facts.pairs else ()


def _facts(lines: Lines) -> Facts:
    return Facts(tuple((name, value) for name, value in lines if value))

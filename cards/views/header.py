"""Draws the first message of a thread: what happened, how far we are, who has it; edited in place until the end."""

from cards.model import Button, Card, Facts, Fold, Link, Prose, Table, Tone
from cards.views.duty import duty_facts, duty_notes, latest_update, owner, severity
from cards.views.progress import progress
from cards.views.scene import Scene
from engine.context import error_type
from engine.model import Alert

TONES: dict[str, Tone] = {
    "open": "bad",
    "investigating": "bad",
    "awaiting_approval": "warning",
    "executing": "warning",
    "verifying": "info",
    "recovered": "good",
    "needs_human": "warning",
}
DULL_LABELS = frozenset({"alertname", "severity", "service", "env", "environment", "prometheus", "__name__"})
"""Labels whose value stands elsewhere on the card, or says nothing at 3 a.m."""
MOST_ALERTS = 12
MOST_LABELS = 8


def header(scene: Scene) -> Card:
    """Severity and title, state with its steps, facts, alerts, what came before, and what a person can do now."""
    state = status_line(scene)
    return Card(
        title=title(scene),
        summary=scene.text("header.summary", title=title(scene), id=scene.incident.id, status=state),
        tone=tone(scene),
        blocks=(
            Prose(state, strong=True),
            *latest_update(scene),
            progress(scene),
            facts(scene),
            *notes(scene),
            *alerts(scene),
            *scene.row(*_buttons(scene), scene.link_to_page(), *_earlier_links(scene)),
        ),
    )


def title(scene: Scene) -> str:
    """Severity and title in one line."""
    name = scene.incident.title or (scene.incident.alert.name if scene.incident.alert else scene.incident.id)
    return f"{scene.incident.severity} · {name}"


def tone(scene: Scene) -> Tone:
    """How the whole incident feels."""
    if scene.over:
        return "good" if scene.incident.outcome == "recovered" else "neutral"
    if scene.incident.stuck:
        return "warning"
    return TONES.get(scene.incident.status, "neutral")


def status_line(scene: Scene) -> str:
    """The state in words, with the outcome once it is closed."""
    if scene.over and scene.incident.outcome:
        return scene.text("status.closed_as", outcome=scene.text(f"outcome.{scene.incident.outcome}"))
    if scene.incident.holding and scene.incident.status == "awaiting_approval":
        return scene.text("status.held")
    return scene.text(f"status.{scene.incident.status}")


def facts(scene: Scene) -> Facts:
    """What the incident is about, short."""
    incident = scene.incident
    alert = incident.alert
    pairs = (
        ("fact.incident", incident.id),
        ("fact.severity", severity(scene)),
        ("fact.service", incident.service),
        ("fact.environment", incident.environment),
        ("fact.instance", instance(alert)),
        ("fact.error", _error(scene)),
        ("fact.opened", scene.words.moment(incident.opened_at)),
        ("fact.requester", scene.person(incident.requester) if incident.requester else ""),
        ("fact.owner", owner(scene)),
        *duty_facts(scene),
    )
    return Facts(tuple((scene.text(word), value) for word, value in pairs if value))


def instance(alert: Alert | None) -> str:
    """Where the alert points: an instance, pod or host, whichever it names."""
    names = ("instance", "pod", "host", "node")
    return next((alert.labels[name] for name in names if alert.labels.get(name)), "") if alert else ""


def _error(scene: Scene) -> str:
    """What kind of trouble the evidence shows, as soon as it shows one."""
    kind = error_type(scene.incident.service, scene.evidence)
    return scene.text(f"triage.{kind}") if kind else ""


def notes(scene: Scene) -> tuple[Prose, ...]:
    """What a person must know besides: stuck, time compressed, alerts cut off, repeats, seen before."""
    incident = scene.incident
    said: list[Prose] = []
    if incident.stuck:
        said.append(Prose(scene.text("header.stuck", reason=incident.stuck), strong=True))
    said += duty_notes(scene)
    seen = seen_before(scene)
    if seen:
        said.append(Prose(scene.text("header.seen_before", incidents=scene.listed(seen)), strong=True))
    if incident.resolved_by:
        said.append(Prose(scene.say(incident.resolved_by), quiet=True))
    if incident.previous and incident.previous not in seen:
        said.append(Prose(scene.text("header.previous", incident=incident.previous)))
    if incident.episode > 1:
        said.append(Prose(scene.text("header.reopened", n=incident.episode)))
    if incident.truncated:
        said.append(Prose(scene.text("header.truncated", n=incident.truncated)))
    if incident.repeats:
        said.append(Prose(scene.text("header.repeats", n=incident.repeats), quiet=True))
    if incident.compressed_time:
        said.append(Prose(scene.text("header.compressed"), quiet=True))
    return tuple(said)


def seen_before(scene: Scene) -> tuple[str, ...]:
    """Earlier incidents of the same kind: same alert on the same service, or the cause we have named now."""
    incident = scene.incident
    alert = incident.alert.name if incident.alert else ""
    cause = incident.diagnosis.cause if incident.diagnosis else None
    category = cause.category if cause else ""
    same = (
        lesson.incident
        for lesson in incident.background
        if lesson.incident != incident.id
        and lesson.kind != "habit"
        and ((alert and lesson.alert == alert) or (category and lesson.category == category))
    )
    return tuple(dict.fromkeys(same))


def alerts(scene: Scene) -> tuple[Prose | Table | Fold, ...]:
    """The alerts and whether they still fire; labels of the first are shown, all of them are on the page."""
    known = tuple(scene.incident.alerts.values())
    if not known:
        return ()
    firing = [alert for alert in known if alert.status == "firing"]
    line = scene.text("header.firing", n=len(firing), all=len(known))
    if not firing:
        line = scene.text("header.resolved", at=scene.words.clock(scene.incident.resolved_at))
    rows = tuple(
        (alert.name, scene.text(f"alert.{alert.status}"), scene.words.clock(alert.starts_at), alert.summary)
        for alert in known[:MOST_ALERTS]
    )
    columns = tuple(scene.text(f"column.{name}") for name in ("alert", "state", "since", "summary"))
    first = known[0]
    labels = [(name, value) for name, value in first.labels.items() if name not in DULL_LABELS and value]
    shown = " · ".join(f"{name}={value}" for name, value in labels[:MOST_LABELS])
    said: tuple[Prose | Table, ...] = (Prose(first.summary or first.description),) if len(known) == 1 else ()
    said = tuple(block for block in said if isinstance(block, Table) or block.text)
    table = (Table(columns, rows),) if len(known) > 1 else ()
    return (*said, Prose(line), *((Prose(shown, quiet=True),) if shown else ()), *table)


def _buttons(scene: Scene) -> tuple[Button, ...]:
    incident = scene.incident
    if scene.over:
        return (
            (scene.button("more"),)
            if incident.merged_into
            else (
                scene.button("reopen"),
                scene.button("report"),
                scene.button("more"),
            )
        )
    buttons: list[Button] = []
    if incident.stuck:
        buttons.append(scene.button("resume", "primary"))
    if not incident.acknowledged_by:
        buttons += [scene.button("ack", "primary"), scene.button("escalate")]
    if incident.status not in ("executing", "verifying"):
        buttons += [scene.button("close"), scene.button("false_alarm")]
    return (*buttons, scene.button("more"))


def _earlier_links(scene: Scene) -> tuple[Link, ...]:
    earlier = dict.fromkeys((scene.incident.previous, *seen_before(scene)))
    return tuple(
        Link(label=scene.text("button.view_earlier", incident=item), href=f"/incidents/{item}")
        for item in list(earlier)[:4]
        if item
    )

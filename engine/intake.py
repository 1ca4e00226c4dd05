"""Decides what becomes of an alert on its way in: a new incident, a known one, its next episode, or nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from engine.journal import BOT
from engine.model import Alert, Severity, Value
from engine.ports import Decide, Draft, Known, Placing, Sighting
from engine.team import Team

REOPEN_WITHIN = timedelta(minutes=30)
"""How long after closing an alert that fires again is still the same incident."""

WATCHDOG = "watchdog"
"""The source of alerts that Tocsin raises itself because a heartbeat stayed away."""

SILENT = "WatchdogSilent"
"""The name of such an alert."""

SEVERITIES: dict[str, Severity] = {
    **dict.fromkeys(("p1", "1", "critical", "crit", "page", "sev1", "s1", "emergency", "fatal", "disaster"), "P1"),
    **dict.fromkeys(("p2", "2", "error", "high", "major", "sev2", "s2"), "P2"),
    **dict.fromkeys(("p3", "3", "warning", "warn", "medium", "minor", "sev3", "s3"), "P3"),
    **dict.fromkeys(("p4", "4", "5", "p5", "info", "informational", "low", "none", "ok", "sev4", "s4", "notice"), "P4"),
}
"""What the world writes in a severity label, in lower case, and what it is here."""

SEVERITY_LABELS = ("severity", "priority", "level")


class Call(Value):
    """One call of an alert receiver: what its raw text is kept under, its format, how many alerts it left out.

    `compressed_time` says that the world behind it runs faster than the wall clock (the demo).
    """

    raw_ref: str
    format: str
    at: datetime
    truncated: int = 0
    compressed_time: bool = False


class Report(Value):
    """An incident that a person, not an alert, asks for."""

    team: str
    title: str
    service: str = ""
    severity: Severity = "P3"
    environment: str = ""
    requester: str = ""
    source: str = "chat"
    compressed_time: bool = False


def severity(labels: Mapping[str, str]) -> Severity:
    """How bad it is by the labels; P3 where they do not say, or say a word nobody knows."""
    for name in SEVERITY_LABELS:
        if found := SEVERITIES.get(labels.get(name, "").strip().casefold()):
            return found
    return "P3"


def is_heartbeat(alert: Alert) -> bool:
    """Whether this alert says only that alerting itself is alive (Watchdog): it fires for ever and nothing is wrong."""
    name = alert.name.casefold()
    quiet = alert.labels.get("severity", "").casefold() == "none"
    return name in ("watchdog", "deadmansswitch") or (quiet and "heartbeat" in name)


def belonging(alert: Alert) -> Alert:
    """The alert with its group key narrowed to its service.

    A receiver groups by what its owner found handy, often across services. Alerts of one group join one incident only
    when they are about the same service (or all about none); another service of the group opens its own incident. The
    two are not linked: that they were sent together says nothing about a common cause, and diagnosis finds one by
    dependencies.
    """
    if not alert.group_key:
        return alert
    return alert.model_copy(update={"group_key": f"{alert.service}@{alert.group_key}"})


def decider(call: Call) -> Decide:
    """`decide` for the alerts of one call, in the shape the register asks for."""
    return lambda sighting, known, grouped: decide(sighting, known, grouped, call)


def decide(sighting: Sighting, known: Known | None, grouped: Known | None, call: Call) -> Placing:
    """What is to become of one alert. `known`: how its identity (team, fingerprint) stands; `grouped`: the newest open
    incident of its team and group.

    A late copy (it began before what is known, or came after its own end was told) never changes what is known. What
    fires in a closed incident is a repeat while it is the same flare, else it re-opens the incident within 30 minutes
    or opens a new one linked to it: a closed incident never swallows a new alert.
    """
    alert = sighting.alert
    if alert.status == "resolved":
        return _end(sighting, known, call)
    if known is None:
        return _first(sighting, grouped, "", call)
    if known.closed_at is None:
        return _again_in_open(sighting, known, call)
    if _same_flare(alert, known) and known.last_status == "firing":
        return _repeat(sighting, known, call)
    if call.at - known.closed_at <= REOPEN_WITHIN:
        return _reopen(sighting, known, call)
    return _first(sighting, grouped, known.incident, call)


def opening(report: Report, fingerprint: str, at: datetime) -> tuple[Draft, ...]:
    """The first entries of an incident a person asks for; its words stand in for the alert, so that sources can be
    asked about the service. `fingerprint` must be new."""
    actor = report.requester or BOT
    alert = Alert(
        fingerprint=fingerprint,
        status="firing",
        name=report.title,
        service=report.service,
        severity=report.severity,
        environment=report.environment,
        summary=report.title,
        starts_at=at,
        source=report.source,
    )
    created = Draft(
        key="created", kind="incident.created", actor=actor, at=at, body=report.model_dump() | {"previous": ""}
    )
    return (created, _alert_draft(alert, actor, at))


def overdue(beats: Mapping[tuple[str, str], datetime], teams: Sequence[Team], now: datetime) -> tuple[Sighting, ...]:
    """The heartbeats that were seen once and then stayed away for longer than their team allows, each as an alert.

    It begins with the last beat, so that asking again gives the same alert. Teams with `watchdog_minutes` 0 watch none.
    """
    patience = {team.id: team.watchdog_minutes for team in teams}
    return tuple(
        silence(team, name, seen, "firing", seen)
        for (team, name), seen in beats.items()
        if is_overdue(seen, patience.get(team, 0.0), now)
    )


def is_overdue(seen: datetime, minutes: float, now: datetime) -> bool:
    """Whether a heartbeat last seen then has stayed away too long by now."""
    return minutes > 0 and now - seen > timedelta(minutes=minutes)


def silence(team: str, name: str, last_beat: datetime, status: str, at: datetime) -> Sighting:
    """The alert that says a heartbeat stayed away since `last_beat`, or (`resolved`) that it is back since `at`."""
    alert = Alert(
        fingerprint=f"{WATCHDOG}:{name}"[:64],
        status="resolved" if status == "resolved" else "firing",
        name=SILENT,
        severity="P2",
        labels={"alertname": SILENT, "heartbeat": name},
        starts_at=last_beat,
        ends_at=at if status == "resolved" else None,
        source=WATCHDOG,
    )
    return Sighting(team=team, alert=alert)


# --- the four ways ---


def _first(sighting: Sighting, grouped: Known | None, previous: str, call: Call) -> Placing:
    told = _told(sighting, call)
    if grouped is not None and grouped.closed_at is None and sighting.alert.group_key:
        return Placing(what="join", incident=grouped.incident, drafts=told)
    created = Draft(
        key="created",
        kind="incident.created",
        actor=sighting.alert.source,
        at=call.at,
        body={
            "team": sighting.team,
            "title": sighting.alert.name,
            "service": sighting.alert.service,
            "severity": sighting.alert.severity,
            "environment": sighting.alert.environment,
            "source": sighting.alert.source,
            "previous": previous,
            "requester": "",
            "compressed_time": call.compressed_time,
        },
    )
    return Placing(what="open", previous=previous, drafts=(created, *told))


def _again_in_open(sighting: Sighting, known: Known, call: Call) -> Placing:
    # Still firing under a later start: its end was not told, or it has no start of its own. The trouble began when it
    # first fired.
    if known.last_status == "firing" or _same_flare(sighting.alert, known):
        return _repeat(sighting, known, call)
    return Placing(what="join", incident=known.incident, drafts=_told(sighting, call))


def _repeat(sighting: Sighting, known: Known, call: Call) -> Placing:
    minute = int(call.at.timestamp() // 60)
    draft = Draft(
        key=f"repeat:{sighting.alert.fingerprint}:{minute}",
        kind="alert.repeated",
        actor=sighting.alert.source,
        at=call.at,
    )
    return Placing(what="join", incident=known.incident, drafts=(draft,))


def _reopen(sighting: Sighting, known: Known, call: Call) -> Placing:
    episode = known.episode + 1
    reopened = Draft(key=f"reopened:{episode}", kind="incident.reopened", actor=sighting.alert.source, at=call.at)
    # A receiver that merges flares may fire again under the old start, whose key is taken.
    told = _told(sighting, call, f":{episode}" if _same_flare(sighting.alert, known) else "")
    return Placing(what="reopen", incident=known.incident, drafts=(reopened, *told))


def _end(sighting: Sighting, known: Known | None, call: Call) -> Placing:
    if known is None:
        return Placing(what="ignore")
    alert = sighting.alert
    told_before = known.last_status == "resolved" or alert.starts_at < known.last_starts_at
    drafts = () if told_before else (_alert_draft(alert, alert.source, call.at),)
    return Placing(what="join", incident=known.incident, drafts=drafts)


def _same_flare(alert: Alert, known: Known) -> bool:
    return alert.starts_at <= known.last_starts_at


def _told(sighting: Sighting, call: Call, suffix: str = "") -> tuple[Draft, ...]:
    alert = sighting.alert
    received = Draft(
        key=f"received:{call.raw_ref}",
        kind="gateway.received",
        actor=alert.source,
        at=call.at,
        body={
            "source": alert.source,
            "group_key": alert.group_key,
            "raw_ref": call.raw_ref,
            "truncated": call.truncated,
            "format": call.format,
        },
    )
    found = (_reason(sighting, call.at),) if sighting.reason else ()
    return (_alert_draft(alert, alert.source, call.at, suffix), *found, received)


def _reason(sighting: Sighting, at: datetime) -> Draft:
    """How the service of an alert was found out: once for each way, however often the alert comes."""
    reason = sighting.reason.model_dump(mode="json") if sighting.reason else {}
    key = f"service:{sighting.alert.fingerprint}:{sighting.alert.service}:{reason.get('word', '')}"
    return Draft(
        key=key, kind="service.resolved", actor=BOT, at=at, body={"service": sighting.alert.service, "reason": reason}
    )


def _alert_draft(alert: Alert, actor: str, at: datetime, suffix: str = "") -> Draft:
    return Draft(
        key=f"alert:{alert.fingerprint}:{int(alert.starts_at.timestamp())}:{alert.status}{suffix}",
        kind="alert.normalized" if alert.status == "firing" else "alert.resolved",
        actor=actor,
        at=at,
        body={"alert": alert.model_dump(mode="json")},
    )

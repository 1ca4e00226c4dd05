"""Reads the webhook of Prometheus Alertmanager, version 4, alert by alert."""

from datetime import datetime
from typing import Any

from engine.errors import UnreadableAlert
from engine.intake import is_heartbeat, severity
from engine.model import Alert, Phrase
from handlers.alerts import fields
from handlers.alerts.batch import Batch, Unreadable
from handlers.alerts.fields import Unfit

NAME = "alertmanager"


def read(body: bytes, now: datetime) -> Batch:
    """The alerts of one call. One that cannot be read does not spoil the others; UnreadableAlert only where there is no
    list of alerts, or not one of several is readable. `now` stands in for a start that was not said."""
    call = fields.mapping(body)
    items = call.get("alerts")
    if not isinstance(items, list):
        raise _foreign(call)
    common = _lenient(call.get("commonLabels"))
    group_key = call.get("groupKey")
    group = fields.clean(group_key, fields.LONG_TEXT) if isinstance(group_key, str) else ""
    alerts: list[Alert] = []
    problems: list[Unreadable] = []
    for number, item in enumerate(items[: fields.ALERTS]):
        try:
            alerts.append(_alert(item, call, common, group, now))
        except Unfit as unfit:
            problems.append(fields.unreadable(item, f"alerts[{number}]", str(unfit)))
    if problems and not alerts:
        raise fields.none_readable(tuple(problems))
    return Batch(
        alerts=tuple(alert for alert in alerts if not is_heartbeat(alert)),
        heartbeats=tuple(alert for alert in alerts if is_heartbeat(alert)),
        unreadable=tuple(problems),
        truncated=_left_out(call) + max(0, len(items) - fields.ALERTS),
    )


def _alert(item: Any, call: dict[str, Any], common: dict[str, str], group: str, now: datetime) -> Alert:
    if not isinstance(item, dict):
        raise Unfit(f"is {fields.kind(item)}, not an object")
    own = fields.texts(item.get("labels"), "labels", fields.TEXT)
    if not own:
        raise Unfit("labels is missing or empty")
    labels = common | own
    annotations = fields.texts(item.get("annotations"), "annotations", fields.LONG_TEXT)
    status = fields.text(item.get("status", call.get("status", "firing")), "status")
    if status not in ("firing", "resolved"):
        raise Unfit(f"status is {status[:40]!r}, neither firing nor resolved")
    summary = annotations.get("summary") or annotations.get("message") or annotations.get("title", "")
    return Alert(
        fingerprint=fields.text(item.get("fingerprint"), "fingerprint", 64) or fields.fingerprint(own),
        status="firing" if status == "firing" else "resolved",
        name=fields.first(labels, ("alertname", "alert_name")) or summary[: fields.NAME] or "alert",
        service=fields.first(labels, fields.SERVICE_LABELS),
        severity=severity(labels),
        environment=fields.first(labels, fields.ENVIRONMENT_LABELS),
        summary=summary,
        description=annotations.get("description", ""),
        labels=labels,
        annotations=annotations,
        starts_at=fields.moment(item.get("startsAt"), "startsAt") or now,
        ends_at=fields.moment(item.get("endsAt"), "endsAt"),
        generator_url=fields.address(item.get("generatorURL")),
        source=NAME,
        group_key=group,
    )


def _lenient(value: Any) -> dict[str, str]:
    """Labels all alerts share; each alert repeats them, so that broken ones are no loss."""
    try:
        return fields.texts(value, "commonLabels", fields.TEXT)
    except Unfit:
        return {}


def _left_out(call: dict[str, Any]) -> int:
    count = call.get("truncatedAlerts")
    return min(count, 1_000_000) if isinstance(count, int) and count > 0 else 0


def _foreign(call: dict[str, Any]) -> UnreadableAlert:
    """Says what a webhook of ours would hold and what this body holds instead."""
    missing = [name for name in ("version", "groupKey", "status", "alerts") if name not in call]
    values: dict[str, Any] = {
        "missing": ", ".join(missing) or "alerts[]",
        "found": ", ".join(fields.clean(name, 40) for name in list(call)[:8]) or "{}",
    }
    return UnreadableAlert(Phrase(word="error.alert.not_alertmanager", values=values))

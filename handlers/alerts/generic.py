"""Reads alerts anyone can write by hand: one object, or {"alerts": [...]} of them."""

from datetime import datetime
from typing import Any

from engine.errors import UnreadableAlert
from engine.intake import is_heartbeat, severity
from engine.model import Alert, Phrase
from handlers.alerts import fields
from handlers.alerts.batch import Batch, Unreadable
from handlers.alerts.fields import Unfit

NAME = "generic"


def read(body: bytes, now: datetime) -> Batch:
    """The alerts of one call. Each is {"name", "service"?, "severity"?, "summary"?, "description"?, "environment"?,
    "status"? ("firing" or "resolved"), "labels"?, "starts_at"?, "id"?, "url"?}. The id, or else name, service,
    environment and labels, say which alert is the same one. UnreadableAlert where none can be read."""
    call = fields.mapping(body)
    items = call.get("alerts", [call])
    if not isinstance(items, list) or (not items and "alerts" not in call):
        raise UnreadableAlert(Phrase(word="error.alert.not_generic"))
    alerts: list[Alert] = []
    problems: list[Unreadable] = []
    for number, item in enumerate(items[: fields.ALERTS]):
        try:
            alerts.append(_alert(item, now))
        except Unfit as unfit:
            problems.append(fields.unreadable(item, f"alerts[{number}]", str(unfit)))
    if problems and not alerts:
        raise fields.none_readable(tuple(problems))
    return Batch(
        alerts=tuple(alert for alert in alerts if not is_heartbeat(alert)),
        heartbeats=tuple(alert for alert in alerts if is_heartbeat(alert)),
        unreadable=tuple(problems),
        truncated=max(0, len(items) - fields.ALERTS),
    )


def _alert(item: Any, now: datetime) -> Alert:
    if not isinstance(item, dict):
        raise Unfit(f"is {fields.kind(item)}, not an object")
    name = fields.text(item.get("name", item.get("alert_name")), "name", fields.NAME).strip()
    if not name:
        raise Unfit("name is missing")
    named = fields.texts(item.get("labels"), "labels", fields.TEXT)
    given = {key: fields.text(item.get(key), key) for key in ("service", "severity", "environment")}
    labels = {"alertname": name} | {key: value for key, value in given.items() if value} | named
    status = fields.text(item.get("status"), "status") or "firing"
    if status not in ("firing", "resolved"):
        raise Unfit(f"status is {status[:40]!r}, neither firing nor resolved")
    return Alert(
        fingerprint=fields.text(item.get("id"), "id", 64) or _identity(labels),
        status="firing" if status == "firing" else "resolved",
        name=name,
        service=given["service"][: fields.NAME] or fields.first(labels, fields.SERVICE_LABELS),
        severity=severity(labels),
        environment=given["environment"][: fields.NAME] or fields.first(labels, fields.ENVIRONMENT_LABELS),
        summary=fields.text(item.get("summary"), "summary"),
        description=fields.text(item.get("description"), "description", fields.LONG_TEXT),
        labels=labels,
        starts_at=fields.moment(item.get("starts_at", item.get("startsAt")), "starts_at") or now,
        generator_url=fields.address(item.get("url")),
        source=NAME,
    )


def _identity(labels: dict[str, str]) -> str:
    """An alert that grew worse is still the same alert, so its severity does not count."""
    return fields.fingerprint({name: value for name, value in labels.items() if name != "severity"})

"""Folds from a timeline the little a store must find incidents by; the index tables hold nothing else."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from engine.model import Entry
from engine.ports import Known
from store.chain import plain


@dataclass(frozen=True)
class Mark:
    """What an alert entry says of one alert: `starts_at` as the text that stands in the entry."""

    fingerprint: str
    status: str
    starts_at: str
    group_key: str


class Standing(NamedTuple):
    """How an incident stands. `number` counts incidents in the order they were opened; `group_key` is the first
    alert's; `resolved_at` is set while no alert of it fires; `merged_into` is where people look for it."""

    incident: str
    number: int = 0
    team: str = ""
    group_key: str = ""
    episode: int = 1
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    resolved_at: datetime | None = None
    last_status: str = ""
    last_starts_at: str = ""
    merged_into: str = ""
    alerts: dict[str, str] = {}

    def after(self, entry: Entry) -> "Standing":
        """How it stands once this entry is written."""
        now = self if self.opened_at else self._replace(opened_at=entry.at)
        if mark := marked(entry):
            return _alerted(now, mark, entry.at)
        match entry.kind:
            case "incident.created":
                team = entry.body.get("team")
                return now._replace(team=team) if isinstance(team, str) and team else now
            case "incident.closed":
                return now._replace(closed_at=entry.at)
            case "incident.reopened":
                return now._replace(episode=now.episode + 1, closed_at=None, resolved_at=None)
            case "alert.left":
                return _left(now, entry)
            case "incident.merged" | "incident.unlinked":
                return _merged(now, entry)
            case _:
                return now

    def known(self, status: str = "", starts_at: str = "") -> Known:
        """What an intake may know of an alert that belongs to this incident (as of its last alert by default)."""
        return Known.model_validate(
            {
                "incident": self.incident,
                "last_status": status or self.last_status,
                "last_starts_at": starts_at or self.last_starts_at,
                "closed_at": self.closed_at,
                "resolved_at": self.resolved_at,
                "episode": self.episode,
            }
        )


def _alerted(now: Standing, mark: Mark, at: datetime) -> Standing:
    alerts = now.alerts | {mark.fingerprint: mark.status}
    return now._replace(
        alerts=alerts,
        group_key=now.group_key if now.alerts else mark.group_key,
        last_status=mark.status,
        last_starts_at=mark.starts_at,
        resolved_at=None if "firing" in alerts.values() else at,
    )


def _left(now: Standing, entry: Entry) -> Standing:
    """Alerts that belong to another incident now say nothing of this one any more."""
    gone = entry.body.get("fingerprints")
    gone = {plain(str(name)) for name in gone} if isinstance(gone, list) else set()
    alerts = {name: status for name, status in now.alerts.items() if name not in gone}
    resolved = None if "firing" in alerts.values() or not alerts else now.resolved_at or entry.at
    return now._replace(alerts=alerts, resolved_at=resolved)


def _merged(now: Standing, entry: Entry) -> Standing:
    """Where people look for this incident: in another one, or again in itself."""
    other = entry.body.get("incident")
    if not isinstance(other, str):
        return now
    if entry.kind == "incident.merged":
        return now._replace(merged_into=plain(other))
    return now._replace(merged_into="") if now.merged_into == plain(other) else now


def marked(entry: Entry) -> Mark | None:
    """The alert this entry brings; None where it brings none that can be read."""
    if entry.kind not in ("alert.normalized", "alert.resolved"):
        return None
    alert: Any = entry.body.get("alert")
    if not isinstance(alert, dict):
        return None
    fields = [alert.get(name) for name in ("fingerprint", "status", "starts_at")]
    if not all(isinstance(item, str) and item for item in fields) or fields[1] not in ("firing", "resolved"):
        return None
    fingerprint, status, starts_at = (str(item) for item in fields)
    return Mark(plain(fingerprint), status, starts_at, plain(str(alert.get("group_key") or "")))

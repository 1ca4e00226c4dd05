"""Folds who looks after an incident and which incidents belong together, as people say it in the thread."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from engine.model import Alert, Entry, Plan, Value

State = dict[str, Any]
Step = Callable[[State, Entry], None]

Rung = Literal["asked", "again", "second", "urgent", "room", "pager"]
"""Why somebody was called: a person asked for it, or nobody had taken the incident in time and this was next."""

Tie = Literal["merged_into", "absorbed", "unlinked", "split_into", "split_from"]
"""How an incident belongs to another one, seen from itself."""


OF_ONE_EPISODE = (
    *("closed_at", "closed_by", "closed_reason", "outcome", "resolved_at"),
    *("stuck", "feedback"),
)
"""What an incident forgets when it is taken up again."""


class Update(Value):
    """Where things stand, in a person's words, for those who do not follow the thread."""

    key: str
    text: str
    by: str
    at: datetime


class Summons(Value):
    """Somebody was called; `to` is the person, "" where several were, a room or the pager."""

    key: str
    rung: Rung
    to: str = ""
    room: str = ""
    reason: str = ""
    by: str
    at: datetime


class Snooze(Value):
    """Nobody is called or reminded until then; `key` is its entry's."""

    key: str
    until: datetime
    by: str
    at: datetime


class Handover(Value):
    """One person gave the incident to another."""

    key: str
    to: str
    note: str = ""
    by: str
    at: datetime


class Link(Value):
    """A merge or a split, and who said so; `alerts` names what went with it."""

    tie: Tie
    incident: str
    alerts: tuple[str, ...] = ()
    reason: str = ""
    by: str
    at: datetime


def begun_anew(state: State) -> None:
    """What does not outlive an episode: whoever had it may have gone home, and what was said then was about then."""
    for name in ("acknowledged_by", "acknowledged_at", "severity_by", "severity_reason", "snooze"):
        state.pop(name, None)
    state.update(summons=(), updates=())


def _assigned(state: State, entry: Entry) -> None:
    state["assignee"] = entry.body["to"]


def _severity(state: State, entry: Entry) -> None:
    state.update(severity=entry.body["severity"], severity_by=entry.actor)
    state["severity_reason"] = entry.body.get("reason", "")


def _updated(state: State, entry: Entry) -> None:
    update = Update(key=entry.key, text=entry.body["text"], by=entry.actor, at=entry.at)
    state["updates"] = (*state.get("updates", ()), update)


def _summoned(state: State, entry: Entry) -> None:
    told = {name: entry.body[name] for name in ("rung", "to", "room", "reason") if name in entry.body}
    state["summons"] = (*state.get("summons", ()), Summons(key=entry.key, by=entry.actor, at=entry.at, **told))


def _paged(state: State, entry: Entry) -> None:
    state["paged"] = (*state.get("paged", ()), entry.body["summons"])


def _closed(state: State, entry: Entry) -> None:
    outcome, why = entry.body["outcome"], entry.body.get("reason", "")
    state.update(status="closed", outcome=outcome, closed_at=entry.at, closed_by=entry.actor, closed_reason=why)


def _reported(state: State, entry: Entry) -> None:
    state["reported_by"] = entry.actor


def _snoozed(state: State, entry: Entry) -> None:
    state["snooze"] = Snooze(key=entry.key, until=entry.body["until"], by=entry.actor, at=entry.at)


def _snooze_over(state: State, entry: Entry) -> None:
    snooze: Snooze | None = state.get("snooze")
    if snooze and snooze.key == entry.body["snooze"]:
        state.update(snooze=None, snoozed_until=entry.at)


def _handed_on(state: State, entry: Entry) -> None:
    handover = Handover(
        key=entry.key, to=entry.body["to"], note=entry.body.get("note", ""), by=entry.actor, at=entry.at
    )
    state.update(assignee=handover.to, handovers=(*state.get("handovers", ()), handover))


def _linked(tie: Tie) -> Step:
    def link(state: State, entry: Entry) -> None:
        body = entry.body
        alerts, reason = tuple(body.get("alerts", ())), body.get("reason", "")
        known = Link(tie=tie, incident=body["incident"], alerts=alerts, reason=reason, by=entry.actor, at=entry.at)
        state["links"] = (*state.get("links", ()), known)
        if tie == "merged_into":
            state["merged_into"] = known.incident
        elif tie == "unlinked" and state.get("merged_into") == known.incident:
            state["merged_into"] = ""

    return link


def _alert_left(state: State, entry: Entry) -> None:
    """Alerts that are another incident's now say nothing of this one any more."""
    gone = set(entry.body["fingerprints"])
    alerts: dict[str, Alert] = {name: alert for name, alert in state.get("alerts", {}).items() if name not in gone}
    state["alerts"] = alerts
    if not any(alert.status == "firing" for alert in alerts.values()):
        state["resolved_at"] = (state.get("resolved_at") or entry.at) if alerts else None
    if alerts and not state.get("severity_by"):
        state["severity"] = min(alert.severity for alert in alerts.values())


STEPS: dict[str, Step] = {
    "incident.assigned": _assigned,
    "incident.severity": _severity,
    "status.updated": _updated,
    "incident.escalated": _summoned,
    "pager.called": _paged,
    "urgent.called": _paged,
    "incident.snoozed": _snoozed,
    "incident.snooze_ended": _snooze_over,
    "shift.handed_over": _handed_on,
    "incident.merged": _linked("merged_into"),
    "incident.absorbed": _linked("absorbed"),
    "incident.unlinked": _linked("unlinked"),
    "incident.split": _linked("split_into"),
    "incident.split_off": _linked("split_from"),
    "alert.left": _alert_left,
    "incident.closed": _closed,
    "report.posted": _reported,
}
"""What each kind changes. `alert.left` is written before the link it belongs to, so that the link has the last word."""

SPOKEN = frozenset(
    {
        *("incident.assigned", "incident.escalated", "incident.snooze_ended", "incident.absorbed"),
        *("pager.called", "urgent.called"),
    }
)
"""Kinds whose body may hold what is said about it in the thread (`say`, and to whom in `to`)."""


class Nudge(Value):
    """What a person wants next of an incident that waits for one: look again, propose a plan, undo one, or close."""

    what: Literal["look_again", "propose", "undo", "close"]
    by: str = ""
    plan: Plan | None = None

"""Decides what is written when incidents are merged, taken apart or split; pure, over their stories as they stand."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from engine.errors import RelationRefused
from engine.incident import Incident, fold
from engine.model import Alert, Entry, Phrase, Value
from engine.ports import Draft

Written = tuple[str, Draft]
"""An entry, and the incident it is for."""

UNDER_CHANGE = ("executing", "verifying")


class Wish(Value):
    """Who wants it, when, why, and by which event."""

    by: str
    by_name: str
    at: datetime
    reason: str = ""
    inbound: str = ""

    def draft(self, key: str, kind: str, **body: Any) -> Draft:
        """An entry by this person."""
        return Draft(key=key, kind=kind, actor=self.by, at=self.at, body=body | {"inbound": self.inbound})


def merge(stories: Sequence[Sequence[Entry]], wish: Wish) -> list[Written]:
    """Put the first incident into the second: its alerts belong there from now on, and it closes. What had been merged
    into the first (the rest of `stories`) goes along. RelationRefused."""
    one, into, *earlier = (fold(story) for story in stories)
    _may_merge(one, into)
    say = Phrase(word="notice.absorbed", values={"incident": one.id, "title": one.title, "by": wish.by_name})
    return [
        (one.id, wish.draft(f"{one.episode}/closed", "incident.closed", outcome="merged", into=into.id)),
        *((into.id, _moved(alert, f"from:{one.id}:{one.episode}", wish)) for alert in one.alerts.values()),
        *_tied(one, into, wish, say=say.model_dump(mode="json")),
        *(written for other in _along(one, one.id, earlier) for written in _tied(other, into, wish)),
    ]


def _may_merge(one: Incident, into: Incident) -> None:
    if one.id == into.id:
        raise RelationRefused(Phrase(word="error.merge_with_itself", values={"incident": one.id}))
    if one.team != into.team:
        raise RelationRefused(Phrase(word="error.no_such_incident", values={"incident": into.id}))
    for incident in (one, into):
        if incident.status == "closed":
            raise RelationRefused(Phrase(word="error.closed", values={"incident": incident.id}))
    if one.status in UNDER_CHANGE:
        raise RelationRefused(Phrase(word="error.close_while_changing", values={"incident": one.id}))


def _along(one: Incident, where: str, earlier: Sequence[Incident]) -> list[Incident]:
    """Of these incidents, those that were merged into `one` and are found at `where` now."""
    merged = {link.incident for link in one.ties if link.tie == "absorbed"}
    return [other for other in earlier if other.id in merged and other.merged_into == where]


def _tied(one: Incident, into: Incident, wish: Wish, **more: Any) -> list[Written]:
    """That one incident is part of another, said in both."""
    body = {"alerts": [alert.name for alert in one.alerts.values()], "reason": wish.reason}
    times = f"{one.episode}:{len(one.links)}"
    absorbed = wish.draft(f"absorbed:{one.id}:{times}", "incident.absorbed", incident=one.id, **body, **more)
    merged = wish.draft(f"merged:{into.id}:{times}", "incident.merged", incident=into.id, **body)
    return [(one.id, merged), (into.id, absorbed)]


def take_apart(stories: Sequence[Sequence[Entry]], wish: Wish) -> list[Written]:
    """Take a merge back: the first incident lives again, as its next episode, with those of its alerts that the second
    still has, and with what had been merged into the first (the rest of `stories`). RelationRefused."""
    one, other, *earlier = (fold(story) for story in stories)
    if one.merged_into != other.id:
        raise RelationRefused(Phrase(word="error.not_merged", values={"incident": one.id, "into": other.id}))
    back = {name: other.alerts[name] for name in one.alerts if name in other.alerts}
    gone = [name for name in one.alerts if name not in back]
    along = _along(one, other.id, earlier)
    return [
        (one.id, wish.draft(f"reopened:{one.episode + 1}", "incident.reopened", reason=wish.reason)),
        *((one.id, _moved(alert, f"back:{other.id}:{one.episode}", wish)) for alert in back.values()),
        # Under a key of its own: what is taken out of this one for the other one later stands under the other's.
        *_left(one.id, gone, "", f"lost:{other.id}:{one.episode}", wish),
        *_left(other.id, list(back), one.id, f"{one.id}:{one.episode}", wish),
        *_untied(one, other, wish),
        *(written for item in along for written in (*_untied(item, other, wish), *_tied(item, one, wish))),
    ]


def _untied(one: Incident, other: Incident, wish: Wish) -> list[Written]:
    """That one incident is no part of another any more, said in both."""
    times = f"{one.episode}:{len(one.links)}"
    return [
        (a.id, wish.draft(f"unlinked:{b.id}:{one.id}:{times}", "incident.unlinked", incident=b.id, reason=wish.reason))
        for a, b in ((one, other), (other, one))
    ]


def split(fresh: str, stories: Sequence[Sequence[Entry]], fingerprint: str, wish: Wish) -> list[Written]:
    """Give one alert of an incident an incident of its own, under the id `fresh`. RelationRefused."""
    old = fold(stories[0])
    alert = old.alerts.get(fingerprint)
    if old.status == "closed":
        raise RelationRefused(Phrase(word="error.closed", values={"incident": old.id}))
    if alert is None:
        raise RelationRefused(Phrase(word="error.no_such_alert", values={"said": fingerprint, "incident": old.id}))
    if len(old.alerts) == 1:
        raise RelationRefused(Phrase(word="error.only_alert", values={"alert": alert.name, "incident": old.id}))
    # Alerts that come for the group later belong to the incident people know; this one is alone by their wish.
    alone = alert.model_copy(update={"group_key": ""})
    created = {
        "team": old.team,
        "title": alert.name,
        "service": alert.service,
        "severity": alert.severity,
        "environment": alert.environment,
        "source": alert.source,
        "previous": "",
        "requester": "",
        "compressed_time": old.compressed_time,
    }
    names, reason = [alert.name], wish.reason
    return [
        (fresh, wish.draft("created", "incident.created", **created)),
        (fresh, _moved(alone, f"from:{old.id}:{old.episode}", wish)),
        (fresh, wish.draft("split_off", "incident.split_off", incident=old.id, alerts=names, reason=reason)),
        *_left(old.id, [fingerprint], fresh, fresh, wish),
        (old.id, wish.draft(f"split:{fresh}", "incident.split", incident=fresh, alerts=names, reason=reason)),
    ]


def _left(incident: str, alerts: Sequence[str], to: str, times: str, wish: Wish) -> list[Written]:
    """That these alerts are no longer this incident's; `to` is whose they are, "" where others took them before."""
    body = {"fingerprints": list(alerts), "incident": to}
    return [(incident, wish.draft(f"left:{times}", "alert.left", **body))] if alerts else []


def _moved(alert: Alert, where: str, wish: Wish) -> Draft:
    """The alert as it stands, told in another incident: that is what makes it belong there."""
    return wish.draft(
        f"alert:{alert.fingerprint}:{int(alert.starts_at.timestamp())}:{alert.status}:{where}",
        "alert.normalized" if alert.status == "firing" else "alert.resolved",
        alert=alert.model_dump(mode="json"),
    )

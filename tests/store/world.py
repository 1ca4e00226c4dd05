"""Supplies what a store is opened with in tests: a clock that stands, ids that can be told to repeat, an intake."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

from engine.model import Alert
from engine.ports import Draft, Known, Placing, Sighting

START = datetime(2026, 8, 1, 10, 0, tzinfo=UTC)


class StandingClock:
    """Stands still until a test turns it."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class ToldIds:
    """Draws the ids it was told first, then counts."""

    def __init__(self, told: Iterable[str] = ()) -> None:
        self.told: list[str] = list(told)
        self._rest: Iterator[int] = count(1)

    def draw(self, prefix: str) -> str:
        return self.told.pop(0) if self.told else f"{prefix}_{next(self._rest):08x}"


def draft(key: str, kind: str = "message.said", at: datetime = START, **body: object) -> Draft:
    """A draft, told in few words."""
    return Draft(key=key, kind=kind, actor="tocsin", at=at, body=body)


def sighting(
    fingerprint: str, group_key: str = "", team: str = "default", status: str = "firing", at: datetime = START
) -> Sighting:
    """An alert on its way in."""
    alert = Alert.model_validate(
        {
            "fingerprint": fingerprint,
            "status": status,
            "name": "HighErrors",
            "service": "payment",
            "starts_at": at,
            "group_key": group_key,
        }
    )
    return Sighting(team=team, alert=alert)


def drafts(seen: Sighting, *more: Draft) -> tuple[Draft, ...]:
    """What an intake writes for a sighting."""
    alert = seen.alert
    kind = "alert.normalized" if alert.status == "firing" else "alert.resolved"
    key = f"alert:{alert.fingerprint}:{int(alert.starts_at.timestamp())}:{alert.status}"
    return (*more, draft(key, kind, alert=alert.model_dump(mode="json")))


def decide(seen: Sighting, known: Known | None, group: Known | None) -> Placing:
    """Joins what lives, re-opens what is known and closed, opens for what is new."""
    if known is not None and known.closed_at is None:
        return Placing(what="join", incident=known.incident, drafts=drafts(seen))
    if seen.alert.status == "resolved":
        return Placing(what="ignore")
    if group is not None:
        return Placing(what="join", incident=group.incident, drafts=drafts(seen))
    if known is not None:
        again = draft(f"reopened:{known.episode + 1}", "incident.reopened")
        return Placing(what="reopen", incident=known.incident, drafts=drafts(seen, again))
    created = draft("created", "incident.created", team=seen.team, title=seen.alert.name)
    return Placing(what="open", drafts=drafts(seen, created))

"""Takes in what was changed, as any CI can post it: one object, a list of them, or {"changes": […]}."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.errors import UnreadableAlert
from engine.model import Change, Phrase
from engine.resolution import spelled
from engine.team import Team
from handlers.alerts import fields
from handlers.alerts.fields import Unfit
from handlers.visit import House

MOST = 1_000
"""Changes of one call; the rest is left out and counted among the unreadable."""
MOST_NAMED = 5
MOST_FILES = 50
KIND = 40
AHEAD = timedelta(days=1)
"""How far ahead a change may lie: clocks differ, plans do not count."""
WORD = re.compile(r"[^\w.-]+")
KINDS = {
    **dict.fromkeys(("deployment", "deployed", "release", "rollout", "发布", "部署"), "deploy"),
    **dict.fromkeys(("revert", "rolled_back", "回滚"), "rollback"),
    **dict.fromkeys(("feature_flag", "feature-flag", "toggle", "flag_flip", "开关"), "flag"),
    **dict.fromkeys(("configuration", "config_change", "settings", "配置"), "config"),
    **dict.fromkeys(("scaling", "scaled", "扩容", "缩容"), "scale"),
    **dict.fromkeys(("db_migration", "schema"), "migration"),
}
"""What the world calls a kind, and what it is here; any other word stays as it is."""


@dataclass(frozen=True)
class Posted:
    """One change on its way in, with the labels that say whose it is."""

    change: Change
    labels: dict[str, str]


@dataclass(frozen=True)
class Taken:
    """What was kept of one call, by id, and why each of the others could not be read (the first few)."""

    ids: tuple[str, ...]
    problems: tuple[str, ...]


def read(body: bytes, now: datetime) -> tuple[list[Posted], list[str]]:
    """The changes of one call, and why each of the others could not be read. UnreadableAlert where none could."""
    found = fields.document(body)
    items = found.get("changes", [found]) if isinstance(found, dict) else found
    if not isinstance(items, list):
        raise UnreadableAlert(Phrase(word="error.changes_shape", values={"found": fields.kind(found)}))
    posted: list[Posted] = []
    problems: list[str] = []
    for number, item in enumerate(items[:MOST]):
        try:
            posted.append(_posted(item, now))
        except Unfit as unfit:
            problems.append(fields.clean(f"changes[{number}]: {unfit}", fields.TEXT))
    if len(items) > MOST:
        problems.append(f"changes[{MOST}]: more than {MOST} changes in one call")
    if problems and not posted:
        raise UnreadableAlert(
            Phrase(word="error.changes_unreadable", values={"n": len(problems), "first": problems[0]})
        )
    return posted, problems


async def take(house: House, body: bytes, own: str) -> Taken:
    """Keep what was posted; durable on return. `own`: the team whose own token came with it, "" for none.
    UnreadableAlert, StoreError."""
    posted, problems = read(body, house.clock.now())
    by_team: dict[str, list[Change]] = {}
    for each in posted:
        team = _team(house, own, each)
        service = spelled(each.change.service, team.services)
        by_team.setdefault(team.id, []).append(each.change.model_copy(update={"service": service}))
    for id, changes in by_team.items():
        await house.changes.note(id, changes)
    return Taken(tuple(each.change.id for each in posted), tuple(problems[:MOST_NAMED]))


def _team(house: House, own: str, posted: Posted) -> Team:
    """The team of the token, else of the labels, else the first whose catalogue has the service."""
    if own:
        return house.teams.team(own)
    routed = house.teams.route(posted.labels)
    teams = [routed, *house.teams.all()]
    said = posted.change.service
    return next((team for team in teams if spelled(said, team.services) in team.services), routed)


def _posted(item: Any, now: datetime) -> Posted:
    if not isinstance(item, dict):
        raise Unfit(f"is {fields.kind(item)}, not an object")
    service = fields.text(item.get("service"), "service", fields.NAME).strip()
    if not service:
        raise Unfit("service is missing")
    at = _moment(item.get("at", item.get("time", item.get("timestamp"))))
    if at is not None and at > now + AHEAD:
        raise Unfit("at lies in the future")
    said = {
        name: fields.text(item.get(name), name, fields.NAME).strip() for name in ("version", "previous_version", "by")
    }
    change = Change(
        id="",
        service=service,
        kind=_kind(fields.text(item.get("kind"), "kind", KIND)),
        at=at or now,
        note=fields.text(item.get("note", item.get("message")), "note"),
        link=fields.address(item.get("link", item.get("url"))),
        files=tuple(_files(item.get("files"))),
        version=said["version"],
        previous_version=said["previous_version"],
        by=said["by"],
    )
    id = fields.text(item.get("id"), "id", fields.NAME) or _identity(change)
    labels = {name: fields.text(item.get(name), name, fields.NAME) for name in ("team", "environment")}
    known = {name: value for name, value in labels.items() if value}
    return Posted(change.model_copy(update={"id": id}), {"service": service} | known)


def _kind(said: str) -> str:
    plain = WORD.sub("_", said.strip().lower()).strip("_")
    return KINDS.get(plain, plain) or "deploy"


def _moment(value: Any) -> datetime | None:
    """A date, or seconds or milliseconds since 1970 as CI systems count them."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = value / 1_000 if value > 1e11 else value
        if not 0 <= seconds < 253_000_000_000:
            raise Unfit("at is no date")
        return datetime.fromtimestamp(seconds, UTC)
    return fields.moment(value, "at")


def _files(value: Any) -> Iterator[str]:
    if value is None:
        return
    if not isinstance(value, list):
        raise Unfit(f"files is {fields.kind(value)}, not a list")
    yield from (fields.text(each, "files", fields.TEXT) for each in value[:MOST_FILES])


def _identity(change: Change) -> str:
    """The same change posted twice with its time is the same one."""
    text = json.dumps(change.model_dump(mode="json", include={"service", "kind", "at", "version", "previous_version"}))
    return f"chg_{hashlib.sha256(text.encode()).hexdigest()[:12]}"

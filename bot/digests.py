"""Posts what happened to a team at the hour its file names, once per day or week, also across restarts."""

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, field_validator

from bot.board import Board
from bot.room_entries import RoomEntry, rooms_of
from engine.ports import Clock
from engine.team import Digest, Team

HOUR = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
GRACE = timedelta(hours=6)
"""How late a digest may come, where the process was down at its hour; after that the next one tells more."""


class DigestEntry(BaseModel):
    """One digest of a team.yaml: how often, and where it differs from the team's own hour and rooms."""

    model_config = ConfigDict(extra="forbid")

    every: Literal["daily", "weekly"]
    at: str = ""
    rooms: list[RoomEntry] = []

    @field_validator("at")
    @classmethod
    def _time_of_day(cls, at: str) -> str:
        return _hour(at) if at else at


class DigestKeys(BaseModel):
    """What team.yaml may say of digests: one or several, the hour in the team's own time, and which time that is."""

    digest: list[DigestEntry] = []
    digest_at: str = "09:00"
    zone: str = "UTC"

    @field_validator("digest", mode="before")
    @classmethod
    def _written(cls, value: Any) -> Any:
        # YAML reads a bare `off` as false.
        if value in (False, None, "off", ""):
            return []
        many = value if isinstance(value, list) else [value]
        return [{"every": each} if isinstance(each, str) else each for each in many]

    @field_validator("digest_at")
    @classmethod
    def _time_of_day(cls, at: str) -> str:
        return _hour(at)

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{zone[:40]!r} is no time zone; write one like Asia/Shanghai or UTC") from None
        return zone

    def read(self) -> tuple[Digest, ...]:
        """As the engine knows them."""
        return tuple(
            Digest(every=each.every, at=each.at or self.digest_at, zone=self.zone, rooms=rooms_of(each.rooms))
            for each in self.digest
        )


def _hour(at: str) -> str:
    if not HOUR.fullmatch(at):
        raise ValueError(f'{at[:20]!r} is no time of day; write one like "09:00"')
    return at


def due(digest: Digest, now: datetime) -> date | None:
    """The day whose digest is to be posted now; None where its hour is long past."""
    local = now.astimezone(ZoneInfo(digest.zone))
    day = local.date() if local.timetz().replace(tzinfo=None) >= time.fromisoformat(digest.at) else yesterday(local)
    if digest.every == "weekly":
        day -= timedelta(days=day.weekday())
    return day if now - ends(digest, day) <= GRACE else None


def ends(digest: Digest, day: date) -> datetime:
    """The moment up to which the digest of this day tells."""
    return datetime.combine(day, time.fromisoformat(digest.at), ZoneInfo(digest.zone))


def yesterday(local: datetime) -> date:
    """The day before."""
    return local.date() - timedelta(days=1)


async def post_digests(teams: Iterable[Team], board: Board, clock: Clock) -> None:
    """Post every digest that is due and was not posted yet."""
    for team in teams:
        for digest in team.digests:
            if (day := due(digest, clock.now())) is not None:
                await board.once(team, f"digest:{digest.name}/{day.isoformat()}", digest.rooms or team.rooms)

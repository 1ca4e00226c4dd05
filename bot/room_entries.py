"""Reads how a team file names a room: by itself, or with the language that is spoken there."""

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, field_validator, model_validator


class RoomEntry(BaseModel):
    """`slack:C0PAY`, or `{room: slack:C0PAY, language: zh}`."""

    model_config = ConfigDict(extra="forbid")

    room: str
    language: Literal["", "zh", "en"] = ""

    @model_validator(mode="before")
    @classmethod
    def _written(cls, value: Any) -> Any:
        return {"room": value} if isinstance(value, str) else value

    @field_validator("room")
    @classmethod
    def _is_a_room(cls, room: str) -> str:
        platform, colon, name = room.partition(":")
        if not (platform and colon and name):
            raise ValueError(f"{room!r} is no room; write platform:room, like console:main")
        return room


def rooms_of(entries: Iterable[RoomEntry]) -> tuple[str, ...]:
    """The rooms that are named."""
    return tuple(entry.room for entry in entries)


def languages_of(entries: Iterable[RoomEntry]) -> dict[str, str]:
    """The language of each room that has one of its own."""
    return {entry.room: entry.language for entry in entries if entry.language}

"""Reads what a team file says of incidents that nobody takes."""

from typing import Any, Literal

from pydantic import Field, field_validator

from bot.catalogue import FileModel
from bot.connectors import VARIABLE
from bot.room_entries import RoomEntry
from engine.team import Escalation


class EscalationKeys(FileModel):
    """What happens while nobody takes an incident."""

    after_minutes: float | None = Field(default=None, ge=0)
    urgent: Literal["", "feishu"] = ""
    room: RoomEntry | None = None
    pager: str = Field(default="", pattern=VARIABLE)
    pager_key: str = Field(default="", pattern=VARIABLE)

    @field_validator("room", mode="before")
    @classmethod
    def _none(cls, room: Any) -> Any:
        return room or None

    def read(self) -> Escalation:
        """As the engine knows it."""
        return Escalation(**self.model_dump(exclude={"room"}), room=self.room.room if self.room else "")

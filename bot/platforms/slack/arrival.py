"""Names what arrived from Slack: what people did, and the doorstep where each of them can be answered."""

from dataclasses import dataclass
from typing import Any, Literal

from bot.platforms.slack.payload import Json
from handlers.inbound import ImageShared, Inbound

Kind = Literal["command", "press", "form", "event", "home"]


@dataclass(frozen=True)
class Doorstep:
    """Where and how a person can be answered. `trigger` opens one form within 3 s, `respond` is an address that takes
    up to 5 answers; both "" where there are none. `view` is the form that was sent."""

    kind: Kind
    room: str
    thread: str
    person: str
    language: str
    trigger: str = ""
    respond: str = ""
    view: Json | None = None


@dataclass(frozen=True)
class Arrival:
    """One delivery, read. `stale` says that it carries what this house did not seal."""

    id: str
    doorstep: Doorstep
    events: tuple[Inbound, ...] = ()
    images: tuple[tuple[ImageShared, str], ...] = ()
    stale: bool = False
    declare: bool = False


@dataclass(frozen=True)
class Reply:
    """What a delivery is answered with: a status and, where there is something to say at once, a body."""

    status: int = 200
    body: dict[str, Any] | None = None


TAKEN = Reply()
AGAIN = Reply(status=503)
"""Not taken: Slack delivers an event again; for a press or a form the person is told that it failed."""

"""Says what a chat platform must be able to do, and what it may hand in; one contract suite holds all of them."""

from dataclasses import dataclass
from typing import Protocol

from cards.model import Card
from handlers.inbound import Answer, Inbound


@dataclass(frozen=True)
class Pace:
    """The platform's published limit: messages per second into one room."""

    per_second: float


class Inbox(Protocol):
    """Where a platform hands in what people did, after it verified who they are."""

    async def receive(self, event: Inbound) -> Answer: ...


class Platform(Protocol):
    """One chat platform. A message reference is an opaque string of its own making."""

    @property
    def name(self) -> str: ...

    @property
    def pace(self) -> Pace: ...

    async def post(self, room: str, thread: str, card: Card, key: str) -> str:
        """Post a card; `thread` is "" for a new thread, else the reference of its first message. Posting again with the
        same key gives the same message where the platform can recognise a repeat. PlatformError, PlatformBusy."""
        ...

    async def edit(self, room: str, message: str, card: Card) -> None:
        """Replace a posted card in place."""
        ...

    async def run(self, inbox: Inbox) -> None:
        """Listen until cancelled, handing everything to the inbox."""
        ...

"""Fakes a chat platform that counts calls and refuses too many, and an inbox that remembers what people did."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.platforms.contract import Inbox, Pace
from cards.model import Card
from engine.errors import PlatformBusy, PlatformError
from engine.model import Phrase
from engine.ports import Clock
from handlers.inbound import Answer, Inbound


@dataclass
class Posted:
    """A message as the platform shows it now."""

    id: str
    room: str
    thread: str
    key: str
    card: Card
    edits: int = 0


class FakePlatform:
    """Messages in a list. `posts` and `edits` count calls; `refuse` and `busy` make the next calls fail, `lose` makes
    their answers get lost; while `away` is set all fail, and while `lost` is, for good. `insisted` are the messages
    that insist, and for whom; nobody `deaf` is reached. With a clock it counts like a vendor: whatever comes over its
    pace is refused, and told in `over`."""

    def __init__(
        self,
        name: str = "fake",
        per_second: float = 1_000.0,
        *,
        clock: Clock | None = None,
    ) -> None:
        self._name = name
        self._pace = Pace(per_second)
        self._clock = clock
        self.calls: list[tuple[datetime, str]] = []
        self.over = 0
        self.lose = 0
        self.away = False
        self.lost = False
        self.messages: list[Posted] = []
        self.insisted: list[tuple[str, tuple[str, ...]]] = []
        self.deaf: frozenset[str] = frozenset()
        self.posts = 0
        self.edits = 0
        self.refuse = 0
        self.busy = 0
        self.inbox: Inbox | None = None
        self.running = asyncio.Event()

    @property
    def name(self) -> str:
        return self._name

    @property
    def pace(self) -> Pace:
        return self._pace

    async def post(self, room: str, thread: str, card: Card, key: str) -> str:
        self.posts += 1
        self._count(room)
        self._fail()
        known = next((m for m in self.messages if (m.room, m.key) == (room, key)), None)
        if known is not None:
            return known.id
        if thread and not any((m.id, m.room, m.thread) == (thread, room, "") for m in self.messages):
            raise PlatformError(f"no thread {thread} in {room}")
        message = Posted(f"fake-{len(self.messages) + 1}", room, thread, key, card)
        self.messages.append(message)
        self._answer()
        return message.id

    async def edit(self, room: str, message: str, card: Card) -> str:
        self.edits += 1
        self._count(room)
        self._fail()
        known = next((m for m in self.messages if (m.id, m.room) == (message, room)), None)
        if known is None:
            raise PlatformError(f"no message {message} in {room}")
        known.card, known.edits = card, known.edits + 1
        self._answer()
        return known.id

    async def insist(self, room: str, message: str, accounts: Sequence[str]) -> frozenset[str]:
        self.insisted.append((message, tuple(accounts)))
        self._fail()
        return self.deaf

    async def run(self, inbox: Inbox) -> None:
        self.inbox = inbox
        self.running.set()
        await asyncio.Event().wait()

    async def hand_in(self, event: Inbound) -> Answer:
        """Do as if a person had done this on the platform."""
        await self.running.wait()
        if self.inbox is None:
            raise PlatformError("nobody listens")
        return await self.inbox.receive(event)

    def shown(self, room: str, thread: str) -> Sequence[Card]:
        """The cards of a thread with its first message, in order."""
        return [m.card for m in self.messages if m.room == room and thread in (m.thread, m.id)]

    def _count(self, room: str) -> None:
        """Hold a call to what a room takes."""
        if self._clock is None:
            return
        now, rate = self._clock.now(), self._pace.per_second
        span = max(1.0, 1.0 / rate)
        since = now - timedelta(seconds=span - 0.001)
        if sum(called == room and at > since for at, called in self.calls) >= rate * span:
            self.over += 1
            raise _busy("slow down", span)
        self.calls.append((now, room))

    def _answer(self) -> None:
        if self.lose:
            self.lose -= 1
            raise _busy("the line broke", 1.0)

    def _fail(self) -> None:
        if self.lost:
            raise PlatformError("not in the room")
        if self.away:
            raise _busy("away", 5.0)
        if self.busy:
            self.busy -= 1
            raise _busy("slow down", 1.0)
        if self.refuse:
            self.refuse -= 1
            raise PlatformError("no")


def _busy(text: str, retry_after: float) -> PlatformBusy:
    return PlatformBusy(Phrase(word="error.plain", values={"text": text}), retry_after=retry_after)


@dataclass
class FakeInbox:
    """Keeps every event; an event id that came before counts once. `answers` are given by action, command or text."""

    answers: dict[str, Answer] = field(default_factory=dict)
    events: list[Inbound] = field(default_factory=list)
    again: int = 0
    failure: Exception | None = None

    async def receive(self, event: Inbound) -> Answer:
        if self.failure is not None:
            raise self.failure
        if any(event.id == known.id for known in self.events):
            self.again += 1
            return Answer(tone="quiet")
        self.events.append(event)
        said = getattr(event, "text", "") or getattr(event, "action", "")
        kind = type(event).__name__
        return self.answers.get(f"{kind}:{said}") or self.answers.get(said) or Answer()

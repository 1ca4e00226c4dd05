"""Keeps an answer growing while its incident moves: the one message of WeCom's that a bot may change repeatedly."""

import asyncio
import logging
import secrets
from datetime import datetime, timedelta

from bot.platforms.contract import Kit
from bot.platforms.wecom import carrier
from bot.platforms.wecom.carrier import Reply
from cards.model import Card, Prose, Steps
from cards.render.wecom import LONGEST_MARKDOWN
from cards.render.wecom.buttons import Sorted
from cards.render.wecom.markdown import Pen, colored, piece
from cards.render.wecom.safe import line
from engine.errors import PlatformError

log = logging.getLogger("tocsin.wecom")

LASTS = timedelta(minutes=5)
"""A stream must end within six minutes of the message it answers."""
NO_NEWS = timedelta(seconds=60)
"""After so long without a change it ends: WeCom shows an open one as if somebody were still writing."""
LOOK_EVERY = 10.0
HEADER = "header"

Where = tuple[str, str]
"""Room and incident."""


class Stream:
    """One answer that may still grow."""

    def __init__(self, reply: Reply, said: str, now: datetime) -> None:
        self._reply = reply
        self._said = said
        self._id = secrets.token_hex(8)
        self._shown = ""
        # WeCom answers by the id of the message, so one piece is acknowledged before the next one goes out.
        self._turn = asyncio.Lock()
        self.began = now
        self.news = now
        self.over = False

    async def show(self, steps: str, now: datetime, *, finish: bool) -> None:
        """Show how far things are now; nothing is sent where nothing changed. PlatformError ends it."""
        whole = f"{self._said}\n{steps}" if steps else self._said
        content = whole if len(whole.encode()) <= LONGEST_MARKDOWN else self._said
        async with self._turn:
            if self.over or (content == self._shown and not finish):
                return
            self.over = finish
            self.news = self.news if content == self._shown else now
            self._shown = content
            await self._say(finish=finish)

    async def close(self) -> None:
        """End it as it stands."""
        async with self._turn:
            if not self.over:
                self.over = True
                await self._say(finish=True)

    async def _say(self, *, finish: bool) -> None:
        try:
            await self._reply.say(carrier.streamed(self._shown, self._id, finish=finish))
        except PlatformError:
            self.over = True
            raise


class Progress:
    """The answers that still grow, one per chat and incident."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._open: dict[Where, Stream] = {}

    async def answer(self, reply: Reply, room: str, incident: str, said: str) -> None:
        """Answer, and where the incident is moving let the answer grow with it. PlatformError."""
        language = self._kit.language_of(f"wecom:{room}")
        card = await self._kit.draw(incident, HEADER, language) if incident and reply.grows else None
        now = self._kit.clock.now()
        stream = Stream(reply, said, now)
        if card is None or not moving(card):
            await stream.show(colored(line(incident), "comment"), now, finish=True)
            return
        where = (room, incident)
        if (older := self._open.pop(where, None)) is not None:
            await self._end(older)
        self._open[where] = stream
        try:
            await stream.show(steps(card), now, finish=False)
        except PlatformError:
            self._open.pop(where, None)
            raise
        self._kit.crew.start(
            f"wecom stream {room} {incident} {secrets.token_hex(4)}", lambda: self._watch(where, stream)
        )

    async def moved(self, room: str, card: Card) -> None:
        """The incident has moved: let the answer that grows with it say so."""
        stream = self._open.get((room, card.incident))
        if stream is None:
            return
        try:
            await stream.show(steps(card), self._kit.clock.now(), finish=not moving(card))
        except PlatformError as error:
            log.warning("an answer in %s grows no further: %s", room, error)

    async def _watch(self, where: Where, stream: Stream) -> None:
        while not stream.over:
            await self._kit.clock.sleep(LOOK_EVERY)
            now = self._kit.clock.now()
            if now - stream.began >= LASTS or now - stream.news >= NO_NEWS:
                await self._end(stream)
        if self._open.get(where) is stream:
            del self._open[where]

    async def _end(self, stream: Stream) -> None:
        try:
            await stream.close()
        except PlatformError as error:
            log.warning("an answer could not be ended: %s", error)


def moving(card: Card) -> bool:
    """Whether something of the incident is under way."""
    return any(step.state == "running" for block in card.blocks if isinstance(block, Steps) for step in block.steps)


def steps(card: Card) -> str:
    """How far an incident is, in a few lines: how things stand, and its steps."""
    pen = Pen("", card.tone, Sorted())
    standing = next((block for block in card.blocks if isinstance(block, Prose) and block.strong), Prose(""))
    told: list[Prose | Steps] = [standing, *(block for block in card.blocks if isinstance(block, Steps))]
    drawn = [text for block in told for text in piece(block, pen).lines]
    return "\n".join((*drawn, colored(line(card.incident), "comment")))

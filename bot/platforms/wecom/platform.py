"""Makes WeCom a chat platform: cards into chats, and what people do there into the inbox."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bot.platforms.contract import Inbox, Kit, Pace
from bot.platforms.wecom import reading
from bot.platforms.wecom.board import Board
from bot.platforms.wecom.carrier import BotCarrier, BotReply, Carrier
from bot.platforms.wecom.conversation import NAME, Conversation
from bot.platforms.wecom.pace import Windows
from bot.platforms.wecom.reading import Delivered, Entered, Pressed, Said, Shared
from bot.platforms.wecom.rooms import Rooms
from bot.platforms.wecom.socket import ANSWER_WITHIN, Frame, Line
from bot.settings import WeCom
from cards.model import Card
from engine.errors import PlatformError
from engine.model import Phrase

log = logging.getLogger("tocsin.wecom")

PER_SECOND = 0.5
"""Thirty messages a minute into one chat."""
AT_ONCE = 32
"""Callbacks worked on at the same time; the others wait."""
LINE = "wecom line"


class WeComPlatform:
    """WeCom. A room is the id of a group or, for a person alone with the bot, of that person."""

    def __init__(self, settings: WeCom, kit: Kit, *, patience: float = ANSWER_WITHIN) -> None:
        self._settings = settings
        self._kit = kit
        self._windows = Windows(kit.clock)
        rooms = Rooms(kit.clock)
        self.line = Line(
            settings.socket_url,
            settings.bot_id,
            settings.bot_secret.get_secret_value(),
            kit.session,
            kit.clock,
            self._heard,
            patience=patience,
        )
        self._bot = BotCarrier(self.line, self._windows)
        self._board = Board(kit, rooms, self._carry)
        self._conversation = Conversation(kit, self._board, rooms, self._carry)
        self._inbox: Inbox | None = None
        self._turns = asyncio.Semaphore(AT_ONCE)

    @property
    def name(self) -> str:
        return NAME

    @property
    def pace(self) -> Pace:
        return Pace(PER_SECOND)

    @property
    def inbox(self) -> Inbox | None:
        """Where what people do is handed in; None until `run` was called."""
        return self._inbox

    @property
    def trouble(self) -> str:
        """What keeps WeCom from working, in a few words; "" where nothing does."""
        return self.line.trouble if self._settings.bot_id else ""

    async def post(self, room: str, thread: str, card: Card, key: str) -> str:
        """Post a card below the others: there are no threads, so it names its incident."""
        return await self._board.post(room, thread, card, key)

    async def edit(self, room: str, message: str, card: Card) -> str:
        """Show a card's change where people would want to know of it (see Board)."""
        return await self._board.edit(room, message, card)

    async def run(self, inbox: Inbox) -> None:
        """Listen until cancelled. The connection is one task of the crew, however often this is called: WeCom takes one
        connection per bot. When another process takes the bot over, this one stays silent and says so."""
        self._inbox = inbox
        if self._settings.bot_id:
            self._kit.crew.start(LINE, self.line.run)
        await asyncio.Event().wait()

    def _carry(self, room: str) -> tuple[Carrier, str]:
        """What carries into this room, and the room's name there."""
        return self._bot, room

    def _heard(self, frame: Frame) -> None:
        request = str(frame["headers"].get("req_id", ""))
        for what in reading.delivered(frame["body"]):
            reply = BotReply(self.line, self._windows, what.user if isinstance(what, Entered) else what.room, request)
            self._kit.crew.start(f"wecom {what.id} {request}", self._work(what, reply))

    def _work(self, what: Delivered, reply: BotReply) -> Callable[[], Awaitable[None]]:
        async def work() -> None:
            async with self._turns:
                try:
                    await self._take(what, reply)
                except PlatformError as error:
                    log.warning("an answer did not reach %s: %s", what.user, error)

        return work

    async def _take(self, what: Delivered, reply: BotReply) -> None:
        if self._inbox is None:
            raise PlatformError(Phrase(word="wecom.offline"))
        match what:
            case Said():
                await self._conversation.said(self._inbox, what, reply)
            case Pressed():
                await self._conversation.pressed(self._inbox, what, reply)
            case Entered():
                await reply.welcome(self._conversation.greeting(what.user))
            case Shared():
                log.info("a picture in %s is not read", what.room)

"""Makes WeCom a chat platform: cards into chats, and what people do there into the inbox."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.platforms.contract import Deed, Inbox, Kit, Pace
from bot.platforms.wecom import reading
from bot.platforms.wecom.app import PREFIX, Callback
from bot.platforms.wecom.app_api import AppApi, AppCarrier, AppReply
from bot.platforms.wecom.board import Board
from bot.platforms.wecom.carrier import BotCarrier, BotReply, Carrier
from bot.platforms.wecom.conversation import NAME, Conversation
from bot.platforms.wecom.examination import callback_keys
from bot.platforms.wecom.pace import Windows
from bot.platforms.wecom.progress import Progress
from bot.platforms.wecom.reading import Delivered, Entered, Pressed, Said, Shared
from bot.platforms.wecom.rehearsal import delivery
from bot.platforms.wecom.rooms import Rooms
from bot.platforms.wecom.socket import ANSWER_WITHIN, Frame, Line
from bot.settings import WeCom
from bot.web import GAUGES
from cards.model import Card
from engine.errors import PlatformError, StoreError
from engine.model import Phrase
from handlers.inbound import Answer, Inbound

log = logging.getLogger("tocsin.wecom")

PER_SECOND = 0.5
"""Thirty messages a minute into one chat."""
AT_ONCE = 200
"""Callbacks worked on at the same time; the others wait, and WeCom gives them five seconds."""
LINE = "wecom line"
LOOK_AFTER = 30.0

Work = Callable[[], Awaitable[None]]


class WeComPlatform:
    """WeCom. A room is the id of a group or, for a person alone with the bot, of that person."""

    def __init__(self, settings: WeCom, kit: Kit, *, patience: float = ANSWER_WITHIN) -> None:
        self._settings = settings
        self._kit = kit
        self._windows = Windows(kit.clock)
        rooms = Rooms(kit.clock)
        self.line = Line(
            settings.ws_url,
            settings.bot_id,
            settings.bot_secret.get_secret_value(),
            kit.session,
            kit.clock,
            self._heard,
            patience=patience,
        )
        self._bot = BotCarrier(self.line, self._windows)
        self._app = self._open_app()
        progress = Progress(kit)
        self._board = Board(kit, rooms, self._carry, progress)
        self._conversation = Conversation(kit, self._board, rooms, self._carry, progress)
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

    @property
    def shows_anew(self) -> bool:
        """Here every change of a card is another message."""
        return True

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
        if not self._settings.bot_id:
            await asyncio.Event().wait()
        self._show_health()
        while not self.line.taken_over:
            # Nothing happens while it is at work; one that broke in a way nobody thought of is started again.
            self._kit.crew.start(LINE, self.line.run)
            await self._kit.clock.sleep(LOOK_AFTER)
        self._kit.news.lost("", Phrase(word="wecom.lost.taken_over"))
        await asyncio.Event().wait()

    def _show_health(self) -> None:
        """Whether the bot is connected, among the metrics, and whether another process took its place."""
        gauges = self._kit.app.get(GAUGES)
        if gauges is None:
            return

        async def connected() -> float:
            return float(self.line.open.is_set())

        async def taken_over() -> str:
            return f"{NAME}: {self.line.trouble}" if self.line.taken_over else ""

        gauges.read("wecom_connected", "Whether the WeCom bot's connection is up.", connected)
        gauges.mention(taken_over)

    def _carry(self, room: str) -> tuple[Carrier, str]:
        """What carries into this room, and the room's name there: the app where the room says so or there is no bot."""
        if self._app is not None and (room.startswith(PREFIX) or not self._settings.bot_id):
            return self._app.carrier, room.removeprefix(PREFIX)
        return self._bot, room

    async def rehearse(self, deed: Deed, inbox: Inbox) -> None:
        """Read what WeCom would send for this, and hand it in."""
        if self._settings.bot_id and not self.line.open.is_set():
            raise PlatformError(Phrase(word="wecom.offline"))
        for what in reading.delivered(delivery(deed, self._kit.seal)):
            if isinstance(what, Said | Pressed):
                await self._conversation.hand_in(inbox, what)

    def _open_app(self) -> "AppSide | None":
        """The self-built app, where the settings name one; its callback is one more route of the house."""
        about = self._settings
        keys = callback_keys(about)
        if not about.corp_id:
            return None
        secret = about.secret.get_secret_value()
        api = AppApi(about.api_url, about.corp_id, secret, self._kit.session, self._kit.clock)
        side = AppSide(api, AppCarrier(api, about.agent_id, self._windows))
        if keys is not None:
            Callback(keys, about.agent_id, self._kit.clock, self._delivered).add_to(self._kit.app)
        return side

    async def _delivered(self, what: Delivered, response_code: str) -> bool:
        """Hand in what the app was told. True as soon as it is written down: the answer to the person comes after."""
        if self._app is None or self._inbox is None:
            return False
        reply = AppReply(self._app.carrier, self._app.api, self._settings.agent_id, what.user, response_code)
        taken = Taken(self._inbox)
        self._kit.crew.start(f"wecom {what.id} {secrets.token_hex(4)}", self._work(what, reply, taken))
        return await taken.outcome()

    def _heard(self, frame: Frame) -> None:
        request = str(frame["headers"].get("req_id", ""))
        for what in reading.delivered(frame["body"]):
            entered = isinstance(what, Entered)
            reply = BotReply(self.line, self._windows, what.room, request, entered=entered)
            self._kit.crew.start(f"wecom {what.id} {request}", self._work(what, reply))

    def _work(self, what: Delivered, reply: BotReply | AppReply, taken: "Taken | None" = None) -> Work:
        async def work() -> None:
            try:
                async with self._turns:
                    await self._take(what, reply, taken or self._inbox)
                if taken is not None:
                    taken.end(well=True)
            except PlatformError as error:
                log.warning("an answer did not reach %s: %s", what.user, error)
            except StoreError as error:
                log.error("what %s did in WeCom could not be written down: %s", what.user, error)  # noqa: TRY400
                if taken is None:
                    await self._apologise(what, error)
            finally:
                if taken is not None:
                    taken.end(well=False)

        return work

    async def _apologise(self, what: Delivered, error: StoreError) -> None:
        """Tell the person; the bot gets no message a second time, so it is for them to do it again."""
        try:
            await self._conversation.apologise(what.room, what.user, error)
        except PlatformError as further:
            log.warning("nor could %s be told: %s", what.user, further)

    async def _take(self, what: Delivered, reply: BotReply | AppReply, inbox: Inbox | None) -> None:
        if inbox is None:
            raise PlatformError(Phrase(word="wecom.offline"))
        match what:
            case Said():
                await self._conversation.said(inbox, what, reply)
            case Pressed():
                await self._conversation.pressed(inbox, what, reply)
            case Entered():
                await self._conversation.entered(what, reply)
            case Shared():
                await self._conversation.shared(inbox, what, reply)


@dataclass(frozen=True)
class AppSide:
    """A self-built app."""

    api: AppApi
    carrier: AppCarrier


class Taken:
    """An inbox that says when it has written down what it was given."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._known: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def receive(self, event: Inbound) -> Answer:
        """Hand on; afterwards the event is safe."""
        answer = await self._inbox.receive(event)
        self.end(well=True)
        return answer

    def end(self, *, well: bool) -> None:
        """Nothing more will come; whether that is as it should be counts only where nothing was written down."""
        if not self._known.done():
            self._known.set_result(well)

    async def outcome(self) -> bool:
        """Wait until it is known."""
        return await asyncio.shield(self._known)

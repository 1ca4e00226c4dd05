"""Sets up a bot at work: the platform, the server it is connected to, an inbox that remembers, a clock one turns."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import ClientSession, web
from pydantic import SecretStr

from bot.crew import Crew
from bot.gauges import Gauges
from bot.platforms.contract import Kit, News
from bot.platforms.seal import Seal
from bot.platforms.wecom.platform import LINE, WeComPlatform
from bot.settings import WeCom
from bot.web import GAUGES
from cards.model import Ask, Button, Buttons, Card, Field, Prose
from engine.ports import Clock
from engine.team import Team
from tests.fakes.clock import FakeClock
from tests.fakes.platforms import FakeInbox
from tests.fakes.wecom_server import BOT, SECRET, WeComServer, wecom_server

HERE = "https://tocsin.example"
ROOM = "payments"
INCIDENT = "inc_5f0a1c22"
PLAN = "plan_77aa01bc"
APPROVAL = "approval_1a2b3c4d"
PEOPLE = frozenset({"lin", "chen", "wang"})

Draw = Callable[[str, str, str], Awaitable[Card | None]]


def plan_card(text: str = "等待审批", tone: str = "warning", *, waits: bool = True) -> Card:
    """The card of a plan that waits for an approval, or of one that does not any more."""
    value = {"incident": INCIDENT, "approval": APPROVAL}
    row = (Button("approve", "批准…", value, "danger"), Button("reject", "驳回", value))
    blocks = (Prose(text, strong=True), *((Buttons(row, approval=True),) if waits else ()))
    return Card("方案：回滚", f"方案：回滚 · {text}", tone, blocks, INCIDENT, "zh")  # type: ignore[arg-type]


def word_form(digest: str = "9f2c") -> Ask:
    """The form that takes the word."""
    value = {"incident": INCIDENT, "approval": APPROVAL, "digest": digest}
    fields = (Field("word", "确认词"), Field("reason", "理由", required=False))
    return Ask("批准回滚？", "审批人", None, "approve", "批准", value, fields)


class OneTeam:
    """The teams of a house that has one, which works in this room."""

    def __init__(self, language: str = "zh") -> None:
        self._team = Team(id="payments", name="Payments", language=language, rooms=(f"wecom:{ROOM}",))

    def team(self, id: str) -> Team:
        return self._team

    def route(self, labels: Mapping[str, str]) -> Team:
        return self._team

    def all(self) -> Sequence[Team]:
        return (self._team,)


@dataclass
class Desk:
    """A bot at work. `cards` are what the house would draw, by slot; `losses` what the platform says it lost."""

    server: WeComServer
    platform: WeComPlatform
    inbox: FakeInbox
    clock: FakeClock
    crew: Crew
    seal: Seal
    gauges: Gauges
    cards: dict[str, Card] = field(default_factory=dict)
    losses: list[tuple[str, str]] = field(default_factory=list)

    async def draw(self, incident: str, slot: str, language: str) -> Card | None:
        return self.cards.get(slot)

    async def handed(self, count: int) -> None:
        """Wait until this many events came in."""
        await self.server.until(lambda: len(self.inbox.events) >= count)


def kit(
    session: ClientSession,
    clock: Clock,
    crew: Crew,
    draw: Draw,
    seal: Seal | None = None,
    losses: list[tuple[str, str]] | None = None,
) -> Kit:
    """What the house lends, with nothing behind it but what a test says; what is lost is put down in `losses`."""
    told: list[tuple[str, str]] = [] if losses is None else losses
    news = News(lost=lambda room, why: told.append((room, why.word)))

    async def no_incident(room: str, message: str) -> str:
        return ""

    app = web.Application()
    app[GAUGES] = Gauges()
    return Kit(session, clock, crew, OneTeam(), seal or Seal(b"w" * 32), app, no_incident, draw, HERE, news)


@asynccontextmanager
async def desk(*, connected: bool = True, patience: float = 5.0, **settings: str) -> AsyncIterator[Desk]:
    """A bot that is connected and listens."""
    clock = FakeClock()
    async with wecom_server(clock.now) as server, ClientSession() as session, Crew() as crew:
        server.chats = {ROOM: set(PEOPLE), "trade": set(PEOPLE)}
        known = settings_of(server, **settings)
        cards: dict[str, Card] = {}

        async def draw(incident: str, slot: str, language: str) -> Card | None:
            return cards.get(slot)

        losses: list[tuple[str, str]] = []
        lent = kit(session, clock, crew, draw, losses=losses)
        platform = WeComPlatform(known, lent, patience=patience)
        inbox = FakeInbox()
        if connected:
            crew.start("platform wecom", lambda: platform.run(inbox))
            async with asyncio.timeout(5):
                await platform.line.open.wait()
        yield Desk(server, platform, inbox, clock, crew, lent.seal, lent.app[GAUGES], cards, losses)
        crew.stop(LINE)


def settings_of(server: WeComServer, **more: str) -> WeCom:
    """The settings of this bot at this server."""
    return WeCom.model_validate({"bot_id": BOT, "bot_secret": SecretStr(SECRET), "ws_url": server.url, **more})

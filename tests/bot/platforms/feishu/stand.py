"""Sets up the Feishu platform against a pretended tenant: settings, kit, an inbox, and people."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import ClientSession, web
from pydantic import SecretStr

from bot.crew import Crew
from bot.platforms.contract import Kit, News
from bot.platforms.feishu.platform import FeishuPlatform
from bot.platforms.seal import Seal
from bot.settings import Feishu
from cards.model import Card
from engine.team import Team
from tests.fakes.feishu_rest import APP_ID, APP_SECRET
from tests.fakes.feishu_server import FeishuServer
from tests.fakes.platforms import FakeInbox

KEY, TOKEN = "made-up-encrypt-key", "made-up-verification-token"
LIN, CHEN, EVE = "ou_lin", "ou_chen", "ou_eve"


class ServerClock:
    """The Clock port on the pretended tenant's time."""

    def __init__(self, server: FeishuServer) -> None:
        self._server = server

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._server.now() / 1000, UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))


class NoTeams:
    """No team at all."""

    def all(self) -> tuple[Team, ...]:
        return ()

    def team(self, id: str) -> Team:
        raise KeyError(id)

    def route(self, labels: Mapping[str, str]) -> Team:
        raise KeyError(str(labels))


@dataclass
class Stand:
    """The platform, its tenant, what it hands in, and what it is told about incidents."""

    server: FeishuServer
    settings: Feishu
    kit: Kit
    platform: FeishuPlatform
    inbox: FakeInbox = field(default_factory=FakeInbox)
    incidents: dict[tuple[str, str], str] = field(default_factory=dict)
    drawn: dict[tuple[str, str, str], Card] = field(default_factory=dict)
    news: list[tuple[str, ...]] = field(default_factory=list)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """The platform running and, unless it waits for callbacks, connected."""
        made = self.server.handshakes
        async with asyncio.TaskGroup() as group:
            running = group.create_task(self.platform.run(self.inbox))
            try:
                if self.server.callback is None:
                    await self.server.connected(made + 1)
                yield
            finally:
                running.cancel()


def settings_for(server: FeishuServer, **more: Any) -> Feishu:
    about: dict[str, Any] = {"app_id": APP_ID, "app_secret": SecretStr(APP_SECRET), "domain": server.domain}
    return Feishu(**(about | more))


@asynccontextmanager
async def standing(server: FeishuServer, **settings: Any) -> AsyncIterator[Stand]:
    """A platform on this tenant."""
    incidents: dict[tuple[str, str], str] = {}
    drawn: dict[tuple[str, str, str], Card] = {}
    told: list[tuple[str, ...]] = []

    async def incident_at(room: str, message: str) -> str:
        return incidents.get((room, message), "")

    async def draw(incident: str, slot: str, language: str) -> Card | None:
        return drawn.get((incident, slot, language))

    async with ClientSession() as session, Crew() as crew:
        kit = Kit(
            session=session,
            clock=ServerClock(server),
            crew=crew,
            teams=NoTeams(),
            seal=Seal(b"k" * 32),
            app=web.Application(),
            incident_at=incident_at,
            draw=draw,
            public_url="http://127.0.0.1:8321",
            news=News(lambda group: told.append(("regrouped", group)), lambda room, why: told.append((room, why.word))),
        )
        about = settings_for(server, **settings)
        yield Stand(server, about, kit, FeishuPlatform(about, kit), incidents=incidents, drawn=drawn, news=told)


@asynccontextmanager
async def at_the_address(stand: Stand) -> AsyncIterator[str]:
    """The house's own HTTP server, and the tenant told to call it."""
    runner = web.AppRunner(stand.kit.app, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/chat/feishu/events"
    stand.server.callback = url, KEY, TOKEN
    try:
        yield url
    finally:
        await runner.cleanup()


@asynccontextmanager
async def called_back(server: FeishuServer, **settings: Any) -> AsyncIterator[Stand]:
    """A platform that is called at its address instead of connecting."""
    secrets = {"encrypt_key": SecretStr(KEY), "verification_token": SecretStr(TOKEN)}
    async with standing(server, **settings | secrets) as stand, at_the_address(stand):
        yield stand

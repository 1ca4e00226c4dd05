"""Lends the tests of Slack a workspace, and the platform in it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientSession, web

from bot.crew import Crew
from bot.platforms.contract import Kit, News
from bot.platforms.seal import Seal
from bot.platforms.slack.platform import SlackPlatform
from bot.settings import Slack
from cards.model import Card
from engine.ports import Clock
from engine.team import Team
from handlers.inbound import Answer, Inbound
from tests.fakes.clock import FakeClock
from tests.fakes.platforms import FakeInbox
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_workspace import APP_TOKEN, BOT_TOKEN
from tests.handlers.house import FakeTeams

ROOM, OTHER = "payments", "trade"


@dataclass
class Lent:
    """A kit whose threads are a table, the crew behind it, and what the platform told of itself."""

    kit: Kit
    crew: Crew
    threads: dict[tuple[str, str], str] = field(default_factory=dict)
    losses: list[tuple[str, str]] = field(default_factory=list)
    regrouped: list[str] = field(default_factory=list)


@asynccontextmanager
async def lending(clock: Clock | None = None, *teams: Team) -> AsyncIterator[Lent]:
    """A kit with real HTTP and a real crew."""
    threads: dict[tuple[str, str], str] = {}

    async def incident_at(room: str, message: str) -> str:
        return threads.get((room, message), "")

    async def draw(incident: str, slot: str, language: str) -> Card | None:
        return None

    async with ClientSession() as session, Crew() as crew:
        known = FakeTeams(*(teams or (Team(id="default", name="Default"),)))
        seal, url = Seal(b"k" * 32), "https://tocsin.example"
        losses: list[tuple[str, str]] = []
        regrouped: list[str] = []
        news = News(regrouped.append, lambda room, why: losses.append((room, why.word)))
        lent = (session, clock or FakeClock(auto=True), crew, known, seal, web.Application())
        yield Lent(Kit(*lent, incident_at, draw, url, news), crew, threads, losses, regrouped)


def settings(server: SlackServer, **more: Any) -> Slack:
    """Socket Mode against the fake."""
    return Slack.model_validate({"bot_token": BOT_TOKEN, "app_token": APP_TOKEN, "api_url": server.api_url, **more})


class Listening(FakeInbox):
    """An inbox one can wait at."""

    def __init__(self) -> None:
        super().__init__()
        self._news = asyncio.Event()

    async def receive(self, event: Inbound) -> Answer:
        try:
            return await super().receive(event)
        finally:
            self._news.set()

    async def had(self, many: int) -> None:
        """Wait until this many events have come."""
        async with asyncio.timeout(10):
            while len(self.events) < many:
                self._news.clear()
                await self._news.wait()


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer().serving() as server:
        server.workspace.channel(ROOM)
        server.workspace.channel(OTHER)
        yield server


@pytest.fixture
async def lent() -> AsyncIterator[Lent]:
    async with lending() as lent:
        yield lent


@pytest.fixture
def platform(slack: SlackServer, lent: Lent) -> SlackPlatform:
    return SlackPlatform(settings(slack), lent.kit)

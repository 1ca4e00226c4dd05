"""Runs the platform contract against the fake, the browser room on a fake and a real store, and the terminal."""

import io
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.platforms.console import ConsolePlatform
from bot.platforms.terminal import TerminalPlatform
from cards.codec import decode
from cards.model import Card
from store.rooms import Store
from store.sqlite import open_sqlite
from tests.contracts.platform import PlatformRules, Shown
from tests.fakes.clock import FakeClock, FakeIds
from tests.fakes.platforms import FakePlatform
from tests.fakes.store import FakeStore


async def nothing(incident: str, slot: str, language: str) -> Card | None:
    return None


class TestFake(PlatformRules):
    @pytest.fixture
    def platform(self) -> FakePlatform:
        return FakePlatform()

    @pytest.fixture
    def shown(self, platform: FakePlatform) -> Shown:
        async def titles(room: str) -> list[str]:
            return [message.card.title for message in platform.messages if message.room == room]

        return titles


class ConsoleRules(PlatformRules):
    @pytest.fixture
    def platform(self, store: Store) -> ConsolePlatform:
        return ConsolePlatform(store.room, store.sessions, FakeClock(), nothing)

    @pytest.fixture
    def shown(self, platform: ConsolePlatform) -> Shown:
        async def titles(room: str) -> list[str]:
            return [decode(message.body["card"]).title for message in await platform.log.read(room)]

        return titles


class TestConsoleOnTheFakeStore(ConsoleRules):
    @pytest.fixture
    def store(self) -> FakeStore:
        return FakeStore(FakeClock(), FakeIds())


class TestConsoleOnSqlite(ConsoleRules):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[Store]:
        async with open_sqlite(tmp_path / "room.sqlite", FakeClock(), FakeIds()) as store:
            yield store


class Watched(TerminalPlatform):
    """A terminal whose printing is read back, message by message."""

    def __init__(self) -> None:
        self.paper = io.StringIO()
        self.rooms: dict[str, str] = {}
        self.titles: dict[str, str] = {}
        super().__init__(self.paper)

    async def post(self, room: str, thread: str, card: Card, key: str) -> str:
        start = self.paper.tell()
        message = await super().post(room, thread, card, key)
        self.rooms[message] = room
        self.read_back(message, start)
        return message

    async def edit(self, room: str, message: str, card: Card) -> str:
        start = self.paper.tell()
        shown = await super().edit(room, message, card)
        self.read_back(message, start)
        return shown

    def read_back(self, message: str, start: int) -> None:
        if title := re.match(r"── (.+?) ─+\n", self.paper.getvalue()[start:]):
            self.titles[message] = title[1]


class TestTerminal(PlatformRules):
    @pytest.fixture
    def platform(self) -> Watched:
        return Watched()

    @pytest.fixture
    def shown(self, platform: Watched) -> Shown:
        async def titles(room: str) -> list[str]:
            return [title for message, title in platform.titles.items() if platform.rooms[message] == room]

        return titles

"""Holds the Feishu platform to the platform contract, against a pretended tenant."""

from collections.abc import AsyncIterator

import pytest

from bot.platforms.feishu.platform import FeishuPlatform
from tests.bot.platforms.feishu.stand import standing
from tests.contracts.platform import OTHER, ROOM, PlatformRules, Refusal, RefusalRules, Refusing, Shown
from tests.fakes.feishu_server import FeishuServer, reads

CODES: dict[Refusal, int] = {"good": 230028, "later": 230020, "room": 230002}


class TestFeishu(PlatformRules, RefusalRules):
    stranger = "ou_stranger"

    @pytest.fixture
    async def server(self) -> AsyncIterator[FeishuServer]:
        async with FeishuServer().serving() as server:
            server.chat(ROOM)
            server.chat(OTHER)
            yield server

    @pytest.fixture
    async def platform(self, server: FeishuServer) -> AsyncIterator[FeishuPlatform]:
        async with standing(server) as stand:
            yield stand.platform

    @pytest.fixture
    def shown(self, server: FeishuServer) -> Shown:
        async def titles(room: str) -> list[str]:
            return [reads(each.card["header"]["title"], "en_us") for each in server.cards(room)]

        return titles

    @pytest.fixture
    def refusing(self, server: FeishuServer) -> Refusing:
        def refuse(text: str, refusal: Refusal) -> None:
            server.tenant.refuses[text] = CODES[refusal]

        return refuse

"""Runs the platform contract against WeCom, and says where WeCom cannot do what it asks for."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.platforms.contract import Platform
from cards.model import Addressee
from tests.bot.platforms.wecom.desk import Desk, desk
from tests.bot.platforms.wecom.test_app import AppDesk, app_desk
from tests.contracts.platform import OTHER, ROOM, PlatformRules, Refusal, RefusalRules, Refusing, Shown, card, sending

CODES: dict[Refusal, int] = {"good": 40058, "later": 45009, "room": 93006}
APP_CODES: dict[Refusal, int] = {"good": 40058, "later": 45009, "room": 60020}


class TestWeCom(PlatformRules, RefusalRules):
    @pytest.fixture
    async def here(self) -> AsyncIterator[Desk]:
        async with desk() as here:
            yield here

    @pytest.fixture
    def platform(self, here: Desk) -> Platform:
        return here.platform

    @pytest.fixture
    def shown(self, here: Desk) -> Shown:
        async def titles(room: str) -> list[str]:
            return here.server.titles(room)

        return titles

    @pytest.fixture
    def refusing(self, here: Desk) -> Refusing:
        def refuse(text: str, refusal: Refusal) -> None:
            here.server.refuses[text] = CODES[refusal]

        return refuse

    async def test_an_edit_changes_the_message_in_place(self, platform: Platform, shown: Shown) -> None:
        """WeCom edits nothing but a card just pressed: what people would want to know comes as a new message, and the
        reference of that one is given back; what nobody would notice stays unsaid."""
        root = await platform.post(ROOM, "", card("header"), "inc_1/header")
        evidence = await platform.post(ROOM, root, card("asking"), "inc_1/evidence")
        again = await platform.edit(ROOM, evidence, card("asking", "one source more answered"))
        assert again == evidence
        assert await shown(ROOM) == ["header", "asking"]
        newer = await platform.edit(ROOM, evidence, card("7 findings"))
        assert newer != evidence
        assert await shown(ROOM) == ["header", "asking", "7 findings"]
        assert await platform.edit(ROOM, newer, card("7 findings")) == newer
        assert await shown(ROOM) == ["header", "asking", "7 findings"]

    async def test_a_key_posted_by_another_process_is_a_second_message(self, here: Desk) -> None:
        """The weak point, written down: WeCom takes no key of ours, so only the process that posted recognises a
        repetition. Where the answer to a post was lost together with the process, the card stands there twice."""
        first = await here.platform.post(ROOM, "", card("header"), "inc_1/header")
        async with desk() as other:
            again = await other.platform.post(ROOM, "", card("header"), "inc_1/header")
            assert again == first, "references say the same, whoever writes them"
            assert other.server.titles(ROOM) == ["header"]
        assert here.server.titles(ROOM) == ["header"]

    async def test_references_hold_after_a_restart(self, here: Desk) -> None:
        first = await here.platform.post(ROOM, "", card("header"), "inc_1/header")
        async with desk() as restarted:
            await restarted.platform.post(ROOM, first, card("evidence"), "inc_1/evidence")
            assert await restarted.platform.edit(ROOM, first, card("header", "nothing to notice")) == first
            assert restarted.server.titles(ROOM) == ["evidence"]
            await restarted.platform.edit(ROOM, first, card("recovered"))
            assert restarted.server.titles(ROOM) == ["evidence", "recovered"]
        assert here.server.titles(OTHER) == []


class TestApp(RefusalRules):
    """The self-built app, which writes to members alone."""

    room = "app:lin"

    @pytest.fixture
    async def desk(self) -> AsyncIterator[AppDesk]:
        async with app_desk() as desk:
            yield desk

    @pytest.fixture
    def platform(self, desk: AppDesk) -> Platform:
        return desk.platform

    @pytest.fixture
    def shown(self, desk: AppDesk) -> Shown:
        async def titles(room: str) -> list[str]:
            return [
                found[1]
                for text in desk.server.seen(room.removeprefix("app:"))
                if (found := re.search(r"^### .*</font> (.*)$", text, re.MULTILINE))
            ]

        return titles

    @pytest.fixture
    def refusing(self, desk: AppDesk) -> Refusing:
        def refuse(text: str, refusal: Refusal) -> None:
            desk.server.refuses[text] = APP_CODES[refusal]

        return refuse

    async def test_whoever_may_not_be_mentioned_is_named(
        self, platform: Platform, shown: Shown, refusing: Refusing
    ) -> None:
        """An app mentions nobody in the first place: whoever it writes to is alone with it."""
        refusing(self.stranger, "good")
        called = replace(card("header"), to=(Addressee("Lin", {"wecom": self.stranger}),))
        async with sending(platform, {"header": called}, self.room) as outbox:
            await self._shows(outbox, shown, ["header", "evidence", "diagnosis"])
            assert outbox.refused == {}

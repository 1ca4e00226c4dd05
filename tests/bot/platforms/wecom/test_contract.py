"""Runs the platform contract against WeCom, and says where WeCom cannot do what it asks for."""

from collections.abc import AsyncIterator

import pytest

from bot.platforms.contract import Platform
from tests.bot.platforms.wecom.desk import Desk, desk
from tests.contracts.platform import OTHER, ROOM, PlatformRules, Shown, card


class TestWeCom(PlatformRules):
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

"""Holds every chat platform to the platform contract; the class that uses it hands in `platform` and what it shows.

A test class mixes `PlatformRules` in and gives two fixtures: `platform`, and `shown`, which tells the titles of a room
in order as people see them now (each message once, with its newest title).
"""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bot.platforms.contract import Platform
from cards.model import Card, Prose
from engine.errors import PlatformError
from engine.team import Account
from handlers.inbound import MessageSaid, Place
from tests.fakes.clock import settle
from tests.fakes.platforms import FakeInbox

Shown = Callable[[str], Awaitable[list[str]]]

ROOM, OTHER = "payments", "trade"


def card(title: str, text: str = "") -> Card:
    return Card(title=title, summary=title, blocks=(Prose(text or title),), incident="inc_1")


class PlatformRules:
    """What a person sees is what was posted: once, in order, and edited in place."""

    async def test_a_key_posted_twice_is_one_message(self, platform: Platform, shown: Shown) -> None:
        first = await platform.post(ROOM, "", card("header"), "inc_1/header")
        again = await platform.post(ROOM, "", card("header, later"), "inc_1/header")
        assert first == again
        assert len(await shown(ROOM)) == 1

    async def test_the_same_key_in_another_room_is_another_message(self, platform: Platform, shown: Shown) -> None:
        await platform.post(ROOM, "", card("here"), "inc_1/header")
        await platform.post(OTHER, "", card("there"), "inc_1/header")
        assert await shown(ROOM) == ["here"]
        assert await shown(OTHER) == ["there"]

    async def test_a_thread_keeps_its_order(self, platform: Platform, shown: Shown) -> None:
        root = await platform.post(ROOM, "", card("header"), "inc_1/header")
        for name in ("evidence", "diagnosis", "plan"):
            await platform.post(ROOM, root, card(name), f"inc_1/{name}")
        assert await shown(ROOM) == ["header", "evidence", "diagnosis", "plan"]

    async def test_an_edit_changes_the_message_in_place(self, platform: Platform, shown: Shown) -> None:
        root = await platform.post(ROOM, "", card("header"), "inc_1/header")
        evidence = await platform.post(ROOM, root, card("asking"), "inc_1/evidence")
        await platform.post(ROOM, root, card("cause"), "inc_1/diagnosis")
        assert await platform.edit(ROOM, evidence, card("7 findings")) == evidence
        assert await shown(ROOM) == ["header", "7 findings", "cause"]

    async def test_a_message_of_another_room_cannot_be_edited(self, platform: Platform, shown: Shown) -> None:
        root = await platform.post(ROOM, "", card("header"), "inc_1/header")
        with pytest.raises(PlatformError):
            await platform.edit(OTHER, root, card("changed"))
        assert await shown(ROOM) == ["header"]

    @pytest.mark.parametrize("reference", ["999", "no such thing", "-1", "٣"])
    async def test_an_unknown_reference_is_refused(self, platform: Platform, shown: Shown, reference: str) -> None:
        with pytest.raises(PlatformError):
            await platform.post(ROOM, reference, card("lost"), "inc_1/evidence")
        with pytest.raises(PlatformError):
            await platform.edit(ROOM, reference, card("lost"))
        assert await shown(ROOM) == []

    async def test_an_answer_in_a_thread_opens_no_thread_of_its_own(self, platform: Platform, shown: Shown) -> None:
        root = await platform.post(ROOM, "", card("header"), "inc_1/header")
        answer = await platform.post(ROOM, root, card("evidence"), "inc_1/evidence")
        with pytest.raises(PlatformError):
            await platform.post(ROOM, answer, card("nested"), "inc_1/nested")

    async def test_running_keeps_the_inbox_until_it_is_told_to_stop(self, platform: Platform) -> None:
        inbox = FakeInbox()
        async with asyncio.TaskGroup() as group:
            running = group.create_task(platform.run(inbox))
            await settle()
            event = MessageSaid("e1", Place(platform.name, ROOM), Account(platform=platform.name, id="lin"), "hello")
            await platform.inbox.receive(event)  # type: ignore[attr-defined]
            assert not running.done()
            running.cancel()
        assert inbox.events == [event]

    async def test_it_has_a_name_and_a_pace(self, platform: Platform) -> None:
        assert platform.name
        assert ":" not in platform.name
        assert platform.pace.per_second > 0

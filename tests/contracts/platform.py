"""Holds every chat platform to the platform contract; the class that uses it hands in `platform` and what it shows.

A test class mixes `PlatformRules` in and gives two fixtures: `platform`, and `shown`, which tells the titles of a room
in order as people see them now (each message once, with its newest title). `RefusalRules` is for platforms that refuse:
its fixture `refusing` has whatever holds a text refused, for good, until later, or until somebody mends the room.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Literal

import pytest

from bot.crew import Crew
from bot.outbox import Outbox
from bot.platforms.contract import Platform
from cards.model import Addressee, Card, Prose
from engine.errors import PlatformBusy, PlatformError, PlatformRefused
from engine.team import Account
from handlers.inbound import MessageSaid, Place
from tests.fakes.clock import FakeClock, settle
from tests.fakes.platforms import FakeInbox
from tests.fakes.store import FakePosts

Shown = Callable[[str], Awaitable[list[str]]]
Refusal = Literal["good", "later", "room"]
Refusing = Callable[[str, Refusal], None]

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


STRANGER = "U0STRANGER"
POISON = "venomous"
PARTS = ("header", "evidence", "diagnosis")


class RefusalRules:
    """What is refused for good is told from what is not, and holds up nothing."""

    room, stranger = ROOM, STRANGER

    @pytest.mark.parametrize("refusal", ["good", "later", "room"])
    async def test_each_refusal_says_what_can_be_done(
        self, platform: Platform, refusing: Refusing, refusal: Refusal
    ) -> None:
        refusing(POISON, refusal)
        with pytest.raises(PlatformError) as told:
            await platform.post(self.room, "", card("header", POISON), "inc_1/header")
        assert isinstance(told.value, PlatformRefused) == (refusal == "good")
        assert isinstance(told.value, PlatformBusy) == (refusal == "later")

    async def test_whoever_may_not_be_mentioned_is_named(
        self, platform: Platform, shown: Shown, refusing: Refusing
    ) -> None:
        refusing(self.stranger, "good")
        called = replace(card("header"), to=(Addressee("Lin", {platform.name: self.stranger}),))
        async with sending(platform, {"header": called}, self.room) as outbox:
            await self._shows(outbox, shown, list(PARTS))
            assert [why.word for why in outbox.refused.values()] == ["doctor.card_unnamed"]

    async def test_a_card_refused_for_good_becomes_a_short_text(
        self, platform: Platform, shown: Shown, refusing: Refusing
    ) -> None:
        refusing(POISON, "good")
        async with sending(platform, {"evidence": card("evidence", POISON)}, self.room) as outbox:
            await self._shows(outbox, shown, list(PARTS))
            assert [why.word for why in outbox.refused.values()] == ["doctor.card_short"]

    async def test_a_title_refused_for_good_becomes_a_bare_link(
        self, platform: Platform, shown: Shown, refusing: Refusing
    ) -> None:
        refusing(POISON, "good")
        async with sending(platform, {"header": card(POISON)}, self.room) as outbox:
            await self._shows(outbox, shown, ["inc_1", *PARTS[1:]])
            assert [why.word for why in outbox.refused.values()] == ["doctor.card_bare"]

    async def _shows(self, outbox: Outbox, shown: Shown, titles: list[str]) -> None:
        """Wait until the room shows this, and nothing is due any more."""
        async with asyncio.timeout(10):
            while [title.partition(" · ")[0] for title in await shown(self.room)] != titles or outbox.failing:
                await settle()


@asynccontextmanager
async def sending(platform: Platform, cards: dict[str, Card], room: str = ROOM) -> AsyncIterator[Outbox]:
    """An outbox that sends an incident into a room of this platform: these cards, and plain ones for other parts."""

    async def draw(incident: str, slot: str, room: str) -> Card | None:
        return cards.get(slot) or card(slot)

    async with Crew() as crew:
        outbox = Outbox(FakePosts(), {platform.name: platform}, draw, crew, FakeClock(auto=True))
        await outbox.want(f"{platform.name}:{room}", "inc_1", PARTS)
        yield outbox

"""Checks that a thread begins with its header, whatever was asked for first."""

from bot.crew import Crew
from bot.outbox import Outbox
from cards.model import Card
from tests.fakes.clock import FakeClock, settle
from tests.fakes.platforms import FakePlatform
from tests.fakes.store import FakePosts


async def test_what_comes_before_the_header_brings_it_along() -> None:
    async def draw(incident: str, slot: str) -> Card | None:
        return Card(incident=incident, title=slot, summary=slot)

    posts, platform = FakePosts(), FakePlatform()
    async with Crew() as crew:
        outbox = Outbox(posts, {platform.name: platform}, draw, crew, FakeClock(auto=True))
        await outbox.want("fake:main", "inc_1", ("say:early",))
        for _ in range(20):
            await settle()
        header, said = platform.messages
        assert (header.key, header.thread) == ("inc_1/header", "")
        assert (said.key, said.thread) == ("inc_1/say:early", header.id)
        assert await posts.due("fake:main") == ()

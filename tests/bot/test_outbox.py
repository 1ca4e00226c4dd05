"""Checks that a thread begins with its header, and that no card that cannot be shown darkens a room."""

from bot.crew import Crew
from bot.outbox import Outbox
from cards.model import Card
from cards.words import Words
from engine.errors import PlatformError, PlatformRefused
from tests.fakes.clock import FakeClock, settle
from tests.fakes.platforms import FakePlatform
from tests.fakes.store import FakePosts


async def test_what_comes_before_the_header_brings_it_along() -> None:
    async def draw(incident: str, slot: str, room: str) -> Card | None:
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


def card(incident: str, slot: str) -> Card:
    return Card(incident=incident, title=slot, summary=slot)


class Picky(FakePlatform):
    """A room that does not take the cards of some incidents."""

    def __init__(self, *refuses: str) -> None:
        super().__init__()
        self.refuses = set(refuses)

    async def post(self, room: str, thread: str, card: Card, key: str) -> str:
        if card.incident in self.refuses:
            raise PlatformError("too large")
        return await super().post(room, thread, card, key)


async def test_a_card_nobody_takes_holds_up_its_own_thread_alone() -> None:
    async def draw(incident: str, slot: str, room: str) -> Card | None:
        return card(incident, slot)

    posts, platform = FakePosts(), Picky("inc_bad")
    async with Crew() as crew:
        outbox = Outbox(posts, {platform.name: platform}, draw, crew, FakeClock(auto=True))
        for incident in ("inc_bad", "inc_good"):
            await outbox.want("fake:main", incident, ("header", "evidence"))
        for _ in range(20):
            await settle()
        assert [message.key for message in platform.messages] == ["inc_good/header", "inc_good/evidence"]
        assert "too large" in Words("en").say(outbox.failing["fake:main"])
        platform.refuses.clear()
        for _ in range(20):
            await settle()
        assert [message.key for message in platform.messages][2:] == ["inc_bad/header", "inc_bad/evidence"]


async def test_a_card_nobody_can_draw_is_set_aside_until_it_is_wanted_again() -> None:
    broken = {"inc_bad"}

    async def draw(incident: str, slot: str, room: str) -> Card | None:
        if incident in broken:
            raise ValueError(incident)
        return card(incident, slot)

    posts, platform = FakePosts(), FakePlatform()
    async with Crew() as crew:
        outbox = Outbox(posts, {platform.name: platform}, draw, crew, FakeClock(auto=True))
        for incident in ("inc_bad", "inc_good"):
            await outbox.want("fake:main", incident, ("header",))
        for _ in range(20):
            await settle()
        await outbox.resume()
        for _ in range(20):
            await settle()
        assert [message.key for message in platform.messages] == ["inc_good/header"]
        broken.clear()
        await outbox.want("fake:main", "inc_bad", ("header",))
        for _ in range(20):
            await settle()
        assert [message.key for message in platform.messages] == ["inc_good/header", "inc_bad/header"]


class Strict(FakePlatform):
    """A room that never takes some slots, in whatever words."""

    def __init__(self, *refuses: str) -> None:
        super().__init__()
        self.refuses = set(refuses)

    async def post(self, room: str, thread: str, card: Card, key: str) -> str:
        if key in self.refuses:
            self.posts += 1
            raise PlatformRefused("never")
        return await super().post(room, thread, card, key)


async def test_what_is_refused_in_every_form_holds_up_nothing_and_is_tried_again_an_hour_later() -> None:
    async def draw(incident: str, slot: str, room: str) -> Card | None:
        return card(incident, slot)

    posts, platform, clock = FakePosts(), Strict("inc_1/header", "inc_1/plan"), FakeClock()
    async with Crew() as crew:
        outbox = Outbox(posts, {platform.name: platform}, draw, crew, clock)
        await outbox.want("fake:main", "inc_1", ("header", "evidence", "plan", "closing"))
        for _ in range(20):
            await clock.advance(0.01)
        assert [(message.key, message.thread) for message in platform.messages] == [
            ("inc_1/evidence", ""),
            ("inc_1/closing", ""),
        ]
        assert outbox.failing == {}
        assert {why.word for why in outbox.refused.values()} == {"doctor.card_refused"}
        tried = platform.posts
        await outbox.resume()
        for _ in range(20):
            await clock.advance(0.01)
        assert platform.posts == tried, "it is not tried again at every round"
        platform.refuses.clear()
        await clock.advance(3_600.0)
        await outbox.resume()
        for _ in range(20):
            await clock.advance(0.01)
        assert [message.key for message in platform.messages][2:] == ["inc_1/header", "inc_1/plan"]
        assert platform.messages[3].thread == platform.messages[2].id
        assert outbox.refused == {}
        assert await posts.due("fake:main") == ()

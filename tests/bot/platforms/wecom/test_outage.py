"""Checks an outage: a minute without WeCom, hundreds of changes meanwhile, afterwards what is true, once, in pace."""

from datetime import timedelta
from typing import Any

from aiohttp import ClientSession

from bot.crew import Crew
from bot.outbox import Outbox
from bot.platforms.wecom.platform import WeComPlatform
from cards.model import Card, Prose
from tests.bot.platforms.wecom.desk import ROOM, kit, settings_of
from tests.bot.platforms.wecom.one_process import in_one_process
from tests.fakes.clock import FakeIds
from tests.fakes.platforms import FakeInbox
from tests.fakes.store import FakeStore
from tests.fakes.wecom_server import WeComServer, wecom_server
from tests.stories.stage import LoopClock

INCIDENTS = tuple(f"inc_{number:08x}" for number in range(1, 11))
SLOTS = ("header", "evidence", "diagnosis", "plan:p", "closing")
UPDATES = 500


async def an_outage(silently: bool) -> None:
    clock = LoopClock()
    version: dict[tuple[str, str], int] = {}

    async def draw(incident: str, slot: str, room: str) -> Card | None:
        told = f"{slot} {incident} v{version.get((incident, slot), 0)}"
        return Card(told[:26], told, "bad", (Prose(told),), incident, "zh")

    async def nothing(incident: str, slot: str, language: str) -> Card | None:
        return None

    async with wecom_server(clock.now) as server, ClientSession() as session, Crew() as crew:
        server.chats = {ROOM: {"lin"}}
        platform = WeComPlatform(settings_of(server), kit(session, clock, crew, nothing))
        inbox = FakeInbox()
        crew.start("platform wecom", lambda: platform.run(inbox))
        store = FakeStore(clock, FakeIds())
        outbox = Outbox(store.posts, {"wecom": platform}, draw, crew, clock)
        for incident in INCIDENTS:
            await outbox.want(f"wecom:{ROOM}", incident, SLOTS)
        await outbox.settle(600.0)
        before = len(server.messages)
        assert before == len(INCIDENTS) * len(SLOTS)

        await down(server, silently)
        for number in range(UPDATES):
            incident, slot = INCIDENTS[number % 10], SLOTS[number // 10 % 5]
            version[(incident, slot)] = number
            await outbox.want(f"wecom:{ROOM}", incident, (slot,))
            await clock.sleep(60.0 / UPDATES)
        server.away = server.silent = False
        await outbox.settle(1_200.0)

        assert not await store.posts.rooms_due()
        _is_right(server, version, before)
        crew.stop("wecom line")


async def down(server: WeComServer, silently: bool) -> None:
    server.away = True
    if silently:
        server.silent = True
    else:
        await server.close(1001)


def _is_right(server: WeComServer, version: dict[tuple[str, str], int], before: int) -> None:
    """What was true last is shown last, each once, and never over pace."""
    told = [str(_told(message)) for message in server.messages[before:]]
    for (incident, slot), number in version.items():
        newest = [text for text in told if f"{slot} {incident} " in text]
        assert newest, (incident, slot)
        assert f"v{number}" in newest[-1]
    assert len(told) == len(set(told)), "nothing twice"
    assert len(told) <= 2 * len(version), "many changes became one message"
    assert server.refused == []
    for message in server.messages:
        within = [m for m in server.messages if message.at <= m.at < message.at + timedelta(minutes=1)]
        assert len(within) <= 30


def _told(message: Any) -> str:
    return message.text or f"{message.card['main_title']} {message.card.get('sub_title_text')}"


def test_a_minute_without_wecom() -> None:
    in_one_process(an_outage(silently=False))


def test_a_minute_in_which_the_connection_is_dead_and_says_nothing() -> None:
    in_one_process(an_outage(silently=True))

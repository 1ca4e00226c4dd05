"""Checks a bad minute: Feishu is away while hundreds of updates wait; afterwards people see what is right, once."""

from collections import Counter

import pytest
from aiohttp import ClientSession, web

from bot.crew import Crew
from bot.outbox import Outbox
from bot.platforms.contract import Kit
from bot.platforms.feishu.platform import FeishuPlatform
from bot.platforms.seal import Seal
from cards.model import Card, Prose
from tests.bot.platforms.feishu.stand import LIN, NoTeams, settings_for
from tests.fakes.clock import FakeIds
from tests.fakes.feishu_server import FeishuServer, reads
from tests.fakes.store import FakeStore
from tests.stories.test_in_feishu import TOO_FAST, SwiftClock

CHAT = "oc_trade"
INCIDENTS, SLOTS, ROUNDS = 5, ("header", "evidence", "diagnosis", "plan", "recovery"), 20
FOR_LONG = 1_000_000
"""Calls that are answered with 502, or lost, until somebody says otherwise."""


async def nobody(*about: str) -> str:
    return ""


async def undrawn(incident: str, slot: str, language: str) -> Card | None:
    return None


@pytest.mark.parametrize("how", ["answers nothing but errors", "does as told and loses its answers"])
async def test_five_hundred_updates_wait_out_a_minute(how: str) -> None:
    clock = SwiftClock()
    server = FeishuServer(now=lambda: int(clock.now().timestamp() * 1000))
    server.chat(CHAT, LIN)
    store, round_of = FakeStore(clock, FakeIds()), Counter[tuple[str, str]]()

    async def draw(incident: str, slot: str, room: str) -> Card | None:
        text = f"{incident} {slot} {round_of[(incident, slot)]}"
        return Card(text, text, blocks=(Prose(text),), incident=incident)

    async with server.serving(), ClientSession() as session, Crew() as crew:
        lent = (session, clock, crew, NoTeams(), Seal(b"k" * 32), web.Application())
        kit = Kit(*lent, nobody, undrawn, "https://tocsin.example")
        outbox = Outbox(store.posts, {"feishu": FeishuPlatform(settings_for(server), kit)}, draw, crew, clock)
        incidents = [f"inc_{number:08x}" for number in range(INCIDENTS)]
        for incident in incidents:
            await outbox.want(f"feishu:{CHAT}", incident, SLOTS)
        await outbox.settle(600)
        assert len(server.cards(CHAT)) == INCIDENTS * len(SLOTS)

        server.tenant.calls.clear()
        server.tenant.broken = FOR_LONG if "errors" in how else 0
        server.tenant.lost = FOR_LONG if "loses" in how else 0
        for _ in range(ROUNDS):
            for incident in incidents:
                for slot in SLOTS:
                    round_of[(incident, slot)] += 1
                    await outbox.want(f"feishu:{CHAT}", incident, (slot,))
            await clock.sleep(60.0 / ROUNDS)
        during = Counter(call.partition(" ")[0] for call in server.tenant.calls)
        server.tenant.broken = server.tenant.lost = 0
        server.tenant.calls.clear()
        await outbox.settle(600)

    shown = [reads(message.card, "en_us").split("\n")[0] for message in server.cards(CHAT)]
    assert Counter(shown) == Counter(f"{incident} {slot} {ROUNDS}" for incident in incidents for slot in SLOTS)
    assert during["PATCH"] <= 30, "an outage is waited out, and not called into"
    after = Counter(call.partition(" ")[0] for call in server.tenant.calls)
    assert after == {"PATCH": INCIDENTS * len(SLOTS)}, "500 wishes became one edit per card"
    assert [code for code in server.tenant.refused if code != TOO_FAST] == [], "nothing asked that would be refused"
    # The clock runs forty times too fast: a stutter of this machine may look like a call too many, a burst looks like
    # dozens.
    assert server.tenant.refused.count(TOO_FAST) <= 3
    assert len({message.root or message.id for message in server.cards(CHAT)}) == INCIDENTS

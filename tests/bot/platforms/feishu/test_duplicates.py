"""Delivers every kind of event a hundred times, in any order and by both ways, and counts its effects: one each."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest

from cards.model import Ask, Button, Buttons, Card, Field
from engine.model import Phrase
from handlers.inbound import Answer
from tests.bot.platforms.feishu.stand import CHEN, LIN, Stand, called_back, standing
from tests.fakes.feishu_server import FeishuServer, reaction

CHAT, INCIDENT = "oc_trade", "inc_0000beef"
TIMES = 100
ASK = Ask("Sure?", "you", None, "reject", "Send", {"incident": INCIDENT}, (Field("reason", "Why", required=False),))
SHOWN = Card(
    title="P1",
    summary="s",
    incident=INCIDENT,
    blocks=(Buttons((Button("ack", "I have it", {"incident": INCIDENT}), Button("no", "Reject"))),),
)


@pytest.fixture(params=["long connection", "callbacks"])
async def stand(request: pytest.FixtureRequest) -> AsyncIterator[Stand]:
    server = FeishuServer()
    server.chat(CHAT, LIN, CHEN)
    way = called_back if request.param == "callbacks" else standing
    async with server.serving(), way(server) as stand, stand.listening():
        yield stand


async def every_kind(stand: Stand) -> dict[str, dict[str, Any]]:
    """One delivery of each kind that does something."""
    server = stand.server
    root = await stand.platform.post(CHAT, "", SHOWN, f"{INCIDENT}/header")
    stand.incidents[CHAT, root] = INCIDENT
    stand.inbox.answers |= {
        "ack": Answer(phrase=Phrase(word="command.kept")),
        "no": Answer(form=ASK),
        "why": Answer(phrase=Phrase(word="command.kept")),
    }
    await server.presses(CHEN, root, "Reject")
    await server.until(lambda: len(server.cards(CHAT)) == 2)
    form = server.newest(CHAT).id
    server.tenant.pictures["img_1"] = b"png"
    menu = {"operator": {"operator_id": {"open_id": LIN}}, "event_key": "help"}
    said = server._written(LIN, CHAT, root, "text", {"text": "why"})
    typed = server._written(LIN, CHAT, root, "text", {"text": "/incident show"})
    picture = server._written(LIN, CHAT, root, "image", {"image_key": "img_1"})
    return {
        "message": server.message_event(said, []),
        "command": server.message_event(typed, []),
        "picture": server.message_event(picture, []),
        "press": server.click_event(LIN, root, "I have it"),
        "form": server.click_event(LIN, form, "Send", reason="no"),
        "reaction": server.event("im.message.reaction.created_v1", reaction(root, LIN, "OK")),
        "reaction taken back": server.event("im.message.reaction.deleted_v1", reaction(root, LIN, "OK")),
        "menu": server.event("application.bot.menu_v6", menu),
    }


async def test_a_hundred_deliveries_have_one_effect(stand: Stand) -> None:
    kinds = await every_kind(stand)
    before = len(stand.inbox.events)
    deliveries = [body for body in kinds.values() for _ in range(TIMES)]
    random.Random(7).shuffle(deliveries)
    gate = asyncio.Semaphore(20)

    async def one(body: dict[str, Any]) -> None:
        async with gate:
            await stand.server.deliver(body)

    async with asyncio.TaskGroup() as group:
        for body in deliveries:
            group.create_task(one(body))
    assert set(stand.server.codes) == {200}
    assert stand.server.late == []
    events = stand.inbox.events[before:]
    assert len(events) == len(kinds)
    assert len({type(event) for event in events}) == 6
    assert stand.inbox.again == len(kinds) * (TIMES - 1)
    answers = [message for message in stand.server.cards(CHAT) if "Kept for the team" in message.content]
    assert len(answers) == 1


async def test_a_message_under_two_event_ids_is_one(stand: Stand) -> None:
    said = stand.server._written(LIN, CHAT, "", "text", {"text": "why"})
    for _ in range(2):
        await stand.server.deliver(stand.server.message_event(said, []))
    assert len(stand.inbox.events) == 1

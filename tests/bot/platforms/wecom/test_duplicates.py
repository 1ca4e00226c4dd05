"""Delivers every kind of event a hundred times, in any order, to the bot and to the app: one effect each."""

import asyncio
import random
from typing import Any

import pytest

from cards.model import Ask, Field
from engine.model import Phrase
from handlers.inbound import Answer, ButtonPressed, CommandTyped, FormSent, ImageShared, MessageSaid
from tests.bot.platforms.wecom.desk import INCIDENT, ROOM, Desk, desk
from tests.bot.platforms.wecom.test_app import app_desk
from tests.bot.platforms.wecom.test_people import asked, said, with_plan
from tests.bot.platforms.wecom.test_pictures import image, lending_files

TIMES = 100
REASON = Ask("Why?", "you", None, "reject", "Send", {"incident": INCIDENT}, (Field("reason", "Why", required=False),))


def bodies(here: Desk, code: str, url: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """One callback of each kind that does something, as command and body."""
    server = here.server
    shown = next(message.card for message in reversed(server.messages) if message.card)
    key, task = next(row["key"] for row in shown["button_list"] if row["text"] == "驳回"), shown["task_id"]

    def words(name: str, text: str) -> tuple[str, dict[str, Any]]:
        return "aibot_msg_callback", server._about("text", "lin", ROOM, name) | {"text": {"content": f"@Tocsin {text}"}}

    def event(name: str, kind: str, **more: Any) -> tuple[str, dict[str, Any]]:
        about = server._about("event", "lin", "" if kind == "enter_chat" else ROOM, name)
        return "aibot_event_callback", about | {"event": {"eventtype": kind, **more}}

    nested = {"template_card_event": {"event_key": key, "task_id": task, "card_type": "button_interaction"}}
    mixed = {"msg_item": [{"msgtype": "text", "text": {"content": "@Tocsin 看"}}, image(f"{url}/picture")]}
    about = server._about("image", "lin", ROOM, "picture")
    both = server._about("mixed", "lin", ROOM, "both")
    return {
        "words": words("words", "认领"),
        "command": words("command", "/incident show"),
        "code": words("code", f"批准 {code} CONFIRM_EXECUTE"),
        "press": event("press", "template_card_event", event_key=key, task_id=task),
        "nested press": event("nested", "template_card_event", **nested),
        "picture": ("aibot_msg_callback", about | image(f"{url}/picture")),
        "words and a picture": ("aibot_msg_callback", both | {"mixed": mixed}),
        "opened": event("opened", "enter_chat"),
    }


async def test_a_hundred_deliveries_to_the_bot_have_one_effect() -> None:
    async with desk() as here, lending_files() as files:
        await with_plan(here)
        code = await asked(here)
        here.inbox.answers |= {"认领": Answer(phrase=said("好的")), "ButtonPressed:reject": Answer(form=REASON)}
        kinds = bodies(here, code, files)
        before = len(here.inbox.events)
        deliveries = [kind for kind in kinds.values() for _ in range(TIMES)]
        random.Random(7).shuffle(deliveries)
        for command, body in deliveries:
            await here.server.deliver(command, body, _kind(body), _task(body))
        await here.server.until(lambda: len(here.inbox.events) - before + here.inbox.again == 8 * TIMES, 60.0)
        events = here.inbox.events[before:]
        assert len(events) == len({event.id for event in events}) == 8, [event.id for event in events]
        assert {type(event) for event in events} == {MessageSaid, CommandTyped, FormSent, ButtonPressed, ImageShared}
        assert here.inbox.again == 8 * (TIMES - 1)
        greeted = [message.text for message in here.server.messages if message.text.startswith("我是 Tocsin")]
        assert len(greeted) == 1
        for answer in ("好的", "已批准"):
            assert len([text for text in here.server.seen(ROOM) if answer in text]) == 1
        assert here.server.refused == []


def _task(body: dict[str, Any]) -> str:
    event = body.get("event", {})
    return str(event.get("template_card_event", event).get("task_id", ""))


def _kind(body: dict[str, Any]) -> str:
    kind = body.get("event", {}).get("eventtype")
    return {"template_card_event": "press", "enter_chat": "enter"}.get(kind, "message")


@pytest.mark.parametrize("kind", ["words", "press"])
async def test_a_hundred_deliveries_to_the_app_have_one_effect(kind: str) -> None:
    async with app_desk() as here:
        here.inbox.answers["hi"] = Answer(phrase=Phrase(word="error.plain", values={"text": "hello"}))
        about = {
            "words": {"MsgType": "text", "Content": "hi", "MsgId": "7"},
            "press": {
                "MsgType": "event",
                "Event": "template_card_event",
                "EventKey": here.platform._kit.seal.close("ack", {"incident": INCIDENT}),
                "TaskId": "task",
                "ResponseCode": "code",
                "CardType": "button_interaction",
            },
        }[kind]
        message = here.server.message("lin", about)
        gate = asyncio.Semaphore(20)

        async def once() -> None:
            async with gate:
                assert await here.server.deliver(message) == 200

        async with asyncio.TaskGroup() as group:
            for _ in range(TIMES):
                group.create_task(once())
        await here.idle()
        assert (len(here.inbox.events), here.inbox.again) == (1, TIMES - 1)
        assert isinstance(here.inbox.events[0], MessageSaid if kind == "words" else ButtonPressed)
        assert here.server.seen("lin") == (["hello"] if kind == "words" else [])

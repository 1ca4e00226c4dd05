"""Checks the long connection through its bad days: losses, silence, fragments, slow answers, and what it logs."""

import asyncio
import gc
import logging
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cards.model import Ask, Button, Buttons, Card, Field
from engine.errors import StoreError
from engine.model import Phrase
from handlers.inbound import Answer, Inbound, MessageSaid
from tests.bot.platforms.feishu.stand import LIN, Stand, standing
from tests.fakes.feishu_rest import APP_SECRET
from tests.fakes.feishu_server import FeishuServer, labels, reads
from tests.fakes.platforms import FakeInbox

CHAT = "oc_trade"
BUTTON = Buttons((Button("ack", "I have it", {"incident": "inc_1"}),))
SHOWN = Card(title="P1", summary="s", blocks=(BUTTON,), incident="inc_1")
YES = Answer(phrase=Phrase(word="command.kept"))


class SlowInbox(FakeInbox):
    """Answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()

    async def receive(self, event: Inbound) -> Answer:
        await self.go.wait()
        return await super().receive(event)


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    server = FeishuServer()
    server.chat(CHAT, LIN)
    async with server.serving(), standing(server) as stand:
        yield stand


async def test_a_lost_connection_is_made_anew(stand: Stand) -> None:
    async with stand.listening():
        for times in (2, 3):
            await stand.server.drop()
            await stand.server.connected(times)
            await stand.server.types(LIN, CHAT, "hello")
    assert len(stand.inbox.events) == 2


async def test_a_connection_that_died_silently_is_made_anew(stand: Stand) -> None:
    stand.server.ping_interval = 1
    async with stand.listening():
        await stand.server.until(lambda: stand.server.sockets[0].pings >= 2)
        assert stand.server.handshakes == 1
        stand.server.answer_pings = False
        await stand.server.connected(2)


async def test_a_delivery_in_fragments_is_one(stand: Stand) -> None:
    stand.server.fragments = 4
    async with stand.listening():
        await stand.server.types(LIN, CHAT, "hello " + "很" * 3000)
    (said,) = stand.inbox.events
    assert isinstance(said, MessageSaid)
    assert said.text.endswith("很很")


async def test_a_press_that_takes_long_is_answered_in_time_and_then_in_the_thread(stand: Stand) -> None:
    root = await stand.platform.post(CHAT, "", SHOWN, "inc_1/header")
    stand.inbox = slow = SlowInbox()
    slow.answers["ack"] = YES
    async with stand.listening():
        seen = await stand.server.presses(LIN, root, "I have it")
        assert not seen.failed
        assert seen.text("en_us").startswith("Still at it")
        assert stand.server.late == []
        slow.go.set()
        await stand.server.until(lambda: len(stand.server.cards(CHAT)) == 2)
    answer = stand.server.newest(CHAT)
    assert answer.root == root
    assert "Kept for the team." in reads(answer.card, "en_us")


async def test_a_form_that_takes_long_gives_way_once_it_is_taken(stand: Stand) -> None:
    ask = Ask("Sure?", "you", None, "reject", "Send", {"incident": "inc_1"}, (Field("why", "Why", required=False),))
    stand.inbox.answers["ack"] = Answer(form=ask)
    root = await stand.platform.post(CHAT, "", SHOWN, "inc_1/header")
    async with stand.listening():
        await stand.server.presses(LIN, root, "I have it")
        await stand.server.until(lambda: len(stand.server.cards(CHAT)) == 2)
    stand.inbox = slow = SlowInbox()
    slow.answers["reject"] = YES
    form = stand.server.newest(CHAT)
    async with stand.listening():
        assert (await stand.server.presses(LIN, form.id, "Send")).text("en_us").startswith("Still at it")
        slow.go.set()
        await stand.server.until(lambda: labels(form.card) == [])
    assert len(stand.server.cards(CHAT)) == 2
    assert "Kept for the team." in reads(form.card, "en_us")


async def test_a_message_that_takes_long_comes_again_and_has_one_effect(stand: Stand) -> None:
    stand.inbox = slow = SlowInbox()
    async with stand.listening(), asyncio.TaskGroup() as group:
        group.create_task(stand.server.types(LIN, CHAT, "hello"))
        await stand.server.until(lambda: 500 in stand.server.codes)
        slow.go.set()
    assert stand.server.codes == [500, 200]
    assert len(slow.events) == 1


async def test_a_slow_delivery_holds_up_no_press(stand: Stand) -> None:
    root = await stand.platform.post(CHAT, "", SHOWN, "inc_1/header")
    slow = SlowInbox()

    class Mixed(FakeInbox):
        async def receive(self, event: Inbound) -> Answer:
            return await slow.receive(event) if isinstance(event, MessageSaid) else await super().receive(event)

    stand.inbox = Mixed({"ack": YES})
    async with stand.listening(), asyncio.TaskGroup() as group:
        waiting = group.create_task(stand.server.types(LIN, CHAT, "hello"))
        async with asyncio.timeout(1.0):
            seen = await stand.server.presses(LIN, root, "I have it")
        assert seen.text("en_us") == "Kept for the team."
        assert not waiting.done()
        slow.go.set()


async def test_what_the_store_refuses_comes_again(stand: Stand) -> None:
    root = await stand.platform.post(CHAT, "", SHOWN, "inc_1/header")
    stand.inbox.failure = StoreError(Phrase(word="command.kept"))
    async with stand.listening():
        seen = await stand.server.presses(LIN, root, "I have it")
        assert seen.toast["type"] == "error"
        message = stand.server._written(LIN, CHAT, "", "text", {"text": "hello"})
        body = stand.server.message_event(message, [])
        assert await stand.server.deliver(body, retries=0) is None
        stand.inbox.failure = RuntimeError("broken")
        assert (await stand.server.presses(LIN, root, "I have it")).text("en_us").startswith("That went wrong")
        stand.inbox.failure = None
        await stand.server.deliver(body)
    assert len(stand.inbox.events) == 1


async def test_no_ticket_and_no_secret_is_logged(
    stand: Stand, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    async with stand.listening():
        await stand.server.types(LIN, CHAT, "hello")
        await stand.server.drop()
        await stand.server.connected(2)
        await stand.server.drop()
        stand.server.endpoint_code = 1
        await stand.server.until(lambda: "no long connection" in caplog.text)
    printed = capfd.readouterr()
    for log in (caplog.text, printed.out, printed.err):
        for secret in ("ticket-", "access_key", "key-", APP_SECRET, *stand.server.tenant.tokens):
            assert secret not in log
    assert "long connection to Feishu is up" in caplog.text
    assert "[Lark]" not in printed.out


def test_the_sdk_is_not_imported_before_it_is_needed(root: Path) -> None:
    said = "import sys, bot.platforms.feishu.platform, bot.platforms.feishu.callback; print('lark_oapi' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", said], cwd=root, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"


async def test_no_thread_and_no_collector_is_left_behind(stand: Stand) -> None:
    async with stand.listening():
        assert any(thread.name == "feishu" for thread in threading.enumerate())
        assert gc.isenabled()
    assert not any(thread.name == "feishu" for thread in threading.enumerate())


async def test_a_wrong_secret_is_tried_again_and_said(stand: Stand, caplog: pytest.LogCaptureFixture) -> None:
    stand.server.endpoint_code = 1000040344
    async with asyncio.TaskGroup() as group:
        running = group.create_task(stand.platform.run(stand.inbox))
        await stand.server.until(lambda: "1000040344" in caplog.text, 20)
        stand.server.endpoint_code = 0
        await stand.server.connected()
        running.cancel()

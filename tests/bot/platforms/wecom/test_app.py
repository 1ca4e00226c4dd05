"""Checks the self-built app: its callback takes nothing that WeCom did not sign, and members get cards and answers."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import pytest
from aiohttp import ClientSession

from bot.crew import Crew
from bot.platforms.seal import Seal
from bot.platforms.wecom.app import PATH, READ_WITHIN
from bot.platforms.wecom.codes import CODE
from bot.platforms.wecom.crypto import Crypto
from bot.platforms.wecom.platform import WeComPlatform
from bot.settings import WeCom
from cards.model import Card, Chart, Prose
from engine.errors import PlatformError, SettingsError, StoreError
from handlers.inbound import Answer, ButtonPressed, FormSent, MessageSaid
from tests.bot.platforms.wecom.desk import INCIDENT, PLAN, kit, plan_card, word_form
from tests.fakes.clock import FakeClock, settle
from tests.fakes.platforms import FakeInbox
from tests.fakes.wecom_app_server import (
    AES_KEY,
    AGENT,
    CORP,
    SECRET,
    TOKEN,
    WeComAppServer,
    serving,
    wecom_app_server,
)

KEY = f"{INCIDENT}/plan:{PLAN}"
ROOM = "app:lin"


@dataclass
class AppDesk:
    server: WeComAppServer
    platform: WeComPlatform
    inbox: FakeInbox
    clock: FakeClock
    crew: Crew
    address: str

    async def idle(self) -> None:
        """Wait until everything that came in is worked on."""
        async with asyncio.timeout(5):
            while any(name.startswith("wecom app/") for name in self.crew.names):
                await settle()


def settings(url: str, **more: str) -> WeCom:
    about = {
        "corp_id": CORP,
        "agent_id": AGENT,
        "secret": SECRET,
        "token": TOKEN,
        "encoding_aes_key": AES_KEY,
        "api_url": url,
    }
    return WeCom.model_validate(about | more)


@asynccontextmanager
async def app_desk() -> AsyncIterator[AppDesk]:
    clock = FakeClock()
    cards = {f"plan:{PLAN}": plan_card()}

    async def draw(incident: str, slot: str, language: str) -> Card | None:
        return cards.get(slot)

    async with wecom_app_server(clock.now) as server, ClientSession() as session, Crew() as crew:
        lent = kit(session, clock, crew, draw)
        platform = WeComPlatform(settings(server.url), lent)
        inbox = FakeInbox()
        crew.start("platform wecom", lambda: platform.run(inbox))
        await asyncio.sleep(0)
        async with serving(lent.app) as url:
            server.callback = f"{url}{PATH}"
            yield AppDesk(server, platform, inbox, clock, crew, url)


async def test_a_body_that_never_comes_holds_no_door_open() -> None:
    async with app_desk() as desk:
        host, _, port = desk.server.callback.split("/")[2].partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            writer.write(f"POST {PATH} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9\r\n\r\n<".encode())
            async with asyncio.timeout(READ_WITHIN + 5):
                assert b"408" in await reader.readline()
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


# --- the keys ---


def test_tencents_own_sample_is_opened() -> None:
    crypto = Crypto(TOKEN, AES_KEY, "wx5823bf96d3bd56c7")
    echo = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
    assert crypto.is_signed("5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3", "1409659589", "263014780", echo)
    assert crypto.open(echo) == b"1616140317555161061"
    assert crypto.open(echo.replace("+", " ")) is None
    assert Crypto(TOKEN, AES_KEY, "wwanother").open(echo) is None, "it is for another corporation"


def _other(letter: str) -> str:
    """Another letter of base64: a fixed one would be the very letter that stands there once in 64 times."""
    return "B" if letter == "A" else "A"


@pytest.mark.parametrize("size", [0, 1, 11, 12, 13, 31, 32, 33, 5_000])
def test_any_message_comes_back_and_no_changed_one_does(size: int) -> None:
    crypto = Crypto(TOKEN, AES_KEY, CORP)
    closed = crypto.close(b"x" * size)
    assert crypto.open(closed) == b"x" * size
    for broken in (
        closed[:-4],
        closed[4:],
        _other(closed[0]) + closed[1:-1] + "=",
        closed[:-8] + _other(closed[-8]) + closed[-7:],
        "é",
        "",
        "====",
        "AAAA",
    ):
        assert crypto.open(broken) != b"x" * size


@pytest.mark.parametrize("key", ["", "short", "é" * 43, "=" * 43, AES_KEY + "A"])
def test_a_key_that_is_none_is_said_at_once(key: str) -> None:
    with pytest.raises(ValueError):
        Crypto(TOKEN, key, CORP)


async def test_a_wrong_key_stops_the_start_with_its_name() -> None:
    async with ClientSession() as session, Crew() as crew:

        async def draw(incident: str, slot: str, language: str) -> Card | None:
            return None

        with pytest.raises(SettingsError) as told:
            WeComPlatform(
                settings("http://127.0.0.1:9", encoding_aes_key="short"), kit(session, FakeClock(), crew, draw)
            )
        assert told.value.phrase.word == "wecom.bad_encoding_aes_key"


# --- the door ---


async def test_the_address_is_verified_with_the_bare_text() -> None:
    async with app_desk() as here:
        assert await here.server.verify("1616140317555161061") == (200, "1616140317555161061")
        assert (await here.server.verify("x", msg_signature="0" * 40))[0] == 403
        assert (await here.server.verify("x", timestamp="1"))[0] == 403
        assert (await here.server.verify("x", echostr=""))[0] == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"msg_signature": ""},
        {"msg_signature": "0" * 40},
        {"msg_signature": "é"},
        {"nonce": "other"},
        {"timestamp": "9999999999"},
        {"timestamp": "now"},
        {"timestamp": "٣"},
    ],
)
async def test_what_is_not_signed_comes_to_nothing(wrong: dict[str, str]) -> None:
    async with app_desk() as here:
        message = here.server.message("lin", {"MsgType": "text", "Content": "approve", "MsgId": "1"})
        assert await here.server.deliver(message, **wrong) == 403
        assert here.inbox.events == []


async def test_an_old_one_is_refused_and_a_recent_one_has_its_effect_once() -> None:
    async with app_desk() as here:
        encrypted = here.server.crypto.close(
            here.server.message("lin", {"MsgType": "text", "Content": "hi", "MsgId": "7"})
        )
        body, query = f"<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>", here.server.query(encrypted)
        assert [await here.server.post(body, query) for _ in range(3)] == [200, 200, 200]
        assert (len(here.inbox.events), here.inbox.again) == (1, 2)
        await here.clock.advance(301.0)
        assert await here.server.post(body, query) == 403


@pytest.mark.parametrize(
    "body,status", [("", 403), ("<xml>", 403), ("{}", 403), ("<Encrypt></Encrypt>", 403), ("x" * 70_000, 413)]
)
async def test_bodies_that_are_none(body: str, status: int) -> None:
    async with app_desk() as here:
        assert await here.server.post(body, here.server.query("")) == status
        assert here.inbox.events == []


async def test_a_body_in_many_pieces_is_one_body() -> None:
    async with app_desk() as here:
        message = here.server.message("lin", {"MsgType": "text", "Content": "hi " * 700, "MsgId": "8"})
        encrypted = here.server.crypto.close(message)
        assert await here.server.post(f"<Encrypt>{encrypted}</Encrypt>", here.server.query(encrypted), pieces=40) == 200
        assert len(here.inbox.events) == 1


async def test_an_answer_in_many_pieces_is_one_answer() -> None:
    async with app_desk() as here:
        here.server.pieces = 3
        await here.platform.post("app:lin", "", plan_card(), KEY)
        assert here.server.messages


async def test_what_cannot_be_written_down_is_delivered_again() -> None:
    async with app_desk() as here:
        here.inbox.failure = StoreError("disk full")
        assert await here.server.say("lin", "hi", msgid="1") == 503
        here.inbox.failure = None
        assert await here.server.say("lin", "hi", msgid="1") == 200
        assert len(here.inbox.events) == 1


async def test_another_app_of_the_corporation_is_not_heard() -> None:
    async with app_desk() as here:
        message = here.server.message("lin", {"MsgType": "text", "Content": "hi", "MsgId": "1"})
        assert await here.server.deliver(message.replace(AGENT.encode(), b"1000099")) == 200
        assert here.inbox.events == []


# --- members ---


async def test_a_member_talks_and_is_answered() -> None:
    async with app_desk() as here:
        here.inbox.answers["批准"] = Answer(card=Card("列表", "2 个", blocks=(Prose("长" * 3_000),), language="zh"))
        assert await here.server.say("lin", "批准", msgid="42") == 200
        await here.idle()
        (event,) = here.inbox.events
        assert isinstance(event, MessageSaid)
        assert (event.id, event.at.room, event.account.id) == ("app/42", ROOM, "lin")
        assert "列表" in here.server.seen("lin")[0]
        assert here.server.refused == []


async def test_the_whole_way_of_an_approval_alone_with_the_app() -> None:
    async with app_desk() as here:
        here.inbox.answers["ButtonPressed:approve"] = Answer(form=word_form())
        await here.platform.post(ROOM, "", plan_card(), KEY)
        assert await here.server.press("lin", "批准…") == 200
        await here.idle()
        pressed = here.inbox.events[0]
        assert isinstance(pressed, ButtonPressed)
        shown = here.server.seen("lin")[-1]
        assert "请回复：批准 " in shown
        code = CODE.search(shown.partition("批准 ")[2])
        assert code
        assert await here.server.say("lin", f"批准 {code[0]} CONFIRM_EXECUTE") == 200
        await here.idle()
        sent = here.inbox.events[1]
        assert isinstance(sent, FormSent)
        assert sent.fields["word"] == "CONFIRM_EXECUTE"
        assert here.server.refused == []


async def test_two_presses_within_a_second_are_two_and_the_same_one_again_is_one() -> None:
    async with app_desk() as here:
        await here.platform.post(ROOM, "", plan_card(), KEY)
        await here.server.press("lin", "批准…")
        await here.server.press("lin", "驳回")
        assert len({event.id for event in here.inbox.events}) == 2


async def test_the_token_is_fetched_once_for_all_and_again_when_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with app_desk() as here:
        async with asyncio.TaskGroup() as group:
            for number in range(10):
                card = Card(str(number), "s", incident="inc_1")
                group.create_task(here.platform.post(ROOM, "", card, f"inc_1/{number}"))
        assert here.server.calls["gettoken"] == 1
        await here.clock.advance(7_000.0)
        await here.platform.post(ROOM, "", Card("later", "s", incident="inc_1"), "inc_1/later")
        assert here.server.calls["gettoken"] == 2
        here.server.revoked = True
        await here.platform.post(ROOM, "", Card("revoked", "s", incident="inc_1"), "inc_1/revoked")
        assert here.server.calls["gettoken"] == 3
        assert SECRET not in caplog.text
        assert "token-" not in caplog.text


async def test_a_card_comes_with_its_pictures() -> None:
    async with app_desk() as here:
        chart = Chart("503 占比", ((0.0, 1.0), (60.0, 18.0)), "%")
        await here.platform.post(
            ROOM, "", Card("证据", "证据", "bad", (chart,), INCIDENT, "zh"), f"{INCIDENT}/evidence"
        )
        assert here.server.seen("lin")[1].startswith("[picture ")


async def test_a_member_nobody_knows_and_an_interface_that_is_away() -> None:
    async with app_desk() as here:
        with pytest.raises(PlatformError, match="knows no member"):
            await here.platform.post("app:eve", "", plan_card(), KEY)
        here.platform._app.api._url = "http://127.0.0.1:9"  # type: ignore[union-attr]
        with pytest.raises(PlatformError) as told:
            await here.platform.post(ROOM, "", plan_card(), KEY)
        assert told.value.phrase.word == "wecom.no_answer"


async def test_the_seal_of_another_house_opens_nothing() -> None:
    async with app_desk() as here:
        forged = Seal(b"another").close("approve", {"incident": INCIDENT})
        about = {
            "MsgType": "event",
            "Event": "template_card_event",
            "EventKey": forged,
            "TaskId": "t",
            "ResponseCode": "c",
        }
        assert await here.server.deliver(here.server.message("lin", about)) == 200
        assert here.inbox.events == []

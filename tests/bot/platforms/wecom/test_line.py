"""Checks the long connection: it comes back after every end but one, lives by its heartbeat, and tells no secrets."""

import asyncio
import logging
from functools import partial

import pytest
from aiohttp import ClientSession, ClientTimeout

from bot.platforms.wecom.platform import LINE, LOOK_AFTER
from bot.platforms.wecom.socket import PING_EVERY, Line
from engine.errors import PlatformBusy, PlatformError
from tests.bot.platforms.wecom.desk import ROOM, Desk, desk
from tests.contracts.platform import card
from tests.fakes.clock import FakeClock, settle
from tests.fakes.wecom_server import BOT, SECRET, wecom_server


def has_subscribed(here: Desk, times: int) -> bool:
    return here.server.subscriptions == times


@pytest.mark.parametrize("code", [1000, 1001, 1006, 1011])
async def test_it_comes_back_after_the_connection_was_closed(code: int) -> None:
    async with desk() as here:
        await here.server.close(code if code != 1006 else 1012)
        await here.server.until(lambda: not here.platform.line.open.is_set())
        assert "closed with" in here.platform.trouble
        with pytest.raises(PlatformBusy):
            await here.platform.post(ROOM, "", card("header"), "inc_1/header")
        await here.clock.advance(1.0)
        await here.server.until(lambda: here.server.subscriptions == 2)
        await settle()
        await here.platform.post(ROOM, "", card("header"), "inc_1/header")
        assert here.server.titles(ROOM) == ["header"]
        assert here.platform.trouble == ""


async def test_it_waits_longer_each_time_and_not_after_a_steady_connection() -> None:
    async with desk() as here:
        for wait, number in ((1.0, 2), (2.0, 3), (4.0, 4)):
            await here.server.close()
            await here.server.until(lambda: not here.platform.line.open.is_set())
            await here.clock.advance(wait - 0.1)
            assert here.server.subscriptions == number - 1
            await here.clock.advance(0.1)
            await here.server.until(partial(has_subscribed, here, number))
            await settle()
        await here.clock.advance(60.0)
        await here.server.close()
        await here.server.until(lambda: not here.platform.line.open.is_set())
        await here.clock.advance(1.0)
        await here.server.until(lambda: here.server.subscriptions == 5)


async def test_a_takeover_is_final_and_said_loudly(caplog: pytest.LogCaptureFixture) -> None:
    async with desk() as here, desk(connected=False) as other:
        other.platform.line._url = here.server.url
        other.crew.start("platform wecom", lambda: other.platform.run(other.inbox))
        await here.server.until(lambda: here.server.subscriptions == 2)
        await here.server.until(lambda: here.platform.line.taken_over)
        await here.clock.advance(3_600.0)
        assert here.server.subscriptions == 2, "it must not fight for the bot"
        assert "another process" in here.platform.trouble
        assert [record.levelno for record in caplog.records if "another connection" in record.message] == [
            logging.ERROR
        ]
        with pytest.raises(PlatformBusy) as told:
            await here.platform.post(ROOM, "", card("header"), "inc_1/header")
        assert told.value.phrase.word == "wecom.taken_over"
        assert here.crew.at_work("platform wecom"), "the process lives on for its other rooms"
        assert any("another process" in flaw for flaw in await here.gauges.flaws())
        assert "tocsin_wecom_connected 0" in await here.gauges.text()
        assert "tocsin_wecom_connected 1" in await other.gauges.text()
        assert await other.gauges.flaws() == []
        assert (here.losses, other.losses) == ([("", "wecom.lost.taken_over")], [])


async def test_it_shows_that_it_lives_and_notices_when_the_other_side_does_not() -> None:
    async with desk(patience=0.2) as here:
        await here.clock.advance(PING_EVERY * 3)
        await here.server.until(lambda: here.server.commands["ping"] == 3)
        here.server.silent = True
        await here.clock.advance(PING_EVERY)
        await here.server.until(lambda: not here.platform.line.open.is_set())
        here.server.silent = False
        await here.clock.advance(1.0)
        await here.server.until(lambda: here.server.subscriptions == 2)


async def test_a_line_that_broke_unexpectedly_is_taken_up_again(caplog: pytest.LogCaptureFixture) -> None:
    async with desk() as here:
        line = here.platform.line
        take = line._take

        def broken(text: str) -> None:
            line._take = take  # type: ignore[method-assign]
            raise RuntimeError("nobody thought of this")

        line._take = broken  # type: ignore[method-assign]
        await here.server.say("lin", ROOM, "hello")
        await here.server.until(lambda: not here.crew.at_work(LINE))
        assert "wecom line failed" in caplog.text
        assert not line.open.is_set()
        await here.clock.advance(LOOK_AFTER)
        await here.server.until(lambda: here.server.subscriptions == 2)
        await here.server.say("lin", ROOM, "hello again")
        await here.handed(1)


async def test_what_never_left_does_not_count_against_the_limit() -> None:
    async with desk() as here:
        await here.server.close()
        await here.server.until(lambda: not here.platform.line.open.is_set())
        for _ in range(40):
            with pytest.raises(PlatformBusy):
                await here.platform.post(ROOM, "", card("header"), "inc_1/header")
        await here.clock.advance(1.0)
        await here.server.until(here.platform.line.open.is_set)
        await here.platform.post(ROOM, "", card("header"), "inc_1/header")
        assert here.server.titles(ROOM) == ["header"]


async def test_no_answer_is_a_reason_to_try_again_later() -> None:
    async with desk(patience=0.05) as here:
        here.server.silent = True
        with pytest.raises(PlatformBusy) as told:
            await here.platform.post(ROOM, "", card("header"), "inc_1/header")
        assert told.value.phrase.word == "wecom.no_answer"


async def test_a_wrong_secret_is_said_without_the_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with desk(connected=False, bot_secret="not-the-secret-99") as here:
        here.crew.start("platform wecom", lambda: here.platform.run(here.inbox))
        await here.server.until(lambda: here.server.refused)
        await here.server.until(lambda: "40001" in here.platform.trouble)
        assert any(record.levelno == logging.ERROR and "bot_secret" in record.message for record in caplog.records)
        assert "not-the-secret-99" not in caplog.text
        assert SECRET not in caplog.text
        with pytest.raises(PlatformBusy):
            await here.platform.post(ROOM, "", card("header"), "inc_1/header")


@pytest.mark.parametrize("code,wait", [(45009, 60.0), (-1, 5.0), (45033, 2.0), (93006, None), (40058, None)])
async def test_errors_say_whether_to_come_back(code: int, wait: float | None) -> None:
    async with desk() as here:
        here.server.fail_next = [code]
        with pytest.raises(PlatformError) as told:
            await here.platform.post(ROOM, "", card("header"), "inc_1/header")
        assert str(code) in str(told.value)
        assert getattr(told.value, "retry_after", None) == wait
        await here.platform.post(ROOM, "", card("header"), "inc_1/header")
        assert here.server.titles(ROOM) == ["header"]


async def test_the_connection_outlives_the_time_a_request_may_take() -> None:
    clock = FakeClock()
    async with wecom_server(clock.now) as server, ClientSession(timeout=ClientTimeout(total=0.2)) as session:
        heard: list[object] = []
        line = Line(server.url, BOT, SECRET, session, clock, heard.append)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(line.run())
            await line.open.wait()
            await asyncio.sleep(0.4)
            assert line.open.is_set()
            await server.say("lin", "payments", "hello")
            await server.until(lambda: heard)
            running.cancel()


@pytest.mark.parametrize(
    "text", ["", "no json", "[]", '{"headers": 1}', '{"headers": {}}', '{"cmd": "aibot_msg_callback", "headers": {}}']
)
async def test_frames_that_are_not_as_promised_change_nothing(text: str) -> None:
    async with desk() as here:
        here.platform.line._take(text)
        await here.platform.post(ROOM, "", card("header"), "inc_1/header")
        assert here.inbox.events == []

"""Proves that two hundred people pressing at once are answered in time, over both ways in; prints the figures."""

import asyncio
import time

import pytest
from aiohttp import ClientSession, web

from bot.platforms.slack.callback import PATH
from bot.platforms.slack.platform import SlackPlatform
from cards.model import Button, Buttons, Card
from engine.model import Phrase
from handlers.inbound import Answer
from tests.bot.platforms.slack.conftest import ROOM, Listening, lending, settings
from tests.fakes.clock import START, FakeClock
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_workspace import SIGNING_SECRET

pytestmark = pytest.mark.prove

CLICKS, ACK_S = 200, 1.0
ACK = Buttons((Button("ack", "I have it", {"incident": "inc_1"}),))


async def timed(slack: SlackServer, times: list[float], number: int) -> None:
    """One press, from the finger to the acknowledgement."""
    who = slack.workspace.people[f"U{number}"]
    message = slack.shown(ROOM)[0]
    began = time.monotonic()
    await slack.presses(who, message, "I have it")
    times.append(time.monotonic() - began)


async def bare(times: list[float]) -> None:
    """The same number of calls at a handler that does nothing."""

    async def nothing(request: web.Request) -> web.Response:
        await request.read()
        return web.Response()

    app = web.Application()
    app.router.add_post("/", nothing)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"

    async def call(session: ClientSession) -> None:
        began = time.monotonic()
        async with session.post(url, data=b"x" * 2_000) as answer:
            await answer.read()
        times.append(time.monotonic() - began)

    async with ClientSession() as session, asyncio.TaskGroup() as group:
        for _ in range(CLICKS):
            group.create_task(call(session))
    await runner.cleanup()


@pytest.mark.parametrize("way", ["socket mode", "http"])
async def test_two_hundred_clicks_at_once(slack: SlackServer, way: str) -> None:
    ours: list[float] = []
    reference: list[float] = []
    async with lending(FakeClock(auto=True)) as lent:
        more = {"app_token": "", "signing_secret": SIGNING_SECRET} if way == "http" else {}
        platform, inbox = SlackPlatform(settings(slack, **more), lent.kit), Listening()
        inbox.answers["ack"] = Answer(phrase=Phrase(word="command.kept"))
        runner = web.AppRunner(lent.kit.app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        lent.crew.start("platform slack", lambda: platform.run(inbox))
        if way == "http":
            slack.workspace.now = START.timestamp
            await slack.until(lambda: slack.workspace.calls)
            slack.callback = f"http://127.0.0.1:{runner.addresses[0][1]}{PATH}"
        for number in range(CLICKS + 1):
            slack.workspace.human(f"U{number}")
        await platform.post(ROOM, "", Card("P1", "P1", blocks=(ACK,), incident="inc_1"), "inc_1/header")
        await timed(slack, [], CLICKS)
        async with asyncio.TaskGroup() as group:
            for number in range(CLICKS):
                group.create_task(timed(slack, ours, number))
        await inbox.had(CLICKS + 1)
        await runner.cleanup()
    await bare(reference)
    p99, base = sorted(ours)[int(CLICKS * 0.99) - 1], sorted(reference)[int(CLICKS * 0.99) - 1]
    print(f"\n{CLICKS} presses by {way}: p99 {p99:.3f} s, {p99 / base:.1f} times a bare handler's {base:.3f} s")
    assert slack.late == []
    assert p99 <= ACK_S

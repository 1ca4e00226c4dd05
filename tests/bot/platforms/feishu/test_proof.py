"""Proves in full size that Feishu never holds up the loop, and that clicks are answered in time; prints the figures."""

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from cards.model import Button, Buttons, Card
from engine.model import Phrase
from handlers.inbound import Answer
from tests.bot.platforms.feishu.stand import LIN, called_back, standing
from tests.fakes.feishu_server import FeishuServer

pytestmark = pytest.mark.prove

CHAT = "oc_trade"
STALL_MS = 50.0
ACK_S = 1.0
CLICKS = 200
TRIES = 3
"""The bound is on a wall clock: of three runs the best counts, for the machine's other work is not ours."""


@asynccontextmanager
async def listener(server: FeishuServer, root: Path) -> AsyncIterator[Process]:
    module = "tests.bot.platforms.feishu.listener"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, server.domain, cwd=root, stdin=PIPE, stdout=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def phase(process: Process, name: str = "") -> float:
    """Milliseconds of the worst stall in the phase that ends now."""
    assert process.stdin is not None
    assert process.stdout is not None
    if name:
        process.stdin.write(f"{name}\n".encode())
        await process.stdin.drain()
    async with asyncio.timeout(60):
        told = json.loads(await process.stdout.readline())
    return float(told["worst_ms"])


async def measured(root: Path) -> dict[str, float]:
    server = FeishuServer()
    server.chat(CHAT, LIN)
    async with server.serving(), listener(server, root) as process:
        worst = {"idle": await phase(process)}
        await server.connected()
        worst["importing and connecting"] = await phase(process, "connected")
        server.tenant.token_delay = 3.0
        server.tenant.tokens.clear()
        worst["renewing tokens, 3 s each"] = await phase(process, "tokens")
        server.tenant.token_delay = 0.0
        for _ in range(500):
            await server.types(LIN, CHAT, "hello")
        worst["receiving 500 messages"] = await phase(process, "received")
        await server.drop()
        await server.connected(2)
        worst["connecting anew"] = await phase(process, "again")
        assert process.stdin is not None
        process.stdin.write(b"\n")
        await process.stdin.drain()
        async with asyncio.timeout(20):
            assert await process.wait() == 0
    return worst


async def test_the_loop_is_never_held_up(root: Path) -> None:
    best: dict[str, float] = {}
    for _ in range(TRIES):
        worst = await measured(root)
        if not best or max(worst.values()) < max(best.values()):
            best = worst
        if max(best.values()) <= STALL_MS:
            break
    print("\nworst stall of the event loop, ms:", json.dumps(best))
    assert max(best.values()) <= STALL_MS, best


@pytest.mark.parametrize("way", ["long connection", "callbacks"])
async def test_clicks_are_answered_in_time(way: str) -> None:
    server = FeishuServer()
    server.chat(CHAT, LIN)
    buttons = Buttons((Button("ack", "I have it", {"incident": "inc_1"}),))
    shown = Card(title="P1", summary="s", blocks=(buttons,), incident="inc_1")
    opened = called_back if way == "callbacks" else standing
    async with server.serving(), opened(server) as stand, stand.listening():
        root = await stand.platform.post(CHAT, "", shown, "inc_1/header")
        stand.inbox.answers["ack"] = Answer(phrase=Phrase(word="command.kept"))

        async def click() -> None:
            assert (await server.presses(LIN, root, "I have it")).toast["type"] == "success"

        await click()
        ours = await timed(click)
    bare = await bare_handler()
    p99, reference = at(ours, 0.99), at(bare, 0.99)
    print(f"\n{CLICKS} concurrent clicks over {way}: p50 {at(ours, 0.5):.3f} s, p99 {p99:.3f} s; "
          f"bare aiohttp handler p99 {reference:.3f} s, ratio {p99 / reference:.1f}")  # fmt: skip
    assert server.late == []
    assert p99 <= ACK_S


async def bare_handler() -> list[float]:
    """The same number of calls of a handler that only answers."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response({})

    app = web.Application()
    app.router.add_post("/", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        async with ClientSession() as session:

            async def call() -> None:
                async with session.post(url, json={"encrypt": "x" * 1000}) as response:
                    assert await response.json() == {}

            await call()
            return await timed(call)
    finally:
        await runner.cleanup()


async def timed(do: Callable[[], Awaitable[None]]) -> list[float]:
    """Seconds of each of these calls, made all at once."""
    took: list[float] = []

    async def one() -> None:
        began = time.perf_counter()
        await do()
        took.append(time.perf_counter() - began)

    async with asyncio.TaskGroup() as group:
        for _ in range(CLICKS):
            group.create_task(one())
    return took


def at(took: Sequence[float], share: float) -> float:
    return sorted(took)[min(len(took) - 1, int(len(took) * share))]

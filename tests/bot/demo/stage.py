"""Holds what tests of the demo world share: a clock they turn, captures, and a world with nothing running by itself."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from bot.demo.clock import SystemClock
from bot.demo.world import World, WorldOptions

CAPTURES = Path(__file__).with_name("captures")
START = 1_795_000_000.0


class TurnedClock:
    """A clock that stands still until it is turned."""

    def __init__(self, at: float = START) -> None:
        self.at = at

    def now(self) -> float:
        return self.at


def capture(name: str) -> dict[str, Any]:
    """A capture such as `prometheus/query_vector`."""
    found: dict[str, Any] = json.loads((CAPTURES / f"{name}.json").read_text(encoding="utf-8"))
    return found


def shape(value: Any) -> Any:
    """The kinds of a JSON value: keys of objects kept, lists as the shape of their first entry."""
    if isinstance(value, dict):
        return {key: shape(inside) for key, inside in sorted(value.items())}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


@asynccontextmanager
async def quiet_world(**options: Any) -> AsyncIterator[World]:
    """A world whose services listen, with no traffic, no scraping and no rules running by themselves."""
    async with World(WorldOptions(**options), SystemClock()) as world:
        yield world


@asynccontextmanager
async def served(app: web.Application) -> AsyncIterator[tuple[str, aiohttp.ClientSession]]:
    """An application on a free loopback port, and a client session."""
    runner = web.AppRunner(app, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with aiohttp.ClientSession() as session:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}", session
    finally:
        await runner.cleanup()

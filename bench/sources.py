"""Measures a round of evidence: eight sources at once, against the slowest of them alone."""

import time
from collections.abc import Sequence
from datetime import timedelta

from aiohttp import ClientSession, TCPConnector

from bench.backends import BEGAN, DELAYS
from bench.measuring import Figure, free_port, median, ready, started
from bot.clock import SystemClock
from bot.settings import load
from bot.sources import Connected
from engine.evidence import gather
from engine.looks import Asked
from engine.model import Alert, Window
from engine.ports import Question, Source
from engine.team import Service, Team

ROUNDS = 5
SLOWEST = 2
"""Sources that are measured again and again: one of them is the slowest."""
LONGEST = 1.1
PATIENCE = 10.0
SPLIT = BEGAN + timedelta(minutes=20)
QUESTION = Question(
    incident="inc_bench",
    alert=Alert(fingerprint="f", status="firing", name="Errors", service="payment", starts_at=SPLIT),
    service=Service(name="payment", repository="shop/payment"),
    window=Window(start=BEGAN, split=SPLIT, end=BEGAN + timedelta(minutes=30)),
)


async def measure() -> list[Figure]:
    """The round, and in turns with it those that took longest alone; the slowest of these is the reference."""
    port = free_port()
    with started("bench.backends", str(port), port=port) as backends:
        await ready(backends, "/ready")
        async with ClientSession(connector=TCPConnector(limit=64, limit_per_host=64)) as session:
            sources = [source for source in _sources(backends.url, session) if source.name in DELAYS]
            await _round(sources)
            first = {source.name: await _round([source]) for source in sources}
            slow = sorted(sources, key=lambda source: -first[source.name])[:SLOWEST]
            whole: list[float] = []
            alone: dict[str, list[float]] = {source.name: [] for source in slow}
            for _ in range(ROUNDS):
                whole.append(await _round(sources))
                for source in slow:
                    alone[source.name].append(await _round([source]))
    slowest = max(median(times) for times in alone.values())
    return [Figure(f"evidence from {len(sources)} sources", "s", median(whole), slowest, LONGEST)]


def _sources(url: str, session: ClientSession) -> Sequence[Source]:
    """As the process opens them."""
    named = {name: {"api_url" if name == "github" else "url": f"{url}/{name}"} for name in DELAYS}
    return Connected(load(None, **named), session, lambda name: "").of(Team(id="bench", name="Bench"))


async def _round(sources: Sequence[Source]) -> float:
    """Seconds until all of them have answered."""
    begun = time.perf_counter()
    seen, silent = await gather(QUESTION, sources, SystemClock(), PATIENCE, _unheard)
    if silent or len({each.source for each in seen}) < len(sources):
        raise RuntimeError(f"not every source answered: {[silence.source for silence in silent]}")
    return time.perf_counter() - begun


async def _unheard(asked: Asked) -> None:
    """Nobody watches how asking goes."""

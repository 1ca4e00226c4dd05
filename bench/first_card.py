"""Measures (a): how long from an alert's POST until the platform has the first card, against the minimal path."""

import asyncio
import json
import time

from bench.alerts import webhook
from bench.measuring import Figure, Line, data_directory, free_port, line_to, median, ready, started

ROUNDS = 40
WARM_UP = 5
TARGET = 3.0
QUIET = 0.3
"""Seconds without a card after which the platform counts as idle."""


async def measure(rounds: int = ROUNDS) -> list[Figure]:
    """Median of each over interleaved rounds, at an idle platform."""
    ports = [free_port() for _ in range(3)]
    with data_directory("bench:main") as directory:
        platform = f"http://127.0.0.1:{ports[0]}"
        variables = {
            "TOCSIN_DATA_DIR": str(directory / "data"),
            "TOCSIN_HTTP__PORT": str(ports[2]),
        }
        (directory / "data").mkdir()
        (directory / "teams").rename(directory / "data" / "teams")
        file = str(directory / "reference.sqlite")
        with (
            started("bench.platform", str(ports[0]), port=ports[0]) as chat,
            started("bench.reference", str(ports[1]), file, platform, port=ports[1]) as bare,
            started("bench.house", platform, port=ports[2], variables=variables) as house,
        ):
            await ready(chat, "/quiet?seconds=0")
            await ready(bare, "/")
            await ready(house, "/readyz")
            async with line_to(ports[0]) as watch, line_to(ports[1]) as least, line_to(ports[2]) as product:
                mine, theirs = await _rounds(rounds, watch, least, product)
    return [Figure("webhook to first card", "ms", 1e3 * median(mine), 1e3 * median(theirs), TARGET)]


async def _rounds(rounds: int, watch: Line, least: Line, product: Line) -> tuple[list[float], list[float]]:
    mine, theirs = [], []
    for n in range(WARM_UP + rounds):
        theirs.append(await _once(watch, least, "/minimal", f"service-{n}"))
        mine.append(await _once(watch, product, "/alerts/alertmanager", f"service-{n}"))
    return mine[WARM_UP:], theirs[WARM_UP:]


async def _once(watch: Line, line: Line, path: str, service: str) -> float:
    """Seconds from sending until the platform has it."""
    before = json.loads((await watch.get(f"/quiet?seconds={QUIET}"))[1])["posts"]
    body = webhook(service)
    begun = time.monotonic()
    status, answer = await line.post(path, body)
    if status != 202:
        raise RuntimeError(f"{path} answered {status}: {answer[:200]!r}")
    async with asyncio.timeout(30):
        at: float = json.loads((await watch.get(f"/first?after={before}"))[1])["at"]
    return at - begun

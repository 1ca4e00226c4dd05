"""Measures (b): how fast distinct alerts are taken in durably, against a bare JSON echo, and that a kill loses none."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from aiohttp import ClientSession, TCPConnector

from bench.alerts import webhook
from bench.measuring import HOST, PATIENCE, Figure, data_directory, free_port, median, ready, started

ALERTS = 5_000
CLIENTS = 16
ROUNDS = 3
TARGET = 0.25


async def measure(rounds: int = ROUNDS, alerts: int = ALERTS) -> list[Figure]:
    """Rates over interleaved rounds, and the share of answered alerts the next process has after SIGKILL (the worst
    round)."""
    bodies = [webhook(f"service-{n:05}") for n in range(alerts)]
    echoed, taken, kept = [], [], []
    for _ in range(rounds):
        echoed.append(await _echo(bodies))
        rate, there = await _take(bodies)
        taken.append(rate)
        kept.append(there)
    return [
        Figure("durable intake", "alerts/s", median(taken), median(echoed), TARGET, at_least=True),
        Figure("answered alerts there after kill -9", "alerts", float(min(kept)), float(alerts), 1.0, at_least=True),
    ]


async def _echo(bodies: Sequence[bytes]) -> float:
    port = free_port()
    with started("bench.reference", str(port), port=port) as bare:
        await ready(bare, "/")
        rate, _ = await _pour(port, "/echo", bodies)
        return rate


async def _take(bodies: Sequence[bytes]) -> tuple[float, int]:
    port = free_port()
    with data_directory("console:main") as directory:
        variables = {"TOCSIN_DATA_DIR": str(directory), "TOCSIN_HTTP__PORT": str(port)}
        with started("bot", "run", port=port, variables=variables) as house:
            await ready(house, "/readyz")
            rate, answers = await _pour(port, "/alerts/alertmanager", bodies)
            house.kill()
        file = directory / "tocsin.sqlite"
        with started("bot", "run", port=port, variables=variables) as next_house:
            await ready(next_house, "/readyz")
            await _placed(file)
        incidents = [json.loads(answer)["incidents"] for answer in answers]
        return rate, await asyncio.to_thread(_count, file, incidents)


async def _placed(file: Path) -> None:
    """Wait until nothing waits to be placed that was only admitted before the kill."""
    async with asyncio.timeout(PATIENCE):
        while await asyncio.to_thread(_waiting, file):  # noqa: ASYNC110 - the event is in another process
            await asyncio.sleep(0.1)


def _waiting(file: Path) -> int:
    with closing(sqlite3.connect(file)) as db:
        return int(db.execute("SELECT count(*) FROM raws WHERE admitted <> ''").fetchone()[0])


async def _pour(port: int, path: str, bodies: Sequence[bytes]) -> tuple[float, list[bytes]]:
    """Alerts per second, and the answers; every client sends the next as soon as it has its answer."""
    waiting = iter(bodies)
    answers: list[bytes] = []
    url = f"http://{HOST}:{port}{path}"

    async def client(session: ClientSession) -> None:
        for body in waiting:
            async with session.post(url, data=body, headers={"Content-Type": "application/json"}) as response:
                answer = await response.read()
                if response.status not in (200, 202):
                    raise RuntimeError(f"{path} answered {response.status}: {answer[:200]!r}")
                answers.append(answer)

    async with ClientSession(connector=TCPConnector(limit=CLIENTS)) as session:
        begun = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(CLIENTS):
                group.create_task(client(session))
        return len(answers) / (time.perf_counter() - begun), answers


def _count(file: Path, answered: Sequence[Sequence[str]]) -> int:
    """How many answered alerts have an incident of their own in the file, with the alert in its timeline."""
    query = (
        "SELECT incident FROM entries WHERE kind = 'alert.normalized' AND json_extract(body, '$.alert.service') <> ''"
    )
    with closing(sqlite3.connect(file)) as db:
        there = {row[0] for row in db.execute(query)}
    return len({incidents[0] for incidents in answered if incidents} & there)

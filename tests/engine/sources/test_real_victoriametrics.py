"""Proves the source against the real VictoriaMetrics, which speaks Prometheus' API in its own way."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.clock import SystemClock
from engine.errors import SourceSilent
from engine.model import Window
from engine.ports import Question
from engine.sources.prometheus import PrometheusSource
from engine.team import Service
from tests.contracts.queried import asked
from tests.contracts.source import question
from tests.engine.sources.backends import session

STEP = 15


def history(now: datetime) -> str:
    """Half an hour of a service whose requests fail from ten minutes ago on, as exposition text with timestamps."""
    lines = []
    for place in range(120):
        at = int((now - timedelta(seconds=(120 - place) * STEP)).timestamp() * 1_000)
        bad = max(0, place - 80) * 50
        good = place * 100 - bad
        for code, value in (("200", good), ("503", bad)):
            lines.append(f'http_requests_total{{app="payment",namespace="shop",code="{code}"}} {value} {at}')
        for le, value in (("0.1", good), ("1", place * 100), ("+Inf", place * 100)):
            lines.append(f'http_request_duration_seconds_bucket{{app="payment",le="{le}"}} {value} {at}')
    return "\n".join(lines) + "\n"


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[str]:
    """The address of a VictoriaMetrics that holds this history; what it was given a moment ago is there to be read."""
    listener = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    listener.close()
    await listener.wait_closed()
    process = await asyncio.create_subprocess_exec(
        "victoria-metrics",
        f"-storageDataPath={folder / 'data'}",
        f"-httpListenAddr=127.0.0.1:{port}",
        "-search.latencyOffset=1s",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def filled(folder: Path) -> AsyncIterator[tuple[str, datetime]]:
    now = SystemClock().now()
    async with running(folder) as url, session() as opened, asyncio.timeout(20):
        while True:
            with contextlib.suppress(OSError):
                async with opened.post(f"{url}/api/v1/import/prometheus", data=history(now)) as answer:
                    assert answer.status == 204, await answer.text()
                    break
            await asyncio.sleep(0.05)
        # What was just written is shown once it is flushed.
        async with opened.get(f"{url}/internal/force_flush") as answer:
            assert answer.status == 200
        yield url, now


def about(service: str, now: datetime) -> Question:
    window = Window(start=now - timedelta(minutes=30), split=now - timedelta(minutes=12), end=now)
    return question(service, ()).model_copy(update={"window": window})


@pytest.mark.real("victoriametrics")
async def test_a_service_is_found_measured_and_named(tmp_path: Path) -> None:
    async with filled(tmp_path) as (url, now), session() as opened:
        source = PrometheusSource(url, session=opened, step=STEP, rate_window=60)
        seen = {each.role: each for each in await source.ask(about("payment", now))}
        unknown = {each.role: each for each in await source.ask(about("payment-service", now))}
        first, second = await source.examine([Service(name="payment"), Service(name="payment-service")])
        mine = asked('sum by (code) (rate(http_requests_total{app="payment"}[1m]))')
        by_hand = await source.look_up(mine.model_copy(update={"window": about("payment", now).window}))
        with pytest.raises(SourceSilent) as silent:
            await source.look_up(asked("sum(("))
    errors = dict(seen["error_ratio"].points)
    assert max(errors.values()) == pytest.approx(0.5, abs=0.05)
    assert min(errors.values()) == 0
    assert seen["latency_p95"].count > 60
    assert seen["traffic"].count > 60
    assert (unknown["traffic"].count, unknown["label_mismatch"].state["found"]) == (0, "app=payment")
    assert (first.ok, second.ok) == (True, False)
    assert {each.labels["code"] for each in by_hand} == {"200", "503"}
    assert silent.value.phrase.word == "evidence.silent.query"

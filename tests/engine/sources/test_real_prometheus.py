"""Proves the source against the real Prometheus: no rule of ours is loaded, two small services are scraped."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from engine.model import Alert, Window
from engine.ports import Question
from engine.sources.prometheus import PrometheusSource
from engine.team import Service
from tests.engine.sources.backends import serve, session

SCRAPED_FOR = 8.0
LINK = "http://p/graph?g0.expr=sum+by+%28job%29+%28rate%28http_requests_total%7Bcode%3D%22503%22%7D%5B5s%5D%29%29+%3E+0.5&g0.tab=1"

METRICS = """\
http_requests_total{{code="200",version="v1"}} {good}
http_requests_total{{code="200",version="v2"}} {good}
http_requests_total{{code="503",version="v2"}} {bad}
http_request_duration_seconds_bucket{{le="0.1"}} {good}
http_request_duration_seconds_bucket{{le="1"}} {all}
http_request_duration_seconds_bucket{{le="+Inf"}} {all}
http_client_requests_total{{server_address="ledger:8080",code="200"}} {good}
http_client_requests_total{{server_address="ledger:8080",code="timeout"}} {bad}
hikaricp_connections_active{{pool="main"}} 9
hikaricp_connections_max{{pool="main"}} 10
hikaricp_connections_acquire_seconds_sum {bad}
hikaricp_connections_acquire_seconds_count {good}
"""


@asynccontextmanager
async def scraping(folder: Path) -> AsyncIterator[str]:
    """The address of a Prometheus that scrapes `shop/payment` and `shop/ledger` once a second."""
    counted = 0

    async def metrics(request: web.Request) -> web.Response:
        nonlocal counted
        counted += 1
        return web.Response(text=METRICS.format(good=counted * 9, bad=counted * 3, all=counted * 12))

    async with serve(metrics) as target:
        address = target.removeprefix("http://")
        jobs = [
            {"job_name": f"shop/{name}", "static_configs": [{"targets": [address], "labels": {"namespace": "shop"}}]}
            for name in ("payment", "ledger")
        ]
        config = {"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}
        (folder / "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")
        async with running(folder) as url:
            yield url


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[str]:
    listener = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    listener.close()
    await listener.wait_closed()
    process = await asyncio.create_subprocess_exec(
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def scraped(url: str) -> None:
    """Return once the first series is SCRAPED_FOR seconds long."""
    async with session() as opened, asyncio.timeout(60):
        while True:
            try:
                query = {"query": f"count_over_time(up[{int(SCRAPED_FOR)}s])"}
                async with opened.get(f"{url}/api/v1/query", params=query) as response:
                    rows = (await response.json())["data"]["result"]
                if rows and all(float(row["value"][1]) >= SCRAPED_FOR - 1 for row in rows):
                    return
            except OSError:
                pass
            await asyncio.sleep(0.3)


@pytest.mark.real("prometheus")
async def test_a_prometheus_without_any_rule_of_ours_tells_everything(tmp_path: Path) -> None:
    async with scraping(tmp_path) as url, session() as opened:
        await scraped(url)
        now = datetime.now(UTC)  # noqa: TID251 - the real Prometheus keeps real time
        window = Window(start=now - timedelta(seconds=60), split=now - timedelta(seconds=5), end=now)
        alert = Alert(
            fingerprint="f",
            status="firing",
            name="Errors",
            service="payment",
            labels={"job": "shop/payment", "namespace": "shop"},
            starts_at=now,
            generator_url=LINK,
        )
        asked = Question(
            incident="inc_00000001",
            alert=alert,
            service=Service(name="payment"),
            neighbours=(Service(name="ledger"),),
            window=window,
        )
        source = PrometheusSource(url, session=opened, step=1, rate_window=5)
        seen = await source.ask(asked)
    last = {(each.service, each.role, each.peer, each.labels.get("version", "")): each.points[-1:] for each in seen}
    figures = {key: round(points[0][1], 2) if points else None for key, points in last.items()}
    expected = {
        ("payment", "error_ratio", "", ""): 0.14,
        ("payment", "unavailable_ratio", "", ""): 0.14,
        ("payment", "timeout_ratio", "", ""): 0.0,
        ("payment", "error_ratio", "", "v1"): 0.0,
        ("payment", "error_ratio", "", "v2"): 0.25,
        ("payment", "dependency_error_ratio", "ledger", ""): 0.25,
        ("payment", "pool_use", "", ""): 0.9,
        ("payment", "pool_wait", "", ""): 0.33,
        ("payment", "availability", "", ""): 1.0,
        ("ledger", "error_ratio", "", ""): 0.14,
        ("ledger", "pool_use", "", ""): 0.9,
        ("ledger", "availability", "", ""): 1.0,
    }
    assert {key: figures.get(key) for key in expected} == expected
    assert figures["payment", "latency_p95", "", ""] == pytest.approx(0.82, abs=0.02)
    assert {("payment", "sli", "", ""), ("payment", "traffic", "", "")} <= figures.keys()
    assert seen[0].role == "sli"
    assert seen[0].labels == {"job": "shop/payment"}

"""Checks the keeper against a real Prometheus: the same figures, the same alerts, the same rule file."""

import asyncio
import json
import random
import re
import subprocess
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest
import yaml
from aiohttp import web

from bot.demo.launch import open_world
from bot.demo.promql.evaluate import Evaluation, parse_query
from bot.demo.rules import RULES_FILE, RuleBook, generator_url
from bot.demo.samples import SampleStore, labels_of
from tests.bot.demo.stage import served

STEPS = 60
MOMENTS = (20, 41, 59)
QUERIES = [
    "rate(c[10s])",
    "increase(c[17s])",
    "irate(c[10s])",
    "delta(c[12s])",
    "avg_over_time(c[9s])",
    "max_over_time(c[9s])",
    "min_over_time(c[9s])",
    "sum_over_time(c[9s])",
    "count_over_time(c[9s])",
    "changes(c[20s])",
    "resets(c[30s])",
    "sum by (a) (rate(c[10s]))",
    "avg without (b) (c)",
    "stddev by (a) (c)",
    "quantile by (a) (0.7, c)",
    "count(c)",
    "c offset 10s",
    'sum by (a) (rate(c{b=~"1|2"}[10s])) / sum by (a) (rate(c[10s])) > 0.3',
    "c > 400",
    "c > bool 400",
    "topk(2, c)",
    "histogram_quantile(0.95, sum by (le) (rate(h_bucket[20s])))",
    "histogram_quantile(0.5, rate(h_bucket[20s]))",
    "clamp_min(c, 300)",
    "sum(c) or vector(1)",
    "absent(nope)",
    "c unless on(a) c{b='1'}",
    "abs(-c)",
]


def made_up_series(dice: random.Random) -> dict[str, list[float | None]]:
    """Counters with restarts and gaps, and one histogram; None is a missed scrape."""
    series: dict[str, list[float | None]] = {}
    for a in "xyz":
        for b in "123":
            value, row = float(dice.randrange(500)), []
            for _ in range(STEPS):
                value = float(dice.randrange(5)) if dice.random() < 0.03 else value + dice.randrange(12)
                row.append(None if dice.random() < 0.05 else value)
            series[f'c{{a="{a}", b="{b}"}}'] = row
    counts = dict.fromkeys(("0.1", "0.5", "1", "+Inf"), 0.0)
    for le in counts:
        series[f'h_bucket{{le="{le}"}}'] = []
    for _ in range(STEPS):
        total = 0
        for le in counts:
            total += dice.randrange(5)
            counts[le] += total
            series[f'h_bucket{{le="{le}"}}'].append(counts[le])
    return series


def labels_text(labels: tuple[tuple[str, str], ...]) -> str:
    return "{" + ", ".join(f'{key}="{value}"' for key, value in labels) + "}"


def fill_store(series: dict[str, list[float | None]]) -> SampleStore:
    store = SampleStore()
    for text, row in series.items():
        name, _, inside = text.partition("{")
        pairs = dict(pair.split("=") for pair in inside.rstrip("}").split(", "))
        labels = labels_of({"__name__": name, **{key: value.strip('"') for key, value in pairs.items()}})
        for second, value in enumerate(row):
            if value is not None:
                store.append(labels, second * 1000, value)
    return store


def promtool_finds(file: Path, series: dict[str, list[float | None]]) -> dict[tuple[str, int], dict[str, float]]:
    """What a real Prometheus makes of every query and moment: promtool prints it, for nothing is what we expect."""
    inputs = [
        {"series": text, "values": " ".join("_" if value is None else f"{value:g}" for value in row)}
        for text, row in series.items()
    ]
    cases = [{"expr": query, "eval_time": f"{at}s", "exp_samples": []} for query in QUERIES for at in MOMENTS]
    test = {"interval": "1s", "input_series": inputs, "promql_expr_test": cases}
    file.write_text(yaml.safe_dump({"evaluation_interval": "1s", "tests": [test]}), encoding="utf-8")
    command = ["promtool", "test", "rules", str(file)]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    found: dict[tuple[str, int], dict[str, float]] = {}
    block = re.compile(r"expr: (\".*\"), time: (\d+)s,\s+exp: nil\s+got: (.*)")
    for query, at, got in block.findall(ran.stdout + ran.stderr):
        rows = re.findall(r"([a-z_]*\{[^}]*\}) ([^,\s]+)", got)
        found[json.loads(query), int(at)] = {labels: float(value) for labels, value in rows}
    return found


@pytest.mark.real("prometheus")
@pytest.mark.parametrize("seed", range(3))
def test_every_figure_equals_that_of_promtool(tmp_path: Path, seed: int) -> None:
    series = made_up_series(random.Random(seed))
    store, real = fill_store(series), promtool_finds(tmp_path / "rules_test.yml", series)
    assert len(real) > len(QUERIES) * 2
    for query in QUERIES:
        for at in MOMENTS:
            value = Evaluation(store, np.array([at * 1000], np.int64)).value(parse_query(query))
            assert isinstance(value, list)
            ours = {labels_text(each.labels): float(each.values[0]) for each in value if each.present[0]}
            assert ours == pytest.approx(real.get((query, at), {}), rel=1e-12, nan_ok=True), (query, at)


@pytest.mark.real("prometheus")
def test_the_rule_file_is_one_prometheus_takes() -> None:
    found = subprocess.run(
        ["promtool", "check", "rules", str(RULES_FILE)], check=False, capture_output=True, text=True, timeout=30
    )
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.real("prometheus", "alertmanager")
async def test_the_real_servers_watch_the_same_world_and_tell_the_same_story() -> None:
    bodies: list[dict[str, Any]] = []
    came = asyncio.Event()

    async def take(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer t"
        bodies.append(await request.json())
        came.set()
        return web.Response()

    app = web.Application()
    app.router.add_post("/alerts/alertmanager", take)
    async with (
        served(app) as (address, session),
        open_world(f"{address}/alerts/alertmanager", token="t", prometheus=True) as world,
    ):
        assert world.alertmanager is not None
        async with asyncio.timeout(20):
            await came.wait()
        real = await rules_of(session, world.prometheus)
    kept = {rule.name: rule.query for rule in RuleBook().rules() if rule.name != "HighLatencyP95"}
    assert {name: query for name, query in real.items() if name != "HighLatencyP95"} == kept
    [alert] = bodies[0]["alerts"]
    assert alert["labels"] == {"alertname": "Watchdog", "env": "prod", "severity": "none", "team": "payments"}
    assert alert["generatorURL"] == generator_url(world.prometheus, "vector(1)")


async def rules_of(session: aiohttp.ClientSession, prometheus: str) -> dict[str, str]:
    async with session.get(f"{prometheus}/api/v1/rules") as answer:
        groups = (await answer.json())["data"]["groups"]
    return {rule["name"]: rule["query"] for group in groups for rule in group["rules"]}

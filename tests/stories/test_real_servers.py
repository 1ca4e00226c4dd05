"""Plays the demo under a real Prometheus and Alertmanager: the same story, the same figures, and a stranger's rules."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import ClientSession

from bot.demo.launch import open_world
from bot.demo.real_prometheus import RealPrometheus
from bot.demo.scraping import Target
from bot.rehearsal import Operator
from bot.run import bind, working
from bot.settings import load
from bot.showcase import OPERATIONS, SCENARIOS, TEAM_FILES, TEMPO, Showcase, Stage, open_showcase
from bot.wiring import House, real_parts
from engine.incident import Incident, fold
from engine.model import Evidence
from engine.team import Account
from tests.fakes.platforms import FakePlatform
from tests.stories import measuring

pytestmark = pytest.mark.real("prometheus", "alertmanager")

SCRAPE = 1.0
"""Seconds between two scrapes, of the keeper as of the real server."""

WINDOW = 10.0
"""Seconds a rate is taken over; one scrape more or less in it is a tenth."""

SMALLEST = {"ratio": 0.01, "seconds": 0.02, "per_second": 0.5}
"""What one request more or less in the window makes (about 200 requests), where a tenth of the figure is less."""


# --- the same story ---


async def test_both_ways_give_the_same_story() -> None:
    """Kinds of evidence, verdict, category, proposal and outcome are the same with the keeper and the real servers.

    Two runs of the world are not the same run, so figures are compared within one: see the next test."""
    kept = await _story(prometheus=False)
    real = await _story(prometheus=True)
    assert _gist(real) == _gist(kept)


async def _story(*, prometheus: bool) -> Incident:
    async with _at_the_terminal(prometheus=prometheus) as showcase:
        return await _lived(showcase)


def _gist(state: Incident) -> Any:
    """What the two ways have to agree on."""
    assert state.sweep is not None
    assert state.diagnosis is not None
    cause = state.diagnosis.cause
    assert cause is not None
    cited = {id for claim in cause.supporting for id in claim.evidence_ids}
    by_id = {each.id: each for each in state.sweep.evidence}
    change = cause.change
    return {
        "kinds": sorted({each.kind for each in state.sweep.evidence if each.abnormal}),
        "cited": sorted({by_id[id].kind for id in cited}),
        "silent": state.sweep.silent,
        "verdict": state.diagnosis.verdict,
        "category": (cause.category, cause.service, cause.peer, change.version if change else ""),
        "plans": [(p.plan.operation, p.plan.target, p.plan.arguments) for p in state.proposals.values()],
        "done": [p.execution.result for p in state.proposals.values() if p.execution],
        "recovered": [p.recovery.verdict for p in state.proposals.values() if p.recovery],
        "outcome": state.outcome,
    }


# --- the same figures ---


async def test_figures_agree_within_one_scrape_interval() -> None:
    """The keeper scrapes the same replicas beside the real server, up to one interval out of step with it.

    So every figure of the real run must lie within what the keeper gives when it is asked the same, its moments moved
    by -1, 0 and +1 interval, give or take what one scrape (of the ten in a window) can hold."""
    async with _at_the_terminal(prometheus=True) as showcase, ClientSession() as session:
        state = await _lived(showcase)
        keeper = replace(showcase.addresses, prometheus=showcase.addresses.keeper)
        assert keeper.prometheus != showcase.addresses.prometheus
        assert state.sweep is not None
        compared = [e for e in state.sweep.evidence if e.kind in ("metric", "sli") and e.count]
        assert len(compared) >= 10
        for evidence in compared:
            await _agrees(session, showcase, keeper, evidence)


async def _agrees(session: ClientSession, showcase: Showcase, keeper: Any, evidence: Evidence) -> None:
    own = await measuring.points_of(session, showcase.addresses, evidence)
    assert measuring.after_of(own, evidence) == pytest.approx(evidence.after.value if evidence.after else None)
    moved = [await measuring.points_of(session, keeper, _moved(evidence, by)) for by in (-SCRAPE, 0.0, SCRAPE)]
    befores = [measuring.before_of(points, _moved(evidence, by)) for points, by in zip(moved, STEPS, strict=True)]
    afters = [measuring.after_of(points, _moved(evidence, by)) for points, by in zip(moved, STEPS, strict=True)]
    for said, found in ((evidence.before, befores), (evidence.after, afters)):
        there = [value for value in found if value is not None]
        if said is None or not there:
            assert said is None or evidence.count < WINDOW, (evidence.id, evidence.query)
            continue
        room = max(SMALLEST.get(said.unit, 0.0), max(map(abs, there)) * SCRAPE / WINDOW)
        assert min(there) - room <= said.value <= max(there) + room, (evidence.id, evidence.query, said, there)


STEPS = (-SCRAPE, 0.0, SCRAPE)


def _moved(evidence: Evidence, by: float) -> Evidence:
    """The same piece of evidence, looked at `by` seconds later."""
    window = evidence.window
    shifted = {name: getattr(window, name).timestamp() + by for name in ("start", "split", "end")}
    moments = window.model_validate(shifted)
    details = evidence.details | {"split": evidence.details["split"] + by}
    return evidence.model_copy(update={"window": moments, "details": details})


# --- somebody else's rules ---


THEIRS = {
    "groups": [
        {
            "name": "checkout",
            "interval": "1s",
            "rules": [
                {
                    "alert": "CheckoutIsUnhappy",
                    "expr": 'sum by (service) (rate(http_requests_total{code=~"5.."}[15s])) > 1',
                    "for": "2s",
                    "labels": {"severity": "page", "env": "prod"},
                    "annotations": {"summary": "people cannot pay"},
                }
            ],
        }
    ]
}
"""A rule of somebody who never heard of us; no other rule is loaded."""


async def test_a_prometheus_that_has_none_of_our_rules(tmp_path: Path) -> None:
    rules = tmp_path / "theirs.yml"
    rules.write_text(yaml.safe_dump(THEIRS), encoding="utf-8")
    listening = bind("127.0.0.1", 0)
    alerts_to = f"http://127.0.0.1:{listening.getsockname()[1]}/alerts/alertmanager"
    async with open_world() as world, ClientSession() as session:
        real = RealPrometheus(rules, await _targets(session, world.keeper), alerts_to, "")
        async with real.running(session):
            addresses = replace(world, prometheus=real.prometheus_url)
            settings = load(
                None,
                data_dir=tmp_path / "data",
                http={"host": "127.0.0.1", "port": listening.getsockname()[1]},
                execution={"enabled": True, "allowed_operations": ",".join(OPERATIONS)},
                prometheus={"url": addresses.prometheus, "step": 1.0},
                loki={"url": addresses.loki},
                jaeger={"url": addresses.jaeger},
                releases={"url": addresses.releases, "operations": dict(OPERATIONS)},
                pace=TEMPO.model_dump(),
            )
            async with working(settings, real_parts(team_files=TEAM_FILES), listening) as house:
                await _until_baseline(session, real.prometheus_url)
                async with session.post(f"{world.control}/control/scenario", json={"name": SCENARIOS[0]}) as armed:
                    assert armed.status == 200
                state = await _diagnosed(house)
    alert = state.alert
    assert alert is not None
    assert (alert.name, alert.source, alert.severity) == ("CheckoutIsUnhappy", "alertmanager", "P1")
    assert alert.generator_url.startswith(real.prometheus_url)
    assert state.sweep is not None
    assert state.sweep.silent == ()
    abnormal = {each.signal for each in state.sweep.evidence if each.abnormal}
    assert {"sli", "unavailable_ratio", "pool_use", "new_error_log", "error_span", "change"} <= abnormal
    assert state.diagnosis is not None
    assert state.diagnosis.cause is not None
    assert (state.diagnosis.cause.category, state.diagnosis.cause.service) == (
        "deploy_db_regression",
        "payment-service",
    )


async def _targets(session: ClientSession, keeper: str) -> list[Target]:
    async with session.get(f"{keeper}/api/v1/targets") as answer:
        active = (await answer.json())["data"]["activeTargets"]
    return [
        Target(each["labels"]["job"], each["labels"]["instance"], {"service": each["labels"]["service"], "env": "prod"})
        for each in active
    ]


async def _until_baseline(session: ClientSession, prometheus: str) -> None:
    """Wait until the real server has seen the world in health for a while."""
    query = {"query": "min(count_over_time(up[60s]))"}
    async with asyncio.timeout(120):
        while True:
            async with session.get(f"{prometheus}/api/v1/query", params=query) as answer:
                result = (await answer.json())["data"]["result"]
            if result and float(result[0]["value"][1]) >= 28:
                return
            await asyncio.sleep(1.0)


async def _diagnosed(house: House) -> Incident:
    async with asyncio.timeout(120):
        while True:
            for incident in await house.store.register.newest(limit=1):
                state = fold(await house.store.timeline.read(incident))
                if state.diagnosis is not None:
                    return state
            await asyncio.sleep(0.5)


# --- the stage ---


@asynccontextmanager
async def _at_the_terminal(*, prometheus: bool) -> AsyncIterator[Showcase]:
    stage = Stage(language="en", prometheus=prometheus)
    async with open_showcase("127.0.0.1", 0, stage, (FakePlatform("terminal"),)) as showcase:
        yield showcase


async def _lived(showcase: Showcase) -> Incident:
    house = showcase.house
    operator = Operator(
        desk=house.desk,
        register=house.store.register,
        front_door=house.front_door,
        clock=house.tools.clock,
        account=Account(platform="terminal", id="lin", name="Lin"),
        room="demo",
        language="en",
        holds=True,
        echo=lambda name, text: None,
    )
    await showcase.arm(SCENARIOS[0])
    return await operator.see_through(await operator.wait_for_incident(90.0), 120.0)

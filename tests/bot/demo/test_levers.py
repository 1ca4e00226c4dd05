"""Tests the levers by which single parts of the demo world are moved, and the pulse that tells when it starves."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.demo.pulse import Pulse
from bot.demo.traffic import BASE_RPS
from bot.demo.world import World
from tests.bot.demo.stage import quiet_world


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with quiet_world() as world:
        yield world


async def pull(world: World, lever: str, body: dict[str, Any]) -> tuple[int, str]:
    url = f"{world.addresses['control']}/control/lever/{lever}"
    async with world.session.post(url, json=body) as answer:
        return answer.status, str((await answer.json()).get("error", ""))


async def test_every_lever_moves_its_part(world: World) -> None:
    payment = world.releases.release("payment-service")
    assert await pull(world, "traffic", {"service": "payment-service", "rps": 40}) == (200, "")
    assert world.traffic.rates == BASE_RPS | {"payment-service": 40.0}
    settings = {"service": "order-service", "settings": {"rate_limit_rps": 50}}
    assert await pull(world, "settings", settings) == (200, "")
    assert world.order_settings.rate_limit_rps == 50
    assert await pull(world, "recalculation", {"held_s": 3}) == (200, "")
    assert [table.held_s for table in world.tables] == [3.0, 3.0]
    line = {"service": "coupon-service", "version": "v1.8.2", "level": "warn", "message": "hello", "lines": 2}
    assert await pull(world, "log", line) == (200, "")
    assert sum("hello" in kept.text for kept in world.logs.between(0, 2**63)) == 2
    canary = {"service": "payment-service", "version": "v9.0.0", "kind": "canary", "replicas": 2}
    assert await pull(world, "release", canary) == (200, "")
    assert payment.fleet.versions() == {"v2.3.0": 2, "v9.0.0": 2}
    restart = {"service": "payment-service", "version": "v2.3.0", "kind": "restart"}
    assert await pull(world, "release", restart) == (200, "")
    assert payment.fleet.versions() == {"v2.3.0": 4}
    assert [each.kind for each in world.releases.history("payment-service", 0)][:2] == ["restart", "canary"]


@pytest.mark.parametrize(
    "lever, body, status, said",
    [
        ("earthquake", {}, 404, "no lever 'earthquake'"),
        ("traffic", {"service": "mysql", "rps": 4}, 422, "traffic goes to"),
        ("traffic", {"service": "payment-service", "rps": 1e9}, 422, "rps must be a number from 0 to 200"),
        ("traffic", {"service": "payment-service", "rps": True}, 422, "rps must be a number"),
        ("release", {"service": "payment-service", "version": "v1", "kind": "surprise"}, 422, "the kind of a release"),
        ("release", {"service": "nobody", "version": "v1", "kind": "rollout"}, 422, "not on this platform"),
        ("settings", {"service": "coupon-service", "settings": {"a": 1}}, 422, "are: none"),
        ("settings", {"service": "order-service"}, 422, "are: rate_limit_rps"),
        ("log", {"lines": 10_000}, 422, "lines must be a number from 0 to 200"),
    ],
)
async def test_what_makes_no_sense_is_one_sentence(
    world: World, lever: str, body: dict[str, Any], status: int, said: str
) -> None:
    found = await pull(world, lever, body)
    assert found[0] == status
    assert said in found[1]


def test_a_world_that_stands_still_is_noticed() -> None:
    pulse = Pulse()
    assert pulse.starved() == 0.0
    pulse.note(100.0, 0.01)
    assert pulse.starved() == 0.0
    pulse.note(101.0, 1.02)
    pulse.note(102.0, 0.52)
    assert pulse.starved() == pytest.approx(0.15)
    pulse.note(150.0, 0.12)
    assert pulse.starved() == pytest.approx(0.15)
    pulse.note(163.0, 0.12)
    assert pulse.starved() == pytest.approx(0.01)

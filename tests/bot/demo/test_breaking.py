"""Checks that the faults are in what runs: the pool really empties, and what is done about it really helps."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.demo.services.order import TokenBucket
from bot.demo.services.payment import POOL_SIZE, PaymentReplica
from bot.demo.services.pool import Pool, PoolExhausted
from bot.demo.traffic import BASE_RPS
from bot.demo.world import World
from tests.bot.demo.stage import quiet_world

EXPIRED = {"account": "1", "cents": 100, "coupon": "WINTER"}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with quiet_world() as running:
        yield running


async def send(world: World, service: str, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
    address = world.releases.release(service).fleet.balancer.choose()
    async with world.session.request(method, f"{address}{path}", json=body) as answer:
        return answer.status, await answer.json()


async def pay_at(world: World, port: int, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    async with world.session.post(f"http://127.0.0.1:{port}/pay", json=body) as answer:
        return answer.status, await answer.json()


async def act(world: World, action: str, target: str, args: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    body = {
        "audit_id": "a1",
        "action": action,
        "target": target,
        "args": args,
        "dry_run": False,
        "idempotency_key": "k",
    }
    url = f"{world.addresses['releases']}/actions/execute"
    async with world.session.post(url, json=body, headers={"X-Tocsin-Audit-Id": "a1"}) as answer:
        return answer.status, await answer.json()


def canary(world: World) -> PaymentReplica:
    fleet = world.releases.release("payment-service").fleet
    replica = fleet.replicas[fleet.ports[-1]]
    assert isinstance(replica, PaymentReplica)
    return replica


async def empty_the_pool(world: World) -> PaymentReplica:
    await world.releases.canary("payment-service", "v2.3.1", "ci", "")
    broken = canary(world)
    for _ in range(POOL_SIZE):
        assert (await pay_at(world, broken.port, EXPIRED))[0] == 200
    return broken


async def test_the_leak_empties_the_pool_and_503s_follow(world: World) -> None:
    broken = await empty_the_pool(world)
    assert (broken.pool.in_use, broken.pool.idle) == (POOL_SIZE, 0)
    status, body = await pay_at(world, broken.port, {"account": "2", "cents": 5})
    assert status == 503
    assert body["error"].startswith(f"connection pool exhausted ({POOL_SIZE}/{POOL_SIZE} in use, waited 0.6")
    text = broken.meters.text()
    assert f'db_pool_connections{{state="in_use"}} {POOL_SIZE}' in text
    assert 'http_requests_total{code="503",method="POST",route="/pay",version="v2.3.1"} 1' in text
    errors = [span for spans in world.spans.newest_first() for span in spans if span.error]
    assert {"mysql acquire", "POST /pay"} == {span.operation for span in errors}


async def test_the_older_version_gives_every_connection_back(world: World) -> None:
    fleet = world.releases.release("payment-service").fleet
    healthy = fleet.replicas[fleet.ports[0]]
    assert isinstance(healthy, PaymentReplica)
    for _ in range(POOL_SIZE + 2):
        assert (await pay_at(world, healthy.port, EXPIRED))[0] == 200
    assert healthy.pool.in_use == 0


async def test_rolling_back_starts_the_older_version_and_closes_the_leaked_connections(world: World) -> None:
    broken = await empty_the_pool(world)
    before = world.mysql.connections
    status, body = await act(world, "rollback_canary", "payment-service", {"to_version": "v2.3.0"})
    assert status == 200
    assert body["receipt"]["changes"] == [
        {"field": "versions", "from": {"v2.3.0": 3, "v2.3.1": 1}, "to": {"v2.3.0": 4}}
    ]
    assert world.releases.release("payment-service").fleet.versions() == {"v2.3.0": 4}
    assert canary(world) is not broken
    assert canary(world).port == broken.port
    assert (await pay_at(world, broken.port, EXPIRED))[0] == 200
    assert world.mysql.connections <= before - POOL_SIZE + 1


async def test_a_stalled_coupon_service_makes_payments_time_out_until_the_path_is_disabled(world: World) -> None:
    payment = {"account": "3", "cents": 900, "coupon": "VIP"}
    async with world.tables[0].lock, world.tables[1].lock:
        status, body = await send(world, "payment-service", "POST", "/pay", payment)
        assert (status, body["error"]) == (504, "coupon-service did not answer within 0.8 s")
        assert (await act(world, "scale_or_disable_coupon_path", "payment-service", {"mode": "disabled"}))[0] == 200
        assert (await send(world, "payment-service", "POST", "/pay", payment))[0] == 200


async def test_order_limits_more_requests_than_its_bucket_holds_until_the_limit_is_raised(world: World) -> None:
    async def burst(count: int) -> list[int]:
        async with asyncio.TaskGroup() as group:
            sent = [group.create_task(send(world, "order-service", "GET", f"/orders/{n}")) for n in range(count)]
        return [task.result()[0] for task in sent]

    assert 429 in await burst(40)
    assert (await act(world, "adjust_rate_limit", "order-service", {"rate_limit_rps": 60}))[0] == 200
    await asyncio.sleep(0.5)
    assert set(await burst(20)) == {200}


async def test_placing_an_order_pays_for_it_and_the_trace_runs_through_all_three(world: World) -> None:
    status, body = await send(world, "order-service", "POST", "/orders", {"account": "4", "cents": 7, "coupon": "VIP"})
    assert (status, body) == (201, {"status": "paid"})
    kept = [spans for spans in world.spans.newest_first() if len(spans) > 3]
    for spans in kept:
        assert {span.service for span in spans} == {"order-service", "payment-service", "coupon-service"}


@pytest.mark.parametrize(
    "body", [{"account": "1 2\nCHARGE 3"}, {"cents": "many"}, {"cents": 1.5}, {"coupon": "a&b=c"}, {"account": []}]
)
async def test_a_payment_that_makes_no_sense_is_refused(world: World, body: dict[str, Any]) -> None:
    assert (await send(world, "payment-service", "POST", "/pay", body))[0] == 400


async def test_a_surge_ebbs_when_its_time_is_over(world: World) -> None:
    world.traffic.surge("payment-service", 200.0, ebbs_at=0.0)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.1):
            await world.traffic.run()
    assert world.traffic.rates == BASE_RPS


async def test_two_charges_of_one_account_at_once_meet_a_real_deadlock(world: World) -> None:
    async with asyncio.TaskGroup() as group:
        sent = [group.create_task(send(world, "payment-service", "POST", "/pay", {"account": "9"})) for _ in range(4)]
    assert 500 in [task.result()[0] for task in sent]


async def test_a_pool_lends_at_most_its_size_and_hands_on_what_comes_back(world: World) -> None:
    pool = Pool(world.mysql.port, 2, 0.05)
    first, second = await pool.acquire(), await pool.acquire()
    with pytest.raises(PoolExhausted, match=r"2/2 in use"):
        await pool.acquire()
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(pool.acquire())
        await asyncio.sleep(0)
        pool.release(first)
    assert waiting.result() is first
    pool.release(second, broken=True)
    assert (pool.in_use, pool.idle) == (1, 0)
    pool.close()


def test_a_token_bucket_lets_its_rate_through() -> None:
    bucket = TokenBucket(burst_s=0.5)
    admitted = sum(bucket.admit(10, 100 + step / 40) for step in range(400))
    assert 100 <= admitted <= 106


async def test_a_fault_is_refused_before_there_is_a_baseline(world: World) -> None:
    url = f"{world.addresses['control']}/control/scenario"
    world.scenarios.began()
    async with world.session.post(url, json={"name": "false-alarm"}) as answer:
        assert answer.status == 409
        assert "of healthy baseline yet" in (await answer.json())["error"]
    async with world.session.post(url, json={"name": "earthquake"}) as answer:
        assert "there is no scenario 'earthquake'" in (await answer.json())["error"]


async def test_reset_takes_everything_back(world: World) -> None:
    world.scenarios.healthy_since = 1.0
    control = world.addresses["control"]
    async with world.session.post(f"{control}/control/scenario", json={"name": "payment-503-after-deploy"}) as answer:
        assert (await answer.json())["phase"] == "fault"
    assert world.releases.release("payment-service").fleet.versions() == {"v2.3.0": 3, "v2.3.1": 1}
    async with world.session.post(f"{control}/control/reset") as answer:
        assert (await answer.json())["phase"] == "baseline"
    assert world.releases.release("payment-service").fleet.versions() == {"v2.3.0": 4}

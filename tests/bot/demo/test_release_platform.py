"""Checks the release platform: dry-runs change nothing, keys execute once, stale callers are refused."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.demo.ledger import Conflict, Ledger
from bot.demo.world import World
from tests.bot.demo.stage import quiet_world

TOKEN = "of the platform"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with quiet_world(releases_token=TOKEN) as running:
        yield running


async def ask(world: World, method: str, path: str, body: Any = None, token: str = TOKEN) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}", "X-Tocsin-Audit-Id": "audit-1"}
    async with world.session.request(
        method, f"{world.addresses['releases']}{path}", json=body, headers=headers
    ) as answer:
        return answer.status, await answer.json()


def order(**changes: Any) -> dict[str, Any]:
    body = {
        "audit_id": "audit-1",
        "action": "adjust_rate_limit",
        "target": "order-service",
        "args": {"rate_limit_rps": 50},
        "dry_run": False,
        "idempotency_key": "key-1",
        "expected_resource_version": "",
        "incident": "inc_0a1b2c3d",
        "approval_id": "apr_1",
    }
    return {**body, **changes}


async def execute(world: World, **changes: Any) -> tuple[int, Any]:
    return await ask(world, "POST", "/actions/execute", order(**changes))


async def state(world: World, service: str = "order-service") -> Any:
    return (await ask(world, "GET", f"/state/{service}"))[1]


async def counters(world: World) -> Any:
    async with world.session.get(f"{world.addresses['control']}/control/counters") as answer:
        return await answer.json()


async def test_a_dry_run_shows_the_change_and_makes_none(world: World) -> None:
    before = await state(world)
    status, body = await execute(world, dry_run=True)
    assert status == 200
    assert body == {
        "allowed": True,
        "reason": "",
        "command_preview": "releases set order-service rate_limit_rps=50",
        "changes": [{"field": "settings.rate_limit_rps", "from": 30, "to": 50}],
        "resource_version": before["resource_version"],
    }
    assert await state(world) == before
    assert (await counters(world))["executed"] == 0


async def test_the_same_key_executes_once_and_answers_the_same_receipt(world: World) -> None:
    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(execute(world)) for _ in range(5)]
    answers = [call.result() for call in calls]
    assert {status for status, _ in answers} == {200}
    assert len({body["receipt"]["id"] for _, body in answers}) == 1
    assert sorted(body["repeated"] for _, body in answers) == [False, True, True, True, True]
    counted = await counters(world)
    assert (counted["executed"], counted["repeated"], counted["keys"]) == (1, 4, ["key-1"])
    assert (await ask(world, "GET", "/actions/key-1"))[1]["receipt"] == answers[0][1]["receipt"]


async def test_a_key_used_for_something_else_is_refused(world: World) -> None:
    assert (await execute(world))[0] == 200
    status, body = await execute(world, args={"rate_limit_rps": 40})
    assert status == 409
    assert "was used for another action" in body["error"]
    assert (await state(world))["settings"] == {"rate_limit_rps": 50}


async def test_a_stale_resource_version_changes_nothing(world: World) -> None:
    seen = (await state(world))["resource_version"]
    assert (await execute(world, expected_resource_version=seen))[0] == 200
    status, body = await execute(
        world, idempotency_key="key-2", args={"rate_limit_rps": 40}, expected_resource_version=seen
    )
    assert status == 409
    assert "nothing was done" in body["error"]
    assert (await state(world))["settings"] == {"rate_limit_rps": 50}
    assert (await ask(world, "GET", "/actions/key-2")) == (404, {"status": "not_done"})


async def test_a_fenced_key_never_executes(world: World) -> None:
    assert (await ask(world, "POST", "/actions/key-1/refuse"))[1] == {"was": "not_done", "done": False, "refused": True}
    for _ in range(2):
        status, body = await execute(world)
        assert status == 409
        assert "fenced off" in body["error"]
    assert (await counters(world))["executed"] == 0


async def test_fencing_a_key_that_was_done_says_so(world: World) -> None:
    receipt = (await execute(world))[1]["receipt"]
    body = (await ask(world, "POST", "/actions/key-1/refuse"))[1]
    assert (body["was"], body["done"], body["receipt"]) == ("done", True, receipt)


async def test_undo_puts_a_former_state_back(world: World) -> None:
    former = await state(world)
    await execute(world)
    status, body = await execute(world, action="restore_state", args={"state": former}, idempotency_key="key-2")
    assert status == 200
    assert body["receipt"]["changes"] == [{"field": "settings.rate_limit_rps", "from": 50, "to": 30}]
    now = await state(world)
    assert {**now, "resource_version": ""} == {**former, "resource_version": ""}
    assert now["resource_version"] != former["resource_version"]


async def test_undo_of_a_rollback_really_runs_the_newer_version_again(world: World) -> None:
    await world.releases.canary("payment-service", "v2.3.1", "ci", "")
    former = await state(world, "payment-service")
    about: dict[str, Any] = {"target": "payment-service"}
    await execute(world, **about, action="rollback_canary", args={"to_version": "v2.3.0"})
    await execute(world, **about, action="restore_state", args={"state": former}, idempotency_key="key-2")
    assert (await state(world, "payment-service"))["versions"] == {"v2.3.0": 3, "v2.3.1": 1}


@pytest.mark.parametrize(
    "changes, says",
    [
        ({"action": "drop_database"}, "the action 'drop_database' is not known"),
        ({"target": "ledger"}, "the target 'ledger' is not on this platform"),
        ({"args": {"rate_limit_rps": 10_000}}, "must be a number from 1 to 80"),
        ({"args": {"rate_limit_rps": True}}, "must be a number from 1 to 80"),
        ({"args": {}}, "takes exactly the argument 'rate_limit_rps'"),
        ({"args": []}, "args must be an object"),
        ({"dry_run": "yes"}, "dry_run must be true or false"),
        ({"idempotency_key": ""}, "needs an idempotency_key"),
        ({"audit_id": "audit-2"}, "the header X-Tocsin-Audit-Id must say the same"),
        ({"args": {"rate_limit_rps": 30}}, "is 30 already"),
        ({"action": "rollback_canary", "args": {"to_version": "v0"}}, "has no build 'v0'"),
        ({"action": "scale_or_disable_coupon_path", "args": {"mode": "disabled"}}, "does not apply to order-service"),
        ({"action": "restore_state", "args": {"state": {}}}, "state must be a former answer"),
    ],
)
async def test_what_cannot_be_done_is_said_in_one_sentence(world: World, changes: dict[str, Any], says: str) -> None:
    before = await state(world)
    status, body = await execute(world, **changes)
    assert status == 422
    assert says in body["error"]
    assert "\n" not in body["error"]
    assert await state(world) == before


async def test_a_wrong_token_is_turned_away(world: World) -> None:
    assert (await ask(world, "GET", "/state/order-service", token="guess"))[0] == 401
    assert (await ask(world, "POST", "/actions/execute", order(), token=""))[0] == 401
    assert (await counters(world))["executed"] == 0


async def test_the_history_is_newest_first_and_can_be_cut(world: World) -> None:
    await world.releases.canary("payment-service", "v2.3.1", "ci", "try")
    _, body = await ask(world, "GET", "/deployments?service=payment-service&since=0")
    assert [(each["version"], each["kind"]) for each in body["deployments"]] == [
        ("v2.3.1", "canary"),
        ("v2.3.0", "rollout"),
    ]
    recent = world.clock.now() - 60
    _, body = await ask(world, "GET", f"/deployments?service=payment-service&since={recent}")
    assert [each["version"] for each in body["deployments"]] == ["v2.3.1"]


async def test_a_key_is_free_again_when_its_first_call_failed() -> None:
    ledger = Ledger()

    async def fails() -> dict[str, object]:
        raise Conflict("no")

    async def works() -> dict[str, object]:
        return {"id": "r1"}

    with pytest.raises(Conflict):
        await ledger.once("k", "d", fails)
    assert ledger.look("k") == ("not_done", None)
    assert await ledger.once("k", "d", works) == ({"id": "r1"}, False)

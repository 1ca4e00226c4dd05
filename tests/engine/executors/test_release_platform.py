"""Runs the HTTP executor against the demo's release platform: the real protocol on both sides."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from bot.demo.world import World
from engine.errors import ExecutorRefused
from engine.executors.http import HttpExecutor
from engine.model import Phrase, Plan
from engine.ports import Order
from tests.bot.demo.stage import quiet_world

AT = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
PAYMENT = "payment-service"
ROLLBACK = Plan(
    id="plan_1",
    operation="rollback_canary",
    operation_class="rollback",
    executor="releases",
    target=PAYMENT,
    arguments={"to_version": "v2.3.0"},
    reason=Phrase(word="x"),
)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with quiet_world(releases_token="secret") as running:
        await running.releases.canary(PAYMENT, "v2.3.1", "ci", "")
        yield running


@pytest.fixture
def executor(world: World) -> HttpExecutor:
    base = str(world.addresses["releases"])
    return HttpExecutor(base, "secret", world.session, {"rollback_canary": "rollback"})


async def order(executor: HttpExecutor, plan: Plan = ROLLBACK, key: str = "inc_1.1.plan_1.act.1") -> Order:
    taken = await executor.checkpoint(plan.target, "checkpoint_1", AT)
    return Order(
        incident="inc_1", approval="approval_1", audit="audit_1", key=key, plan=plan,
        resource_version=taken.resource_version,
    )  # fmt: skip


async def test_a_rollback_and_its_undo(world: World, executor: HttpExecutor) -> None:
    fleet = world.releases.release(PAYMENT).fleet
    running = fleet.versions()
    taken = await executor.checkpoint(PAYMENT, "checkpoint_1", AT)
    seen = await executor.dry_run(ROLLBACK)
    assert seen.allowed
    assert seen.resource_version == taken.resource_version
    assert fleet.versions() == running
    told = await order(executor)
    receipt = await executor.run(told)
    assert set(fleet.versions()) == {"v2.3.0"}
    assert await executor.run(told) == receipt
    assert (await executor.probe(told)).receipt == receipt
    back = executor.undo(ROLLBACK, taken)
    assert back is not None
    await executor.run(await order(executor, back, "inc_1.1.plan_1_undo.act.1"))
    assert fleet.versions() == running


async def test_a_stale_order_and_a_fenced_one_are_refused(world: World, executor: HttpExecutor) -> None:
    told = await order(executor)
    answer = await executor.probe(told)
    assert (answer.state, answer.fenced) == ("not_done", True)
    with pytest.raises(ExecutorRefused):
        await executor.run(told)
    stale = (await order(executor, key="another")).model_copy(update={"resource_version": "1"})
    with pytest.raises(ExecutorRefused):
        await executor.run(stale)
    assert set(world.releases.release(PAYMENT).fleet.versions()) == {"v2.3.0", "v2.3.1"}


async def test_a_wrong_token_is_refused(world: World) -> None:
    wrong = HttpExecutor(str(world.addresses["releases"]), "guess", world.session, {})
    with pytest.raises(ExecutorRefused):
        await wrong.checkpoint(PAYMENT, "checkpoint_1", AT)

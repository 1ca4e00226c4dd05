"""Says what every executor promises; the fake and each real one run it."""

import asyncio
from datetime import UTC, datetime
from typing import Any, Protocol

import pytest

from engine.errors import ExecutorRefused, ExecutorUnclear
from engine.model import Phrase, Plan
from engine.ports import Executor, Order
from tests.fakes.executors import Mood

AT = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


class Bench(Protocol):
    """An executor under test with the world behind it."""

    @property
    def executor(self) -> Executor: ...

    def touch(self) -> None:
        """Somebody else changes the target."""
        ...

    def done(self) -> int:
        """How often anything was really changed."""
        ...

    def misbehave(self, how: Mood) -> None:
        """refuse, unclear (nothing done), unclear_done (done, then no answer), garbage (done, unreadable)."""
        ...

    def lose(self) -> None:
        """What became of an order can no longer be asked."""
        ...


def plan(**values: Any) -> Plan:
    told = {"operation": "rollback_canary", "operation_class": "rollback", "arguments": {"version": "v1"}, **values}
    return Plan(id="plan_1", executor="fake", target=told.pop("target", "payment"), reason=Phrase(word="x"), **told)


class ExecutorContract:
    """A suite that runs it hands in `bench`, freshly set up."""

    async def order(self, bench: Bench, key: str = "key.1", **values: Any) -> Order:
        taken = await bench.executor.checkpoint("payment", "checkpoint_1", AT)
        return Order(
            incident="inc_1",
            approval="approval_1",
            audit="audit_1",
            key=key,
            plan=plan(**values),
            resource_version=taken.resource_version,
        )

    async def test_knows_its_operations(self, bench: Bench) -> None:
        assert bench.executor.name
        assert bench.executor.operations["rollback_canary"] == "rollback"
        assert bench.executor.operations["restore_state"] == "restore"

    async def test_a_checkpoint_holds_the_real_state(self, bench: Bench) -> None:
        taken = await bench.executor.checkpoint("payment", "checkpoint_1", AT)
        assert taken.state["version"] == "v2"
        assert (taken.id, taken.target, taken.at) == ("checkpoint_1", "payment", AT)
        bench.touch()
        later = await bench.executor.checkpoint("payment", "checkpoint_2", AT)
        assert later.resource_version != taken.resource_version

    async def test_an_unknown_target_is_refused(self, bench: Bench) -> None:
        with pytest.raises(ExecutorRefused):
            await bench.executor.checkpoint("nobody", "checkpoint_1", AT)
        with pytest.raises(ExecutorRefused):
            await bench.executor.dry_run(plan(target="nobody"))

    async def test_a_dry_run_shows_and_changes_nothing(self, bench: Bench) -> None:
        taken = await bench.executor.checkpoint("payment", "checkpoint_1", AT)
        seen = await bench.executor.dry_run(plan())
        assert seen.allowed
        assert [dict(change) for change in seen.changes] == [{"field": "version", "from": "v2", "to": "v1"}]
        assert seen.command_preview
        assert seen.resource_version == taken.resource_version
        assert await bench.executor.dry_run(plan()) == seen
        assert bench.done() == 0

    async def test_a_dry_run_of_nothing_is_not_allowed_and_says_why(self, bench: Bench) -> None:
        seen = await bench.executor.dry_run(plan(arguments={"version": "v2"}))
        assert not seen.allowed
        assert seen.reason

    async def test_running_changes_once_and_gives_a_receipt(self, bench: Bench) -> None:
        order = await self.order(bench)
        receipt = await bench.executor.run(order)
        assert (receipt.action, receipt.target) == ("rollback_canary", "payment")
        assert receipt.id
        assert (await bench.executor.checkpoint("payment", "c", AT)).state["version"] == "v1"
        assert await bench.executor.run(order) == receipt
        assert bench.done() == 1
        assert (await bench.executor.probe(order)).receipt == receipt

    async def test_a_target_that_changed_refuses(self, bench: Bench) -> None:
        order = await self.order(bench)
        bench.touch()
        with pytest.raises(ExecutorRefused):
            await bench.executor.run(order)
        assert bench.done() == 0

    async def test_a_refusal_is_no_change(self, bench: Bench) -> None:
        order = await self.order(bench)
        bench.misbehave("refuse")
        with pytest.raises(ExecutorRefused):
            await bench.executor.run(order)
        assert bench.done() == 0

    @pytest.mark.parametrize("how", ["unclear", "unclear_done", "garbage"])
    async def test_doubt_is_never_taken_for_an_answer(self, bench: Bench, how: Mood) -> None:
        order = await self.order(bench)
        bench.misbehave(how)
        with pytest.raises(ExecutorUnclear):
            await bench.executor.run(order)
        bench.misbehave("well")
        answer = await bench.executor.probe(order)
        assert answer.state == ("not_done" if how == "unclear" else "done")
        assert bench.done() == (0 if how == "unclear" else 1)

    async def test_a_hanging_target_leaves_the_caller_his_timeout(self, bench: Bench) -> None:
        order = await self.order(bench)
        bench.misbehave("hang")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await bench.executor.run(order)

    async def test_an_order_that_was_probed_as_not_done_is_refused_for_ever(self, bench: Bench) -> None:
        order = await self.order(bench)
        answer = await bench.executor.probe(order)
        assert (answer.state, answer.fenced) == ("not_done", True)
        assert (await bench.executor.probe(order)).fenced
        with pytest.raises(ExecutorRefused):
            await bench.executor.run(order)
        assert bench.done() == 0

    async def test_who_cannot_tell_says_so(self, bench: Bench) -> None:
        order = await self.order(bench)
        bench.lose()
        try:
            state = (await bench.executor.probe(order)).state
        except ExecutorUnclear:
            state = "unknown"
        assert state == "unknown"

    async def test_undo_brings_the_checkpoint_back(self, bench: Bench) -> None:
        taken = await bench.executor.checkpoint("payment", "checkpoint_1", AT)
        await bench.executor.run(await self.order(bench))
        back = bench.executor.undo(plan(), taken)
        assert back is not None
        assert back.operation_class == "restore"
        now = await bench.executor.checkpoint("payment", "checkpoint_2", AT)
        await bench.executor.run(
            Order(
                incident="inc_1",
                approval="approval_2",
                audit="audit_2",
                key="key.2",
                plan=back,
                resource_version=now.resource_version,
            )
        )
        assert (await bench.executor.checkpoint("payment", "c", AT)).state["version"] == "v2"
        assert bench.executor.undo(back, now) is None

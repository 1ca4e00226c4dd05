"""Fakes a target that can be changed: in memory, counting every call, and able to misbehave in each way one does."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from engine.errors import ExecutorRefused, ExecutorUnclear
from engine.model import Checkpoint, DryRun, OperationClass, Phrase, Plan, Receipt
from engine.ports import Order, Probe

Mood = Literal["well", "hang", "refuse", "unclear", "unclear_done", "garbage"]
OPERATIONS: dict[str, OperationClass] = {
    "rollback_canary": "rollback",
    "set_value": "configure",
    "restore_state": "restore",
}


class FakeTarget:
    """The world behind an executor: states with versions, receipts by key, keys refused for ever."""

    def __init__(self) -> None:
        self.states: dict[str, dict[str, Any]] = {"payment": {"version": "v2", "limit": 10}}
        self.revisions: Counter[str] = Counter()
        self.receipts: dict[str, Receipt] = {}
        self.fenced: set[str] = set()
        self.done: list[Order] = []

    def resource_version(self, target: str) -> str:
        return str(100 + self.revisions[target])

    def touch(self, target: str) -> None:
        """Somebody else changes the target."""
        self.revisions[target] += 1

    def changes(self, plan: Plan) -> tuple[dict[str, Any], ...]:
        state = self.states[plan.target]
        wanted = plan.arguments.get("state", plan.arguments)
        return tuple(
            {"field": name, "from": state.get(name), "to": value}
            for name, value in wanted.items()
            if state.get(name) != value and name != "resource_version"
        )

    def apply(self, order: Order) -> Receipt:
        """Do it, once for each key, and never under a key that was fenced off or for a version that is gone."""
        if order.key in self.receipts:
            return self.receipts[order.key]
        if order.key in self.fenced:
            raise ExecutorRefused("this key was fenced off")
        if order.resource_version != self.resource_version(order.plan.target):
            raise ExecutorRefused("the resource version is no longer true")
        return self.force(order)

    def force(self, order: Order) -> Receipt:
        """Do it without looking."""
        plan = order.plan
        changes = self.changes(plan)
        self.states[plan.target] |= {change["field"]: change["to"] for change in changes}
        self.revisions[plan.target] += 1
        self.done.append(order)
        receipt = Receipt(
            id=f"receipt_{len(self.done)}",
            action=plan.operation,
            target=plan.target,
            at=datetime(2026, 3, 1, 10, 0, tzinfo=UTC),
            resource_version=self.resource_version(plan.target),
            changes=changes,
        )
        self.receipts[order.key] = receipt
        return receipt


class FakeExecutor:
    """An executor over a FakeTarget. `mood` decides how `run` goes, `probe_mood` how `probe` does:

    hang: never answers, nothing done · refuse: says no · unclear: nothing done, nobody knows · unclear_done: done,
    nobody knows · garbage: done, but what comes back cannot be read. `fences`: whether a probe fences a lost call off.
    """

    def __init__(self, target: FakeTarget | None = None, *, fences: bool = True, name: str = "fake") -> None:
        self.target = target or FakeTarget()
        self.calls: Counter[str] = Counter()
        self.mood: Mood = "well"
        self.probe_mood: Mood = "well"
        self.look_mood: Mood = "well"
        self.fences = fences
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    @property
    def operations(self) -> Mapping[str, OperationClass]:
        return OPERATIONS

    async def checkpoint(self, target: str, id: str, at: datetime) -> Checkpoint:
        self.calls["checkpoint"] += 1
        await self._mood(self.look_mood)
        if target not in self.target.states:
            raise ExecutorRefused(f"there is no target {target}")
        state = dict(self.target.states[target])
        version = self.target.resource_version(target)
        return Checkpoint(id=id, target=target, state=state, resource_version=version, at=at)

    async def dry_run(self, plan: Plan) -> DryRun:
        self.calls["dry_run"] += 1
        await self._mood(self.look_mood)
        if plan.target not in self.target.states or plan.operation not in OPERATIONS:
            raise ExecutorRefused("there is no such target or operation")
        changes = self.target.changes(plan)
        return DryRun(
            allowed=bool(changes),
            reason="" if changes else "it is so already",
            command_preview=f"fake {plan.operation} {plan.target}",
            changes=changes,
            resource_version=self.target.resource_version(plan.target),
        )

    async def run(self, order: Order) -> Receipt:
        self.calls["run"] += 1
        if self.mood in ("unclear_done", "garbage"):
            self.target.apply(order)
        await self._mood(self.mood)
        return self.target.apply(order)

    async def probe(self, order: Order) -> Probe:
        self.calls["probe"] += 1
        await self._mood(self.probe_mood)
        if order.key in self.target.receipts:
            return Probe(state="done", receipt=self.target.receipts[order.key])
        if self.fences:
            self.target.fenced.add(order.key)
        return Probe(state="not_done", fenced=self.fences)

    def undo(self, plan: Plan, checkpoint: Checkpoint) -> Plan | None:
        if plan.operation == "restore_state":
            return None
        return Plan(
            id=f"{plan.id}_undo",
            operation="restore_state",
            operation_class="restore",
            executor=self._name,
            target=checkpoint.target,
            arguments={"state": checkpoint.state},
            reason=Phrase(word="plan.undo_reason"),
            evidence_ids=plan.evidence_ids,
        )

    async def _mood(self, mood: Mood) -> None:
        match mood:
            case "hang":
                await asyncio.Event().wait()
            case "refuse":
                raise ExecutorRefused("no")
            case "unclear" | "unclear_done" | "garbage":
                raise ExecutorUnclear("nobody knows")
            case "well":
                pass

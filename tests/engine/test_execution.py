"""Proves that an approved action is done once, as approved or not at all, and that doubt goes to people."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from engine import execution
from engine.approvals import ask, seal
from engine.execution import Checked, Prepared, Run, Unprepared, check, execute, order, prepare, rehearse_again
from engine.incident import fold
from engine.journal import Journal
from engine.model import Decision, Execution, Judgement, Phrase, Plan, Request
from engine.ports import Draft, Order
from tests.fakes.clock import START, FakeClock, FakeIds, settle
from tests.fakes.executors import FakeExecutor
from tests.fakes.store import FakeTimeline

INCIDENT = "inc_00000001"
PATIENCE = 0.05
JUDGEMENT = Judgement(tier="destructive", allowed=True)
PLAN = Plan(
    id="plan_1",
    operation="rollback_canary",
    operation_class="rollback",
    executor="fake",
    target="payment",
    arguments={"version": "v1"},
    reason=Phrase(word="plan.reason"),
    evidence_ids=("ev_metric_1",),
)


class Silent:
    """A desk nobody looks at."""

    async def show(self, incident: str, slot: str) -> None:
        """Show nothing."""


class Site:
    """An incident, an executor, and as many runs of it as a test wants."""

    def __init__(self) -> None:
        self.timeline = FakeTimeline()
        self.timeline.create(INCIDENT, "default")
        self.clock = FakeClock(auto=True)
        self.ids = FakeIds()
        self.executor = FakeExecutor()
        self.stop: Phrase | None = None

    def journal(self) -> Journal:
        return Journal(INCIDENT, 1, self.timeline, Silent(), self.clock, self.ids)

    async def prepare(self, i: int = 1, plan: Plan = PLAN) -> Prepared | Unprepared:
        return await prepare(self.journal(), self.executor, plan, i, self.ids, self.clock, PATIENCE)

    async def request(self, i: int = 1) -> Request:
        ready = await self.prepare(i)
        assert isinstance(ready, Prepared), ready
        asked = ask(INCIDENT, PLAN, JUDGEMENT, ready.checkpoint, ready.dry_run, self.ids, self.clock.now(), 30)
        return await self.journal().settle(f"plan_1/request/{i}", "approval.requested", asked)

    async def guard(self) -> Phrase | None:
        return self.stop

    def run(self, request: Request, i: int = 1) -> Run:
        told = order(self.journal(), request, "audit_1", i)
        return Run(order=told, same=seal(INCIDENT, request), guard=self.guard, patience=PATIENCE)

    async def execute(self, request: Request, i: int = 1) -> Execution:
        return await execute(self.journal(), self.executor, self.run(request, i), i, self.clock)

    @property
    def done(self) -> int:
        return len(self.executor.target.done)

    async def kinds(self) -> list[str]:
        return [entry.kind for entry in await self.timeline.read(INCIDENT)]


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    yield Site()


# --- prepare ---------------------------------------------------------------------------------------------------------


async def test_checkpoint_comes_before_dry_run_and_each_is_taken_once(site: Site) -> None:
    first = await site.prepare()
    again = await site.prepare()
    assert first == again
    assert isinstance(first, Prepared)
    assert first.checkpoint.state == {"version": "v2", "limit": 10}
    assert first.dry_run.changes == ({"field": "version", "from": "v2", "to": "v1"},)
    assert await site.kinds() == ["checkpoint.created", "dry_run.completed"]
    assert (site.executor.calls["checkpoint"], site.executor.calls["dry_run"]) == (1, 1)
    keys = [entry.key for entry in await site.timeline.read(INCIDENT)]
    assert keys == ["1/plan_1/checkpoint/1", "1/plan_1/dry_run/1"]
    assert site.done == 0


@pytest.mark.parametrize("mood", ["hang", "refuse", "unclear"])
async def test_a_target_that_cannot_be_looked_at_is_not_asked_about(site: Site, mood: Any) -> None:
    site.executor.look_mood = mood
    ready = await site.prepare()
    assert isinstance(ready, Unprepared)
    assert ready.phrase.word == "execution.not_prepared"
    site.executor.look_mood = "well"
    assert isinstance(await site.prepare(), Prepared)


async def test_what_the_target_would_refuse_is_not_asked_about(site: Site) -> None:
    plan = PLAN.model_copy(update={"arguments": {"version": "v2"}})
    ready = await site.prepare(plan=plan)
    assert isinstance(ready, Unprepared)
    assert (ready.phrase.word, ready.phrase.values["detail"]) == ("execution.dry_run_refused", "it is so already")


async def test_a_target_that_moves_between_checkpoint_and_dry_run_is_not_asked_about(site: Site) -> None:
    class Moving(FakeExecutor):
        async def checkpoint(self, target, id, at):
            taken = await super().checkpoint(target, id, at)
            self.target.touch(target)
            return taken

    site.executor = Moving()
    ready = await site.prepare()
    assert isinstance(ready, Unprepared)
    assert ready.phrase.word == execution.TARGET_CHANGED


# --- the repeated dry-run --------------------------------------------------------------------------------------------


async def again(site: Site, request: Request) -> Phrase | None:
    return await rehearse_again(site.journal(), site.executor, request, 1, seal(INCIDENT, request), PATIENCE)


async def test_the_same_dry_run_lets_it_go_on_and_is_posted(site: Site) -> None:
    request = await site.request()
    assert await again(site, request) is None
    entry = (await site.timeline.read(INCIDENT))[-1]
    assert (entry.kind, entry.body["repeated"]) == ("dry_run.completed", True)


async def test_another_dry_run_voids(site: Site) -> None:
    request = await site.request()
    site.executor.target.touch("payment")
    void = await again(site, request)
    assert void is not None
    assert void.word == execution.TARGET_CHANGED
    assert site.done == 0


async def test_no_dry_run_voids_too(site: Site) -> None:
    request = await site.request()
    site.executor.look_mood = "hang"
    assert await again(site, request) is not None


# --- the six checks --------------------------------------------------------------------------------------------------


async def checked(site: Site, fresh: Judgement = JUDGEMENT, verdict: str = "approved", **values: Any) -> Checked:
    told = {"plan": PLAN.model_dump(mode="json"), "judgement": JUDGEMENT.model_dump(mode="json")}
    planned = Draft(key="1/plan_1/planned", kind="action.planned", actor="tocsin", at=START, body=told)
    await site.timeline.write(INCIDENT, planned)
    request = await site.request()
    decision = Decision(approval=request.id, verdict=verdict, by="li")  # type: ignore[arg-type]
    await site.journal().settle(f"approval/{request.id}", "approval.resolved", decision)
    state = fold(await site.timeline.read(INCIDENT))
    executor = values.get("executor", site.executor)
    return await check(site.journal(), state, request, fresh, executor, site.ids, site.clock, 1)


async def test_six_checks_and_an_audit_id(site: Site) -> None:
    found = await checked(site)
    assert found.passed
    assert set(found.checks) == {
        "approval_approved",
        "checkpoint_exists",
        "operation_allowed",
        "word_typed",
        "executor_configured",
        "audit_written",
    }
    unix = int(START.timestamp())
    assert found.audit.startswith(f"audit_{INCIDENT}_rollback_canary_{unix}_")
    assert await checked(site) == found, "what was found first stands"


@pytest.mark.parametrize("verdict", ["rejected", "expired", "void"])
async def test_no_approval_no_pass(site: Site, verdict: str) -> None:
    found = await checked(site, verdict=verdict)
    assert not found.passed
    assert not found.checks["approval_approved"]


async def test_a_policy_that_forbids_by_now_does_not_pass(site: Site) -> None:
    found = await checked(site, Judgement(tier="destructive", allowed=False))
    assert [name for name, ok in found.checks.items() if not ok] == ["operation_allowed"]


async def test_no_executor_no_pass(site: Site) -> None:
    found = await checked(site, executor=None)
    assert [name for name, ok in found.checks.items() if not ok] == ["executor_configured"]


async def test_an_approval_without_the_word_does_not_pass_once_the_word_is_needed(site: Site) -> None:
    request = (await site.request()).model_copy(
        update={"judgement": Judgement(tier="confirm", allowed=True, needs_word=False)}
    )
    found = await check(
        site.journal(), fold(await site.timeline.read(INCIDENT)), request, JUDGEMENT, site.executor, site.ids,
        site.clock, 1,
    )  # fmt: skip
    assert not found.checks["word_typed"]


# --- execute ---------------------------------------------------------------------------------------------------------


async def test_it_is_done_once_with_a_receipt(site: Site) -> None:
    request = await site.request()
    first = await site.execute(request)
    assert (first.result, first.attempt) == ("done", 1)
    assert first.receipt is not None
    assert await site.execute(request) == first
    assert site.done == 1
    done = site.executor.target.done[0]
    assert (done.approval, done.audit, done.resource_version) == (request.id, "audit_1", "100")
    assert done.key == f"{INCIDENT}.1.plan_1.act.1"


async def test_a_target_that_changed_since_the_approval_is_left_alone(site: Site) -> None:
    request = await site.request()
    site.executor.target.touch("payment")
    result = await site.execute(request)
    assert execution.target_changed(result)
    assert site.executor.calls["run"] == 0
    newer = await site.request(2)
    assert newer.digest != request.digest
    assert (await site.execute(newer, 2)).result == "done"


async def test_a_dry_run_that_shows_something_else_stops_it(site: Site) -> None:
    request = await site.request()
    site.executor.target.states["payment"]["version"] = "v3"
    assert execution.target_changed(await site.execute(request))
    assert site.done == 0


async def test_a_last_word_of_policy_or_people_stops_it(site: Site) -> None:
    request = await site.request()
    site.stop = Phrase(word="plan.refused.tightened")
    result = await site.execute(request)
    assert (result.result, result.reason) == ("refused", site.stop)
    assert not execution.target_changed(result)
    assert site.executor.calls["run"] == 0


async def test_a_refusal_is_final(site: Site) -> None:
    request = await site.request()
    site.executor.mood = "refuse"
    assert (await site.execute(request)).result == "refused"
    site.executor.mood = "well"
    assert (await site.execute(request)).result == "refused"
    assert (site.executor.calls["run"], site.done) == (1, 0)


@pytest.mark.parametrize("mood", ["unclear_done", "garbage"])
async def test_a_lost_answer_is_found_by_asking(site: Site, mood: Any) -> None:
    request = await site.request()
    site.executor.mood = mood
    result = await site.execute(request)
    assert (result.result, site.done, site.executor.calls["run"]) == ("done", 1, 1)


@pytest.mark.parametrize("mood", ["hang", "unclear"])
async def test_not_done_and_fenced_is_tried_once_more_under_a_new_key(site: Site, mood: Any) -> None:
    request = await site.request()
    keys: list[str] = []

    class Recovering(FakeExecutor):
        async def run(self, order: Order):
            keys.append(order.key)
            self.mood = mood if len(keys) == 1 else "well"
            return await super().run(order)

    site.executor = Recovering(site.executor.target)
    result = await site.execute(request)
    assert (result.result, result.attempt, site.done) == ("done", 2, 1)
    assert len(set(keys)) == 2
    assert keys[0] in site.executor.target.fenced


async def test_there_is_no_third_try(site: Site) -> None:
    request = await site.request()
    site.executor.mood = "unclear"
    result = await site.execute(request)
    assert (result.result, result.attempt) == ("failed", 2)
    site.executor.mood = "well"
    assert await site.execute(request) == result
    assert (site.executor.calls["run"], site.done) == (2, 0)


async def test_a_target_that_cannot_fence_is_never_tried_again(site: Site) -> None:
    site.executor = FakeExecutor(fences=False)
    request = await site.request()
    site.executor.mood = "hang"
    result = await site.execute(request)
    assert (result.result, site.executor.calls["run"]) == ("unknown", 1)


async def test_who_cannot_be_asked_is_asked_five_times_then_people_are(site: Site) -> None:
    request = await site.request()
    site.executor.mood, site.executor.probe_mood = "unclear_done", "unclear"
    result = await site.execute(request)
    assert result.result == "unknown"
    assert (site.executor.calls["run"], site.executor.calls["probe"]) == (1, execution.PROBES)
    site.executor.mood = site.executor.probe_mood = "well"
    assert (await site.execute(request)).result == "unknown"
    assert site.done == 1


# --- killed ----------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The process died here."""


Step = Callable[[Site, Request], Awaitable[None]]


async def before_the_call(site: Site, request: Request) -> None:
    class Dies(FakeExecutor):
        async def run(self, order: Order):
            raise Killed

    site.executor = Dies(site.executor.target)


async def after_the_call(site: Site, request: Request) -> None:
    class Dies(FakeExecutor):
        async def run(self, order: Order):
            await super().run(order)
            raise Killed

    site.executor = Dies(site.executor.target)


async def at_the_last_look(site: Site, request: Request) -> None:
    class Dies(FakeExecutor):
        async def dry_run(self, plan: Plan):
            raise Killed

    site.executor = Dies(site.executor.target)


@pytest.mark.parametrize("dies", [before_the_call, after_the_call, at_the_last_look])
async def test_killed_anywhere_and_started_again_it_is_done_once(site: Site, dies: Step) -> None:
    request = await site.request()
    await dies(site, request)
    with pytest.raises(Killed):
        await site.execute(request)
    site.executor = FakeExecutor(site.executor.target)
    result = await site.execute(request)
    assert (result.result, site.done) == ("done", 1)


@pytest.mark.parametrize("turns", range(0, 40, 3))
async def test_a_run_cut_off_after_any_number_of_turns(site: Site, turns: int) -> None:
    class Slow(FakeExecutor):
        async def run(self, order: Order):
            await settle(4)
            receipt = await super().run(order)
            await settle(4)
            return receipt

    request = await site.request()
    site.executor = Slow(site.executor.target)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(site.execute(request))
        await settle(turns)
        first.cancel()
    result = await site.execute(request)
    assert (result.result, site.done) == ("done", 1)


async def test_the_late_call_of_a_frozen_process_is_refused(site: Site) -> None:
    """The first process is not dead but frozen inside its call; it wakes after the second has finished."""
    thaw = asyncio.Event()

    class Frozen(FakeExecutor):
        async def run(self, order: Order):
            await thaw.wait()
            return await super().run(order)

    request = await site.request()
    frozen = Run(
        order=order(site.journal(), request, "audit_1", 1), same=seal(INCIDENT, request), guard=site.guard, patience=9
    )
    target = site.executor.target
    async with asyncio.TaskGroup() as group:
        first = group.create_task(execute(site.journal(), Frozen(target), frozen, 1, site.clock))
        await settle()
        second = await site.execute(request)
        thaw.set()
    assert (second.result, second.attempt) == ("done", 2)
    assert len(target.done) == 1
    assert first.result() == second

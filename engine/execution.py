"""Carries out one approved action: checkpoint, dry-run, last look, at most one change, and its receipt."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from engine.errors import ExecutorError, ExecutorRefused
from engine.incident import Incident
from engine.journal import Journal
from engine.model import Checkpoint, DryRun, Execution, Judgement, Phrase, Plan, Receipt, Request, Value
from engine.ports import Clock, Executor, Ids, Order, Probe

PROBES = 5
"""How often a target is asked what became of an order before people are."""

ATTEMPTS = 2
TARGET_CHANGED = "execution.target_changed"
NOT_DONE = "execution.not_done_fenced"

Guard = Callable[[], Awaitable[Phrase | None]]
"""A last look of the caller's right before the change: policy, constraints, the incident; a phrase stops it."""


class Planned(Value):
    """Body of action.planned. `undo_of` is the plan this one takes back."""

    plan: Plan
    judgement: Judgement
    undo_of: str = ""


class Checkpointed(Value):
    """Body of checkpoint.created; `plan` is a plan id."""

    plan: str
    checkpoint: Checkpoint


class Rehearsed(Value):
    """Body of dry_run.completed; `plan` is a plan id, `repeated` says it was run again after the approval."""

    plan: str
    dry_run: DryRun
    repeated: bool = False


class Checked(Value):
    """Body of action.checked: the six checks, all to be true before anything changes, and the audit id."""

    plan: str
    checks: dict[str, bool]
    audit: str

    @property
    def passed(self) -> bool:
        """Whether all six hold."""
        return len(self.checks) == 6 and all(self.checks.values())


@dataclass(frozen=True)
class Prepared:
    """The real state of the target, and what the change would do to it."""

    checkpoint: Checkpoint
    dry_run: DryRun


@dataclass(frozen=True)
class Unprepared:
    """Why the change cannot even be asked for."""

    phrase: Phrase


async def prepare(
    journal: Journal, executor: Executor, plan: Plan, i: int, ids: Ids, clock: Clock, patience: float
) -> Prepared | Unprepared:
    """Take the checkpoint, then the dry-run, each once and each within `patience` seconds."""

    async def take() -> Checkpointed:
        async with asyncio.timeout(patience):
            taken = await executor.checkpoint(plan.target, ids.draw("checkpoint"), clock.now())
        return Checkpointed(plan=plan.id, checkpoint=taken)

    async def rehearse() -> Rehearsed:
        return Rehearsed(plan=plan.id, dry_run=await _dry_run(executor, plan, patience))

    try:
        taken = await journal.find(f"{plan.id}/checkpoint/{i}", "checkpoint.created", Checkpointed, take)
        tried = await journal.find(f"{plan.id}/dry_run/{i}", "dry_run.completed", Rehearsed, rehearse)
    except (ExecutorError, TimeoutError) as failure:
        return Unprepared(_phrase("execution.not_prepared", plan, _why(failure)))
    if not tried.dry_run.allowed:
        return Unprepared(_phrase("execution.dry_run_refused", plan, tried.dry_run.reason))
    if tried.dry_run.resource_version != taken.checkpoint.resource_version:
        return Unprepared(_phrase(TARGET_CHANGED, plan, ""))
    return Prepared(taken.checkpoint, tried.dry_run)


async def rehearse_again(
    journal: Journal, executor: Executor, request: Request, i: int, same: Callable[[DryRun], bool], patience: float
) -> Phrase | None:
    """Repeat the dry-run for all to see, as approver or habit asked for. A phrase means that it no longer shows what
    was approved (or could not be had): the approval is void and a new card is due."""
    plan = request.plan

    async def rehearse() -> Rehearsed:
        return Rehearsed(plan=plan.id, dry_run=await _dry_run(executor, plan, patience), repeated=True)

    try:
        again = await journal.find(f"{plan.id}/dry_run/{i}/repeated", "dry_run.completed", Rehearsed, rehearse)
    except (ExecutorError, TimeoutError) as failure:
        return _phrase("execution.not_prepared", plan, _why(failure))
    return None if same(again.dry_run) else _phrase(TARGET_CHANGED, plan, "")


async def check(
    journal: Journal,
    incident: Incident,
    request: Request,
    fresh: Judgement,
    executor: Executor | None,
    ids: Ids,
    clock: Clock,
    i: int,
) -> Checked:
    """Make the six checks and give the action its audit id; what was found first stands."""
    plan = request.plan
    proposal = incident.proposal_of(request.id)
    decision = proposal.decision if proposal else None
    approved = decision is not None and decision.verdict == "approved"
    audit = f"audit_{incident.id}_{plan.operation}_{int(clock.now().timestamp())}_{ids.draw('x').partition('_')[2]}"
    checks = {
        "approval_approved": approved,
        "checkpoint_exists": bool(request.checkpoint.resource_version) and request.checkpoint.target == plan.target,
        "operation_allowed": fresh.allowed,
        # Only the word makes a decision on a destructive plan; what has to be looked at is that no stricter rule came.
        "word_typed": approved and (request.judgement.needs_word or not fresh.needs_word),
        "executor_configured": executor is not None and plan.operation in executor.operations,
        "audit_written": bool(audit),
    }
    return await journal.settle(
        f"{plan.id}/checks/{i}", "action.checked", Checked(plan=plan.id, checks=checks, audit=audit)
    )


def order(journal: Journal, request: Request, audit: str, i: int) -> Order:
    """The order to the target. Its key is the same after every restart, so that the target knows it again."""
    return Order(
        incident=journal.incident,
        approval=request.id,
        audit=audit,
        key=_key(journal, _step(request.plan.id, i, 1)),
        plan=request.plan,
        resource_version=request.checkpoint.resource_version,
    )


@dataclass(frozen=True)
class Run:
    """All that one execution needs: the order, what was approved, and how long to wait for the target."""

    order: Order
    same: Callable[[DryRun], bool]
    guard: Guard
    patience: float


async def execute(journal: Journal, executor: Executor, run: Run, i: int, clock: Clock) -> Execution:
    """Change the world at most once. Where the target says that nothing was done and refuses the lost call for ever,
    one more try is made under a new key; whatever stays in doubt is `unknown` and for people."""
    result = await _attempt(journal, executor, run, i, clock, attempt=1)
    for attempt in range(2, ATTEMPTS + 1):
        if result.result != "failed" or result.reason is None or result.reason.word != NOT_DONE:
            break
        result = await _attempt(journal, executor, run, i, clock, attempt=attempt)
    return result


def target_changed(execution: Execution) -> bool:
    """Whether nothing was done because the target is no longer what was approved: a new card is due."""
    return execution.result == "refused" and execution.reason is not None and execution.reason.word == TARGET_CHANGED


async def _attempt(journal: Journal, executor: Executor, run: Run, i: int, clock: Clock, *, attempt: int) -> Execution:
    plan = run.order.plan
    step = _step(plan.id, i, attempt)
    order = run.order.model_copy(update={"key": _key(journal, step)})

    async def do() -> Receipt:
        await _last_look(executor, run)
        async with asyncio.timeout(run.patience):
            return await executor.run(order)

    async def probe() -> Probe:
        return await _probe(executor, order, run.patience, clock)

    return await journal.change(step, plan.id, attempt, do, probe)


async def _last_look(executor: Executor, run: Run) -> None:
    """Refuse if policy, people or the target have changed since the approval. Nothing has been sent yet."""
    plan = run.order.plan
    try:
        seen = await _dry_run(executor, plan, run.patience)
    except (ExecutorError, TimeoutError) as failure:
        raise ExecutorRefused(_phrase("execution.not_prepared", plan, _why(failure))) from failure
    if seen.resource_version != run.order.resource_version or not run.same(seen):
        raise ExecutorRefused(_phrase(TARGET_CHANGED, plan, ""))
    # People last: the target refuses what it no longer fits by itself, but a "stop" has nobody else to heed it.
    if stopped := await run.guard():
        raise ExecutorRefused(stopped)


async def _probe(executor: Executor, order: Order, patience: float, clock: Clock) -> Probe:
    answer = Probe(state="unknown")
    for turn in range(PROBES):
        if turn:
            await clock.sleep(patience / PROBES)
        try:
            async with asyncio.timeout(patience):
                answer = await executor.probe(order)
        except (ExecutorError, TimeoutError):
            continue
        if answer.state != "unknown":
            break
    return answer


async def _dry_run(executor: Executor, plan: Plan, patience: float) -> DryRun:
    async with asyncio.timeout(patience):
        return await executor.dry_run(plan)


def _step(plan: str, i: int, attempt: int) -> str:
    return f"{plan}/act/{i}" if attempt == 1 else f"{plan}/act/{i}/attempt/{attempt}"


def _key(journal: Journal, step: str) -> str:
    return f"{journal.incident}.{journal.key(step).replace('/', '.')}"


def _why(failure: ExecutorError | TimeoutError) -> Phrase | str:
    return failure.phrase if isinstance(failure, ExecutorError) else Phrase(word="execution.timed_out")


def _phrase(word: str, plan: Plan, detail: Phrase | str) -> Phrase:
    return Phrase(word=word, values={"operation": plan.operation, "target": plan.target, "detail": detail})

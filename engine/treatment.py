"""Takes one plan all the way: judge, checkpoint, dry-run, ask, look again, change, verify; or hands it to people."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine import approvals, evidence, execution, policy, recovery
from engine.errors import ExecutorError
from engine.incident import Incident, fold
from engine.journal import Journal
from engine.learning import habits
from engine.looks import Asked
from engine.model import (
    Decision,
    Execution,
    Judgement,
    Observation,
    Outcome,
    Phrase,
    Plan,
    Receipt,
    Recovery,
    Request,
    Value,
)
from engine.ports import Executor, Question
from engine.resolution import labelled
from engine.team import Constraint, Service
from engine.tools import Tools

CARDS = 3
"""How often a plan is asked for anew because its target changed after the approval."""


class Restored(Value):
    """That a checkpoint was brought back, by which plan."""

    plan: str
    checkpoint: str


class Noted(Value):
    """A one-off message to everybody in the thread."""

    say: Phrase


@dataclass(frozen=True)
class Treatment:
    """The way of one plan within one run of an incident."""

    incident: str
    journal: Journal
    tools: Tools

    async def treat(self, plan: Plan, *, undo_of: str = "") -> Outcome:
        """Everything from judging the plan to its verified result."""
        judgement = await self._judge(plan)
        planned = await self.journal.settle(
            f"{plan.id}/planned", "action.planned", execution.Planned(plan=plan, judgement=judgement, undo_of=undo_of)
        )
        plan = planned.plan
        executor = self.tools.executors.get(plan.executor)
        await self._hold_by_habit(plan)
        # The diagnosis names the plan, once there is one.
        await self.journal.tell("diagnosis")
        await self._show(plan)
        if not planned.judgement.allowed or executor is None:
            return "needs_human"
        for card in range(1, CARDS + 1):
            result = await self._ask_and_act(plan, planned.judgement, executor, card)
            await self._show(plan)
            if result is None:
                return "needs_human"
            if not execution.target_changed(result):
                return await self._after(plan, result, undo_of)
        return "needs_human"

    async def undo(self, plan: Plan, by: str, turn: int) -> Outcome:
        """Bring back the checkpoint taken before this plan; asked for by a person, who cannot approve it. Each turn
        asks anew, so that what was refused once can be asked for again."""
        proposal = (await self.state()).proposals.get(plan.id)
        executor = self.tools.executors.get(plan.executor)
        if proposal is None or proposal.request is None or executor is None:
            return "needs_human"
        way_back = executor.undo(plan, proposal.request.checkpoint)
        if way_back is None:
            await self._note(f"{plan.id}/no_way_back", Phrase(word="notice.no_way_back"))
            return "needs_human"
        asked = {"id": f"{way_back.id}_{turn}", "requester": by}
        return await self.treat(way_back.model_copy(update=asked), undo_of=plan.id)

    async def state(self) -> Incident:
        """The incident as its timeline stands now."""
        return fold(await self.tools.timeline.read(self.incident))

    # --- asking ---

    async def _ask_and_act(self, plan: Plan, judgement: Judgement, executor: Executor, card: int) -> Execution | None:
        """One card from checkpoint to execution; None where it ended without one."""
        request = await self._request(plan, judgement, executor, card)
        if request is None:
            return None
        await self._show(plan)
        decision = await self._hear(request)
        await self._show(plan)
        if decision.verdict != "approved":
            return None
        return await self._act(request, decision, executor, card)

    async def _request(self, plan: Plan, judgement: Judgement, executor: Executor, card: int) -> Request | None:
        tools = self.tools
        prepared = await execution.prepare(
            self.journal, executor, plan, card, tools.ids, tools.clock, tools.tempo.act_timeout
        )
        if isinstance(prepared, execution.Unprepared):
            await self._note(f"{plan.id}/unprepared/{card}", prepared.phrase)
            return None
        team = tools.teams.team((await self.state()).team)
        request = approvals.ask(
            self.incident,
            plan,
            judgement,
            prepared.checkpoint,
            prepared.dry_run,
            tools.ids,
            tools.clock.now(),
            team.policy.approval_minutes,
        )
        return await self.journal.settle(f"{plan.id}/request/{card}", "approval.requested", request)

    async def _hear(self, request: Request) -> Decision:
        expired = Decision(approval=request.id, verdict="expired")
        return await self.journal.hear(f"approval/{request.id}", "approval.resolved", request.expires_at, expired)

    async def _hold_by_habit(self, plan: Plan) -> None:
        """A habit of the team may hold such plans from the start; a person lifts it as any other constraint."""
        state = await self.state()
        lesson = habits.held_by(state.background, plan.operation_class)
        if lesson is not None:
            held = Constraint(
                id=f"cst_{lesson.id.rpartition('_')[2]}",
                text=lesson.incident,
                operation_class=plan.operation_class,
                by=lesson.taught_by,
                at=self.tools.clock.now(),
            )
            await self.journal.settle(f"{plan.id}/held", "constraint.set", held)

    # --- acting ---

    async def _act(self, request: Request, decision: Decision, executor: Executor, card: int) -> Execution | None:
        tools, plan = self.tools, request.plan
        same = approvals.seal(self.incident, request)
        state = await self.state()
        if decision.dry_run_first or habits.dry_run_first(state.background):
            problem = await execution.rehearse_again(
                self.journal, executor, request, card, same, tools.tempo.act_timeout
            )
            await self._show(plan)
            if problem is not None:
                return await self._void(request, problem)
        fresh = await self._judge(plan)
        checked = await execution.check(
            self.journal, await self.state(), request, fresh, executor, tools.ids, tools.clock, card
        )
        await self._show(plan)
        if not checked.passed:
            await self._note(f"{plan.id}/unchecked/{card}", Phrase(word="notice.checks_failed"))
            return None
        run = execution.Run(
            order=execution.order(self.journal, request, checked.audit, card),
            same=same,
            guard=lambda: self._last_word(request, decision),
            patience=tools.tempo.act_timeout,
        )
        return await execution.execute(self.journal, executor, run, card, tools.clock)

    async def _last_word(self, request: Request, decision: Decision) -> Phrase | None:
        """What stops the change at the last moment: a constraint set since the approval, a stricter policy, or an
        approval that is too old or was given by somebody who may no longer give it."""
        state, plan = await self.state(), request.plan
        if constraint := state.holds(plan):
            return Phrase(word="notice.held_at_last", values={"text": constraint.text, "by": constraint.by})
        team, now = self.tools.teams.team(state.team), self.tools.clock.now()
        stale = approvals.still_stands(request, decision, team, now)
        return stale or policy.still_allowed(request.judgement, await self._judge(plan))

    async def _void(self, request: Request, problem: Phrase) -> Execution:
        """The approval no longer fits what would be done: nothing is executed, and a new card follows."""
        await self._note(f"{request.plan.id}/void/{request.id}", problem)
        reason = Phrase(word=execution.TARGET_CHANGED, values=problem.values)
        return Execution(plan=request.plan.id, result="refused", reason=reason)

    async def _judge(self, plan: Plan) -> Judgement:
        state = await self.state()
        team = self.tools.teams.team(state.team)
        return policy.judge(plan, team, self.tools.permissions, state.background, state)

    # --- verifying ---

    async def _after(self, plan: Plan, result: Execution, undo_of: str) -> Outcome:
        if result.result != "done" or result.receipt is None:
            return "needs_human"
        if undo_of:
            undone = (await self.state()).proposals[undo_of]
            restored = Restored(plan=undo_of, checkpoint=undone.checkpoint.id if undone.checkpoint else "")
            await self.journal.settle(f"{plan.id}/restored", "checkpoint.restored", restored)
        # The charts mark the change.
        await self.journal.tell("evidence")
        await self.journal.tell("header")
        look = Looking(self, plan, result.receipt)
        found = await recovery.verify(self.journal, look.compare, self.tools.tempo, plan.id)
        await self.journal.tell(f"recovery:{plan.id}")
        await self.journal.tell("header")
        return "recovered" if found.verdict == "recovered" else "needs_human"

    # --- showing ---

    async def _show(self, plan: Plan) -> None:
        await self.journal.tell(f"plan:{plan.id}")
        await self.journal.tell("header")

    async def _note(self, name: str, phrase: Phrase) -> None:
        await self.journal.settle(name, "notice.posted", Noted(say=phrase))
        await self.journal.tell(f"say:{self.journal.key(name)}")


@dataclass(frozen=True)
class Looking:
    """Looks at the world again after a change, and holds it against what was found before."""

    treatment: Treatment
    plan: Plan
    receipt: Receipt

    async def compare(self) -> Recovery:
        """One look at the same sources, for the time since the change."""
        state, tools = await self.treatment.state(), self.treatment.tools
        if state.sweep is None or state.alert is None:
            return Recovery(verdict="unknown")
        team = tools.teams.team(state.team)
        service = labelled(team.services.get(state.service, Service(name=state.service)), state.alert)
        neighbours = tuple(team.services.get(name, Service(name=name)) for name in service.dependencies)
        now = tools.clock.now()
        window = state.sweep.window.model_copy(update={"end": now})
        question = Question(
            incident=state.id,
            team=state.team,
            alert=state.alert,
            service=service,
            neighbours=neighbours,
            window=window,
        )
        patience = tools.tempo.source_timeout
        seen, _ = await evidence.gather(question, tools.sources_of(team), tools.clock, patience, _unheard)
        cause = state.diagnosis.cause if state.diagnosis else None
        look = await self._look(state, seen, now)
        return recovery.compare(state.sweep.evidence, look, service, cause.category if cause else "")

    async def _look(self, state: Incident, seen: Sequence[Observation], now: datetime) -> recovery.Look:
        proposal = state.proposals[self.plan.id]
        return recovery.Look(
            observations=seen,
            since=recovery.window_start(self.receipt.at, now, self.treatment.tools.tempo),
            until=now,
            executed_at=self.receipt.at,
            state_before=proposal.checkpoint.state if proposal.checkpoint else {},
            state_after=await self._target_now(now),
            changes=proposal.dry_run.changes if proposal.dry_run else (),
        )

    async def _target_now(self, now: datetime) -> dict[str, Any]:
        """What the target says of itself now; nothing where it does not answer."""
        tools = self.treatment.tools
        try:
            async with asyncio.timeout(tools.tempo.act_timeout):
                taken = await tools.executors[self.plan.executor].checkpoint(self.plan.target, "now", now)
        except (ExecutorError, TimeoutError):
            return {}
        return taken.state


async def _unheard(asked: Asked) -> None:
    """Later looks are not announced source by source."""

"""Attacks the moment between a person's word and the change: what is said, revoked or closed in between."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import yaml

from engine.incident import Incident, Proposal
from engine.model import DryRun, Plan, Receipt
from engine.ports import Draft, Executor, Order
from tests.fakes.clock import FakeIds
from tests.fakes.executors import FakeExecutor
from tests.fakes.store import FakeStore
from tests.stories.stage import LoopClock, Story, in_story_time, open_story, resolved


async def waiting(story: Story) -> Proposal:
    story.world.release_leaks()
    await story.alert()
    return await story.asked()


async def approved(story: Story) -> None:
    proposal = await waiting(story)
    assert proposal.request is not None
    said = await story.person("lin").says(f"approve {proposal.request.id} CONFIRM_EXECUTE")
    assert said.tone == "ok"


class Slow(FakeExecutor):
    """A target that takes its time over the step named, and says when it is at it."""

    def __init__(self, of: Executor, step: str) -> None:
        assert isinstance(of, FakeExecutor)
        super().__init__(of.target, name=of.name)
        self.step = step
        self.began = asyncio.Event()
        self.go_on = asyncio.Event()

    async def run(self, order: Order) -> Receipt:
        await self._linger("run")
        return await super().run(order)

    async def dry_run(self, plan: Plan) -> DryRun:
        if self.calls["dry_run"] == 1:
            await self._linger("last look")
        return await super().dry_run(plan)

    async def _linger(self, step: str) -> None:
        if self.step == step:
            self.began.set()
            await self.go_on.wait()


def slow(story: Story, step: str) -> Slow:
    """Put a slow target in the place of the story's."""
    executors = story.house.tools.executors
    assert isinstance(executors, dict)
    executors["releases"] = found = Slow(executors["releases"], step)
    return found


async def close_behind_its_back(story: Story) -> None:
    """A close that was on its way before the approval was written, and arrives after."""
    state = await story.state()
    draft = Draft(
        key=f"{state.episode}/closed",
        kind="incident.closed",
        actor="wang",
        at=story.house.tools.clock.now(),
        body={"outcome": "needs_human"},
    )
    await story.store.timeline.write(story.incident, draft)


@in_story_time
async def test_a_change_under_way_is_seen_to_its_end_whoever_closes(tmp_path: Path):
    async with open_story(tmp_path) as story:
        target = slow(story, "run")
        await approved(story)
        await target.began.wait()
        await close_behind_its_back(story)
        await story.house.tools.clock.sleep(1.0)
        target.go_on.set()
        state = await story.until(lambda s: any(p.execution for p in s.proposals.values()))
        (proposal,) = state.proposals.values()
        assert proposal.execution is not None
        assert proposal.execution.result == "done"
        assert proposal.execution.receipt is not None
        assert state.status == "closed", "what the story still said does not open it again"
        await story.house.tools.clock.sleep(60.0)
        assert (await story.state()).status == "closed"
        assert not story.house.crew.at_work(f"life {story.incident}")


@in_story_time
async def test_nothing_is_begun_once_closed(tmp_path: Path):
    async with open_story(tmp_path) as story:
        target = slow(story, "last look")
        await approved(story)
        await target.began.wait()
        await close_behind_its_back(story)
        target.go_on.set()
        await story.house.tools.clock.sleep(60.0)
        assert story.world.target.done == []
        assert (await story.state()).status == "closed"


@in_story_time
async def test_a_word_said_during_the_last_look_is_heeded(tmp_path: Path):
    async with open_story(tmp_path) as story:
        target = slow(story, "last look")
        await approved(story)
        await target.began.wait()
        assert (await story.person("wang").says("do not roll back!")).tone == "ok"
        target.go_on.set()
        state = await story.status("needs_human")
        assert story.world.target.done == []
        (proposal,) = state.proposals.values()
        assert proposal.execution is not None
        assert proposal.execution.result == "refused"


@in_story_time
async def test_what_people_forbade_stays_forbidden_when_the_alert_comes_back(tmp_path: Path):
    async with open_story(tmp_path) as story:
        await waiting(story)
        (before,) = (await story.state()).proposals.values()
        await story.person("wang").says("do not roll back")
        await story.person("wang").presses("close", outcome="needs_human")
        await story.status("closed")
        assert before.request is not None
        first = story.firing(ago=60.0)
        await story.alert(resolved(first, story.house.tools.clock.now()))
        await story.house.tools.clock.sleep(60.0)
        await story.alert(story.firing(ago=1.0))
        state = await story.until(lambda s: s.episode == 2 and s.proposals)
        proposal = await story.asked()
        assert state.holding, "nobody lifted it"
        assert proposal.request is not None
        assert proposal.request.id != before.request.id
        lin = story.person("lin")
        old = await lin.says(f"approve {before.request.id} CONFIRM_EXECUTE")
        held = await lin.says(f"approve {proposal.request.id} CONFIRM_EXECUTE")
        assert (old.tone, held.tone) == ("refused", "refused")
        assert "do not roll back" in held.text
        (constraint,) = (await story.state()).holding
        assert (await lin.presses("lift", constraint=constraint.id)).tone == "ok"
        assert (await lin.says(f"approve {proposal.request.id} CONFIRM_EXECUTE")).tone == "ok"
        await story.status("recovered")
        assert len(story.world.target.done) == 1


@asynccontextmanager
async def killed_right_after_the_word(folder: Path, later: timedelta) -> AsyncIterator[Story]:
    """A process that dies once the approval is on the disk, before anything else is; and the next one, `later`."""
    clock, ids = LoopClock(), FakeIds()
    store = FakeStore(clock, ids)
    async with open_story(folder, clock=clock, store=store) as story:
        proposal = await waiting(story)
        assert proposal.request is not None
        world, incident = story.world, story.incident
    draft = Draft(
        key=f"1/approval/{proposal.request.id}",
        kind="approval.resolved",
        actor="lin",
        at=clock.now(),
        body={"approval": proposal.request.id, "verdict": "approved", "by": "lin"},
    )
    await store.timeline.write(incident, draft)
    await clock.sleep(later.total_seconds())
    async with open_story(folder, clock=clock, store=store, world=lambda _: world) as story:
        story.incident = incident
        yield story


def refused(state: Incident) -> str:
    (proposal,) = state.proposals.values()
    execution = proposal.execution
    assert execution is not None
    assert execution.result == "refused"
    assert execution.reason is not None
    return execution.reason.word


@in_story_time
async def test_an_approval_survives_a_short_absence(tmp_path: Path):
    async with killed_right_after_the_word(tmp_path, timedelta(minutes=5)) as story:
        await story.house.lives.resume_all()
        await story.status("recovered")
        assert len(story.world.target.done) == 1


@in_story_time
async def test_yesterdays_word_is_not_acted_on(tmp_path: Path):
    async with killed_right_after_the_word(tmp_path, timedelta(hours=6)) as story:
        await story.house.lives.resume_all()
        assert refused(await story.status("needs_human")) == "notice.approval_stale"
        assert story.world.target.done == []


@in_story_time
async def test_the_word_of_somebody_who_may_no_longer_give_it_is_not_acted_on(tmp_path: Path):
    async with killed_right_after_the_word(tmp_path, timedelta(minutes=5)) as story:
        for path in tmp_path.glob("teams-*/trade/team.yaml"):
            team = yaml.safe_load(path.read_text(encoding="utf-8"))
            team["people"]["lin"]["roles"] = ["responder"]
            path.write_text(yaml.safe_dump(team), encoding="utf-8")
        assert not story.house.teams.reload()
        await story.house.lives.resume_all()
        assert refused(await story.status("needs_human")) == "notice.approver_gone"
        assert story.world.target.done == []

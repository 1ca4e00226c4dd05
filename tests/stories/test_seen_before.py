"""Tells what a team taught: seen before, habits followed, the runbook offered; and nothing of it beyond the wall."""

from pathlib import Path
from typing import Any

import pytest

from engine.incident import Proposal
from tests.stories.stage import Story, in_story_time, open_story

BOTH = pytest.mark.parametrize("language", ["zh", "en"])
SEEN = {"zh": ("以前见过", "处置手册"), "en": ("Seen before", "Runbook")}


async def first_time(story: Story, language: str) -> str:
    """The worked example once, with everything kept; returns the incident."""
    lin = story.person("lin")
    story.world.release_leaks()
    await story.alert()
    await lin.says("先不要回滚" if language == "zh" else "do not roll back yet")
    proposal = await story.asked()
    assert proposal.request is not None
    await lin.presses("lift", constraint=(await story.state()).holding[0].id)
    await lin.says(f"approve {proposal.request.id} CONFIRM_EXECUTE dry-run first")
    await story.status("recovered")
    await lin.presses("keep_all")
    await lin.presses("close", outcome="recovered")
    await story.status("closed")
    return story.incident


async def an_hour_later(story: Story, **alert: Any) -> None:
    """The same release goes out again and leaks again."""
    await story.house.tools.clock.sleep(4000.0)
    story.world.release_leaks()
    await story.alert(story.firing(**alert))


@BOTH
@in_story_time
async def test_the_second_time_the_thread_knows_it(tmp_path: Path, language: str):
    async with open_story(tmp_path, language) as story:
        first = await first_time(story, language)
        await an_hour_later(story)
        assert story.incident != first
        proposal: Proposal = await story.asked()
        assert proposal.request is not None

        background = await story.reads("background")
        assert first in background, "with the earlier id"
        for said in SEEN[language]:
            assert said in background
        state = await story.state()
        assert state.diagnosis is not None
        assert state.diagnosis.cause is not None
        assert state.sweep is not None
        assert not any("les_" in each.id or first in str(each.summary) for each in state.sweep.evidence)

        # The habit of holding rollbacks: nobody said anything this time.
        held = state.holding[0]
        assert held.operation_class == "rollback"
        lin = story.person("lin")
        refused = await lin.presses("approve", approval=proposal.request.id)
        assert refused.tone == "refused"
        assert (await lin.presses("lift", constraint=held.id)).tone == "ok"

        # The habit of one more dry-run: nobody asks for it this time.
        await lin.presses("approve", approval=proposal.request.id)
        assert (await lin.types("CONFIRM_EXECUTE")).tone == "ok"
        await story.status("recovered")
        assert [e.body.get("repeated") for e in await story.entries("dry_run.completed")] == [False, True]

        # What is offered now is the older pattern and runbook, seen twice; habits it has are not offered again.
        offered = [taught.lesson for taught in (await story.state()).lessons.values()]
        assert {lesson.kind for lesson in offered} == {"incident_summary", "fault_pattern", "runbook"}
        assert {lesson.seen for lesson in offered if lesson.kind != "incident_summary"} == {2}


@in_story_time
async def test_memory_raises_no_confidence(tmp_path: Path):
    async with open_story(tmp_path) as story:
        first = await first_time(story, "en")
        before = (await story.state(first)).diagnosis
        await an_hour_later(story)
        await story.asked()
        after = (await story.state()).diagnosis
        assert before is not None
        assert after is not None
        assert before.cause is not None
        assert after.cause is not None
        assert after.cause.confidence <= before.cause.confidence


@BOTH
@in_story_time
async def test_another_team_sees_nothing_of_it(tmp_path: Path, language: str):
    async with open_story(tmp_path, language) as story:
        first = await first_time(story, language)
        await an_hour_later(story, team="supply")
        proposal = await story.asked()
        assert proposal.request is not None
        state = await story.state()
        assert (state.team, state.background, state.holding) == ("supply", (), ())
        assert await story.reads("background") == ""
        thread = await story.thread()
        assert first not in thread
        assert not [said for said in SEEN[language] if said in thread]
        eve = story.person("eve")
        assert (await eve.says(f"/timeline {first}")).tone == "refused"
        assert first not in str(story.platforms["chat"].shown("supply", ""))
        lin = story.person("lin")
        assert (await lin.presses("approve", at=story.incident, approval=proposal.request.id)).tone == "refused"
        await eve.says(f"approve {proposal.request.id} CONFIRM_EXECUTE")
        await story.status("recovered")
        assert [e.body.get("repeated") for e in await story.entries("dry_run.completed")] == [False]


@in_story_time
async def test_edited_and_dropped_lessons(tmp_path: Path):
    async with open_story(tmp_path) as story:
        lin = story.person("lin")
        story.world.release_leaks()
        await story.alert()
        proposal = await story.asked()
        assert proposal.request is not None
        await lin.says(f"approve {proposal.request.id} CONFIRM_EXECUTE")
        state = await story.until(lambda s: s.status == "recovered" and s.lessons)
        by_kind = {taught.lesson.kind: taught.lesson.id for taught in state.lessons.values()}
        await lin.presses("edit", lesson=by_kind["fault_pattern"])
        assert (await lin.types("Ask for the pool first: it was the pool.")).tone == "ok"
        assert (await lin.presses("drop", lesson=by_kind["incident_summary"])).tone == "ok"
        assert (await lin.presses("keep", lesson=by_kind["runbook"])).tone == "ok"
        await lin.presses("close", outcome="recovered")
        kept = {lesson.kind: lesson for lesson in await story.store.memory.kept("trade")}
        assert set(kept) == {"fault_pattern", "runbook"}
        await an_hour_later(story)
        await story.asked()
        assert "it was the pool" in await story.reads("background")

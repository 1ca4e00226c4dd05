"""Tells bad days: dead targets, alerts that end, return or are cut off, heartbeats, full disks, rooms that are down."""

from datetime import timedelta
from pathlib import Path

import pytest

from engine.errors import StoreFull, UnreadableAlert
from handlers.inbound import AlertReceived
from tests.fakes.executors import FakeExecutor
from tests.stories.stage import Story, in_story_time, open_story, resolved, webhook

BOTH = pytest.mark.parametrize("language", ["zh", "en"])


def executor(story: Story) -> FakeExecutor:
    found = story.world.executor
    assert isinstance(found, FakeExecutor)
    return found


async def recovered(story: Story) -> None:
    """Approve what is asked, and wait for the recovery."""
    proposal = await story.asked()
    assert proposal.request is not None
    assert (await story.person("lin").says(f"approve {proposal.request.id} CONFIRM_EXECUTE")).tone == "ok"
    await story.status("recovered")


# --- the target ---


@BOTH
@pytest.mark.parametrize("mood", ["hang", "refuse", "unclear"])
@in_story_time
async def test_a_dead_executor_before_the_question(tmp_path: Path, mood: str, language: str):
    """No checkpoint, no question: people are told why, and once it is back they ask anew."""
    async with open_story(tmp_path, language) as story:
        executor(story).look_mood = mood  # type: ignore[assignment]
        story.world.release_leaks()
        await story.alert()
        await story.status("needs_human")
        assert not await story.entries("approval.requested")
        (notice,) = await story.entries("notice.posted")
        said = await story.reads(f"say:{notice.key}")
        assert "rollback_canary" in said
        executor(story).look_mood = "well"
        assert (await story.person("lin").presses("look_again")).tone == "ok"
        await recovered(story)
        assert len(story.world.target.done) == 1


@BOTH
@in_story_time
async def test_an_executor_that_dies_under_the_change(tmp_path: Path, language: str):
    """Nobody knows whether it was done: people are told so, and it is not tried again behind their back."""
    async with open_story(tmp_path, language) as story:
        executor(story).mood = executor(story).probe_mood = "hang"
        story.world.release_leaks()
        await story.alert()
        proposal = await story.asked()
        assert proposal.request is not None
        await story.person("lin").says(f"approve {proposal.request.id} CONFIRM_EXECUTE")
        state = await story.status("needs_human")
        executed = state.proposals[proposal.plan.id].execution
        assert executed is not None
        assert (executed.result, executed.receipt) == ("unknown", None)
        assert executor(story).calls["run"] == 1
        card = await story.reads(f"plan:{proposal.plan.id}")
        assert executed.reason is not None
        assert story.words.say(executed.reason)[:12] in card.replace("\n", "")
        assert "receipt" not in card
        executor(story).mood = executor(story).probe_mood = "well"
        await story.handed_over()
        assert (await story.person("lin").presses("look_again")).tone == "ok"
        await recovered(story)
        assert executor(story).calls["run"] == 2
        assert len(story.world.target.done) == 1


@in_story_time
async def test_a_change_that_does_not_help_is_not_called_recovered(tmp_path: Path):
    async with open_story(tmp_path) as story:
        story.world.release_leaks()
        await story.alert()
        proposal = await story.asked()
        assert proposal.request is not None
        story.world.stays_broken = True
        await story.person("lin").says(f"approve {proposal.request.id} CONFIRM_EXECUTE")
        state = await story.until(lambda s: s.proposals[proposal.plan.id].recovery)
        recovery = state.proposals[proposal.plan.id].recovery
        assert recovery is not None
        assert recovery.verdict == "not_recovered"
        state = await story.status("needs_human")
        assert state.lessons == {}
        assert "undo" in await story.reads(f"plan:{proposal.plan.id}")


# --- alerts ---


@BOTH
@in_story_time
async def test_resolved_twice_updates_the_header_and_decides_nothing(tmp_path: Path, language: str):
    async with open_story(tmp_path, language) as story:
        story.world.release_leaks()
        alert = story.firing()
        await story.alert(alert)
        await story.asked()
        before = await story.reads("header")
        over = resolved(alert, story.house.tools.clock.now())
        assert await story.alert(over, status="resolved") == story.incident
        assert await story.alert(over, status="resolved") == story.incident
        assert len(await story.entries("alert.resolved")) == 1
        state = await story.state()
        assert state.resolved_at is not None
        assert state.status == "awaiting_approval", "an alert that ends closes nothing by itself"
        header = await story.reads("header")
        assert header != before
        assert ("0 of 1" if language == "en" else "0/1") in header or "0" in header


@BOTH
@in_story_time
async def test_alerts_the_sender_cut_off_are_said(tmp_path: Path, language: str):
    async with open_story(tmp_path, language) as story:
        await story.alert(truncatedAlerts=7)
        await story.status("needs_human")
        assert "7" in next(line for line in (await story.reads("header")).splitlines() if "7" in line)
        assert (await story.state()).truncated == 7


@in_story_time
async def test_it_fires_again_soon_and_later(tmp_path: Path):
    async with open_story(tmp_path) as story:
        lin, clock = story.person("lin"), story.house.tools.clock
        alert = story.firing()
        first = await story.alert(alert)
        await story.status("needs_human")
        await lin.presses("close", outcome="inconclusive")
        await story.alert(resolved(alert, clock.now()), status="resolved")

        await clock.sleep(timedelta(minutes=20).total_seconds())
        story.world.release_leaks()
        assert await story.alert(story.firing()) == first
        state = await story.state()
        assert (state.episode, state.closed_at, state.outcome) == (2, None, None)
        await recovered(story)
        await lin.presses("close", outcome="recovered")

        await story.alert(resolved(story.firing(), clock.now()), status="resolved")
        await clock.sleep(timedelta(minutes=31).total_seconds())
        later = await story.alert(story.firing())
        assert later != first
        assert (await story.state()).previous == first
        await story.status("needs_human")
        assert first in await story.reads("header")


@BOTH
@in_story_time
async def test_half_of_a_call_unreadable(tmp_path: Path, language: str):
    async with open_story(tmp_path, language) as story:
        good = [story.firing(shard=str(n)) for n in range(29)]
        call = webhook(*good[:10], {"labels": "nonsense"}, *good[10:])
        answer = await story.house.front_door.receive(AlertReceived("call-1", "alertmanager", call))
        assert (answer.accepted, len(answer.incidents)) == (29, 1)
        story.incident = answer.incidents[0]
        (notice,) = await story.entries("notice.posted")
        assert "alerts[10]" in await story.reads(f"say:{notice.key}")
        raw = await story.store.raw("call-1")
        assert raw is not None
        assert raw.body == call, "the bad one is kept as it came"


@in_story_time
async def test_nothing_readable_is_refused_and_kept(tmp_path: Path):
    async with open_story(tmp_path) as story:
        for number, body in enumerate((b"", b"{", b"[]", b'{"alerts": 3}', b"\xff\xfe", b'{"alerts": [1, 2]}')):
            with pytest.raises(UnreadableAlert):
                await story.house.front_door.receive(AlertReceived(f"bad-{number}", "alertmanager", body))
            assert await story.store.raw(f"bad-{number}") is not None
        assert await story.store.register.newest() == ()


@BOTH
@in_story_time
async def test_a_heartbeat_opens_nothing_and_its_absence_does(tmp_path: Path, language: str):
    async with open_story(tmp_path, language) as story:
        beat = story.firing(name="Watchdog", severity="none")
        for _ in range(3):
            assert await story.alert(beat) == ""
            await story.house.tools.clock.sleep(60.0)
            assert await story.house.front_door.look_for_silence() == ()
        await story.house.tools.clock.sleep(timedelta(minutes=16).total_seconds())
        (incident,) = await story.house.front_door.look_for_silence()
        assert await story.house.front_door.look_for_silence() == (), "said once"
        story.incident = incident
        await story.status("needs_human")
        assert "Watchdog" in await story.reads("header")
        await story.alert(beat)
        state = await story.status("closed")
        assert (state.outcome, state.closed_by) == ("recovered", "tocsin")


# --- the store ---


@BOTH
@in_story_time
async def test_a_full_disk_and_room_again(tmp_path: Path, language: str):
    async with open_story(tmp_path, language) as story:
        story.world.release_leaks()
        await story.alert()
        proposal = await story.asked()
        assert proposal.request is not None
        lin = story.person("lin")
        story.store.disk.full = True
        with pytest.raises(StoreFull):
            await story.alert(story.firing(shard="9"))
        with pytest.raises(StoreFull):
            await lin.says(f"approve {proposal.request.id} CONFIRM_EXECUTE")
        assert story.world.target.done == [], "what cannot be written down is not done"
        await story.house.tools.clock.sleep(30.0)
        story.store.disk.full = False
        await story.house.lives.resume_all()
        await recovered(story)
        assert len(story.world.target.done) == 1


@in_story_time
async def test_a_disk_that_fills_up_under_the_investigation(tmp_path: Path):
    """The run breaks off; with room again a person resumes it, and it goes on where it stood."""
    async with open_story(tmp_path) as story:
        story.world.release_leaks()
        await story.alert()
        await story.until(lambda s: s.asked)
        story.store.disk.full = True
        await story.house.tools.clock.sleep(60.0)
        story.store.disk.full = False
        await story.house.lives.resume_all()
        await recovered(story)
        kinds = await story.kinds()
        assert kinds.count("evidence.collected") == 1


# --- rooms ---


@BOTH
@in_story_time
async def test_what_is_decided_in_one_room_shows_in_all(tmp_path: Path, language: str):
    async with open_story(tmp_path, language) as story:
        story.world.release_leaks()
        await story.alert()
        proposal = await story.asked()
        assert proposal.request is not None
        here, there = story.person("lin", "chat"), story.person("chen", "second")
        assert (await there.presses("ack")).tone == "ok"
        for platform in ("chat", "second"):
            assert "Chen" in await story.reads("header", platform=platform)
        await here.presses("approve", approval=proposal.request.id)
        await there.presses("approve", approval=proposal.request.id)
        assert (await there.types("CONFIRM_EXECUTE")).tone == "ok"
        late = await here.types("CONFIRM_EXECUTE")
        assert late.tone == "refused"
        assert "Chen" in late.text
        await story.status("recovered")
        for slot in ("header", "evidence", "diagnosis", f"plan:{proposal.plan.id}", f"recovery:{proposal.plan.id}"):
            one, other = await story.reads(slot), await story.reads(slot, platform="second")
            assert one == other != ""
        assert len(story.world.target.done) == 1


@in_story_time
async def test_a_room_that_is_down_stops_nobody(tmp_path: Path):
    async with open_story(tmp_path) as story:
        story.platforms["second"].refuse = 10_000
        story.world.release_leaks()
        await story.alert()
        await recovered(story)
        assert await story.reads("diagnosis")
        assert "second:trade" in story.house.outbox.failing
        story.platforms["second"].refuse = 0
        await story.house.tools.clock.sleep(300.0)
        assert await story.reads("diagnosis", platform="second") == await story.reads("diagnosis")
        assert story.house.outbox.failing == {}
        keys = [message.key for message in story.platforms["second"].messages]
        assert len(keys) == len(set(keys)), "nothing lost, nothing doubled"

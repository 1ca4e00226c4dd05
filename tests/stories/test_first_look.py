"""Tells how people see within seconds what the quick sources say, and that only the whole answer leads to a plan."""

from pathlib import Path

import pytest

from engine.incident import Incident
from tests.stories.stage import Story, in_story_time, open_story

BOTH = pytest.mark.parametrize("language", ["zh", "en"])


async def looked(story: Story) -> Incident:
    """Wait for the first look, and no longer."""
    clock = story.house.tools.clock
    for _ in range(400):
        state = await story.state()
        if state.first_look is not None:
            return state
        await clock.sleep(0.1)
    raise AssertionError(await story.kinds())


@BOTH
@in_story_time
async def test_a_first_look_stands_within_seconds_and_the_whole_answer_takes_its_place(tmp_path: Path, language: str):
    async with open_story(tmp_path, language) as story:
        story.world.release_leaks()
        story.world.moods |= {"jaeger": "slow", "loki": "slow"}
        await story.alert()
        began = story.house.tools.clock.now()
        state = await looked(story)
        assert (story.house.tools.clock.now() - began).total_seconds() < 4.0
        assert state.first_look is not None
        assert state.first_look.waiting == ("loki", "jaeger")
        assert (state.diagnosis, state.proposals, state.sweep) == (None, {}, None)
        early = await story.reads("diagnosis")
        assert {"en": "First look, 2 of 4 sources", "zh": "4 个数据源中 2 个已回应"}[language] in early
        assert "payment-service" in early
        asked = await story.reads("evidence")
        assert "… loki" in asked
        assert "✓ prometheus" in asked
        (before,) = [m for m in story.platforms["chat"].messages if m.key.endswith("/diagnosis")]

        await story.asked()
        whole = await story.reads("diagnosis")
        (after,) = [m for m in story.platforms["chat"].messages if m.key.endswith("/diagnosis")]
        assert before.id == after.id
        assert {"en": "First look, ", "zh": "个数据源中"}[language] not in whole
        assert "ev_log_1" in whole
        assert "✓ loki" in await story.reads("evidence")


@in_story_time
async def test_no_plan_comes_of_a_first_look_however_sure_it_is(tmp_path: Path):
    async with open_story(tmp_path) as story:
        story.world.release_leaks()
        story.world.moods["jaeger"] = "slow"
        await story.alert()
        state = await looked(story)
        assert state.first_look is not None
        assert state.first_look.diagnosis.verdict == "conclusive"
        await story.asked()
        kinds = await story.kinds()
        order = ["evidence.first_look", "evidence.collected", "hypothesis.generated", "action.planned"]
        assert [kind for kind in kinds if kind in order] == order


@in_story_time
async def test_where_everybody_answers_at_once_there_is_no_first_look(tmp_path: Path):
    async with open_story(tmp_path) as story:
        story.world.release_leaks()
        await story.alert()
        await story.asked()
        assert "evidence.first_look" not in await story.kinds()
        (asking,) = await story.entries("evidence.asking")
        assert asking.body["depth"] == "full"
        assert asking.body["sources"] == ["prometheus", "loki", "jaeger", "releases"]


@BOTH
@in_story_time
async def test_a_minor_alert_about_nothing_is_answered_without_the_slow_ones(tmp_path: Path, language: str):
    async with open_story(tmp_path, language) as story:
        story.world.moods |= {"jaeger": "hangs", "loki": "slow"}
        began = story.house.tools.clock.now()
        await story.alert(story.firing(severity="info", ago=60.0))
        state = await story.handed_over()
        assert (story.house.tools.clock.now() - began).total_seconds() < 6.0
        assert state.diagnosis is not None
        assert state.diagnosis.quiet
        assert state.sweep is not None
        assert {each.source: each.reason.word for each in state.sweep.silent} == dict.fromkeys(
            ("loki", "jaeger"), "evidence.silent.not_awaited"
        )
        shown = await story.reads("evidence")
        assert {"en": "Quick triage", "zh": "快速分诊"}[language] in shown
        failed = {"en": "No answer loki (logs), jaeger (traces)", "zh": "未回应 loki（日志）、jaeger（链路）"}[language]
        assert failed in " ".join(shown.split())

        # Whoever doubts that asks again, and then everybody is waited for.
        assert (await story.person("lin").presses("look_again")).tone == "ok"
        state = await story.handed_over(times=2)
        assert state.sweep is not None
        assert [(each.source, each.reason.word) for each in state.sweep.silent] == [("jaeger", "evidence.silent.late")]
        assert state.asking is not None
        assert state.asking.depth == "full"


@in_story_time
async def test_a_minor_alert_about_something_is_looked_at_in_full(tmp_path: Path):
    async with open_story(tmp_path) as story:
        story.world.release_leaks()
        story.world.moods["loki"] = "slow"
        await story.alert(story.firing(severity="info", ago=60.0))
        await story.asked()
        state = await story.state()
        assert state.asking is not None
        assert state.asking.depth == "quick"
        assert state.sweep is not None
        assert state.sweep.silent == ()


@in_story_time
async def test_where_people_have_an_answer_half_of_a_newer_one_does_not_replace_it(tmp_path: Path):
    async with open_story(tmp_path) as story:
        await story.alert()
        await story.status("needs_human")
        story.world.moods["loki"] = "slow"
        await story.person("lin").presses("look_again")
        await story.handed_over(times=2)
        assert "evidence.first_look" not in await story.kinds()


@in_story_time
async def test_an_incident_that_comes_back_begins_without_what_was_seen_before(tmp_path: Path):
    async with open_story(tmp_path) as story:
        story.world.release_leaks()
        story.world.moods["loki"] = "slow"
        alert = story.firing()
        await story.alert(alert)
        await story.asked()
        await story.person("lin").presses("close")
        await story.status("closed")
        await story.alert(story.firing())
        await story.until(lambda state: state.episode == 2)
        state = await looked(story)
        assert state.episode == 2
        assert [entry.key for entry in await story.entries("evidence.first_look")] == [
            "1/first_look/1",
            "2/first_look/1",
        ]

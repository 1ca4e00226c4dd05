"""Tells what people do around an incident in a whole house: called at night, taken, handed on, merged and parted."""

from pathlib import Path

import pytest

from tests.stories.stage import Story, in_story_time, open_story

BOTH = pytest.mark.parametrize("language", ["zh", "en"])


async def minutes(story: Story, n: float) -> None:
    """Let this much time pass, with the rounds a process makes."""
    for _ in range(round(n * 2)):
        await story.house.tools.clock.sleep(30)
        await story.house.escalation.round()


def said(language: str, zh: str, en: str) -> str:
    return f"@tocsin {zh if language == 'zh' else en}"


@BOTH
@in_story_time
async def test_a_night_from_nobody_to_the_day_shift(tmp_path: Path, language: str):
    async with open_story(tmp_path, language) as story:
        story.world.release_leaks()
        await story.alert(story.firing(severity="error"))
        await story.asked()
        await minutes(story, 9)
        assert not await story.entries("incident.escalated")
        await minutes(story, 11)
        again, second = await story.entries("incident.escalated")
        for entry, name in ((again, "Chen"), (second, "Lin")):
            for platform in ("chat", "second"):
                assert f"@{name}\n" in await story.reads(f"say:{entry.key}", platform=platform)
        wang = story.person("wang")
        assert "Wang" in (await wang.says(said(language, "认领", "ack"))).text
        await minutes(story, 60)
        assert len(await story.entries("incident.escalated")) == 2
        header = await story.reads("header")
        assert story.words.text("fact.mtta") in header
        assert (await wang.says(said(language, "级别 P1 无法付款", "severity P1 无法付款"))).tone == "ok"
        assert (await wang.says(said(language, "状态 正在评估回滚", "status 正在评估回滚"))).tone == "ok"
        assert (await wang.says(said(language, "交接 chen 等待审批", "handover chen 等待审批"))).tone == "ok"
        header = await story.reads("header", platform="second")
        for word in ("P1", "无法付款", "正在评估回滚", "Chen"):
            assert word in header, word
        state = await story.state()
        card = await story.reads(f"handover:{state.handovers[0].key}", platform="second")
        for word in ("Wang", "Chen", "等待审批", "正在评估回滚", "rollback_canary"):
            assert word in card, word
        guest = story.person("guest")
        for text in ("assign me", "escalate", "snooze 1h", "severity P4", "resolve"):
            assert (await guest.says(f"@tocsin {text}")).tone == "refused"
        assert (await story.state()).assignee == "chen"


@BOTH
@in_story_time
async def test_two_incidents_are_one_and_then_two_again(tmp_path: Path, language: str):
    async with open_story(tmp_path, language) as story:
        story.world.release_leaks()
        errors = story.firing()
        slow = story.firing(name="PaymentSlow", ago=20.0, pod="p2")
        one = await story.alert(errors)
        proposal = await story.asked(one)
        other = await story.alert(slow, groupKey="slow")
        await story.asked(other)
        assert proposal.request is not None
        lin = story.person("lin")
        assert other in (await lin.says(said(language, f"合并到 {other} 同因", f"merge {other} 同因"), at=one)).text
        assert (await lin.presses("approve", at=one, approval=proposal.request.id)).tone == "refused"
        assert other in await story.reads("header", incident=one)
        assert one in await story.reads("header", incident=other)
        assert "同因" in await story.reads("header", incident=other)
        assert f"life {one}" not in story.house.crew.names
        assert f"life {other}" in story.house.crew.names
        assert await story.alert(errors | {"startsAt": story.firing(ago=0.0)["startsAt"]}) == other
        assert (await story.state(one)).proposals[proposal.plan.id].decision is None
        assert (await lin.says(said(language, "拆开", "unlink"), at=one)).tone == "ok"
        state = await story.until(lambda s: s.episode == 2 and s.status == "awaiting_approval", one)
        assert set(state.alerts) == set((await story.state(one)).alerts)
        assert not set(state.alerts) & set((await story.state(other)).alerts)
        assert await story.alert(errors) == one
        assert story.world.target.done == []

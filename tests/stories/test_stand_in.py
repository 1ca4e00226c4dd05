"""Tells how an incident goes on in another room while one stays away, and how both agree afterwards."""

from pathlib import Path

import pytest
import yaml

from engine.model import Phrase
from tests.stories.stage import Story, in_story_time, open_story

SAID = {"en": "What is decided here counts everywhere", "zh": "在这里的决定处处有效"}
BOTH = pytest.mark.parametrize("language, said", SAID.items(), ids=SAID)
NOTE = "stand_in:second:trade"


def only_room(folder: Path, story: Story) -> None:
    """Leave the team one room, and another for when nobody takes an incident."""
    (file,) = folder.glob("teams-*/trade/team.yaml")
    team = yaml.safe_load(file.read_text(encoding="utf-8"))
    team |= {"rooms": ["second:trade"], "escalation": {"after_minutes": 0, "room": "chat:trade"}}
    file.write_text(yaml.safe_dump(team), encoding="utf-8")
    assert not story.house.teams.reload()


async def decided_here(story: Story) -> None:
    """Approve in the room that can be reached, and wait for the recovery."""
    proposal = await story.asked()
    assert proposal.request is not None
    await story.house.tools.clock.sleep(240.0)
    assert "rollback_canary" in await story.reads(f"plan:{proposal.plan.id}")
    said = await story.person("lin").says(f"approve {proposal.request.id} CONFIRM_EXECUTE")
    assert said.tone == "ok"
    await story.status("recovered")


async def agree(story: Story) -> None:
    """Let the room come back, and hold both to the same words, once each."""
    assert story.platforms["second"].messages == []
    story.platforms["second"].away = False
    await story.house.tools.clock.sleep(300.0)
    here, there = (
        {message.key: message.card for message in story.platforms[name].messages if story.incident in message.key}
        for name in ("chat", "second")
    )
    assert f"{story.incident}/{NOTE}" in here
    assert {key: card for key, card in here.items() if NOTE not in key} == there
    for platform in story.platforms.values():
        keys = [(message.room, message.key) for message in platform.messages]
        assert len(keys) == len(set(keys))


@BOTH
@in_story_time
async def test_people_are_told_that_the_other_room_is_away(tmp_path: Path, language: str, said: str):
    async with open_story(tmp_path, language) as story:
        story.platforms["second"].away = True
        story.world.release_leaks()
        await story.alert()
        await decided_here(story)
        note = await story.reads(NOTE)
        assert said in note
        assert "second:trade" in note
        assert "away" in note, "why, in the platform's words"
        await agree(story)


@BOTH
@in_story_time
async def test_the_room_for_later_stands_in_for_the_only_one(tmp_path: Path, language: str, said: str):
    async with open_story(tmp_path, language) as story:
        only_room(tmp_path, story)
        story.platforms["second"].away = True
        story.world.release_leaks()
        await story.alert()
        await story.asked()
        assert story.platforms["chat"].messages == [], "it hears of an incident only when it must"
        await decided_here(story)
        assert said in await story.reads(NOTE)
        await agree(story)


@BOTH
@in_story_time
async def test_a_room_that_is_lost_is_told_of_and_stood_in_for_at_once(tmp_path: Path, language: str, said: str):
    async with open_story(tmp_path, language) as story:
        chat, clock = story.platforms["chat"], story.house.tools.clock
        story.platforms["second"].lost = True
        why = Phrase(word="slack.lost.left")
        await story.house.desk.lose("second:trade", why, clock.now())
        await story.house.desk.lose("second:", why, clock.now())
        await story.house.desk.lose("second:elsewhere", why, clock.now())
        told = [message.card.summary for message in chat.messages]
        assert [story.words.say(why) in text and "second:trade" in text for text in told] == [True, True]
        assert "second:trade" in story.house.outbox.failing
        story.world.release_leaks()
        await story.alert()
        await story.asked()
        await clock.sleep(20.0)
        note = await story.reads(NOTE)
        assert (said in note, story.words.say(why) in note or "no" in note) == (True, True)
        story.platforms["second"].lost = False
        await clock.sleep(300.0)
        await story.house.outbox.settle(60.0)
        assert story.house.outbox.failing == {}

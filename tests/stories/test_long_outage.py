"""Tells an incident of which one room hears nothing for an hour, or is told to wait again and again, in the middle."""

from pathlib import Path

import pytest

from cards.render.text import render
from tests.fakes.platforms import FakePlatform
from tests.stories.stage import Story, in_story_time, open_story

HOUR, STORM = 3600.0, 600.0
FOR_EVER = 1_000_000


def shown(story: Story, platform: FakePlatform) -> list[tuple[str, str]]:
    """What the incident's thread shows, in order, but for the note of the room that stands in."""
    cards = [(message.key, str(render(message.card).body)) for message in platform.messages]
    return [(key, text) for key, text in cards if story.incident in key and "/stand_in:" not in key]


async def cured_elsewhere(story: Story) -> None:
    """Approve, cure, keep and close, in the room that is left."""
    proposal = await story.asked()
    assert proposal.request is not None
    lin = story.person("lin", "second")
    assert (await lin.says(f"approve {proposal.request.id} CONFIRM_EXECUTE")).tone == "ok"
    await story.status("recovered")
    assert (await lin.says("status checkout is back")).tone == "ok"
    assert (await lin.says("keep all")).tone == "ok"
    assert (await lin.says("close")).tone == "ok"
    await story.status("closed")


@pytest.mark.parametrize("trouble, seconds, every", [("away", HOUR, 5.0), ("busy", STORM, 1.0)])
@in_story_time
async def test_the_other_room_cures_it_and_both_end_alike(tmp_path: Path, trouble: str, seconds: float, every: float):
    async with open_story(tmp_path) as story:
        lost, kept = story.platforms["chat"], story.platforms["second"]
        story.world.release_leaks()
        await story.alert()
        await story.asked()
        await story.house.outbox.settle(60.0)
        before, calls = len(lost.messages), lost.posts + lost.edits
        assert before >= 4
        setattr(lost, trouble, FOR_EVER)
        await cured_elsewhere(story)
        await story.house.tools.clock.sleep(seconds)
        assert len(lost.messages) == before
        taken = (story.house.tools.clock.now() - (await story.entries())[0].at).total_seconds()
        assert 1 < lost.posts + lost.edits - calls <= taken / every + 1, "it is tried when it was told to"

        setattr(lost, trouble, 0)
        posts, edits = lost.posts, lost.edits
        await story.house.tools.clock.sleep(60.0)
        there = shown(story, lost)
        assert there == shown(story, kept), "the same words in the same order"
        assert len(dict(there)) == len(there), "each part once"
        assert (lost.posts - posts, lost.edits - edits <= before) == (len(lost.messages) - before, True)
        assert story.house.outbox.failing == {}
        assert len(story.world.target.done) == 1

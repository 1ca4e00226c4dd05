"""Counts how often a phone rings: a whole incident and a whole shift post each part once, and only edit after that."""

from collections import Counter
from pathlib import Path

import pytest

from cards.words import Words
from tests.fakes.platforms import FakePlatform
from tests.stories import script
from tests.stories.stage import Heard, Story, in_story_time, open_story

PATIENCE = 600
ONCE = ("header", "evidence", "diagnosis")
RINGS = {
    "action.planned": "plan",
    "recovery.verified": "recovery",
    "notice.posted": "say",
    "approval.refused": "say",
    "incident.assigned": "say",
    "incident.escalated": "say",
    "shift.handed_over": "handover",
}
"""What may ring each time it happens, as the timeline calls it, and the message it is. What people do besides (an ack,
a severity, a status, a snooze, a reopening, a refusal told to whoever asked) changes a message that is there."""
BOTH = pytest.mark.parametrize("language", ["en", "zh"])


class ByWords:
    """The two rooms of the story, in which people only write."""

    def __init__(self, story: Story, language: str) -> None:
        self.story = story
        self.language = language
        self.words = Words(language)
        self.heard: list[Heard] = []

    async def sees(self, *texts: str) -> None:
        for _ in range(PATIENCE):
            told = "\n".join([await self.story.thread(), *(heard.text for heard in self.heard)])
            if all(text in told for text in texts):
                return
            await self.story.house.tools.clock.sleep(1.0)
        raise AssertionError(f"nobody sees {texts} in\n{told}")

    async def says(self, who: str, text: str) -> None:
        self.heard.append(await self.story.person(who).says(text, mentions_bot=True))

    async def presses(self, who: str, label: str) -> None:
        words = {"lift": ("lift", "解除"), "keep_all": ("keep all", "全部保留")}[label]
        await self.says(who, words[self.language == "zh"])

    async def approves(self, who: str, word: str) -> None:
        proposal = await self.story.asked()
        assert proposal.request is not None
        await self.says(who, f"{'批准' if self.language == 'zh' else 'approve'} {proposal.request.id} {word}")


async def budget(story: Story) -> Counter[str]:
    """How many messages of each kind the rule allows, counted from what happened and not from what is drawn."""
    kinds = await story.kinds()
    allowed = Counter((*ONCE, *(RINGS[kind] for kind in kinds if kind in RINGS)))
    return allowed + Counter(closing=1 if "incident.closed" in kinds else 0)


def rung(story: Story, platform: FakePlatform) -> Counter[str]:
    """How many messages of each kind the room got."""
    keys = [message.key.removeprefix(f"{story.incident}/") for message in platform.messages]
    assert len(keys) == len(set(keys)) == platform.posts, "each part is posted once"
    return Counter(key.partition(":")[0] for key in keys)


@BOTH
@in_story_time
async def test_the_worked_example_rings_once_for_each_part(tmp_path: Path, language: str):
    async with open_story(tmp_path, language) as story:
        await script.tell_the_worked_example(ByWords(story, language))
        await story.house.outbox.settle(60.0)
        for platform in story.platforms.values():
            told = rung(story, platform)
            assert told == await budget(story)
            # The promise to only read, two wrong words and the guest's are said; the rest is one message a part.
            assert told == Counter((*ONCE, "plan", "recovery", "closing", *4 * ("say",)))
            assert platform.edits > len(platform.messages), "what happened later changed what stands there"


@BOTH
@in_story_time
async def test_a_shift_rings_only_for_what_is_said_to_somebody(tmp_path: Path, language: str):
    async with open_story(tmp_path, language) as story:
        by_deeds = [said._replace(shows=()) for said in script.SHIFT]
        await script.tell_a_shift(ByWords(story, language), by_deeds)
        await story.house.outbox.settle(60.0)
        for platform in story.platforms.values():
            told = rung(story, platform)
            assert told == await budget(story)
            # One plan, whom it was given to, who was called, one handover: eight messages in all.
            assert told == Counter((*ONCE, "plan", "closing", "handover", *2 * ("say",)))
            assert platform.edits >= 1

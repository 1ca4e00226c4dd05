"""Checks that live cards are drawn anew where they hang, for a while and not for ever, and one for each service."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.monitors import LASTS, MOST, Monitors
from cards.words import Words
from tests.fakes.platforms import FakePlatform
from tests.stories.stage import Story, in_story_time, open_story


class Anew(FakePlatform):
    """A platform on which every change is another message."""

    shows_anew = True


async def shown(story: Story) -> list[tuple[str, int, str]]:
    """(room, edits, text) of the live cards, once everything was sent."""
    await story.house.outbox.settle(seconds=60.0)
    messages = [m for p in story.platforms.values() for m in p.messages if "/monitor:" in m.key]
    return [(m.room, m.edits, str(m.card)) for m in messages]


@pytest.mark.parametrize("language", ["zh", "en"])
@in_story_time
async def test_a_card_is_drawn_anew_each_round_until_its_time_is_over(tmp_path: Path, language: str) -> None:
    async with open_story(tmp_path, language) as story:
        lin, house, clock = story.person("lin"), story.house, story.house.tools.clock
        words = Words(language)
        assert (await lin.says(f"/incident monitor {story.world.service}")).tone == "ok"
        until = words.clock(clock.now() + LASTS)
        ((room, edits, text),) = await shown(story)
        assert (room, edits) == ("trade", 0)
        assert until in text
        for _ in range(3):
            await clock.sleep(60.0)
            await house.monitors.round()
        ((_, edits, text),) = await shown(story)
        assert edits == 3
        assert until in text
        await clock.sleep(LASTS.total_seconds())
        await house.monitors.round()
        ((_, edits, text),) = await shown(story)
        assert edits == 4
        assert words.text("monitor_card.press") in text
        assert until not in text.replace(words.clock(clock.now()), "")
        await clock.sleep(60.0)
        await house.monitors.round()
        assert (await shown(story))[0][1] == 4, "it is over"


@in_story_time
async def test_a_press_makes_it_last_longer_and_days_later_it_is_the_same_card(tmp_path: Path) -> None:
    async with open_story(tmp_path, "en") as story:
        lin, house, clock = story.person("lin"), story.house, story.house.tools.clock
        await lin.says(f"/incident monitor {story.world.service}")
        await clock.sleep(LASTS.total_seconds() - 60.0)
        await lin.says(f"/incident monitor {story.world.service}")
        await clock.sleep(120.0)
        await house.monitors.round()
        ((_, edits, text),) = await shown(story)
        assert edits == 2
        assert "at the latest" in text
        await clock.sleep(timedelta(days=3).total_seconds())
        await lin.says(f"/incident monitor {story.world.service}")
        assert len(await shown(story)) == 1


@in_story_time
async def test_no_round_where_every_change_is_another_message(tmp_path: Path) -> None:
    async with open_story(tmp_path, "en") as story:
        house, clock = story.house, story.house.tools.clock
        team = house.teams.team("trade")
        monitors = Monitors(house.board, {"wecom": Anew("wecom"), "fake": FakePlatform()}, clock)
        assert monitors.keep(team, "wecom:w1", "payment") is None
        assert monitors.keep(team, "fake:f1", "payment") == clock.now() + LASTS


@in_story_time
async def test_only_so_many_are_kept_fresh_and_what_is_gone_is_forgotten(tmp_path: Path) -> None:
    async with open_story(tmp_path, "en") as story:
        house = story.house
        team = house.teams.team("trade")
        for number in range(MOST + 5):
            house.monitors.keep(team, "chat:trade", f"service-{number}")
        await house.monitors.round()
        assert not await shown(story), "no such service any more"
        house.monitors.keep(team, "chat:elsewhere", story.world.service)
        await house.monitors.round()
        assert not await shown(story), "no room of the team any more"

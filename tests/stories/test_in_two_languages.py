"""Tells one incident in a Chinese room and an English one at once: each wholly in its language, whoever reads there."""

import asyncio
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import yaml

from bot.run import reload_teams
from cards.words import Words, table
from tests.fakes.feishu_server import reads
from tests.fakes.slack_workspace import BOT
from tests.stories import test_in_slack as slack
from tests.stories.test_in_two_rooms import CHANNEL, CHAT, Threads, entries, told_in_both

CHINESE = re.compile(r"[\u3400-\u9fff，。：；（）]")
GAP = re.compile(r"\{[^}]*\}")
WAYS = pytest.mark.parametrize("in_slack_, in_feishu_", [("en", "zh"), ("zh", "en")])


@cache
def english() -> re.Pattern[str]:
    """What only English cards say: sentences without a gap, and the longest piece of those that have some."""
    said = {
        max(GAP.split(text), key=len).strip() for word, text in table("en").items() if table("zh_CN").get(word) != text
    }
    return re.compile("|".join(re.escape(each) for each in sorted(said, key=len) if len(each) > 11 and " " in each))


def foreign(language: str) -> Callable[[str], list[str]]:
    """What of a text is not in this language."""
    return (CHINESE if language == "en" else english()).findall


def in_slack(threads: Threads) -> str:
    """All that anybody reads in the channel."""
    return "\n".join(each.words for each in threads.slack.slack.shown(slack.CHANNEL) if each.user == BOT)


def in_feishu(threads: Threads) -> list[str]:
    """All that is read in the chat, by each kind of viewer."""
    cards = threads.feishu.server.cards(CHAT.partition(":")[2])
    return ["\n".join(reads(each.card, viewer) for each in cards) for viewer in ("zh_cn", "en_us")]


async def until(threads: Threads, text: str, read: Callable[[], str]) -> None:
    """Wait until this is read."""
    async with asyncio.timeout(30):
        while text not in read():
            await threads.story.house.outbox.settle(1.0)
            await asyncio.sleep(0)


@WAYS
async def test_each_room_is_wholly_in_its_language(tmp_path: Path, in_slack_: str, in_feishu_: str) -> None:
    spoken = {CHANNEL: in_slack_, CHAT: in_feishu_}
    slack_words, feishu_words = Words(in_slack_), Words(in_feishu_)
    async with told_in_both(tmp_path, spoken) as threads:
        story = threads.story
        story.world.release_leaks()
        await story.alert()
        proposal = await story.asked()
        await threads.slack.slack.until(lambda: threads.slack.slack.shown(slack.CHANNEL), 20.0)
        await threads.slack.shows(slack_words.text("plan_state.waiting"))
        await until(threads, feishu_words.text("plan_state.waiting"), lambda: in_feishu(threads)[0])

        # Help, and the form of a button, in the language of the room, whatever the person's own is.
        await threads.slack.says("lin", "help")
        await threads.slack.hears("lin", slack_words.text("command.help_title"))
        lin = await threads.slack.opens("lin", slack_words.text("button.approve"))
        assert lin.view is not None
        assert foreign(in_slack_)(str(lin.view["blocks"])) == []
        assert await threads.slack.slack.submits(lin, word="CONFIRM_EXECUTE") == {}
        await story.status("recovered")
        await threads.slack.shows(slack_words.text("fact.receipt"))
        await until(threads, feishu_words.text("fact.receipt"), lambda: in_feishu(threads)[0])
        await story.house.outbox.settle(60.0)

        assert proposal.plan.id
        assert foreign(in_slack_)(in_slack(threads)) == []
        assert [foreign(in_feishu_)(text) for text in in_feishu(threads)] == [[], []]
        assert story.house.outbox.failing == {}


async def test_one_room_changes_its_language_and_the_other_stays(tmp_path: Path) -> None:
    async with told_in_both(tmp_path, {CHANNEL: "en", CHAT: "zh"}) as threads:
        story = threads.story
        story.world.release_leaks()
        await story.alert()
        await story.asked()
        await threads.slack.slack.until(lambda: threads.slack.slack.shown(slack.CHANNEL), 20.0)
        await threads.slack.shows(Words("en").text("plan_state.waiting"))
        await until(threads, Words("zh").text("plan_state.waiting"), lambda: in_feishu(threads)[0])
        await story.house.outbox.settle(60.0)
        before = in_feishu(threads)

        file = tmp_path / "teams" / "trade" / "team.yaml"
        team = yaml.safe_load(file.read_text(encoding="utf-8"))
        team["rooms"] = entries({CHANNEL: "zh", CHAT: "zh"})
        file.write_text(yaml.safe_dump(team, allow_unicode=True), encoding="utf-8")
        await reload_teams(story.house)
        await threads.slack.shows(Words("zh").text("plan_state.waiting"))
        await story.house.outbox.settle(60.0)
        assert foreign("zh")(in_slack(threads)) == []
        assert in_feishu(threads) == before

"""Tells an incident whose team changes its language in the middle: what stands there is then said in the new one."""

from pathlib import Path

import pytest
import yaml

from bot.run import reload_teams
from cards.words import Words
from tests.bot.platforms.wecom.one_process import in_one_process
from tests.fakes.slack_workspace import BOT
from tests.stories import test_in_slack as slack
from tests.stories import test_in_wecom as wecom
from tests.stories.stage import Story

SAYS = {
    "en": {"header": "Waiting for approval", "evidence": "Evidence: ", "diagnosis": "Cause: ", "plan": "Plan: "},
    "zh": {"header": "等待审批", "evidence": "证据：", "diagnosis": "根因：", "plan": "方案："},
}
"""What each card says in each language and not in the other."""
WAYS = pytest.mark.parametrize("before, after", [("en", "zh"), ("zh", "en")])


async def speaks(folder: Path, story: Story, language: str) -> None:
    """Somebody changes the file, and the house reads it anew."""
    file = folder / "teams" / "trade" / "team.yaml"
    team = yaml.safe_load(file.read_text(encoding="utf-8")) | {"language": language}
    file.write_text(yaml.safe_dump(team, allow_unicode=True), encoding="utf-8")
    await reload_teams(story.house)


@WAYS
async def test_in_slack_every_card_is_edited(tmp_path: Path, before: str, after: str) -> None:
    async with slack.told_in_slack(tmp_path, before) as thread:
        story = thread.story
        story.world.release_leaks()
        await story.alert()
        proposal = await story.asked()
        assert proposal.request is not None
        await thread.slack.until(lambda: thread.slack.shown(slack.CHANNEL), 20.0)
        for text in SAYS[before].values():
            await thread.shows(text)
        await story.house.outbox.settle(60.0)
        count = len(thread.slack.shown(slack.CHANNEL))

        await speaks(tmp_path, story, after)
        for text in SAYS[after].values():
            await thread.shows(text)
        await story.house.outbox.settle(60.0)
        cards = [message for message in thread.slack.shown(slack.CHANNEL) if message.user == BOT]
        for text in SAYS[before].values():
            assert not [message.words for message in cards if text in message.words]
        assert len(cards) <= count, "no card came a second time"

        # It goes on in the new language: the button, the form, the receipt.
        lin = await thread.opens("lin", Words(after).text("button.approve"))
        await thread.slack.submits(lin, word="CONFIRM_EXECUTE")
        await story.status("recovered")
        await thread.shows(Words(after).text("fact.receipt"), "receipt_1")


async def switched_in_wecom(folder: Path, before: str, after: str) -> None:
    async with wecom.in_wecom(folder, before) as chat:
        story = chat.story
        story.world.release_leaks()
        await story.alert()
        proposal = await story.asked()
        assert proposal.request is not None
        for text in SAYS[before].values():
            await chat.sees(text)
        await story.house.outbox.settle(60.0)
        told = len(chat.texts())

        await speaks(folder, story, after)
        chat.language, chat.words = after, Words(after)
        await chat.sees(SAYS[after]["header"])
        await story.house.outbox.settle(60.0)
        await story.house.tools.clock.sleep(120.0)
        # WeCom edits nothing: what is decided about comes anew, in the new language, and nothing more in the old one.
        newest = chat.texts()[told:]
        for text in SAYS[after].values():
            assert [shown for shown in newest if text in shown], (text, newest)
        for text in SAYS[before].values():
            assert not [shown for shown in newest if text in shown], text

        code = await chat.code("lin")
        await chat.says("lin", f"{wecom.VERB[after]} {code} CONFIRM_EXECUTE")
        await story.status("recovered")
        await chat.sees(proposal.request.id, "receipt_1", chat.words.text("fact.receipt"))


@WAYS
def test_in_wecom_every_card_comes_anew(tmp_path: Path, before: str, after: str) -> None:
    in_one_process(switched_in_wecom(tmp_path, before, after))

"""Tells how people are called on each platform: whoever is meant is really mentioned, and nobody else ever is."""

import asyncio
from pathlib import Path
from typing import Any

import yaml

from tests.bot.platforms.wecom.one_process import in_one_process
from tests.fakes.slack_workspace import BOT
from tests.stories import test_in_feishu as feishu
from tests.stories import test_in_slack as slack
from tests.stories import test_in_wecom as wecom
from tests.stories.stage import Story

HOSTILE = "<!channel> <@U0CHEN> <at id=all></at> <at id=ou_chen></at> <@all> <@chen>"
"""What tries to mention everybody, and somebody who has nothing to do with it, on every platform."""


async def impatient(story: Story, folder: Path, **more: str) -> None:
    """Whoever is on call is called again after half a minute."""
    file = folder / "teams" / "trade" / "team.yaml"
    team: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    team |= {"on_call": ["lin", "wang"], "escalation": {"after_minutes": 0.5, **more}}
    file.write_text(yaml.safe_dump(team, allow_unicode=True), encoding="utf-8")
    assert await asyncio.to_thread(story.house.teams.reload) == ()


async def until_called(story: Story, times: int) -> None:
    """Go on with the rounds of a process until so many steps were taken."""
    while len(await story.entries("incident.escalated")) < times:
        await story.house.tools.clock.sleep(5.0)
        await story.house.escalation.round()


def firing(story: Story) -> Any:
    """An alert whose text would mention everybody."""
    return story.firing(annotations={"summary": f"payments fail {HOSTILE}", "description": HOSTILE})


async def test_in_slack(tmp_path: Path) -> None:
    async with slack.told_in_slack(tmp_path) as thread:
        story, server = thread.story, thread.slack
        await impatient(story, tmp_path)
        await story.alert(firing(story))
        await server.until(lambda: server.shown(slack.CHANNEL), 20.0)
        await until_called(story, 2)
        await thread.shows("<@U0LIN>", "Please take it")
        await thread.shows("<@U0WANG>", "you are called next")
        await thread.says("lin", f"<@{BOT}> assign chen {HOSTILE}")
        await thread.shows("<@U0CHEN>", "Lin")
        await thread.says("lin", f"<@{BOT}> escalate wang {HOSTILE}")
        await thread.says("chen", f"<@{BOT}> handover lin {HOSTILE}")
        await thread.shows("<@U0LIN>", "Handover")
        await story.house.outbox.settle(60.0)
        told = [sorted(message.told) for message in server.shown(slack.CHANNEL) if message.told]
        assert told == [["U0LIN"], ["U0WANG"], ["U0CHEN"], ["U0WANG"], ["U0LIN"]]
        assert "<!channel>" not in str([message.payload for message in server.shown(slack.CHANNEL)])


async def test_in_feishu(tmp_path: Path) -> None:
    async with feishu.told_in_feishu(tmp_path) as thread:
        story, server = thread.story, thread.server
        await impatient(story, tmp_path)
        await story.alert(firing(story))
        await thread.shows("PaymentHigh503")
        await until_called(story, 2)
        await thread.shows("Please take it")
        await thread.says("lin", f"assign chen {HOSTILE}")
        await thread.says("lin", f"escalate wang {HOSTILE}")
        await thread.says("chen", f"handover lin {HOSTILE}")
        await thread.shows("<at id=ou_lin></at>", "Handover")
        await story.house.outbox.settle(60.0)
        told = [sorted(message.told) for message in server.cards(feishu.CHAT) if message.told]
        assert told == [["ou_lin"], ["ou_wang"], ["ou_chen"], ["ou_wang"], ["ou_lin"]]
        assert "<at id=all>" not in "".join(message.content for message in server.cards(feishu.CHAT))


async def test_feishu_makes_it_urgent_for_whoever_was_called(tmp_path: Path) -> None:
    async with feishu.told_in_feishu(tmp_path) as thread:
        story, server = thread.story, thread.server
        server.tenant.scopes.add("im:message.urgent")
        server.tenant.chats[feishu.CHAT].discard("ou_wang")
        await impatient(story, tmp_path, urgent="feishu")
        await story.alert(firing(story))
        await until_called(story, 3)
        said = await thread.shows("made urgent for Lin, Wang")
        await until(story, "urgent.called")
        assert server.tenant.urgent == [(said.id, "ou_lin")], "Wang is not in the group"
        (called,) = await story.entries("urgent.called")
        assert called.body["people"] == ["lin"]


async def test_without_the_permission_the_thread_names_it(tmp_path: Path) -> None:
    async with feishu.told_in_feishu(tmp_path) as thread:
        story, server = thread.story, thread.server
        await impatient(story, tmp_path, urgent="feishu")
        await story.alert(firing(story))
        await until(story, "urgent.called")
        await thread.shows("could not be made urgent", "im:message.urgent")
        assert (server.tenant.urgent, len(await story.entries("urgent.failed"))) == ([], 3)


async def until(story: Story, kind: str) -> None:
    """Go on with the rounds of a process until this was written."""
    while not await story.entries(kind):
        await story.house.tools.clock.sleep(5.0)
        await story.house.escalation.round()


def test_in_wecom(tmp_path: Path) -> None:
    in_one_process(called_in_wecom(tmp_path))


async def called_in_wecom(folder: Path) -> None:
    async with wecom.in_wecom(folder, "en") as chat:
        story, server = chat.story, chat.server
        await impatient(story, folder)
        incident = await story.alert(firing(story))
        await chat.sees("PaymentHigh503")
        await until_called(story, 2)
        await chat.sees("<@lin>", "Please take it")
        await chat.sees("<@wang>", "you are called next")
        await chat.says("lin", f"assign chen {HOSTILE}")
        await chat.says("lin", f"escalate wang {HOSTILE}")
        await chat.says("chen", f"handover lin {HOSTILE}")
        await chat.sees("<@lin>", "Handover")
        await story.house.outbox.settle(300.0)
        told = [sorted(message.told) for message in server.messages if message.told]
        assert told == [["lin"], ["wang"], ["chen"], ["wang"], ["lin"]]
        assert (server.refused, incident in chat.texts()[0]) == ([], True)

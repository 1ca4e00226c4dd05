"""Tells one incident that lives in a Slack channel and in a Feishu chat: what is decided in one shows in both."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.run import bind, serving
from bot.settings import load
from bot.wiring import Parts, open_house
from cards.words import Words
from tests.fakes.clock import FakeIds
from tests.fakes.feishu_rest import APP_ID, APP_SECRET
from tests.fakes.feishu_server import FeishuServer
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_workspace import APP_TOKEN, BOT, BOT_TOKEN
from tests.fakes.store import FakeStore
from tests.stories import test_in_feishu as feishu
from tests.stories import test_in_slack as slack
from tests.stories.stage import Story, team_files
from tests.stories.world import World

CHANNEL, CHAT = f"slack:{slack.CHANNEL}", f"feishu:{feishu.CHAT}"
NOWHERE: Mapping[str, str] = {}


@dataclass
class Threads:
    """The incident's thread in each room."""

    story: Story
    slack: slack.Thread
    feishu: feishu.Thread


def in_both(folder: Path, spoken: Mapping[str, str]) -> Path:
    """The trade team in both rooms, each person with an account on each platform; `spoken` names the languages of
    rooms that have one of their own."""
    file = folder / "trade" / "team.yaml"
    team: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    team["rooms"] = entries(spoken)
    for person, account in feishu.PEOPLE.items():
        team["people"][person]["accounts"] = {"slack": f"U0{person.upper()}", "feishu": account}
    file.write_text(yaml.safe_dump(team, allow_unicode=True), encoding="utf-8")
    return folder


def entries(spoken: Mapping[str, str]) -> list[str | dict[str, str]]:
    """Both rooms as a team file names them."""
    return [{"room": room, "language": spoken[room]} if room in spoken else room for room in (CHANNEL, CHAT)]


@asynccontextmanager
async def told_in_both(folder: Path, spoken: Mapping[str, str] = NOWHERE) -> AsyncIterator[Threads]:
    """The house with both apps in its settings; Slack is read in English, Feishu by whoever reads."""
    clock, ids = feishu.SwiftClock(), FakeIds()
    workspace, tenant = SlackServer(), FeishuServer(now=lambda: int(clock.now().timestamp() * 1000))
    workspace.workspace.now = lambda: clock.now().timestamp()
    workspace.workspace.channel(slack.CHANNEL)
    for person in feishu.PEOPLE:
        workspace.workspace.human(f"U0{person.upper()}", person, locale="en-US")
    tenant.chat(feishu.CHAT, *feishu.PEOPLE.values())
    world, store = World(clock), FakeStore(clock, ids)

    @asynccontextmanager
    async def open_store(path: Path, clock: Any, ids: Any) -> AsyncIterator[Any]:
        yield store

    async with workspace.serving(), tenant.serving():
        parts = Parts(
            clock=clock,
            ids=ids,
            sources=world.sources,
            executors={world.executor.name: world.executor},
            team_files=in_both(team_files(folder / "teams", world, "en"), spoken),
            open_store=open_store,
        )
        settings = load(
            None,
            data_dir=folder / "data",
            execution={"enabled": True, "allowed_operations": "rollback_canary,restore_state"},
            slack={"bot_token": BOT_TOKEN, "app_token": APP_TOKEN, "api_url": workspace.api_url},
            feishu={"app_id": APP_ID, "app_secret": APP_SECRET, "domain": tenant.domain},
        )
        async with open_house(settings, parts) as house, serving(house, bind("127.0.0.1", 0)):
            await workspace.until(lambda: workspace.sockets)
            await tenant.connected()
            story = Story(house, world, {}, store, Words("en"))
            yield Threads(story, slack.Thread(story, workspace), feishu.Thread(story, tenant))


async def test_a_decision_in_one_room_shows_in_both(tmp_path: Path) -> None:
    async with told_in_both(tmp_path) as threads:
        story = threads.story
        story.world.release_leaks()
        await story.alert()
        await threads.slack.slack.until(lambda: threads.slack.slack.shown(slack.CHANNEL), 20.0)
        await threads.slack.shows("PaymentHigh503")
        await threads.feishu.shows("PaymentHigh503")

        # Said in Chinese in Feishu, the constraint holds the plan in Slack too.
        await threads.feishu.says("lin", "先不要回滚。请查证据，判断是不是 v2.3.1 发布导致")
        proposal = await story.asked()
        assert proposal.request is not None
        await threads.slack.shows("On hold", proposal.request.digest[:12])
        await threads.slack.presses("lin", "Lift the hold")
        await threads.feishu.offers("Approve…")

        # Lin types in Slack, Chen in Feishu, at the same moment: one is taken, the other is told who was first.
        await threads.slack.opens("lin", "Approve…")
        await threads.feishu.presses("chen", "Approve…")
        await threads.feishu.offers("Execute")
        async with asyncio.TaskGroup() as group:
            form = threads.slack.slack.submits(threads.slack.person("lin"), word="CONFIRM_EXECUTE")
            lin = group.create_task(form)
            chen = group.create_task(threads.feishu.presses("chen", "Execute", word="CONFIRM_EXECUTE"))
        state = await story.status("recovered")
        decision = state.proposals[proposal.plan.id].decision
        assert decision is not None
        if decision.by == "lin":
            assert lin.result() == {}
            assert (chen.result().toast["type"], "Lin" in chen.result().text("en_us")) == ("error", True)
        else:
            assert "Chen" in lin.result()["word"]
            assert chen.result().toast["type"] == "success"
        assert len(story.world.target.done) == 1

        # Both rooms end with the same story, each in its reader's language.
        for text in ("receipt_1", "Recovered"):
            await threads.slack.shows(text)
            await threads.feishu.shows(text)
        await threads.feishu.shows("已恢复", language="zh_cn")
        await story.house.outbox.settle(60.0)
        assert story.house.outbox.failing == {}
        assert (threads.slack.slack.late, threads.slack.slack.wrong) == ([], [])
        assert (threads.feishu.server.late, threads.feishu.server.tenant.refused) == ([], [])


async def test_a_room_changes_its_language_while_an_incident_lives(tmp_path: Path) -> None:
    async with told_in_both(tmp_path) as threads:
        story = threads.story
        await story.alert()
        await threads.slack.slack.until(lambda: threads.slack.slack.shown(slack.CHANNEL), 20.0)
        await threads.slack.shows("Needs a person", "Evidence")
        file = tmp_path / "teams" / "trade" / "team.yaml"
        team = yaml.safe_load(file.read_text(encoding="utf-8")) | {"language": "zh"}
        file.write_text(yaml.safe_dump(team, allow_unicode=True), encoding="utf-8")
        await asyncio.to_thread(story.house.teams.reload)
        await threads.slack.says("lin", "ack")
        await threads.slack.shows("PaymentHigh503", "证据", "Lin")
        assert "Evidence" not in threads.slack.root.words


async def test_the_bot_is_taken_out_of_the_channel_in_the_middle(tmp_path: Path) -> None:
    async with told_in_both(tmp_path) as threads:
        story, workspace = threads.story, threads.slack.slack
        story.world.release_leaks()
        await story.alert()
        await threads.feishu.shows("PaymentHigh503")
        workspace.workspace.channels[slack.CHANNEL].discard(BOT)
        workspace.workspace.scopes.discard("chat:write.public")
        await workspace.event({"type": "channel_left", "channel": slack.CHANNEL})
        # Said at once where people still are, with what to do; the incident goes on there.
        await threads.feishu.shows(f"slack:{slack.CHANNEL}", "/invite @Tocsin")
        await threads.feishu.offers("Approve…")
        await threads.feishu.shows("goes on here", "/invite @Tocsin")
        await threads.feishu.presses("chen", "Approve…")
        await threads.feishu.offers("Execute")
        await threads.feishu.presses("chen", "Execute", word="CONFIRM_EXECUTE")
        await story.status("recovered")
        # Invited again, the channel shows how it ended, each part once.
        workspace.workspace.channels[slack.CHANNEL].add(BOT)
        await threads.slack.shows("receipt_1")
        await threads.slack.shows("Recovered")
        await story.house.outbox.settle(120.0)
        keys = [m.metadata["event_payload"]["key"] for m in workspace.shown(slack.CHANNEL) if m.user == BOT]
        assert len(keys) == len(set(keys))
        assert story.house.outbox.failing == {}

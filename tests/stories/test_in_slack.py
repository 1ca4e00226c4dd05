"""Tells the worked example in one Slack thread, over Slack's own client: a wrong word, the right one, a cure."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.run import bind, serving
from bot.settings import load
from bot.wiring import Parts, open_house
from cards.words import Words
from tests.fakes.clock import FakeIds
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_workspace import APP_TOKEN, BOT, BOT_TOKEN, SIGNING_SECRET, Human, Message
from tests.fakes.store import FakeStore
from tests.stories.stage import Story, team_files
from tests.stories.test_in_feishu import SwiftClock
from tests.stories.world import World

CHANNEL = "C0TRADE"
SAYS = {
    "en": {
        "hold": "Do not roll back yet. Look at the evidence first: was it the release?",
        "promise": "I only read",
        "lift": "Lift the hold",
        "approve": "Approve…",
        "reject": "Reject…",
        "executed": "receipt_1",
        "recovered": "Recovered",
        "held": "On hold",
    },
    "zh": {
        "hold": "先不要回滚。请查证据，判断是不是 v2.3.1 发布导致",
        "promise": "只读",
        "lift": "解除叫停",
        "approve": "批准…",
        "reject": "拒绝…",
        "executed": "receipt_1",
        "recovered": "已恢复",
        "held": "叫停",
    },
}
LOCALES = {"en": "en-US", "zh": "zh-CN"}


@dataclass
class Thread:
    """The incident's thread as people have it before them."""

    story: Story
    slack: SlackServer

    def person(self, name: str) -> Human:
        return next(human for human in self.slack.workspace.people.values() if human.name == name)

    @property
    def root(self) -> Message:
        return next(message for message in self.slack.shown(CHANNEL) if message.user == BOT)

    async def says(self, who: str, text: str) -> None:
        await self.slack.types(self.person(who), CHANNEL, text, self.root.ts)

    async def presses(self, who: str, label: str) -> Human:
        """Press the newest button that says so."""
        message = await self.offers(label)
        await self.slack.presses(self.person(who), message, label)
        return self.person(who)

    async def opens(self, who: str, label: str) -> Human:
        """Press a button and wait for its form."""
        person = await self.presses(who, label)
        await self.slack.until(lambda: person.view, 20.0)
        return person

    async def offers(self, label: str) -> Message:
        """Wait until a button says so."""
        return await self.shows(f"[{label}]")

    async def shows(self, *texts: str) -> Message:
        """Wait until one message of the thread shows all of this."""
        found: list[Message] = []

        def there() -> bool:
            shown = self.slack.shown(CHANNEL, self.root.ts)
            found[:] = [message for message in shown if all(text in message.words for text in texts)]
            return bool(found)

        try:
            await self.slack.until(lambda: self.slack.shown(CHANNEL) and there(), 30.0)
        except TimeoutError:
            whole = "\n\n".join(message.words for message in self.slack.shown(CHANNEL))
            raise AssertionError(f"nobody sees {texts} in\n{whole}") from None
        return found[-1]

    async def hears(self, who: str, text: str) -> None:
        """Wait until this person alone is told this."""
        person = self.person(who)
        try:
            await self.slack.until(lambda: any(text in told.words for told in self.slack.told(person)), 20.0)
        except TimeoutError:
            raise AssertionError(f"{who} heard {[told.words for told in self.slack.told(person)]}") from None


@asynccontextmanager
async def told_in_slack(folder: Path, language: str = "en", *, called_back: bool = False) -> AsyncIterator[Thread]:
    """The house as `tocsin run` opens it with a Slack app in its settings, in a pretended workspace."""
    clock, ids = SwiftClock(), FakeIds()
    slack = SlackServer()
    slack.workspace.now = lambda: clock.now().timestamp()
    slack.workspace.channel(CHANNEL)
    for id, name in (("U0LIN", "lin"), ("U0CHEN", "chen"), ("U0GUEST", "guest"), ("U0NOBODY", "nobody")):
        slack.workspace.human(id, name, locale=LOCALES[language])
    world, store = World(clock), FakeStore(clock, ids)

    @asynccontextmanager
    async def open_store(path: Path, clock: Any, ids: Any) -> AsyncIterator[Any]:
        yield store

    async with slack.serving():
        parts = Parts(
            clock=clock,
            ids=ids,
            sources=world.sources,
            executors={world.executor.name: world.executor},
            team_files=in_slack(team_files(folder / "teams", world, language)),
            open_store=open_store,
        )
        way = {"signing_secret": SIGNING_SECRET} if called_back else {"app_token": APP_TOKEN}
        settings = load(
            None,
            data_dir=folder / "data",
            execution={"enabled": True, "allowed_operations": "rollback_canary,restore_state"},
            slack={"bot_token": BOT_TOKEN, "api_url": slack.api_url, **way},
        )
        async with open_house(settings, parts) as house, serving(house, bind("127.0.0.1", 0)) as address:
            if called_back:
                slack.callback = f"{address}/chat/slack/events"
            else:
                await slack.until(lambda: slack.sockets)
            yield Thread(Story(house, world, {}, store, Words(language)), slack)


def in_slack(folder: Path) -> Path:
    """Move the trade team of a story into a Slack channel."""
    file = folder / "trade" / "team.yaml"
    team: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    team["rooms"] = [f"slack:{CHANNEL}"]
    for person in team["people"]:
        team["people"][person]["accounts"] = {"slack": f"U0{person.upper()}"}
    file.write_text(yaml.safe_dump(team, allow_unicode=True), encoding="utf-8")
    return folder


@pytest.mark.parametrize("language, called_back", [("en", False), ("zh", False), ("en", True)])
async def test_the_worked_example_in_one_thread(tmp_path: Path, language: str, called_back: bool) -> None:
    says = SAYS[language]
    async with told_in_slack(tmp_path, language, called_back=called_back) as thread:
        story = thread.story
        story.world.release_leaks()
        await story.alert()
        await thread.slack.until(lambda: thread.slack.shown(CHANNEL), 20.0)
        await thread.shows("PaymentHigh503", "P1")

        await thread.says("lin", says["hold"])
        await thread.shows(says["promise"], "1.", "7.")
        proposal = await story.asked()
        assert proposal.request is not None
        await thread.shows(says["held"], proposal.request.digest[:12])
        await thread.presses("lin", says["lift"])

        # Whoever may not approve is told so, and so is somebody nobody knows.
        await thread.offers(says["approve"])
        await thread.presses("guest", says["approve"])
        await thread.hears("guest", "Guest")
        assert thread.person("guest").view is None

        lin = await thread.opens("lin", says["approve"])
        assert lin.view is not None
        assert proposal.request.digest[:12] in str(lin.view["blocks"])
        for wrong in ("confirm_execute", "CONFIRM EXECUTE", "ＣＯＮＦＩＲＭ＿ＥＸＥＣＵＴＥ", "yes"):
            below = await thread.slack.submits(lin, word=wrong)
            assert "CONFIRM_EXECUTE" in below["word"], "the form stays open and says what is wrong"
        assert story.world.target.done == []
        assert await thread.slack.submits(lin, word="CONFIRM_EXECUTE") == {}

        state = await story.status("recovered")
        assert [order.approval for order in story.world.target.done] == [proposal.request.id]
        await thread.shows(says["executed"])
        await thread.shows(says["recovered"])
        assert state.proposals[proposal.plan.id].decision is not None
        await _nothing_went_wrong(thread)


async def _nothing_went_wrong(thread: Thread) -> None:
    """One message per part, all in one thread, every delivery taken in time, nothing Slack would refuse."""
    await thread.story.house.outbox.settle(seconds=60.0)
    slack = thread.slack
    posted = [m for m in slack.shown(CHANNEL) if m.user == BOT]
    keys = [m.metadata["event_payload"]["key"] for m in posted]
    assert len(keys) == len(set(keys))
    assert [m for m in posted if not m.thread_ts] == [thread.root]
    assert (slack.late, slack.wrong) == ([], [])
    assert thread.story.house.outbox.failing == {}


async def test_by_text_and_by_command(tmp_path: Path) -> None:
    async with told_in_slack(tmp_path) as thread:
        story, slack = thread.story, thread.slack
        story.world.release_leaks()
        await story.alert()
        proposal = await story.asked()
        assert proposal.request is not None
        await slack.commands(thread.person("lin"), CHANNEL, f"ack {story.incident}")
        await slack.until(lambda: slack.told(thread.person("lin")), 20.0)
        said = f"<@{BOT}> approve {proposal.request.id} CONFIRM_EXECUTE"
        quoting = await slack.types(thread.person("lin"), CHANNEL, said.replace("<", "&gt; <"), thread.root.ts)
        await slack.rewrites(thread.person("lin"), quoting, said)
        await slack.types(thread.person("lin"), CHANNEL, said, thread.root.ts, attachments=[{"is_share": True}])
        assert story.world.target.done == [], "neither quoted, nor edited, nor forwarded words count"
        await slack.types(thread.person("chen"), CHANNEL, said, thread.root.ts)
        state = await story.status("recovered")
        decision = state.proposals[proposal.plan.id].decision
        assert decision is not None
        assert (decision.by, state.acknowledged_by) == ("chen", "lin")


async def test_two_who_press_at_once_and_a_hundred_repetitions(tmp_path: Path) -> None:
    """Both have the form open; the second is told who was first. All of it then comes again, a hundred times."""
    async with told_in_slack(tmp_path) as thread:
        story, slack = thread.story, thread.slack
        story.world.release_leaks()
        await story.alert()
        await story.asked()
        lin, chen = await thread.opens("lin", "Approve…"), await thread.opens("chen", "Approve…")
        async with asyncio.TaskGroup() as group:
            first = group.create_task(slack.submits(lin, word="CONFIRM_EXECUTE"))
            second = group.create_task(slack.submits(chen, word="CONFIRM_EXECUTE"))
        below = [told.result().get("word", "") for told in (first, second)]
        assert sorted(map(bool, below)) == [False, True]
        winner = "Lin" if not below[0] else "Chen"
        assert any(winner in words for words in below)
        await story.status("recovered")
        before = await story.kinds()
        for kind, payload in tuple(slack.delivered):
            for _ in range(100):
                assert await slack.again(kind, payload) is not None
        assert len(story.world.target.done) == 1
        assert [k for k in await story.kinds() if k.startswith(("approval", "action"))] == [
            k for k in before if k.startswith(("approval", "action"))
        ]


async def test_home_shows_what_waits_and_takes_the_approval(tmp_path: Path) -> None:
    async with told_in_slack(tmp_path) as thread:
        story, slack = thread.story, thread.slack
        story.world.release_leaks()
        await story.alert()
        proposal = await story.asked()
        assert proposal.request is not None
        lin = thread.person("lin")
        await slack.opens_home(lin)
        await slack.until(lambda: lin.home, 20.0)
        assert lin.home is not None
        assert story.incident in str(lin.home)
        await slack.presses_at_home(lin, "Approve…")
        await slack.until(lambda: lin.view, 20.0)
        assert await slack.submits(lin, word="CONFIRM_EXECUTE") == {}
        await slack.until(lambda: proposal.request is None or proposal.request.id not in str(lin.home), 20.0)
        await story.status("recovered")
        assert [order.approval for order in story.world.target.done] == [proposal.request.id]
        # Somebody no team knows sees that, and nothing else.
        nobody = thread.person("nobody")
        await slack.opens_home(nobody)
        await slack.until(lambda: nobody.home, 20.0)
        assert story.incident not in str(nobody.home)
        assert "nobody" in str(nobody.home)

"""Tells the worked example in one WeCom chat, over the bot's real connection: press, then type a word after a code."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.platforms.wecom.codes import CODE
from bot.run import bind, serving
from bot.settings import load
from bot.wiring import Parts, open_house
from cards.words import Words
from tests.bot.platforms.wecom.one_process import in_one_process
from tests.fakes.clock import FakeIds
from tests.fakes.store import FakeStore
from tests.fakes.wecom_server import BOT, SECRET, Message, WeComServer, wecom_server
from tests.stories.stage import LoopClock, Story, team_files
from tests.stories.world import World

CHAT = "wrkSFfCgAAtrade"
HOLD = {
    "zh": "先不要回滚。请查证据，判断是不是 v2.3.1 发布导致",
    "en": "Do not roll back yet. Look at the evidence first",
}
VERB = {"zh": "批准", "en": "approve"}
LABEL = {
    "zh": {"approve": "批准…", "lift": "解除叫停", "all": "全部保留"},
    "en": {"approve": "Approve…", "lift": "Lift hold", "all": "Keep all"},
}
BOTH = pytest.mark.parametrize("language", ["zh", "en"])


class InWeCom:
    """A story told in one chat, and short ways to act there and to read it."""

    def __init__(self, story: Story, server: WeComServer, language: str) -> None:
        self.story = story
        self.server = server
        self.language = language
        self.words = Words(language)

    def texts(self, user: str = "lin") -> list[str]:
        return self.server.seen(CHAT, user)

    async def sees(self, *parts: str, user: str = "lin", within: float = 600.0) -> str:
        """Wait until one message holds all of this; the newest that does."""

        def found() -> list[str]:
            return [text for text in self.texts(user) if all(part in text for part in parts)]

        await self.server.until(found, within)
        return found()[-1]

    async def says(self, user: str, text: str, quote: str = "") -> str:
        """Write to the bot; what it answered."""
        message: Message | None = await self.server.answered(await self.server.say(user, CHAT, text, quote=quote))
        return message.text if message else ""

    async def presses(self, user: str, label: str) -> None:
        """Press the newest button of this name, and wait until the card was drawn anew."""
        await self.sees(f"[{label}]", user=user)
        await self.server.answered(await self.server.press(user, CHAT, label))

    async def code(self, user: str) -> str:
        """Press approve; the code that this person is given."""
        await self.presses(user, LABEL[self.language]["approve"])
        told, opening = self.server.seen(CHAT, user), self.words.text("wecom.code.say").partition("{")[0]
        shown = next(text for text in reversed(told) if opening.partition("[")[0] in text)
        found = CODE.search(shown[shown.index(f"{VERB[self.language]} ") :])
        assert found, shown
        assert not any(found[0] in text for text in self.server.seen(CHAT, "wang")), "nobody else sees the code"
        return found[0]


@asynccontextmanager
async def in_wecom(folder: Path, language: str) -> AsyncIterator[InWeCom]:
    """The whole house as it runs, connected to WeCom by the settings alone."""
    clock, ids = LoopClock(), FakeIds()
    world, store = World(clock), FakeStore(clock, ids)
    files = team_files(folder / "teams", world, language)
    _move_to_wecom(files / "trade" / "team.yaml")

    @asynccontextmanager
    async def open_store(path: Path, clock: Any, ids: Any) -> AsyncIterator[Any]:
        yield store

    parts = Parts(
        clock,
        ids,
        sources=world.sources,
        executors={world.executor.name: world.executor},
        team_files=files,
        open_store=open_store,
    )
    async with wecom_server(clock.now) as server:
        server.chats = {CHAT: {"lin", "chen", "wang", "guest"}}
        settings = load(
            None,
            data_dir=folder / "data",
            execution={"enabled": True, "allowed_operations": "rollback_canary,restore_state"},
            wecom={"bot_id": BOT, "bot_secret": SECRET, "ws_url": server.url},
        )
        async with open_house(settings, parts) as house:
            yield InWeCom(Story(house, world, {}, store, Words(language)), server, language)


def _move_to_wecom(path: Path) -> None:
    team = yaml.safe_load(path.read_text(encoding="utf-8"))
    team["rooms"] = [f"wecom:{CHAT}"]
    for id, person in team["people"].items():
        person["accounts"] = {"wecom": id}
    path.write_text(yaml.safe_dump(team, allow_unicode=True), encoding="utf-8")


async def the_worked_example(folder: Path, language: str) -> None:
    async with in_wecom(folder, language) as chat:
        story, server = chat.story, chat.server
        words, verb = chat.words, VERB[language]
        story.world.release_leaks()
        incident = await story.alert()
        header = await chat.sees("P1", "PaymentHigh503")
        assert incident in header

        # A person holds, without naming the incident: there is only one of late.
        promise = await chat.says("lin", HOLD[language])
        assert incident in promise

        # Evidence with pictures, a cause that cites it, a plan that is held.
        proposal = await story.asked()
        request = proposal.request
        assert request is not None
        await chat.sees("ev_metric_1", "▲")
        await chat.sees("[picture ")
        await chat.sees(words.text("plan_state.held"), request.id)
        assert story.world.target.done == []
        await chat.presses("lin", LABEL[language]["lift"])
        await chat.sees(f"[{LABEL[language]['approve']}]")

        # The word: wrong code, another person's code, the wrong word, a code that is over.
        code = await chat.code("lin")
        assert words.text("wecom.code.unknown") in await chat.says("lin", f"{verb} AC3DE CONFIRM_EXECUTE")
        assert words.text("wecom.code.person") in await chat.says("chen", f"{verb} {code} CONFIRM_EXECUTE")
        wrong = await chat.says("lin", f"{verb} {code} confirm_execute")
        assert "CONFIRM_EXECUTE" in wrong
        code = await chat.code("lin")
        await story.house.tools.clock.sleep(301.0)
        assert words.text("wecom.code.unknown") in await chat.says("lin", f"{verb} {code} CONFIRM_EXECUTE")
        assert story.world.target.done == []
        refusals = await story.entries("request.refused") + await story.entries("approval.refused")
        assert refusals, [entry.kind for entry in await story.entries()]

        # The right one, with the dry-run once more before.
        code = await chat.code("lin")
        await chat.says("lin", f"{verb} {code} CONFIRM_EXECUTE。先 dry-run。")
        state = await story.status("recovered")
        assert [order.approval for order in story.world.target.done] == [request.id]
        assert [entry.body.get("repeated") for entry in await story.entries("dry_run.completed")] == [False, True]
        decision = state.proposals[proposal.plan.id].decision
        assert decision is not None
        assert decision.by == "lin"
        done = await chat.sees(request.id, "receipt_1")
        assert incident in done

        # What was learned is kept, and it ends.
        await chat.sees(f"[{LABEL[language]['all']}]")
        await chat.presses("lin", LABEL[language]["all"])
        await chat.says("lin", f"close {incident}")
        await story.status("closed")
        await story.house.outbox.settle(60.0)
        assert server.refused == [], "WeCom took everything"
        assert all(incident in text or text.startswith(("[picture", "<@")) for text in chat.texts())
        every_minute = [message.at for message in server.messages]
        assert all(sum(at <= other < at + timedelta(minutes=1) for other in every_minute) <= 30 for at in every_minute)


@BOTH
def test_the_worked_example_in_one_chat(tmp_path: Path, language: str) -> None:
    in_one_process(the_worked_example(tmp_path, language))


async def closed_in_the_middle(folder: Path) -> None:
    async with in_wecom(folder, "en") as chat:
        story, server = chat.story, chat.server
        story.world.release_leaks()
        await story.alert()
        proposal = await story.asked()
        assert proposal.request is not None
        await server.close(1000)
        await story.house.tools.clock.sleep(5.0)
        code = await chat.code("lin")
        await server.close(1001)
        await chat.says("lin", f"approve {code} CONFIRM_EXECUTE")
        await story.status("recovered")
        await chat.sees(proposal.request.id, "receipt_1")
        titles = [text.split("\n")[0] for text in chat.texts() if text.startswith("###")]
        assert not [title for title in titles if titles.count(title) > 3], titles


def test_closed_connections_in_the_middle_lose_nothing(tmp_path: Path) -> None:
    in_one_process(closed_in_the_middle(tmp_path))


async def all_of_it_delivered_again(folder: Path) -> None:
    async with in_wecom(folder, "zh") as chat:
        story, server = chat.story, chat.server
        story.world.release_leaks()
        await story.alert()
        await chat.sees("[认领]")
        for _ in range(10):
            await server.press("lin", CHAT, "认领", msgid="ack")
        await story.until(lambda state: state.acknowledged_by)
        for _ in range(20):
            await server.say("lin", CHAT, HOLD["zh"], msgid="hold")
        proposal = await story.asked()
        await chat.sees("[解除叫停]")
        for _ in range(20):
            await server.press("lin", CHAT, "解除叫停", msgid="lift")
        code = await chat.code("lin")
        sentence = f"批准 {code} CONFIRM_EXECUTE"
        for number in range(50):
            # What was said before comes again in between, and what comes first is not what was sent first.
            await server.say(
                "lin", CHAT, HOLD["zh"] if number % 5 == 4 else sentence, msgid="hold" if number % 5 == 4 else "yes"
            )
        await story.status("recovered")
        kinds = await story.kinds()
        assert {kind: kinds.count(kind) for kind in ONCE} == dict.fromkeys(ONCE, 1)
        assert len(story.world.target.done) == 1
        assert proposal.request is not None
        assert len([text for text in chat.texts() if chat.words.text("wecom.code.unknown") in text]) == 0
        assert server.refused == []


ONCE = ("message.said", "constraint.set", "constraint.lifted", "approval.resolved", "action.executed")


def test_a_hundred_deliveries_have_each_effect_once(tmp_path: Path) -> None:
    in_one_process(all_of_it_delivered_again(tmp_path))


async def test_wecom_is_tried_without_a_person(tmp_path: Path) -> None:
    async with in_wecom(tmp_path, "zh") as chat, serving(chat.story.house, bind("127.0.0.1", 0)):
        await chat.story.house.selftest.run()
        assert not [failed for failed in chat.story.house.selftest.failed if failed.startswith("wecom")]
        assert any("Tocsin 自测" in text for text in chat.server.seen(CHAT, "lin"))

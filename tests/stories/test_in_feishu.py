"""Tells the worked example in one Feishu thread, over the vendor's protocols, read by two people in two languages."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.run import bind, serving
from bot.settings import load
from bot.wiring import Parts, open_house
from cards.words import Words
from tests.fakes.clock import START, FakeIds
from tests.fakes.feishu_rest import APP_ID, APP_SECRET, Message
from tests.fakes.feishu_server import FeishuServer, Shown, labels, reads
from tests.fakes.store import FakeStore
from tests.stories.stage import Story, team_files
from tests.stories.world import World

CHAT = "oc_trade"
KEY, TOKEN = "made-up-encrypt-key", "made-up-verification-token"
TOO_FAST = 230020
SPEED = 40.0
"""Seconds of the story in one second; sockets and threads have no virtual time."""
PEOPLE = {"lin": "ou_lin", "chen": "ou_chen", "wang": "ou_wang", "guest": "ou_guest"}


class SwiftClock:
    """The Clock port, running forty times as fast as the machine's."""

    def __init__(self) -> None:
        self._began = asyncio.get_running_loop().time()

    def now(self) -> datetime:
        return START + timedelta(seconds=(asyncio.get_running_loop().time() - self._began) * SPEED)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds / SPEED))


@dataclass
class Thread:
    """The incident's thread as people have it before them."""

    story: Story
    server: FeishuServer

    @property
    def root(self) -> str:
        return self.server.cards(CHAT)[0].id

    async def says(self, person: str, text: str) -> None:
        await self.server.types(PEOPLE[person], CHAT, text, under=self.root)

    async def presses(self, person: str, label: str, **fields: str) -> Shown:
        """Press the newest button that says so."""
        message = next(each for each in reversed(self.server.cards(CHAT)) if label in labels(each.card))
        return await self.server.presses(PEOPLE[person], message.id, label, **fields)

    async def shows(self, *texts: str, language: str = "en_us") -> Message:
        """Wait until one card shows all of this to a reader of this language."""
        found: list[Message] = []

        def there() -> bool:
            cards = self.server.cards(CHAT)
            found[:] = [each for each in cards if all(text in reads(each.card, language) for text in texts)]
            return bool(found)

        try:
            await self.server.until(there, 30.0)
        except TimeoutError:
            whole = "\n\n".join(reads(each.card, language) for each in self.server.cards(CHAT))
            raise AssertionError(f"nobody sees {texts} in\n{whole}") from None
        return found[-1]

    async def offers(self, label: str) -> None:
        """Wait until a button says so."""
        await self.server.until(lambda: any(label in labels(each.card) for each in self.server.cards(CHAT)), 30.0)


def in_feishu(folder: Path) -> Path:
    """Move the trade team of a story into a Feishu chat."""
    file = folder / "trade" / "team.yaml"
    team: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    team["rooms"] = [f"feishu:{CHAT}"]
    for person, account in PEOPLE.items():
        team["people"][person]["accounts"] = {"feishu": account}
    file.write_text(yaml.safe_dump(team, allow_unicode=True), encoding="utf-8")
    return folder


@asynccontextmanager
async def told_in_feishu(
    folder: Path, language: str = "en", *, called_back: bool = False, **policy: Any
) -> AsyncIterator[Thread]:
    """The house as `tocsin run` opens it with a Feishu app in its settings, on a pretended tenant."""
    clock = SwiftClock()
    server = FeishuServer(now=lambda: int(clock.now().timestamp() * 1000))
    server.chat(CHAT, *PEOPLE.values())
    world = World(clock)
    files = in_feishu(team_files(folder / "teams", world, language, **policy))
    async with server.serving():
        ids = FakeIds()
        store = FakeStore(clock, ids)

        @asynccontextmanager
        async def open_store(path: Path, clock: Any, ids: Any) -> AsyncIterator[Any]:
            yield store

        parts = Parts(
            clock=clock,
            ids=ids,
            sources=world.sources,
            executors={world.executor.name: world.executor},
            team_files=files,
            open_store=open_store,
        )
        settings = load(
            None,
            data_dir=folder / "data",
            execution={"enabled": True, "allowed_operations": "rollback_canary,restore_state"},
            feishu={"app_id": APP_ID, "app_secret": APP_SECRET, "domain": server.domain}
            | ({"encrypt_key": KEY, "verification_token": TOKEN} if called_back else {}),
        )
        async with open_house(settings, parts) as house, serving(house, bind("127.0.0.1", 0)) as address:
            if called_back:
                server.callback = f"{address}/chat/feishu/events", KEY, TOKEN
            else:
                await server.connected()
            yield Thread(Story(house, world, {}, store, Words(language)), server)


async def until_asked(thread: Thread) -> Any:
    proposal = await thread.story.asked()
    assert proposal.request is not None
    return proposal


async def test_the_worked_example_in_one_thread(tmp_path: Path) -> None:
    async with told_in_feishu(tmp_path) as thread:
        story, world = thread.story, thread.story.world
        world.release_leaks()

        # The alert is a thread; the person holds, in Chinese, and the bot promises to read only.
        await story.alert()
        await thread.shows("PaymentHigh503")
        await thread.says("lin", "先不要回滚。请查证据，判断是不是 v2.3.1 发布导致")
        await thread.shows("only read")

        # Evidence, a cause, a plan that is held: to each reader in their own language.
        proposal = await until_asked(thread)
        request = proposal.request
        await thread.shows("exhausted")
        plan = await thread.shows(request.id, "v2.3.0")
        assert request.id in reads(plan.card, "zh_cn")
        await thread.offers("Lift the hold")

        # Nobody can approve what is held; a viewer cannot lift; lifting is not approving.
        await thread.says("lin", "ack")
        refused = await thread.presses("guest", "Lift the hold")
        assert refused.toast["type"] == "error"
        lifted = await thread.presses("lin", "Lift the hold")
        assert lifted.toast["type"] == "success"
        assert world.target.done == []

        # The button opens a form in the thread; what looks like the word is not the word.
        await thread.offers("Approve…")
        asked = await thread.presses("chen", "Approve…")
        assert "thread" in asked.text("en_us")
        await thread.offers("Execute")
        wrong = await thread.presses("chen", "Execute", word="confirm_execute")
        assert wrong.toast["type"] == "error"
        done = await thread.presses("chen", "Execute", word="CONFIRM_EXECUTE")
        assert done.toast["type"] == "success"

        # Executed once, measured, kept, closed: all in this thread.
        state = await story.status("recovered")
        assert [order.approval for order in world.target.done] == [request.id]
        await thread.shows("Recovered")
        await thread.shows("已恢复", language="zh_cn")
        await thread.offers("Keep all")
        assert (await thread.presses("lin", "Keep all")).toast["type"] == "success"
        assert (await thread.presses("lin", "Close")).toast["type"] == "success"
        state = await story.status("closed")
        assert (state.outcome, state.closed_by) == ("recovered", "lin")
        await story.house.outbox.settle(60.0)
        assert {message.root for message in thread.server.cards(CHAT)} == {"", thread.root}
        assert _kept_to_the_rules(thread.server)


def _kept_to_the_rules(server: FeishuServer) -> bool:
    """Feishu refused nothing: no card, no late answer. Whether the pace was kept cannot be told by a clock that runs
    forty times too fast, so that a few milliseconds of this machine are a call too many; virtual time tells."""
    assert server.late == []
    assert [code for code in server.tenant.refused if code != TOO_FAST] == []
    return set(server.codes) == {200}


@pytest.mark.parametrize("called_back", [False, True], ids=["long connection", "callbacks"])
async def test_approved_by_a_typed_message(tmp_path: Path, called_back: bool) -> None:
    async with told_in_feishu(tmp_path, "zh", called_back=called_back) as thread:
        thread.story.world.release_leaks()
        await thread.story.alert()
        proposal = await until_asked(thread)
        id = proposal.request.id
        await thread.shows(id, language="zh_cn")
        await thread.says("lin", f"请 批准 {id} CONFIRM_EXECUTE")
        assert thread.story.world.target.done == []
        await thread.says("guest", f"批准 {id} CONFIRM_EXECUTE")
        assert thread.story.world.target.done == []
        await thread.says("lin", f"批准 {id} CONFIRM_EXECUTE。先 dry-run。")
        await thread.story.status("recovered")
        assert [order.approval for order in thread.story.world.target.done] == [id]
        repeated = [entry.body.get("repeated") for entry in await thread.story.entries("dry_run.completed")]
        assert repeated == [False, True]
        assert _kept_to_the_rules(thread.server)


async def test_two_people_of_two_languages_in_one_thread(tmp_path: Path) -> None:
    """Everything a card says stands in it twice, and each is spoken to as they speak."""
    async with told_in_feishu(tmp_path, "zh") as thread:
        thread.story.world.release_leaks()
        await thread.story.alert()
        await until_asked(thread)
        await thread.story.house.outbox.settle(60.0)
        for message in thread.server.cards(CHAT):
            chinese, english = reads(message.card, "zh_cn"), reads(message.card, "en_us")
            assert chinese != english, english
        await thread.says("lin", "why")
        await thread.says("chen", "为什么")
        seen = await thread.presses("wang", "认领")
        assert seen.text("zh_cn") != seen.text("en_us")
        assert "Wang" in seen.text("en_us")
        assert _kept_to_the_rules(thread.server)


@pytest.mark.parametrize("seconds", [60.0])
async def test_an_outage_in_the_middle_of_it(tmp_path: Path, seconds: float) -> None:
    """A minute in which Feishu takes nothing: afterwards every card shows how it stands, once."""
    async with told_in_feishu(tmp_path) as thread:
        story, server = thread.story, thread.server
        story.world.release_leaks()
        await story.alert()
        await thread.shows("PaymentHigh503")
        server.tenant.broken = 10_000
        await until_asked(thread)
        for number in range(500):
            await story.house.outbox.want(f"feishu:{CHAT}", story.incident, ("header", "evidence", "diagnosis"))
            if number % 50 == 0:
                await story.house.tools.clock.sleep(seconds / 10)
        server.tenant.broken = 0
        await server.until(lambda: not server.tenant.broken)
        await story.house.outbox.settle(120.0)
        slots = [post.slot for post in await story.store.posts.of(story.incident)]
        assert len(server.cards(CHAT)) == len(slots)
        assert len({message.id for message in server.cards(CHAT)}) == len(slots)
        for post in await story.store.posts.of(story.incident):
            assert post.sent == post.wanted, post
        assert max(message.edits for message in server.cards(CHAT)) <= 12


async def test_whoever_it_does_not_know_is_answered_with_their_id(tmp_path: Path) -> None:
    async with told_in_feishu(tmp_path) as thread:
        server = thread.server
        server.tenant.direct["ou_new"] = "oc_direct"
        server.tenant.chats["oc_direct"] = {"ou_new"}
        await server.types("ou_new", "oc_direct", "help", to_bot=False, chat_type="p2p")
        await server.until(lambda: server.cards("oc_direct"))
        (answer,) = server.cards("oc_direct")
        assert "ou_new" in reads(answer.card, "en_us")
        assert "ou_new" in reads(answer.card, "zh_cn")


async def test_a_click_on_an_old_card_of_a_closed_incident(tmp_path: Path) -> None:
    """What stands in the thread after the end still answers, and changes nothing."""
    async with told_in_feishu(tmp_path) as thread:
        story = thread.story
        story.world.release_leaks()
        await story.alert()
        await until_asked(thread)
        await thread.offers("Approve…")
        plan = next(each for each in thread.server.cards(CHAT) if "Approve…" in labels(each.card))
        old = plan.content
        await thread.says("lin", "close false_alarm")
        await story.status("closed")
        await story.house.outbox.settle(60.0)
        plan.content = old
        refused = await thread.server.presses(PEOPLE["lin"], plan.id, "Approve…")
        assert refused.toast["type"] == "error"
        assert refused.text("en_us")
        assert story.world.target.done == []

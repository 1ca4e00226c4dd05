"""Tells the same stories in the browser, the terminal, Slack, Feishu and WeCom, over each of their protocols."""

import asyncio
import io
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import ClientSession, CookieJar

from bot.platforms.console import issue_link
from bot.platforms.terminal_chat import chat
from bot.run import bind, serving
from bot.settings import load
from bot.wiring import Parts, open_house
from cards.words import Words
from tests.bot.pages.stage import hidden
from tests.bot.platforms.wecom.one_process import in_one_process
from tests.fakes.clock import FakeIds
from tests.fakes.slack_workspace import BOT
from tests.fakes.store import FakeStore
from tests.stories import in_the_app, script, test_in_feishu, test_in_slack, test_in_wecom
from tests.stories.stage import Story, team_files
from tests.stories.test_in_feishu import SwiftClock
from tests.stories.world import World

PATIENCE = 60.0
LOOK = 0.02
Open = Callable[[Path, str], Any]


class InSlack:
    """A thread in Slack."""

    def __init__(self, thread: test_in_slack.Thread, language: str) -> None:
        self.thread = thread
        self.story = thread.story
        self.language = language
        self.words = Words(language)

    async def sees(self, *texts: str) -> None:
        slack = self.thread.slack
        people = slack.workspace.people.values()

        def there() -> bool:
            told = [*slack.shown(test_in_slack.CHANNEL), *(each for person in people for each in slack.told(person))]
            return any(all(text in message.words for text in texts) for message in told)

        await slack.until(there, PATIENCE)

    async def says(self, who: str, text: str) -> None:
        slack = self.thread.slack
        await slack.until(lambda: slack.shown(test_in_slack.CHANNEL), PATIENCE)
        await self.thread.says(who, f"<@{BOT}> {text}")

    async def presses(self, who: str, label: str) -> None:
        await self.thread.presses(who, self.words.text(f"button.{label}"))

    async def approves(self, who: str, word: str) -> None:
        person = await self.thread.opens(who, self.words.text("button.approve"))
        await self.thread.slack.submits(person, word=word)


class InFeishu:
    """A thread in Feishu."""

    def __init__(self, thread: test_in_feishu.Thread, language: str) -> None:
        self.thread = thread
        self.story = thread.story
        self.language = language
        self.words = Words(language)
        self.reader = "zh_cn" if language == "zh" else "en_us"

    async def sees(self, *texts: str) -> None:
        await self.thread.shows(*texts, language=self.reader)

    async def says(self, who: str, text: str) -> None:
        await self.thread.says(who, text)

    async def presses(self, who: str, label: str) -> None:
        await self._press(who, self.words.text(f"button.{label}"))

    async def approves(self, who: str, word: str) -> None:
        await self._press(who, self.words.text("button.approve"))
        await self._press(who, self.words.text("form.approve_submit"), word=word)

    async def _press(self, who: str, label: str, **fields: str) -> None:
        await self.thread.offers(label)
        await self.thread.presses(who, label, **fields)


class InWeCom:
    """A chat in WeCom, where forms are answered by a code."""

    def __init__(self, chat: test_in_wecom.InWeCom, language: str) -> None:
        self.chat = chat
        self.story = chat.story
        self.language = language
        self.words = Words(language)

    async def sees(self, *texts: str) -> None:
        await self.chat.sees(*texts)

    async def says(self, who: str, text: str) -> None:
        await self.chat.says(who, text)

    async def presses(self, who: str, label: str) -> None:
        short = self.words.text(f"wecom.button.{label}")
        await self.chat.presses(who, self.words.text(f"button.{label}") if short.startswith("[") else short)

    async def approves(self, who: str, word: str) -> None:
        code = await self.chat.code(who)
        await self.chat.says(who, f"{test_in_wecom.VERB[self.language]} {code} {word}")


class InTheBrowser:
    """The browser room, by forms as a browser without script sends them."""

    room = "trade"

    def __init__(self, story: Story, address: str, sessions: dict[str, ClientSession], language: str) -> None:
        self.story = story
        self.address = address
        self.sessions = sessions
        self.language = language
        self.words = Words(language)
        self.answers: list[str] = []

    async def page(self, who: str = "lin") -> str:
        """The thread as this person sees it."""
        thread = await self._thread()
        async with self.sessions[who].get(f"{self.address}/rooms/{self.room}/threads/{thread}") as answer:
            return await answer.text()

    async def sees(self, *texts: str) -> None:
        async with asyncio.timeout(PATIENCE):
            while not await self._shown(texts):  # noqa: ASYNC110 - a browser without script looks again
                await asyncio.sleep(LOOK)

    async def says(self, who: str, text: str) -> None:
        await self._send(who, "/say", "", text=text)

    async def presses(self, who: str, label: str) -> None:
        await self._offered(who, self.words.text(f"button.{label}"))
        await self._send(who, "/act", f">{self.words.text(f'button.{label}')}<")

    async def approves(self, who: str, word: str) -> None:
        label = self.words.text("button.approve")
        await self._offered(who, label)
        asked = await self._send(who, "/act", f">{label}<")
        fields = hidden(asked, "/send") | {"field.word": word}
        self.answers.append(await self._post(who, "/send", fields))

    async def _thread(self) -> str:
        async with asyncio.timeout(PATIENCE):
            while True:
                console: Any = self.story.house.platforms["console"]
                root = await console.thread_of(self.room, self.story.incident)
                if root is not None:
                    return str(root.id)
                await asyncio.sleep(LOOK)

    async def _offered(self, who: str, label: str) -> None:
        async with asyncio.timeout(PATIENCE):
            while f">{label}<" not in await self.page(who):  # noqa: ASYNC110 - the same
                await asyncio.sleep(LOOK)

    async def _shown(self, texts: tuple[str, ...]) -> bool:
        page = "\n".join([await self.page(), *self.answers])
        messages = page.split("<article")
        return any(all(text in _plain(message) for text in texts) for message in messages)

    async def _send(self, who: str, action: str, having: str, **more: str) -> str:
        told = await self._post(who, action, hidden(await self.page(who), action, having) | more)
        self.answers.append(told)
        return told

    async def _post(self, who: str, path: str, fields: dict[str, str]) -> str:
        async with self.sessions[who].post(self.address + path, data=fields) as answer:
            return await answer.text()


def _plain(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", html))


class InTheTerminal:
    """The terminal room: everything by words."""

    def __init__(self, story: Story, people: dict[str, "Typist"], language: str) -> None:
        self.story = story
        self.people = people
        self.language = language

    async def sees(self, *texts: str) -> None:
        async with asyncio.timeout(PATIENCE):
            while not all(text in self.people["lin"].paper.getvalue() for text in texts):
                if not self.people["lin"].inside:
                    await self.people["lin"].enter(self.story.incident)
                await asyncio.sleep(LOOK)

    async def says(self, who: str, text: str) -> None:
        await self.people[who].enter(self.story.incident)
        await self.people[who].types(text)

    async def presses(self, who: str, label: str) -> None:
        words = {"lift": ("lift", "解除叫停"), "keep_all": ("keep all", "全部保留")}[label]
        await self.says(who, words[self.language == "zh"])

    async def approves(self, who: str, word: str) -> None:
        proposal = await self.story.asked()
        assert proposal.request is not None
        verb = "approve" if self.language == "en" else "批准"
        await self.says(who, f"{verb} {proposal.request.id} {word}")


class Typist:
    """A person at a terminal, and what stands on their screen."""

    def __init__(self) -> None:
        self.paper = io.StringIO()
        self.lines: asyncio.Queue[str] = asyncio.Queue()
        self.inside = ""

    async def typed(self) -> AsyncIterator[str]:
        while (line := await self.lines.get()) != "/quit":
            yield line
            self.lines.task_done()

    async def types(self, text: str) -> None:
        await self.lines.put(text)
        await self.lines.join()

    async def enter(self, incident: str) -> None:
        """Open the thread, once it is there."""
        async with asyncio.timeout(PATIENCE):
            while self.inside != incident:
                before = len(self.paper.getvalue())
                await self.types(f"/open {incident}")
                if incident in self.paper.getvalue()[before:] and "/list" not in self.paper.getvalue()[before:]:
                    self.inside = incident
                else:
                    await asyncio.sleep(LOOK)


@asynccontextmanager
async def in_slack(folder: Path, language: str) -> AsyncIterator[script.Room]:
    async with test_in_slack.told_in_slack(folder, language) as thread:
        yield InSlack(thread, language)


@asynccontextmanager
async def in_feishu(folder: Path, language: str) -> AsyncIterator[script.Room]:
    async with test_in_feishu.told_in_feishu(folder, language) as thread:
        yield InFeishu(thread, language)


@asynccontextmanager
async def in_feishu_called_back(folder: Path, language: str) -> AsyncIterator[script.Room]:
    async with test_in_feishu.told_in_feishu(folder, language, called_back=True) as thread:
        yield InFeishu(thread, language)
        assert set(thread.server.codes) == {200}, "every callback was taken"


@asynccontextmanager
async def in_wecom(folder: Path, language: str) -> AsyncIterator[script.Room]:
    async with test_in_wecom.in_wecom(folder, language) as there:
        yield InWeCom(there, language)


@asynccontextmanager
async def at_home(folder: Path, language: str) -> AsyncIterator[tuple[Story, str]]:
    """The house with the browser room alone, behind its real HTTP door."""
    clock, ids = SwiftClock(), FakeIds()
    world, store = World(clock), FakeStore(clock, ids)
    files = team_files(folder / "teams", world, language, approval_minutes=600.0)
    file = files / "trade" / "team.yaml"
    team: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    for person in team["people"].values():
        person["accounts"] = {}
    file.write_text(yaml.safe_dump(team | {"rooms": ["console:trade"]}, allow_unicode=True), encoding="utf-8")

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
    execution = {"enabled": True, "allowed_operations": "rollback_canary,restore_state"}
    settings = load(None, data_dir=folder / "data", execution=execution)
    async with open_house(settings, parts) as house, serving(house, bind("127.0.0.1", 0)) as address:
        yield Story(house, world, {}, store, Words(language)), address


PEOPLE = ("lin", "chen", "guest")


@asynccontextmanager
async def in_the_browser(folder: Path, language: str) -> AsyncIterator[script.Room]:
    async with at_home(folder, language) as (story, address), AsyncExitStack() as stack:
        sessions = {}
        for person in PEOPLE:
            session = ClientSession(cookie_jar=CookieJar(unsafe=True))
            sessions[person] = await stack.enter_async_context(session)
            link = await issue_link(story.store.sessions, person, address, story.house.tools.clock)
            async with session.get(link) as page:
                form = hidden(await page.text(), "/sign-in")
            async with session.post(f"{address}/sign-in", data=form) as answer:
                assert answer.status == 200
        yield InTheBrowser(story, address, sessions, language)


@asynccontextmanager
async def in_the_terminal(folder: Path, language: str) -> AsyncIterator[script.Room]:
    async with at_home(folder, language) as (story, address), asyncio.TaskGroup() as group:
        people = {person: Typist() for person in PEOPLE}
        for id, person in people.items():
            link = await issue_link(story.store.sessions, id, address, story.house.tools.clock)
            group.create_task(chat(address, link, language, person.typed(), person.paper))
        yield InTheTerminal(story, people, language)
        for person in people.values():
            person.lines.put_nowait("/quit")


ROOMS: dict[str, Open] = {
    "browser": in_the_browser,
    "terminal": in_the_terminal,
    "slack": in_slack,
    "feishu": in_feishu,
    "feishu callbacks": in_feishu_called_back,
    "wecom": in_wecom,
    "wecom app": in_the_app.in_the_app,
}
TELLING = pytest.mark.parametrize("room", ROOMS)
LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])


async def _told(open_room: Open, folder: Path, language: str, tell: Callable[[script.Room], Any]) -> None:
    async with open_room(folder, language) as room:
        await tell(room)


def _tell(room: str, folder: Path, language: str, tell: Callable[[script.Room], Any]) -> None:
    # WeCom's protocols have windows of minutes, and their fakes live in this process: it is told in virtual time.
    run = in_one_process if room.startswith("wecom") else asyncio.run
    run(_told(ROOMS[room], folder, language, tell))


@TELLING
@LANGUAGES
def test_the_worked_example(tmp_path: Path, room: str, language: str) -> None:
    _tell(room, tmp_path, language, script.tell_the_worked_example)


@TELLING
@LANGUAGES
def test_a_shift(tmp_path: Path, room: str, language: str) -> None:
    _tell(room, tmp_path, language, script.tell_a_shift)

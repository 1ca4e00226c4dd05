"""Stages a story in a self-built WeCom app: each member alone with it, everything over its encrypted callback."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from bot.platforms.wecom.app import PATH
from bot.platforms.wecom.codes import CODE
from bot.run import bind, serving
from bot.settings import load
from bot.wiring import Parts, open_house
from cards.render.text import render
from cards.views import page
from cards.words import Words
from engine.incident import fold
from tests.fakes.clock import FakeIds
from tests.fakes.store import FakeStore
from tests.fakes.wecom_app_server import AES_KEY, AGENT, CORP, SECRET, TOKEN, WeComAppServer, wecom_app_server
from tests.stories.stage import LoopClock, Story, team_files
from tests.stories.world import World

MEMBERS = ("lin", "chen", "guest")
LONGEST = 600.0
"""Seconds of the story within which something shows."""
VERB = {"zh": "批准", "en": "approve"}


class InTheApp:
    """Three members, each of whom has a room of their own; what one is told the others do not read."""

    def __init__(self, story: Story, server: WeComAppServer, language: str) -> None:
        self.story = story
        self.server = server
        self.language = language
        self.words = Words(language)

    async def sees(self, *texts: str, user: str = "lin") -> None:
        for _ in range(int(LONGEST)):
            whole = await self._page()
            if any(all(text in self._whole(shown, whole) for text in texts) for shown in self.server.seen(user)):
                return
            await self._pass(1.0)
        read = "\n\n".join(self.server.seen(user))
        raise AssertionError(f"{user} never sees {texts} in\n{read}")

    def _whole(self, shown: str, behind: str) -> str:
        """A message, and where it says that there is more than fits into 2 KB, what its link leads to."""
        return f"{shown}\n{behind}" if self.words.text("wecom.more") in shown else shown

    async def _page(self) -> str:
        entries = await self.story.entries()
        state = fold(entries)
        return str(render(page(state, entries, self.words, self.story.house.teams.team(state.team))).body)

    async def says(self, who: str, text: str) -> None:
        assert await self.server.say(who, text) == 200
        await self._pass(3.0)

    async def presses(self, who: str, label: str) -> None:
        short = self.words.text(f"wecom.button.{label}")
        button = self.words.text(f"button.{label}") if short.startswith("[") else short
        for _ in range(int(LONGEST)):
            if any(f"[{button}]" in shown for shown in self.server.seen(who)):
                break
            await self._pass(1.0)
        assert await self.server.press(who, button) == 200
        await self._pass(3.0)

    async def approves(self, who: str, word: str) -> None:
        await self.presses(who, "approve")
        verb = VERB[self.language]
        told = [text for text in self.server.seen(who) if text.startswith(self.story.incident)]
        found = next((hit for text in reversed(told) if (hit := re.search(rf"{verb} ({CODE.pattern}) ", text))), None)
        assert found, told
        code = found[1]
        others = [text for member in MEMBERS if member != who for text in self.server.seen(member)]
        assert not any(code in text for text in others), "nobody else sees the code"
        await self.says(who, f"{verb} {code} {word}")

    async def _pass(self, seconds: float) -> None:
        await self.story.house.tools.clock.sleep(seconds)


def _move_to_the_app(path: Path) -> None:
    team = yaml.safe_load(path.read_text(encoding="utf-8"))
    team["rooms"] = [f"wecom:app:{member}" for member in MEMBERS]
    for id, person in team["people"].items():
        person["accounts"] = {"wecom": id}
    path.write_text(yaml.safe_dump(team, allow_unicode=True), encoding="utf-8")


@asynccontextmanager
async def in_the_app(folder: Path, language: str) -> AsyncIterator[InTheApp]:
    """The house as it runs with an app alone in its settings, behind its real HTTP door."""
    clock, ids = LoopClock(), FakeIds()
    world, store = World(clock), FakeStore(clock, ids)
    files = team_files(folder / "teams", world, language)
    _move_to_the_app(files / "trade" / "team.yaml")

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
    async with wecom_app_server(clock.now) as server:
        server.members = set(MEMBERS)
        keys = {"corp_id": CORP, "agent_id": AGENT, "secret": SECRET, "token": TOKEN, "encoding_aes_key": AES_KEY}
        settings = load(
            None,
            data_dir=folder / "data",
            execution={"enabled": True, "allowed_operations": "rollback_canary,restore_state"},
            wecom=keys | {"api_url": server.url},
        )
        async with open_house(settings, parts) as house, serving(house, bind("127.0.0.1", 0)) as address:
            server.callback = f"{address}{PATH}"
            yield InTheApp(Story(house, world, {}, store, Words(language)), server, language)
            assert server.refused == [], "WeCom took everything"

"""Tells how Tocsin tries its own way in real rooms, and what is said where one link of it is broken."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.selftest import TEAM, SelfTest
from bot.wiring import House
from cards.views.selftest import Outcome, report
from cards.words import Words
from engine.model import Phrase
from handlers.inbound import Answer, Inbound
from tests.fakes.clock import START
from tests.stories import test_in_feishu as feishu
from tests.stories import test_in_slack as slack
from tests.stories.test_in_two_rooms import Threads, told_in_both

ROOMS = (f"slack:{slack.CHANNEL}", f"feishu:{feishu.CHAT}")


@asynccontextmanager
async def ready(folder: Path) -> AsyncIterator[Threads]:
    async with told_in_both(folder) as threads:
        house = threads.story.house
        file = next(folder.rglob("supply/team.yaml"))
        file.write_text(file.read_text(encoding="utf-8").replace("chat:supply", "console:supply"), encoding="utf-8")
        assert house.teams.reload() == ()
        yield threads


def said(house: House, phrase: Phrase) -> str:
    return Words("en").say(phrase)


async def test_the_whole_way_is_tried_and_one_card_a_room_tells_it(tmp_path: Path) -> None:
    async with ready(tmp_path) as threads:
        house = threads.story.house
        for _ in range(2):
            phrase = await house.selftest.run()
            assert "passed" in said(house, phrase), (phrase, house.selftest.failed)
        posts = [
            post for team in house.teams.all() for post in await house.store.posts.of(f"board/{team.id}/self-test")
        ]
        assert {post.room for post in posts} >= set(ROOMS)
        assert len(posts) == len({post.room for post in posts}), "it is edited, not posted again"
        assert await house.selftest.trouble() == ""
        tried = [id for id in await house.store.register.newest(limit=50) if await _team_of(house, id) == TEAM]
        assert len(tried) == 2 * 3, "one incident each for the browser room, Slack and Feishu"
        states = [await house.desk.state(id) for id in tried]
        assert {state.status for state in states} == {"closed"}
        assert not any([await house.store.posts.of(incident) for incident in tried]), "nobody sees them"
        assert all(team.id != TEAM for team in house.teams.all()), "no list of teams has it"


async def _team_of(house: House, incident: str) -> str:
    return await house.store.register.team_of(incident)


async def test_a_room_that_takes_no_card_is_told_in_the_other(tmp_path: Path) -> None:
    async with ready(tmp_path) as threads:
        house = threads.story.house
        await house.selftest.run()
        workspace = threads.slack.slack.workspace
        workspace.channels[slack.CHANNEL].clear()
        phrase = await house.selftest.run()
        assert f"slack:{slack.CHANNEL}: card" in said(house, phrase)
        assert "slack" in await house.selftest.trouble()
        told = threads.feishu.server.tenant.messages.values()
        assert any("self-test failed" in message.content for message in told)
        why = house.outbox.failing[f"slack:{slack.CHANNEL}"]
        assert any(Words("en").say(why) in message.content for message in told), "and why"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_card_says_in_its_language_why_a_step_failed(language: str) -> None:
    words, why = Words(language), Phrase(word="outbox.timed_out")
    drawn = str(report(START, (Outcome("card", "slack:C1", why), Outcome("press", "slack")), words))
    assert words.say(why) in drawn
    assert words.text("selftest.failed_short", n=2, failed=1, at=words.moment(START)) in drawn


class Deaf:
    """A door that hears nothing."""

    async def receive(self, event: Inbound) -> Answer:
        return Answer(tone="quiet")


class Yes:
    """A door that agrees to everything and does it."""

    def __init__(self, inner: object) -> None:
        self._inner = inner

    async def receive(self, event: Inbound) -> Answer:
        answer: Answer = await self._inner.receive(event)  # type: ignore[attr-defined]
        return replace(answer, tone="ok")


def _deaf(test: SelfTest) -> str:
    test.go(replace(test.way, inbox=Deaf()))
    return "press"


def _agrees(test: SelfTest) -> str:
    test.go(replace(test.way, inbox=Yes(test.way.inbox)))
    return "approval"


def _closed(test: SelfTest) -> str:
    test.address = "http://127.0.0.1:9"
    return "alert"


def _locked(test: SelfTest) -> str:
    test.token = "another"
    return "alert"


@pytest.mark.parametrize("broken", [_deaf, _agrees, _closed, _locked])
async def test_each_broken_link_is_named(tmp_path: Path, broken: object) -> None:
    async with ready(tmp_path) as threads:
        house = threads.story.house
        step = broken(house.selftest)  # type: ignore[operator]
        phrase = await house.selftest.run()
        for platform in ("console", "slack", "feishu"):
            assert f"{platform}: {step}" in said(house, phrase)

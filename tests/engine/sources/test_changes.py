"""Proves that posted changes are evidence of the team they were posted to, and that silence claims nothing."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from engine.errors import SourceSilent
from engine.model import Change, Observation, Phrase
from engine.ports import Question, Source
from engine.sources.changes import MOST_CHANGES, ChangesSource
from tests.contracts.source import Condition, SourceContract, check, question
from tests.fakes.store import FakeChanges

ASKED = question().model_copy(update={"team": "trade"})


def change(id: str, minutes: int = 0, service: str = "payment") -> Change:
    at = ASKED.window.split + timedelta(minutes=minutes)
    return Change(id=id, service=service, kind="deploy", at=at, version="v2", link=f"https://ci/{id}")


async def log_of(*changes: Change, team: str = "trade") -> FakeChanges:
    log = FakeChanges()
    await log.note(team, changes)
    return log


class Broken(FakeChanges):
    """A log whose disk does not answer."""

    async def knows(self, team: str, service: str) -> bool:
        raise SourceSilent(Phrase(word="evidence.silent.broken", values={"source": "changes"}))


class Hanging(FakeChanges):
    async def knows(self, team: str, service: str) -> bool:
        await asyncio.Event().wait()
        return False


class Ours(ChangesSource):
    """A source whose questions are always of the team that posts: the suite's own name none."""

    async def ask(self, question: Question) -> Sequence[Observation]:
        return await super().ask(question.model_copy(update={"team": "trade"}))


class TestChangesSource(SourceContract):
    @asynccontextmanager
    async def source_on(self, condition: Condition) -> AsyncIterator[Source]:
        logs = {
            "working": await log_of(change("c1"), change("c2", -5)),
            "empty": await log_of(change("old", -9_000)),
            "hanging": Hanging(),
        }
        yield Ours(logs.get(condition, Broken()))


async def test_a_service_nobody_posts_of_is_not_said_to_be_unchanged() -> None:
    source = ChangesSource(await log_of(change("c1", service="coupon")))
    (seen,) = await source.ask(ASKED)
    assert (seen.service, [each.id for each in seen.changes]) == ("coupon", ["c1"])
    check(seen, ASKED, source)


async def test_changes_of_another_team_are_not_seen() -> None:
    source = ChangesSource(await log_of(change("c1"), team="supply"))
    assert not source.concerns(ASKED)
    assert await source.ask(ASKED) == []
    assert source.concerns(ASKED.model_copy(update={"team": "supply"}))


async def test_of_too_many_the_newest_are_kept() -> None:
    source = ChangesSource(await log_of(*(change(f"c{n:03d}", 0) for n in range(MOST_CHANGES + 1))))
    (seen,) = await source.ask(ASKED)
    assert (seen.count, seen.truncated, seen.changes[0].id) == (MOST_CHANGES, True, "c001")
    assert seen.link == f"https://ci/c{MOST_CHANGES:03d}"


@pytest.mark.parametrize("minutes, count", [(-26, 0), (-25, 1), (15, 1), (16, 0)])
async def test_only_what_lies_in_the_window(minutes: int, count: int) -> None:
    (seen,) = await ChangesSource(await log_of(change("c1", minutes))).ask(ASKED)
    assert seen.count == count

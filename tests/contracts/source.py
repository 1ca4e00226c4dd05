"""Says what every source of evidence keeps to, whatever its backend does; the fake and the real ones pass it."""

import asyncio
import tomllib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from pydantic import ValidationError

from engine.errors import SourceSilent
from engine.model import Alert, EvidenceKind, Observation, Phrase, Window
from engine.ports import Question, Source, Tells
from engine.team import Service

Condition = Literal["working", "empty", "failing", "garbage", "page", "oversized", "refused", "hanging", "unreachable"]
"""How a backend does: as it should, or with nothing to tell; else it answers 500, or something unreadable, a web page,
more than anybody reads, or that the token is wrong; or it never answers, or is not there."""

TOKEN = "s3cr3t-bearer-token"
LANGUAGES = Path(__file__).resolve().parents[2] / "cards" / "languages"
PATIENCE = 1.0
"""Seconds a source of this suite may take; short, because a hanging backend is waited for in real time."""
AMPLE = 60.0
"""Seconds where time is not what a test is about: more than the slowest machine needs."""
KINDS: Mapping[Tells, frozenset[EvidenceKind]] = {
    "metric": frozenset({"metric", "sli"}),
    "log": frozenset({"log"}),
    "trace": frozenset({"trace"}),
    "change": frozenset({"change"}),
    "state": frozenset({"state", "probe"}),
    "cluster": frozenset({"state"}),
    "context": frozenset({"state"}),
}
"""What a source must at least bring that is there to tell this."""


def patience_in(condition: Condition) -> float:
    """Seconds a source is given over a backend in this condition."""
    return PATIENCE if condition == "hanging" else AMPLE


def question(service: str = "payment", neighbours: tuple[str, ...] = ("coupon",), **alert: object) -> Question:
    """A question about a service whose alert began ten minutes ago."""
    now = datetime(2026, 11, 20, 9, 40, tzinfo=UTC)
    fields: dict = {"fingerprint": "f1", "status": "firing", "name": "HighErrorRate", "service": service} | alert
    return Question(
        incident="inc_00000001",
        alert=Alert(starts_at=now - timedelta(minutes=10), **fields),
        service=Service(name=service, dependencies=neighbours),
        neighbours=tuple(Service(name=name) for name in neighbours),
        window=Window(start=now - timedelta(minutes=40), split=now - timedelta(minutes=15), end=now),
    )


def check(observation: Observation, asked: Question, source: Source) -> None:
    """An observation is frozen, bounded, and says what was asked where and when."""
    assert observation.source == source.name
    assert observation.query
    assert observation.window == asked.window
    assert observation.service
    assert len(observation.points) <= 1_000
    assert len(observation.lines) <= 1_000
    assert len(observation.spans) <= 2_000
    assert len(observation.changes) <= 100
    assert TOKEN not in observation.model_dump_json()
    payloads = [observation.points, observation.lines, observation.spans, observation.changes, observation.state]
    assert sum(bool(payload) for payload in payloads) == (1 if observation.count else 0)
    assert list(observation.points) == sorted(observation.points)
    with pytest.raises(ValidationError):
        observation.count = 7  # type: ignore[misc]


def words(language: str) -> dict[str, str]:
    """Every phrase of a language's files, under dotted keys."""
    found: dict[str, str] = {}

    def flatten(prefix: str, table: dict) -> None:
        for key, value in table.items():
            if isinstance(value, dict):
                flatten(f"{prefix}{key}.", value)
            else:
                found[prefix + key] = value

    for path in sorted((LANGUAGES / language).glob("*.toml")):
        flatten("", tomllib.loads(path.read_text(encoding="utf-8")))
    return found


def check_safe(phrase: Phrase) -> None:
    """A reason for silence can be said in both languages and gives nothing away."""
    for language in ("en", "zh_CN"):
        said = words(language)[phrase.word].format(**phrase.values)
        assert said
        assert TOKEN not in said
        assert "Traceback" not in said


class SourceContract(ABC):
    """Inherit, and say how a source comes to a backend in each condition."""

    @abstractmethod
    def source_on(self, condition: Condition) -> AbstractAsyncContextManager[Source]:
        """A source that holds TOKEN and has the patience for this condition, over a backend in it."""

    async def test_says_what_it_saw(self) -> None:
        async with self.source_on("working") as source:
            asked = question()
            seen = await source.ask(asked)
            assert any(observation.count and observation.kind in KINDS[source.tells] for observation in seen)
            for observation in seen:
                check(observation, asked, source)
            assert tuple(await source.ask(asked)) == tuple(seen)

    async def test_nothing_found_is_an_answer(self) -> None:
        async with self.source_on("empty") as source:
            asked = question()
            seen = await source.ask(asked)
            assert seen
            for observation in seen:
                check(observation, asked, source)
                assert observation.count == 0 or observation.kind == "state"

    @pytest.mark.parametrize("condition", ["failing", "garbage", "page", "oversized", "refused", "unreachable"])
    async def test_is_silent_with_a_word_people_may_read(self, condition: Condition) -> None:
        async with self.source_on(condition) as source:
            with pytest.raises(SourceSilent) as silent:
                await source.ask(question())
        check_safe(silent.value.phrase)
        assert TOKEN not in str(silent.value)

    async def test_a_hanging_backend_is_not_waited_for(self) -> None:
        async with self.source_on("hanging") as source, asyncio.timeout(PATIENCE * 5):
            with pytest.raises((SourceSilent, TimeoutError)):
                async with asyncio.timeout(PATIENCE * 2):
                    await source.ask(question())

    async def test_can_be_cancelled(self) -> None:
        async with self.source_on("hanging") as source:
            before = asyncio.all_tasks()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await source.ask(question())
            # What the loop keeps for the server side of the connection is not the source's.
            left = [task for task in asyncio.all_tasks() - before if "engine/sources" in str(task.get_coro())]
            assert not left

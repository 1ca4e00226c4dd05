"""Holds the fake source to the contract the real ones keep."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from engine.errors import SourceSilent
from engine.model import Observation, Phrase
from engine.ports import Question, Source
from tests.contracts.source import Condition, SourceContract
from tests.fakes.sources import FakeSource


def answer(condition: Condition, question: Question) -> list[Observation]:
    if condition not in ("working", "empty"):
        raise SourceSilent(Phrase(word="evidence.silent.broken", values={"source": "fake"}))
    points = ((question.window.start.timestamp(), 0.1),) if condition == "working" else ()
    return [
        Observation(
            source="fake",
            kind="metric",
            service=question.service.name,
            query="up",
            window=question.window,
            role="availability",
            points=points,
            count=len(points),
        )
    ]


class TestFakeSource(SourceContract):
    @asynccontextmanager
    async def source_on(self, condition: Condition) -> AsyncIterator[Source]:
        yield FakeSource(lambda question: answer(condition, question), hangs=condition == "hanging")

"""Holds the fake source to the contract the real ones keep."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from engine.code import CodeReader, Missing, Passage, Place
from engine.errors import SourceSilent
from engine.model import Observation, Phrase
from engine.ports import Question, Source
from tests.contracts.code import CodeContract
from tests.contracts.source import Condition, SourceContract
from tests.fakes.sources import FakeReader, FakeSource


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


def shown(condition: Condition, place: Place) -> Passage | Missing:
    silent = Phrase(word="evidence.silent.broken", values={"source": "fake"})
    if condition == "empty":
        return Missing(evidence=place.evidence, place=place.name, reason=silent)
    if condition != "working":
        raise SourceSilent(silent)
    return Passage(
        evidence=place.evidence,
        source="fake",
        service=place.service,
        repository=place.repository,
        path="src/pay/pool.py",
        line=place.line,
        commit="c" * 40,
        first=place.line,
        lines=("raise Exhausted",),
        link="http://code.example/pool.py",
    )


class TestFakeReader(CodeContract):
    @asynccontextmanager
    async def reader_on(self, condition: Condition) -> AsyncIterator[CodeReader]:
        yield FakeReader(lambda place: shown(condition, place), "fake", stalls=condition == "hanging")


class TestFakeSource(SourceContract):
    @asynccontextmanager
    async def source_on(self, condition: Condition) -> AsyncIterator[Source]:
        yield FakeSource(lambda question: answer(condition, question), hangs=condition == "hanging")

"""Stands in for a place of evidence: answers what a test says, or nothing at all."""

import asyncio
from collections.abc import Callable, Sequence

from engine.code import Missing, Passage, Place, Reading
from engine.errors import SourceSilent
from engine.model import Observation, Phrase
from engine.ports import Examined, Queried, Query, Question, Remark, Source, Tells
from engine.team import Service


class FakeSource(Source):
    """A source that answers by a function of the question; what the function raises, it raises.

    `hangs` never answers; `asked` keeps every question.
    """

    def __init__(
        self,
        answer: Callable[[Question], Sequence[Observation]] = lambda question: (),
        name: str = "fake",
        *,
        tells: Tells = "metric",
        hangs: bool = False,
        after: float = 0.0,
    ) -> None:
        self._answer, self._name, self._tells, self._hangs, self._after = answer, name, tells, hangs, after
        self.asked: list[Question] = []

    @property
    def name(self) -> str:
        return self._name

    @property
    def tells(self) -> Tells:
        return self._tells

    async def ask(self, question: Question) -> Sequence[Observation]:
        self.asked.append(question)
        if self._hangs:
            await asyncio.Event().wait()
        if self._after:
            await asyncio.sleep(self._after)
        return self._answer(question)


class FakeQueried(Queried):
    """A source people ask by hand, that answers by a function of the query; what the function raises, it raises.

    `asked` keeps every query."""

    def __init__(
        self,
        answer: Callable[[Query], Sequence[Observation]],
        tells: Tells = "metric",
        name: str = "fake",
        *,
        hangs: bool = False,
    ) -> None:
        self._answer, self._tells, self._name, self._hangs = answer, tells, name, hangs
        self.asked: list[Query] = []

    @property
    def name(self) -> str:
        return self._name

    @property
    def tells(self) -> Tells:
        return self._tells

    async def ask(self, question: Question) -> Sequence[Observation]:
        return ()

    async def look_up(self, query: Query) -> Sequence[Observation]:
        self.asked.append(query)
        if self._hangs:
            await asyncio.Event().wait()
        return self._answer(query)


class FakeExamined(Examined):
    """A source that has one thing to say, or raises why it cannot; `hangs` says nothing at all."""

    def __init__(self, wrong: bool, hangs: bool) -> None:
        self._wrong, self._hangs = wrong, hangs

    @property
    def name(self) -> str:
        return "fake"

    async def examine(self, services: Sequence[Service]) -> Sequence[Remark]:
        if self._hangs:
            await asyncio.Event().wait()
        if self._wrong:
            raise SourceSilent(Phrase(word="evidence.silent.broken", values={"source": "fake"}))
        values: dict[str, str] = {"source": "fake", "host": "here", "version": "1"}
        return [Remark(True, Phrase(word="check.source.version", values={**values}))]


class FakeReader(FakeSource):
    """A source that holds code as well: answers places by a function; what the function raises, it raises.

    `reads` keeps every look, and `stalls` never ends one."""

    def __init__(self, read: Callable[[Place], Passage | Missing], name: str = "code", *, stalls: bool = False) -> None:
        super().__init__(name=name)
        self._read, self.stalls = read, stalls
        self.reads: list[Sequence[Place]] = []

    def holds(self, place: Place) -> bool:
        return True

    async def read_code(self, places: Sequence[Place]) -> Reading:
        self.reads.append(places)
        if self.stalls:
            await asyncio.Event().wait()
        found = [self._read(place) for place in places]
        return Reading(
            passages=tuple(each for each in found if isinstance(each, Passage)),
            missing=tuple(each for each in found if isinstance(each, Missing)),
        )

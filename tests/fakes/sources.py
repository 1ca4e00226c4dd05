"""Stands in for a place of evidence: answers what a test says, or nothing at all."""

import asyncio
from collections.abc import Callable, Sequence

from engine.model import Observation
from engine.ports import Question, Source


class FakeSource(Source):
    """A source that answers by a function of the question; what the function raises, it raises.

    `hangs` never answers; `asked` keeps every question.
    """

    def __init__(
        self,
        answer: Callable[[Question], Sequence[Observation]] = lambda question: (),
        name: str = "fake",
        *,
        hangs: bool = False,
        after: float = 0.0,
    ) -> None:
        self._answer, self._name, self._hangs, self._after = answer, name, hangs, after
        self.asked: list[Question] = []

    @property
    def name(self) -> str:
        return self._name

    async def ask(self, question: Question) -> Sequence[Observation]:
        self.asked.append(question)
        if self._hangs:
            await asyncio.Event().wait()
        if self._after:
            await asyncio.sleep(self._after)
        return self._answer(question)

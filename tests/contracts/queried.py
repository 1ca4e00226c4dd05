"""Says what every source people may ask by hand keeps to, whatever its backend does; fake and real ones pass it."""

import asyncio
from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager

import pytest

from engine.errors import SourceSilent
from engine.ports import Queried, Query
from engine.team import Service
from tests.contracts.source import PATIENCE, TOKEN, Condition, check_safe, question

WINDOW = question().window


def asked(text: str, limit: int = 20) -> Query:
    """What a person asks about `payment`, over the window of the other contract."""
    return Query(text=text, service=Service(name="payment"), window=WINDOW, limit=limit)


class QueriedContract(ABC):
    """Inherit, and say how a source comes to a backend in each condition, and what can be asked of it."""

    TEXT = "pool"

    @abstractmethod
    def queried_on(self, condition: Condition) -> AbstractAsyncContextManager[Queried]:
        """A source that holds TOKEN and has PATIENCE, over a backend in this condition; working, TEXT finds several."""

    async def test_says_what_was_asked_and_found(self) -> None:
        async with self.queried_on("working") as source:
            seen = await source.look_up(asked(self.TEXT))
            assert sum(each.count for each in seen) > 1
            for each in seen:
                assert (each.source, each.kind, each.window) == (source.name, source.tells, WINDOW)
                assert each.query
                assert TOKEN not in each.model_dump_json()
                assert not each.truncated

    async def test_no_more_than_wanted_and_says_so(self) -> None:
        async with self.queried_on("working") as source:
            seen = await source.look_up(asked(self.TEXT, limit=1))
            assert any(each.truncated for each in seen)
            assert len(seen) == 1
            assert len(seen[0].lines) <= 1
            assert len({span.trace_id for span in seen[0].spans}) <= 1

    async def test_nothing_found_is_an_answer(self) -> None:
        async with self.queried_on("empty") as source:
            (seen,) = await source.look_up(asked(self.TEXT))
            assert (seen.count, bool(seen.query), seen.window) == (0, True, WINDOW)

    @pytest.mark.parametrize("condition", ["failing", "garbage", "unreachable"])
    async def test_is_silent_with_a_word_people_may_read(self, condition: Condition) -> None:
        async with self.queried_on(condition) as source:
            with pytest.raises(SourceSilent) as silent:
                await source.look_up(asked(self.TEXT))
        check_safe(silent.value.phrase)
        assert TOKEN not in str(silent.value)

    async def test_a_hanging_backend_is_not_waited_for(self) -> None:
        async with self.queried_on("hanging") as source, asyncio.timeout(PATIENCE * 5):
            with pytest.raises((SourceSilent, TimeoutError)):
                async with asyncio.timeout(PATIENCE * 2):
                    await source.look_up(asked(self.TEXT))

"""Says what every source keeps to that can be examined before there is an incident; fake and real ones pass it."""

import asyncio
from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager

import pytest

from engine.errors import SourceSilent
from engine.ports import Examined
from engine.team import Service
from tests.contracts.source import PATIENCE, TOKEN, Condition, check_safe

CATALOGUE = (Service(name="payment", repository="shop/payment"), Service(name="nobody-knows"))


class ExaminedContract(ABC):
    """Inherit, and say how a source comes to a backend in each condition."""

    @abstractmethod
    def examined_on(self, condition: Condition) -> AbstractAsyncContextManager[Examined]:
        """A source that holds TOKEN and has PATIENCE, over a backend in this condition."""

    @pytest.mark.parametrize("condition", ["working", "empty"])
    async def test_says_first_that_it_works(self, condition: Condition) -> None:
        async with self.examined_on(condition) as source:
            for services in (CATALOGUE, ()):
                remarks = await source.examine(services)
                assert remarks[0].ok
                for remark in remarks:
                    check_safe(remark.phrase)
                assert TOKEN not in str(remarks)

    @pytest.mark.parametrize("condition", ["failing", "garbage", "page", "oversized", "refused", "unreachable"])
    async def test_says_what_is_wrong_in_words_people_may_read(self, condition: Condition) -> None:
        async with self.examined_on(condition) as source:
            with pytest.raises(SourceSilent) as silent:
                await source.examine(CATALOGUE)
        check_safe(silent.value.phrase)
        assert TOKEN not in str(silent.value)

    async def test_a_hanging_backend_is_not_waited_for(self) -> None:
        async with self.examined_on("hanging") as source, asyncio.timeout(PATIENCE * 5):
            with pytest.raises((SourceSilent, TimeoutError)):
                async with asyncio.timeout(PATIENCE * 2):
                    await source.examine(CATALOGUE)

"""Says what everything that silences alerts keeps to: the fake, a server of captures, the real Alertmanager."""

from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import pytest

from bot.clock import SystemClock
from engine.errors import ExecutorRefused
from engine.ports import Hush, Matcher, Silencer


def hush(*matchers: Matcher, minutes: float = 10, comment: str = "处理中 (inc_00000001, Tocsin)") -> Hush:
    """Ten minutes of silence for the payment service."""
    now = SystemClock().now().replace(microsecond=0)
    wanted = matchers or (Matcher(name="service", value="payment"),)
    return Hush(matchers=wanted, starts_at=now, ends_at=now + timedelta(minutes=minutes), by="Alice", comment=comment)


class SilencerContract(ABC):
    """Inherit, and say how to come to one."""

    @abstractmethod
    def silencer(self) -> AbstractAsyncContextManager[Silencer]:
        """One that works."""

    async def test_a_silence_stands_until_it_is_ended(self) -> None:
        async with self.silencer() as silencer:
            id = await silencer.silence(hush())
            assert id
            assert id in silencer.link(id)
            assert await silencer.unsilence(id) is True
            assert await silencer.unsilence(id) is False

    async def test_what_never_was_is_over(self) -> None:
        async with self.silencer() as silencer:
            assert await silencer.unsilence("00000000-0000-0000-0000-000000000000") is False

    async def test_a_silence_of_nothing_or_of_the_past_is_refused(self) -> None:
        async with self.silencer() as silencer:
            for wrong in (hush().model_copy(update={"matchers": ()}), hush(minutes=-5)):
                with pytest.raises(ExecutorRefused):
                    await silencer.silence(wrong)

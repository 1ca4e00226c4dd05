"""Holds the fake to what the real executors promise."""

from collections.abc import AsyncIterator

import pytest

from tests.contracts.executor import Bench, ExecutorContract
from tests.fakes.executors import FakeExecutor, Mood


class FakeBench:
    def __init__(self) -> None:
        self.executor = FakeExecutor()

    def touch(self) -> None:
        self.executor.target.touch("payment")

    def done(self) -> int:
        return len(self.executor.target.done)

    def misbehave(self, how: Mood) -> None:
        self.executor.mood = how

    def lose(self) -> None:
        self.executor.probe_mood = "unclear"


class TestFakeExecutor(ExecutorContract):
    @pytest.fixture
    async def bench(self) -> AsyncIterator[Bench]:
        yield FakeBench()

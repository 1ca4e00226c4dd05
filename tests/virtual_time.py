"""Runs a coroutine in virtual time: whenever everybody waits, the clock leaps to whoever is due first.

    def test_gives_up_after_an_hour() -> None:
        in_virtual_time(story())

Time in the engine comes from the Clock port, and its fake is the first choice. This is for what lies below the port:
`asyncio.timeout` and `asyncio.sleep` in adapters. Threads and sockets keep their own time, so a coroutine that waits
for one (SQLite, HTTP) does not belong in here.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")

STUCK_AFTER = 10.0
"""Real seconds after which waiting for nothing that is due counts as a deadlock."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose `time()` starts at zero and passes only in leaps."""

    def __init__(self) -> None:
        self.leapt = 0.0
        super().__init__(_Leaping(self))

    def time(self) -> float:
        return self.leapt


class _Leaping(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            ready = super().select(STUCK_AFTER)
            assert ready, "Everybody waits and nobody is due: a deadlock."
            return ready
        ready = super().select(0)
        if not ready:
            self._loop.leapt += timeout
        return ready


def in_virtual_time(story: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end and return what it returned."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(story)

"""Runs a story with sockets in virtual time: both ends live in this process, and only threads keep another time."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any

from tests.virtual_time import VirtualLoop


class ThreadlessLoop(VirtualLoop):
    """Virtual time in which everything meant for a thread is done at once."""

    def run_in_executor(  # type: ignore[override]  # the loop declares its arguments by a variadic type
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> Any:
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001  as a thread hands it to whoever waits
            done.set_exception(error)
        return done


def in_one_process(story: Coroutine[Any, Any, None]) -> None:
    """Run to the end."""
    with asyncio.Runner(loop_factory=ThreadlessLoop) as runner:
        runner.run(story)

"""Keeps long-lived tasks: named, guarded, and ended in order; one that fails never takes the others along."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

log = logging.getLogger("tocsin.crew")

Failed = Callable[[str, Exception], Awaitable[None]]


class Crew:
    """A group of named tasks. Leaving the `async with` cancels and awaits all of them."""

    def __init__(self) -> None:
        self._group = asyncio.TaskGroup()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._closing = False

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        for task in self._tasks.values():
            task.cancel()
        # What the block itself raised goes on as it is: handed to the group, it would come back wrapped.
        await self._group.__aexit__(None, None, None)

    def start(self, name: str, work: Callable[[], Awaitable[None]], failed: Failed | None = None) -> None:
        """Start a task under a name; nothing happens where one of this name is still at work, or the crew is ending:
        a task on its way out would leave one behind that nobody cancels."""
        if name not in self._tasks and not self._closing:
            self._tasks[name] = self._group.create_task(self._guard(name, work, failed), name=name)

    def stop(self, name: str) -> None:
        """Cancel the task of this name, where there is one."""
        if task := self._tasks.get(name):
            task.cancel()

    def at_work(self, name: str) -> bool:
        """Whether a task of this name is running."""
        return name in self._tasks

    @property
    def names(self) -> tuple[str, ...]:
        """Who is at work."""
        return tuple(self._tasks)

    async def _guard(self, name: str, work: Callable[[], Awaitable[None]], failed: Failed | None) -> None:
        try:
            await work()
        except Exception as error:  # the one place where any failure is caught: it is logged and told, never lost
            log.exception("%s failed", name)
            if failed is not None:
                await self._tell(name, error, failed)
        finally:
            self._tasks.pop(name, None)

    async def _tell(self, name: str, error: Exception, failed: Failed) -> None:
        try:
            await failed(name, error)
        except Exception:
            log.exception("telling about the failure of %s failed", name)

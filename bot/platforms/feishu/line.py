"""Holds the long connection in a thread of its own, because what it is made of must never run on our loop."""

import asyncio
import gc
import logging
import sys
import threading
from importlib import import_module
from typing import Any

from bot.platforms.feishu.envelope import Take
from bot.settings import Feishu
from engine.ports import Clock

log = logging.getLogger("tocsin.feishu")

MODULE = "bot.platforms.feishu.connection"
AGAIN_AFTER = 5.0
PATIENCE = 5.0
"""Seconds that are waited for the thread to end; an import under way cannot be interrupted."""

_importing = threading.Lock()


def connection_module() -> Any:
    """What stands on lark-oapi, imported now: 11,000 modules, 2 to 5 seconds, never on a thread that serves.

    Under the collector each of those modules would stop every thread for a search through all that is loaded (170 ms
    on our loop, measured; 6 ms without). Afterwards none of it is searched again."""
    with _importing:
        if (known := sys.modules.get(MODULE)) is not None:
            return known
        collecting = gc.isenabled()
        gc.disable()
        try:
            return import_module(MODULE)
        finally:
            gc.freeze()
            if collecting:
                gc.enable()


class Line:
    """The long connection of one app: a thread with its own loop that hands each delivery to ours."""

    def __init__(self, settings: Feishu, take: Take, clock: Clock) -> None:
        self._settings = settings
        self._take = take
        self._clock = clock

    async def hold(self) -> None:
        """Stay connected until cancelled. A thread that ended is replaced."""
        while True:
            await self._thread()
            log.error("the thread of the long connection ended; a new one starts in %.0f s", AGAIN_AFTER)
            await self._clock.sleep(AGAIN_AFTER)

    async def _thread(self) -> None:
        turn = Turn(self._settings, self._take, asyncio.get_running_loop())
        turn.start()
        try:
            await turn.ended.wait()
        finally:
            turn.stop()
            await asyncio.shield(asyncio.to_thread(turn.join, PATIENCE))


class Turn(threading.Thread):
    """One life of the thread."""

    def __init__(self, settings: Feishu, take: Take, home: asyncio.AbstractEventLoop) -> None:
        super().__init__(name="feishu", daemon=True)
        self.ended = asyncio.Event()
        self._settings = settings
        self._take = take
        self._home = home
        self._guard = threading.Lock()
        self._stopping = False
        self._here: tuple[asyncio.AbstractEventLoop, asyncio.Task[None]] | None = None

    def run(self) -> None:
        """Connect, and again whenever the connection is lost, until told to stop."""
        try:
            asyncio.run(self._stay())
        except asyncio.CancelledError:
            log.debug("the long connection was put down")
        finally:
            if not self._home.is_closed():
                self._home.call_soon_threadsafe(self.ended.set)

    def stop(self) -> None:
        """End it, from any thread; at once, or as soon as the import under way is through."""
        with self._guard:
            self._stopping = True
            if self._here is not None:
                loop, task = self._here
                loop.call_soon_threadsafe(task.cancel)

    async def _stay(self) -> None:
        # Nothing else runs on this loop yet, so the import may block it; the SDK keeps the loop it finds at import.
        module = connection_module()
        task = asyncio.current_task()
        assert task is not None
        with self._guard:
            if self._stopping:
                return
            self._here = asyncio.get_running_loop(), task
        try:
            await module.stay_connected(self._settings, self._take, self._home)
        finally:
            with self._guard:
                self._here = None

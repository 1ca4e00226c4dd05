"""Sets a run up, kills and restarts it as asked, and gathers how it ended."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import ClientSession

from bot.clock import SystemClock
from tests.crash.check import Ending
from tests.crash.nursery import ROOT, SURROUNDINGS, Nursery, open_nursery

Point = tuple[str, int]
"""A point's label, and at which of its passings to strike."""

Found = TypeVar("Found")

ENDS_WITHIN = 40.0
LOOK = 0.01
ALERT_AGE = timedelta(seconds=12)


async def until(look: Callable[[], Awaitable[Found]], within: float) -> Found:
    """Look again and again until something is found; TimeoutError past `within` seconds."""
    async with asyncio.timeout(within):
        while True:
            if found := await look():
                return found
            await asyncio.sleep(LOOK)


class NotReached(Exception):
    """An incident came to its end without passing a point this often."""


@asynccontextmanager
async def outside(module: str) -> AsyncIterator[str]:
    """A process of the outside world; gives its address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, cwd=ROOT, stdin=PIPE, stdout=PIPE, env=SURROUNDINGS
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.stdin.close()
        await process.wait()


@dataclass
class Stage:
    """The outside world and one nursery. Each run has a name of its own, and with it a world and a room."""

    folder: Path
    target: str
    room: str
    nursery: Nursery
    session: ClientSession
    name: str
    _runs: int = field(default=0)

    def new_run(self, **options: Any) -> "Run":
        """A run nobody has begun; `options` are fields of the job of each of its processes."""
        self._runs += 1
        name = f"{self.name}-{self._runs}"
        folder = self.folder / name
        folder.mkdir(parents=True)
        return Run(self, name, folder, options)


@dataclass
class Run:
    """One incident's life, over as many processes as it takes."""

    stage: Stage
    name: str
    folder: Path
    options: dict[str, Any] = field(default_factory=dict)
    _alert: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        starts_at = SystemClock().now() - ALERT_AGE
        self._alert = {
            "name": "HighErrorRatio",
            "service": "payment",
            "severity": "critical",
            "labels": {"env": "prod"},
            "starts_at": starts_at.isoformat(),
        }

    @property
    def target(self) -> str:
        return f"{self.stage.target}/{self.name}"

    @property
    def room(self) -> str:
        return f"{self.stage.room}/{self.name}"

    def job(self, **more: Any) -> dict[str, Any]:
        """What a process of this run is told."""
        told = {"folder": str(self.folder), "target": self.target, "room": self.room, "alert": self._alert}
        return told | self.options | more

    async def control(self, **wish: bool) -> dict[str, Any]:
        """Tell the target how to behave; what it counted so far."""
        async with self.stage.session.post(f"{self.target}/control", json=wish) as answer:
            counted: dict[str, Any] = await answer.json()
            return counted

    async def live(self, kills: Sequence[Point] = (), **more: Any) -> Ending:
        """Live the incident to its end, killed at these points one process after another. Only the first keeps step
        with its cards: it must come by the points of the list; what comes after a restart comes as it comes."""
        in_step = bool(kills) or more.pop("in_step", False)
        for number, (label, passing) in enumerate(kills):
            await self.stage.nursery.start(self.job(kill=[label, passing], in_step=number == 0, **more))
            code = await self.stage.nursery.ended(ENDS_WITHIN)
            if code == 0:
                raise NotReached(f"{label} #{passing}")
            assert code == -9, f"exit {code} on the way to {label} #{passing}\n{self.log}"
        await self.stage.nursery.start(self.job(in_step=in_step and not kills, **more))
        code = await self.stage.nursery.ended(ENDS_WITHIN)
        assert code == 0, f"exit {code} after {list(kills)}\n{self.log}"
        return await self.ending()

    async def ending(self) -> Ending:
        """What was reported and counted."""
        report = json.loads((self.folder / "report.json").read_text())
        async with self.stage.session.get(f"{self.target}/counts") as answer:
            target = await answer.json()
        async with self.stage.session.get(self.room) as answer:
            room = await answer.json()
        return Ending(report, target, room)

    @property
    def log(self) -> str:
        """The end of what the processes said."""
        log = self.folder / "log"
        return log.read_text()[-6_000:] if log.exists() else ""


@asynccontextmanager
async def open_stages(folder: Path, lanes: int) -> AsyncIterator[tuple[Stage, ...]]:
    """Stages to play on at the same time, over one target process and one room process."""
    async with AsyncExitStack() as stack:
        target = await stack.enter_async_context(outside("tests.crash.target"))
        room = await stack.enter_async_context(outside("tests.crash.room"))
        session = await stack.enter_async_context(ClientSession())
        nurseries = [await stack.enter_async_context(open_nursery()) for _ in range(lanes)]
        yield tuple(Stage(folder, target, room, each, session, f"lane{n}") for n, each in enumerate(nurseries))

"""Forks processes under test from one that has loaded everything, so that a run costs no start-up.

Started as `python -m tests.crash.nursery`: a line of JSON in is a job, answered by a line with the pid of the child
and, when it has ended, a line with how (as `waitpid` tells it). One job at a time.
"""

import asyncio
import gc
import json
import os
import signal
import sys
import traceback
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SURROUNDINGS = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONUTF8": "1"}
"""A process that forks must not have threads of its own."""


class Nursery:
    """The test's side of one nursery."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.pid = 0

    async def start(self, job: dict[str, Any]) -> int:
        """Fork a child for this job; returns its pid. One that was left behind is killed first."""
        assert self._process.stdin is not None
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            await self._line()
        self._process.stdin.write(json.dumps(job).encode() + b"\n")
        await self._process.stdin.drain()
        self.pid = int(await self._line())
        return self.pid

    async def ended(self, within: float) -> int:
        """How the child ended: its exit code, or minus the signal it died of. Past `within` seconds it is killed, and
        TimeoutError raised."""
        try:
            async with asyncio.timeout(within):
                status = int(await self._line())
        except TimeoutError:
            os.kill(self.pid, signal.SIGKILL)
            await self._line()
            self.pid = 0
            raise
        self.pid = 0
        return os.waitstatus_to_exitcode(status)

    async def _line(self) -> bytes:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        assert line, "the nursery is gone"
        return line


@asynccontextmanager
async def open_nursery() -> AsyncIterator[Nursery]:
    """A nursery that ends with the block, and its child with it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.crash.nursery", cwd=ROOT, stdin=PIPE, stdout=PIPE, env=SURROUNDINGS
    )
    nursery = Nursery(process)
    try:
        yield nursery
    finally:
        assert process.stdin is not None
        if nursery.pid:
            os.kill(nursery.pid, signal.SIGKILL)
        process.stdin.close()
        await process.wait()


def work() -> None:
    """Take jobs until stdin closes."""
    from tests.crash.process import play  # noqa: PLC0415 - loaded in the nursery alone, before any fork

    gc.freeze()
    for line in sys.stdin:
        job = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _be(job, play)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{status}\n")
        sys.stdout.flush()


def _be(job: dict[str, Any], play: Any) -> None:
    """The child: its output goes to a file, and nothing of the nursery runs in it afterwards."""
    log = os.open(Path(job["folder"]) / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for here, there in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(here, there)
    code = 1
    try:
        code = play(job)
    finally:
        if code:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    work()

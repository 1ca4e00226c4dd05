"""Kills a process that writes, and finds every write it had acknowledged."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from store.audit import audit_verify
from store.sqlite import open_sqlite
from tests.store.world import START, StandingClock, ToldIds, draft

CHILD = "tests.store.acknowledging"


@pytest.mark.crash
@pytest.mark.parametrize("after", [1, 40, 400])
async def test_every_acknowledged_write_outlives_a_kill(tmp_path: Path, root: Path, after: int) -> None:
    path = tmp_path / "store.db"
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", CHILD, str(path), cwd=root, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    lines: list[bytes] = []
    async with asyncio.timeout(60):
        while len(lines) < after:
            lines.append(await child.stdout.readline())
        os.kill(child.pid, signal.SIGKILL)
        rest = await child.stdout.read()
        await child.wait()
    acknowledged = [line.decode().split() for line in (*lines, *rest.splitlines(keepends=True)) if line.endswith(b"\n")]
    assert len(acknowledged) >= after
    async with open_sqlite(path, StandingClock(), ToldIds(["inc_after"])) as store:
        waiting = {call.promises[0].incident for call in await store.register.admitted(100_000)}
        for what, incident, key in acknowledged:
            if what == "beat":
                assert (await store.register.beats())["default", key] == START
            elif what == "admit":
                placed = await store.timeline.find(incident, "created") is not None
                assert placed != (incident in waiting), (incident, key)
            else:
                assert await store.timeline.find(incident, key) is not None, (what, incident, key)
        for incident in await store.register.newest(limit=100_000):
            assert (await audit_verify(store.disk, incident, await store.disk.head(incident))).faults == ()
        assert await store.register.open("default", [draft("created")]) == "inc_after"

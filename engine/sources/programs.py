"""Runs a program on this machine to look: an argument vector, never a shell, bounded in bytes, gone when unwanted."""

import asyncio
import contextlib
import os
import resource
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple

MOST_COMPLAINT = 4_096


class Ran(NamedTuple):
    """What a program said, how it ended, whether it would have said more, and what it complained of."""

    said: bytes
    code: int
    cut: bool
    complaint: str = ""


async def run(
    vector: Sequence[str], *, environment: Mapping[str, str], most: int, given: bytes = b"", memory: int = 0
) -> Ran:
    """Run it with `given` as its input; one that says more than `most` bytes is ended, one that wants more than
    `memory` bytes (0: as many as there are) gets none, where the system can say so. Whoever cancels this ends it and
    what it started. OSError or ValueError where it cannot be started."""
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *vector,
        stdin=pipe if given else nothing,
        stdout=pipe,
        stderr=pipe,
        env=dict(environment),
        start_new_session=True,
    )
    try:
        if memory and sys.platform == "linux":
            with contextlib.suppress(OSError):
                resource.prlimit(process.pid, resource.RLIMIT_DATA, (memory, memory))
        if process.stdin is not None:
            process.stdin.write(given)
            process.stdin.close()
        async with asyncio.TaskGroup() as group:
            said = group.create_task(_read(process, process.stdout, most, ends=True))
            complaint = group.create_task(_read(process, process.stderr, MOST_COMPLAINT, ends=False))
        code = await process.wait()
    finally:
        _end(process)
        await process.wait()
    (body, cut), (more, _) = said.result(), complaint.result()
    return Ran(body, 0 if cut else code, cut, more.decode("utf-8", "replace"))


def _end(process: asyncio.subprocess.Process) -> None:
    """End it with all it started: what lives on holds its pipes open, and waiting for it would never end."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


async def _read(
    process: asyncio.subprocess.Process, stream: asyncio.StreamReader | None, most: int, *, ends: bool
) -> tuple[bytes, bool]:
    """What comes, up to a number of bytes; a program that says more is ended, or (`ends` False) no longer listened to,
    but heard out, so that it does not hang on a full pipe."""
    body, cut = bytearray(), False
    while stream is not None and (chunk := await stream.read(64 * 1024)):
        if cut:
            continue
        body += chunk
        if len(body) > most:
            cut = True
            if ends:
                _end(process)
    return bytes(body[:most]), cut

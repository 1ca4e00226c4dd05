"""Starts the demo world as a child process and ends it again."""

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import IO

from engine.errors import WorldError

START_S = 45.0
STOP_S = 15.0
MAX_ERRORS = 100_000


class WorldDidNotStart(WorldError):
    """The child did not become ready, in one clear sentence."""


@dataclass(frozen=True)
class WorldAddresses:
    """Where everything in the world listens; `alertmanager` is None unless the real one runs, beside which the keeper
    still answers."""

    prometheus: str
    keeper: str
    alertmanager: str | None
    loki: str
    jaeger: str
    releases: str
    control: str
    services: dict[str, str]


def _command(alerts_to: str, token: str, releases_token: str, prometheus: bool, scenario: str) -> list[str]:
    out = [sys.executable, "-m", "bot.demo"]
    for name, value in {
        "--alerts-to": alerts_to,
        "--token": token,
        "--releases-token": releases_token,
        "--scenario": scenario,
    }.items():
        if value:
            out += [name, value]
    return [*out, "--prometheus"] if prometheus else out


def _last_words(errors: IO[bytes]) -> str:
    errors.seek(0)
    lines = errors.read(MAX_ERRORS).decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "the demo world ended before it was ready"


async def _ready_line(process: asyncio.subprocess.Process, errors: IO[bytes]) -> WorldAddresses:
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_S):
            line = await process.stdout.readline()
    except TimeoutError as late:
        raise WorldDidNotStart(f"the demo world was not ready within {START_S:.0f} s") from late
    if not line:
        raise WorldDidNotStart(_last_words(errors))
    try:
        return WorldAddresses(**json.loads(line))
    except (ValueError, TypeError) as problem:
        raise WorldDidNotStart(f"the demo world said something unexpected: {line[:200]!r}") from problem


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        # The child leads a session of its own, so its group is the world and the servers it may have started.
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


@asynccontextmanager
async def open_world(
    alerts_to: str = "",
    *,
    token: str = "",
    releases_token: str = "",
    prometheus: bool = False,
    scenario: str = "",
) -> AsyncIterator[WorldAddresses]:
    """Run the world in a child process while the block runs; raises WorldDidNotStart.

    `alerts_to` gets Alertmanager webhooks with the bearer `token`; `releases_token` is what the release platform asks
    for; `prometheus` uses the real servers; `scenario` is armed by itself once there is enough baseline.
    """
    with tempfile.TemporaryFile() as errors:
        process = await asyncio.create_subprocess_exec(
            *_command(alerts_to, token, releases_token, prometheus, scenario),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
        try:
            yield await _ready_line(process, errors)
        finally:
            await _end(process)

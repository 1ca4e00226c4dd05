"""Starts the demo world as a child process and ends it again."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

START_S = 45.0
STOP_S = 15.0


class WorldDidNotStart(Exception):
    """The child did not become ready, in one clear sentence."""


@dataclass(frozen=True)
class WorldAddresses:
    """Where everything in the world listens; `alertmanager` is None unless the real one runs."""

    prometheus: str
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


async def _ready_line(process: asyncio.subprocess.Process) -> WorldAddresses:
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(START_S):
            line = await process.stdout.readline()
            if not line:
                words = (await process.stderr.read()).decode(errors="replace").strip().splitlines()
                raise WorldDidNotStart(words[-1] if words else "the demo world ended before it was ready")
    except TimeoutError as late:
        raise WorldDidNotStart(f"the demo world was not ready within {START_S:.0f} s") from late
    try:
        return WorldAddresses(**json.loads(line))
    except (ValueError, TypeError) as problem:
        raise WorldDidNotStart(f"the demo world said something unexpected: {line[:200]!r}") from problem


async def _drain(stream: asyncio.StreamReader | None) -> None:
    while stream is not None and await stream.read(4096):
        pass


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
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
    process = await asyncio.create_subprocess_exec(
        *_command(alerts_to, token, releases_token, prometheus, scenario),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        addresses = await _ready_line(process)
        async with asyncio.TaskGroup() as group:
            drains = [group.create_task(_drain(stream)) for stream in (process.stdout, process.stderr)]
            try:
                yield addresses
            finally:
                await _end(process)
                for drain in drains:
                    drain.cancel()
    finally:
        await _end(process)

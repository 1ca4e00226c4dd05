"""Starts the demo world as a program of its own: `python -m bot.demo`."""

import argparse
import asyncio
import json
import os
import signal
import stat
import sys

from bot.demo.clock import SystemClock
from bot.demo.real_prometheus import CannotStart
from bot.demo.scenarios import NAMES
from bot.demo.world import World, WorldOptions


def _options(arguments: list[str]) -> tuple[WorldOptions, bool]:
    parser = argparse.ArgumentParser(prog="python -m bot.demo", description=__doc__)
    parser.add_argument("--alerts-to", default="", help="webhook that gets the alerts, in Alertmanager's format")
    parser.add_argument("--token", default="", help="bearer token sent with the alerts")
    parser.add_argument("--releases-token", default="", help="bearer token the release platform asks for")
    parser.add_argument("--port", type=int, default=0, help="first of five ports for the APIs (default: free ones)")
    parser.add_argument("--prometheus", action="store_true", help="use the real Prometheus and Alertmanager")
    parser.add_argument("--scenario", default="", choices=("", *NAMES), help="arm this fault after the baseline")
    parser.add_argument("--stay", action="store_true", help="do not end when standard input closes")
    found = parser.parse_args(arguments)
    options = WorldOptions(
        found.alerts_to, found.token, found.releases_token, found.port, found.prometheus, found.scenario
    )
    return options, found.stay


def _stdin_can_close() -> bool:
    # A file or /dev/null is always at its end and says nothing about a parent; the loop could not watch it either.
    mode = os.fstat(sys.stdin.fileno()).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or sys.stdin.isatty()


async def _stdin_closes(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    try:
        while await reader.read(1024):
            pass
        stop.set()
    finally:
        transport.close()


async def _announce(world: World, ready: asyncio.Event) -> None:
    await ready.wait()
    sys.stdout.write(json.dumps(world.addresses) + "\n")
    sys.stdout.flush()


async def live(options: WorldOptions, stay: bool) -> None:
    """Run the world until a signal comes or standard input closes."""
    ready, stop = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with asyncio.TaskGroup() as group:
        helpers = [group.create_task(_stdin_closes(stop))] if not stay and _stdin_can_close() else []
        async with World(options, SystemClock()) as world:
            helpers.append(group.create_task(_announce(world, ready)))
            await world.run(ready, stop)
        for helper in helpers:
            helper.cancel()


def main() -> int:
    """Parse the arguments and live; 1 when the world cannot be started."""
    options, stay = _options(sys.argv[1:])
    status = 0
    try:
        asyncio.run(live(options, stay))
    except* (CannotStart, OSError) as problems:
        for problem in problems.exceptions:
            sys.stderr.write(f"the demo world cannot start: {problem}\n")
        status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())

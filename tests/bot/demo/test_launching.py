"""Checks the world as a program: it starts, says where it is, is watched, and never outlives its parent."""

import asyncio
import json
import os
import signal
import socket
import sys

import aiohttp
import pytest

from bot.demo.fleet import PORTS, Fleet
from bot.demo.launch import WorldDidNotStart, open_world


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_the_launcher_waits_for_the_world_and_ends_it() -> None:
    async with open_world() as world, aiohttp.ClientSession() as session:
        async with session.get(f"{world.prometheus}/api/v1/query", params={"query": "up"}) as answer:
            found = (await answer.json())["data"]["result"]
        assert len(found) == 8
        assert {row["value"][1] for row in found} == {"1"}
        assert {row["metric"]["job"] for row in found} == set(world.services)
        async with session.get(f"{world.control}/control/status") as answer:
            status = await answer.json()
        assert (status["phase"], status["time_note"]["compressed"]) == ("baseline", True)
        for url in world.services.values():
            async with session.get(f"{url}/healthz") as answer:
                assert answer.status == 200
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.get(f"{world.control}/control/status")


async def test_an_error_in_the_body_comes_out_as_it_is() -> None:
    with pytest.raises(KeyError):
        async with open_world():
            raise KeyError("mine")


async def test_a_world_that_cannot_start_says_why() -> None:
    with pytest.raises(WorldDidNotStart, match="invalid choice: 'earthquake'"):
        async with open_world(scenario="earthquake"):
            pass


async def test_the_world_ends_when_its_parent_is_gone() -> None:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bot.demo", stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    async with asyncio.timeout(30):
        assert set(json.loads(await process.stdout.readline())) >= {"prometheus", "loki", "jaeger", "releases"}
        process.stdin.close()
        assert await process.wait() == 0
    assert not alive(process.pid)


async def test_a_signal_ends_a_world_whose_input_is_no_pipe() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot.demo",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        await process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")


async def test_missing_servers_are_named_in_one_sentence() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot.demo",
        "--prometheus",
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": "/nonexistent"},
    )
    async with asyncio.timeout(30):
        _, errors = await process.communicate()
    assert process.returncode == 1
    assert errors.decode().splitlines() == [
        "the demo world cannot start: --prometheus needs the program 'prometheus' on the PATH; "
        "on Debian: apt-get install prometheus"
    ]


async def test_a_port_that_was_taken_meanwhile_is_no_reason_not_to_start() -> None:
    built: list[tuple[str, int]] = []

    class Listener:
        """A replica that only listens."""

        def __init__(self, version: str, port: int) -> None:
            self.version, self.port = version, port

        async def start(self) -> None:
            self.server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", self.port)
            built.append((self.version, self.port))

        async def stop(self) -> None:
            self.server.close()

        def log(self, level: str, text: str) -> None:
            """Nobody reads it here."""

    fleet = Fleet("till", 2, "v1", Listener)  # type: ignore[arg-type]
    lost = fleet.ports[0]
    with socket.create_server(("127.0.0.1", lost)):
        await fleet.start()
    assert [port for _, port in built] == fleet.ports
    assert lost not in fleet.ports
    assert all(port in PORTS for port in fleet.ports), "below what the kernel gives to outgoing connections"
    await fleet.stop()

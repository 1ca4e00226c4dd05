"""Shows that a test cannot leave this machine, and can use all of it."""

import asyncio
import socket

import pytest

from tests.conftest import OutsideLoopback


def test_another_machine_is_out_of_reach() -> None:
    with socket.socket() as outward, pytest.raises(OutsideLoopback, match=r"192\.0\.2\.1"):
        outward.connect(("192.0.2.1", 80))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outward, pytest.raises(OutsideLoopback):
        outward.sendto(b"hello", ("192.0.2.1", 53))


async def test_names_of_other_machines_are_not_looked_up() -> None:
    with pytest.raises(OutsideLoopback, match="example"):
        await asyncio.get_running_loop().getaddrinfo("www.example.org", 443)


async def test_loopback_is_open() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection("localhost", server.sockets[0].getsockname()[1])
        writer.write(b"hello\n")
        assert await reader.readline() == b"hello\n"
        writer.close()
        await writer.wait_closed()

"""Listens as a tiny database: one transaction per line, row locks, and a deadlock answer when two collide."""

import asyncio
import contextlib
import random

WORK_S = (0.003, 0.008)
MAX_CONNECTIONS = 64


class Mysql:
    """A TCP server that charges accounts; it speaks `CHARGE <account> <cents>` and answers `OK` or `ERR …`."""

    def __init__(self, seed: int = 7) -> None:
        self._locked: set[str] = set()
        self._random = random.Random(seed)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._writers)

    async def start(self) -> None:
        """Listen on a free loopback port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the listener and every connection."""
        if self._server is not None:
            self._server.close()
            for writer in list(self._writers):
                writer.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            if len(self._writers) > MAX_CONNECTIONS:
                writer.write(b"ERR 1040 Too many connections\n")
                return
            while line := await reader.readline():
                writer.write((await self._execute(line.decode(errors="replace").split())).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            pass
        finally:
            self._writers.discard(writer)
            with contextlib.suppress(ConnectionError):
                writer.close()

    async def _execute(self, words: list[str]) -> str:
        if len(words) != 3 or words[0] != "CHARGE":
            return "ERR 1064 You have an error in your SQL syntax"
        account = words[1]
        if account in self._locked:
            return "ERR 1213 Deadlock found when trying to get lock; try restarting transaction"
        self._locked.add(account)
        try:
            await asyncio.sleep(self._random.uniform(*WORK_S))
        finally:
            self._locked.discard(account)
        return "OK"

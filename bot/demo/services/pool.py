"""Lends a bounded number of real database connections and makes the others wait."""

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass

QUERY_TIMEOUT_S = 1.0
CONNECT_TIMEOUT_S = 1.0


class PoolExhausted(Exception):
    """No connection became free in time."""


class DatabaseError(Exception):
    """The database answered with an error."""


@dataclass(eq=False)
class Connection:
    """One open TCP connection to the database."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def execute(self, statement: str) -> None:
        """Run one statement; raises DatabaseError with the database's words."""
        async with asyncio.timeout(QUERY_TIMEOUT_S):
            self.writer.write(statement.encode() + b"\n")
            await self.writer.drain()
            answer = (await self.reader.readline()).decode().strip()
        if answer != "OK":
            raise DatabaseError(answer.removeprefix("ERR ") or "lost connection to MySQL server during query")


class Pool:
    """At most `size` connections to one port; `acquire` waits up to `timeout_s` for one."""

    def __init__(self, port: int, size: int, timeout_s: float) -> None:
        self.size, self.timeout_s, self._port = size, timeout_s, port
        self._idle: deque[Connection] = deque()
        self._lent: set[Connection] = set()
        self._opening = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def in_use(self) -> int:
        """Connections lent out and not given back."""
        return len(self._lent) + self._opening

    @property
    def idle(self) -> int:
        """Open connections nobody uses."""
        return len(self._idle)

    async def acquire(self) -> Connection:
        """Borrow a connection; raises PoolExhausted after the timeout, OSError when the database is away."""
        try:
            async with asyncio.timeout(self.timeout_s):
                while not self._idle and self.in_use >= self.size:
                    await self._turn()
        except TimeoutError as late:
            raise PoolExhausted(
                f"connection pool exhausted ({self.in_use}/{self.size} in use, waited {self.timeout_s:.2f} s)"
            ) from late
        if self._idle:
            connection = self._idle.popleft()
            self._lent.add(connection)
            return connection
        self._opening += 1
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                connection = Connection(*await asyncio.open_connection("127.0.0.1", self._port))
        finally:
            self._opening -= 1
        self._lent.add(connection)
        return connection

    async def _turn(self) -> None:
        ticket: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(ticket)
        try:
            await ticket
        finally:
            with contextlib.suppress(ValueError):
                self._waiting.remove(ticket)

    def release(self, connection: Connection, broken: bool = False) -> None:
        """Give a connection back; a broken one is closed."""
        self._lent.discard(connection)
        if broken:
            connection.writer.close()
        else:
            self._idle.append(connection)
        while self._waiting:
            ticket = self._waiting.popleft()
            if not ticket.done():
                ticket.set_result(None)
                return

    def close(self) -> None:
        """Close every connection, lent ones too."""
        for connection in (*self._idle, *self._lent):
            connection.writer.close()
        self._idle.clear()
        self._lent.clear()

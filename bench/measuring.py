"""Measures other processes from outside: starts them, talks HTTP to them, reads their memory and CPU time."""

import asyncio
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
FOREIGN = ("TOCSIN_", "PYTHONDONTWRITEBYTECODE")
"""Variables of the shell that are not handed on."""

PATIENCE = 60.0
"""Seconds after which anything that is waited for is taken to have failed."""


@dataclass(frozen=True)
class Figure:
    """One measured ratio and what it must be: at most `target`, or at least it where `at_least`.

    `reference` 0 means that there is none: `measured` is held against the target as it is."""

    name: str
    unit: str
    measured: float
    reference: float
    target: float
    at_least: bool = False

    @property
    def ratio(self) -> float:
        """What is held against the target."""
        return self.measured / self.reference if self.reference else self.measured

    @property
    def holds(self) -> bool:
        """Whether the target is met."""
        return self.ratio >= self.target if self.at_least else self.ratio <= self.target


@dataclass(frozen=True)
class Running:
    """A process that was started, and the port it was told to listen on."""

    process: subprocess.Popen[bytes]
    port: int
    begun: float

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.port}"

    def kill(self) -> None:
        """SIGKILL: no chance to finish anything."""
        self.process.kill()
        self.process.wait()

    @property
    def memory(self) -> float:
        """Resident memory in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    @property
    def cpu_seconds(self) -> float:
        """CPU time used so far, user and system."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def started(*arguments: str, port: int, variables: Mapping[str, str] | None = None) -> Iterator[Running]:
    """`python -m ARGUMENTS…` with only these TOCSIN_* variables; killed at the end should it still run. Compiled files
    are used and kept, as where it is installed, whatever the shell says of them."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments], env=own | dict(variables or {}), stdout=subprocess.DEVNULL
    )
    try:
        yield Running(process, port, begun)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def data_directory(room: str) -> Iterator[Path]:
    """A fresh data directory with one team whose room is this one; gone afterwards. It lies beneath the working
    directory: the usual place for temporary files is often no disk at all."""
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=Path.cwd()) as name:
        team = Path(name) / "teams" / "default"
        team.mkdir(parents=True)
        (team / "team.yaml").write_text(f'name: Bench\nlanguage: en\nrooms: ["{room}"]\n')
        yield Path(name)


def free_port() -> int:
    """A port nobody listens on right now."""
    with socket.create_server((HOST, 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


class Line:
    """One kept-alive HTTP connection that does as little as it can, so that servers are measured and not clients."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def get(self, path: str) -> tuple[int, bytes]:
        """Status and body."""
        return await self.send(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())

    async def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Status and body; the body sent is JSON."""
        return await self.send(posting(path, body))

    async def send(self, request: bytes) -> tuple[int, bytes]:
        """Send a request that is bytes already, and read the answer, which must say its length."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        at = head.lower().index(b"content-length:") + len("content-length:")
        length = int(head[at : head.index(b"\r", at)])
        return int(head[9:12]), await self._reader.readexactly(length)


def posting(path: str, body: bytes) -> bytes:
    """The bytes of a POST of JSON."""
    head = f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}\r\n".encode() + body


@asynccontextmanager
async def line_to(port: int) -> AsyncIterator[Line]:
    """A connection for the length of the block."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        yield Line(reader, writer)
    finally:
        writer.close()


async def ready(running: Running, path: str) -> float:
    """Wait until the process answers 200 there; returns seconds since it was started."""
    while time.perf_counter() - running.begun < PATIENCE:
        if running.process.poll() is not None:
            raise RuntimeError(f"the process ended with status {running.process.returncode} before it was ready")
        try:
            async with line_to(running.port) as line:
                if (await line.get(path))[0] == 200:
                    return time.perf_counter() - running.begun
        except (OSError, EOFError):
            pass
        await asyncio.sleep(0.005)
    raise TimeoutError(f"{running.url}{path} did not answer 200 within {PATIENCE:.0f} s")


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)

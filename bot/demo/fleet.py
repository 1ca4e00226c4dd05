"""Runs the replicas of one service and replaces them, one after the other, on ports that stay."""

import asyncio
import random
import socket
from collections import Counter
from collections.abc import Callable

from bot.demo.services.caller import Balancer
from bot.demo.services.replica import Replica

DRAIN_S = 0.1
PORTS = range(18_000, 30_000)
"""Below those the kernel gives to outgoing connections: one of these could be taken while its replica is replaced."""

TRIES = 20


def free_port() -> int:
    """A loopback port nobody listens on now. OSError where not one of many was free."""
    for port in random.sample(PORTS, TRIES):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise OSError(f"not one of {TRIES} loopback ports was free")


class Fleet:
    """The replicas of one service; `build` makes one of a version on a port."""

    def __init__(self, service: str, size: int, version: str, build: Callable[[str, int], Replica]) -> None:
        self.service = service
        self.balancer = Balancer()
        self._build = build
        self._first_version = version
        self.ports = [free_port() for _ in range(size)]
        self.replicas: dict[int, Replica] = {}

    async def start(self) -> None:
        """Start every replica; where a port was taken in the meantime, on another one."""
        for place in range(len(self.ports)):
            for _ in range(TRIES):
                try:
                    await self._start(self.ports[place], self._first_version)
                    break
                except OSError:
                    self.ports[place] = free_port()
            else:
                raise OSError(f"no replica of {self.service} could listen on loopback")

    async def stop(self) -> None:
        """Stop every replica."""
        async with asyncio.TaskGroup() as group:
            for port in list(self.replicas):
                group.create_task(self._stop(port, drain_s=0.0))

    def versions(self) -> dict[str, int]:
        """How many replicas run each version."""
        return dict(sorted(Counter(replica.version for replica in self.replicas.values()).items()))

    async def replace(self, ports: list[int], version: str) -> None:
        """Put replicas of `version` on these ports, one after the other, no request lost."""
        for port in ports:
            await self._stop(port)
            await self._start(port, version)

    async def arrange(self, versions: dict[str, int]) -> None:
        """Replace as few replicas as needed to run exactly these versions."""
        missing = Counter(versions)
        surplus: list[int] = []
        for port in self.ports:
            version = self.replicas[port].version
            if missing[version] > 0:
                missing[version] -= 1
            else:
                surplus.append(port)
        for port, version in zip(surplus, missing.elements(), strict=True):
            await self.replace([port], version)

    async def _start(self, port: int, version: str) -> None:
        replica = self._build(version, port)
        await replica.start()
        self.replicas[port] = replica
        self.balancer.admit(port)
        replica.log("info", f"{self.service} {version} started on port {port}")

    async def _stop(self, port: int, drain_s: float = DRAIN_S) -> None:
        self.balancer.drain(port)
        await asyncio.sleep(drain_s)
        replica = self.replicas.pop(port)
        replica.log("info", f"{self.service} {replica.version} on port {port} is stopping")
        await replica.stop()

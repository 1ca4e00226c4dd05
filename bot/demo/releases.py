"""Keeps what is released: versions, settings and the history of every change, and carries changes out."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bot.demo.clock import Clock, rfc3339
from bot.demo.fleet import Fleet

DAY_S = 86_400.0


class Refused(Exception):
    """A change that cannot be made, in one clear sentence."""


@dataclass(frozen=True)
class Deployment:
    """One entry of the history; `at` is seconds since 1970."""

    id: str
    service: str
    version: str
    previous_version: str
    kind: str
    at: float
    by: str
    note: str

    def described(self) -> dict[str, str]:
        """The entry as the API shows it."""
        return {
            "id": self.id,
            "service": self.service,
            "version": self.version,
            "previous_version": self.previous_version,
            "kind": self.kind,
            "at": rfc3339(self.at),
            "by": self.by,
            "note": self.note,
        }


@dataclass
class Release:
    """One service on the platform: its fleet, its stable version, and its settings."""

    fleet: Fleet
    stable_version: str
    builds: tuple[str, ...]
    read_settings: Callable[[], dict[str, str | float]]
    write_settings: Callable[[dict[str, str | float]], None]
    first_settings: dict[str, str | float] = field(default_factory=dict)
    change_count: int = 1
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def resource_version(self) -> str:
        """A string that is different after every change."""
        return str(1000 + self.change_count)

    def state(self) -> dict[str, object]:
        """What runs now."""
        return {
            "service": self.fleet.service,
            "resource_version": self.resource_version,
            "versions": self.fleet.versions(),
            "stable_version": self.stable_version,
            "settings": self.read_settings(),
            "replicas": len(self.fleet.ports),
        }


class Releases:
    """All services on the release platform."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.services: dict[str, Release] = {}
        self._history: list[Deployment] = []

    def add(self, release: Release, previous_version: str, days_ago: float) -> None:
        """Put a service on the platform; its stable version was rolled out `days_ago` days ago."""
        service = release.fleet.service
        self.services[service] = release
        at = self._clock.now() - days_ago * DAY_S
        self._record(
            service, release.stable_version, previous_version, "rollout", at, "release-train", "weekly release"
        )

    def _record(self, service: str, version: str, previous: str, kind: str, at: float, by: str, note: str) -> None:
        number = f"dep-{len(self._history) + 101}"
        self._history.append(Deployment(number, service, version, previous, kind, at, by, note))

    def record(self, service: str, version: str, previous: str, kind: str, by: str, note: str) -> None:
        """Write one change of now into the history."""
        self._record(service, version, previous, kind, self._clock.now(), by, note)

    def history(self, service: str, since: float) -> list[Deployment]:
        """Changes of a service (or of all, when empty) at or after `since`, newest first."""
        found = [each for each in self._history if each.at >= since and service in ("", each.service)]
        return sorted(found, key=lambda each: each.at, reverse=True)

    def release(self, service: str) -> Release:
        """A service by name; raises Refused when the platform does not know it."""
        release = self.services.get(service)
        if release is None:
            names = ", ".join(sorted(self.services))
            raise Refused(f"the target {service!r} is not on this platform; it knows {names}")
        return release

    async def change(self, service: str, do: Callable[[Release], Awaitable[None]]) -> None:
        """Run one change of a service alone and count it."""
        release = self.release(service)
        async with release.lock:
            release.change_count += 1
            await do(release)

    async def canary(self, service: str, version: str, by: str, note: str, replicas: int = 1) -> None:
        """Replace some replicas, one by default, by `version`."""

        async def do(release: Release) -> None:
            self.record(service, version, release.stable_version, "canary", by, note)
            await release.fleet.replace(release.fleet.ports[-replicas:], version)

        await self.change(service, do)

    async def roll_out(self, service: str, version: str, by: str, note: str, kind: str = "rollout") -> None:
        """Replace every replica by `version` and make it the stable one; the history calls it `kind`."""

        async def do(release: Release) -> None:
            previous, release.stable_version = release.stable_version, version
            self.record(service, version, previous, kind, by, note)
            await release.fleet.replace(list(release.fleet.ports), version)

        await self.change(service, do)

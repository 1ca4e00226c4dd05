"""Scrapes every replica once a second, as a Prometheus with a one-second interval would."""

import asyncio
from dataclasses import dataclass, field

import aiohttp

from bot.demo.clock import Clock, rfc3339
from bot.demo.samples import Labels, SampleStore, labels_of, parse_exposition

INTERVAL_S = 1.0
TIMEOUT_S = 0.9


@dataclass
class Target:
    """One address to scrape, the labels it gets, and how the last scrape went."""

    job: str
    address: str
    labels: dict[str, str]
    health: str = "unknown"
    last_error: str = ""
    last_scrape: float = 0.0
    last_duration: float = 0.0
    scrapes: int = 0
    own: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.own = {**self.labels, "job": self.job, "instance": self.address}

    @property
    def url(self) -> str:
        """Where its metrics are."""
        return f"http://{self.address}/metrics"

    def described(self) -> dict[str, object]:
        """The entry of `/api/v1/targets`."""
        meta = {
            "__address__": self.address,
            "__metrics_path__": "/metrics",
            "__scheme__": "http",
            "__scrape_interval__": "1s",
            "__scrape_timeout__": "900ms",
        }
        return {
            "discoveredLabels": {**meta, **self.labels, "job": self.job},
            "labels": dict(sorted(self.own.items())),
            "scrapePool": self.job,
            "scrapeUrl": self.url,
            "globalUrl": self.url,
            "lastError": self.last_error,
            "lastScrape": rfc3339(self.last_scrape, 6),
            "lastScrapeDuration": self.last_duration,
            "health": self.health,
            "scrapeInterval": "1s",
            "scrapeTimeout": "900ms",
        }


def _sample_labels(target: Target, name: str, labels: dict[str, str]) -> Labels:
    merged: dict[str, str] = {}
    for key, value in labels.items():
        merged[f"exported_{key}" if key in target.own else key] = value
    return labels_of({**merged, **target.own, "__name__": name})


class Scraper:
    """Scrapes a fixed list of targets into a store."""

    def __init__(self, store: SampleStore, targets: list[Target], clock: Clock) -> None:
        self._store, self.targets, self._clock = store, targets, clock

    async def scrape_all(self, session: aiohttp.ClientSession) -> None:
        """Scrape all targets at once; a target that does not answer has `up` 0 and its series end."""
        async with asyncio.TaskGroup() as group:
            for target in self.targets:
                group.create_task(self._scrape(session, target))
        self._store.forget_old(round(self._clock.now() * 1000))

    async def _scrape(self, session: aiohttp.ClientSession, target: Target) -> None:
        started = self._clock.now()
        rows: list[tuple[Labels, float]] = []
        try:
            async with asyncio.timeout(TIMEOUT_S), session.get(target.url) as answer:
                if answer.status != 200:
                    raise ValueError(f"server returned HTTP status {answer.status} {answer.reason}")
                text = await answer.text()
            rows = [(_sample_labels(target, name, labels), value) for name, labels, value in parse_exposition(text)]
            target.health, target.last_error = "up", ""
        except (aiohttp.ClientError, TimeoutError, ValueError, OSError) as problem:
            target.health = "down"
            target.last_error = f'Get "{target.url}": {str(problem) or "context deadline exceeded"}'
        target.last_scrape, target.last_duration = started, self._clock.now() - started
        target.scrapes += 1
        extra = {
            "up": 1.0 if target.health == "up" else 0.0,
            "scrape_duration_seconds": target.last_duration,
            "scrape_samples_scraped": float(len(rows)),
        }
        at_ms = round(started * 1000)
        self._store.write(target.address, at_ms, rows)
        self._store.write(
            f"{target.address} about", at_ms, [(_sample_labels(target, key, {}), value) for key, value in extra.items()]
        )

    def described(self) -> list[dict[str, object]]:
        """The active targets, sorted by pool."""
        return [target.described() for target in sorted(self.targets, key=lambda each: (each.job, each.address))]

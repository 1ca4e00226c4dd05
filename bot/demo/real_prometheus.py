"""Starts the real Prometheus and Alertmanager on free loopback ports, watching the same services."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import yaml

from bot.demo.fleet import free_port
from bot.demo.notifier import GROUP_BY
from bot.demo.scraping import Target

READY_S = 30.0
STOP_S = 10.0


class CannotStart(Exception):
    """The world cannot be started, in one clear sentence."""


def _binary(name: str, package: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise CannotStart(f"--prometheus needs the program {name!r} on the PATH; on Debian: apt-get install {package}")
    return path


class RealPrometheus:
    """The two servers, their configuration and their addresses."""

    def __init__(self, rules: Path, targets: list[Target], alerts_to: str, token: str) -> None:
        self._rules, self._targets, self._alerts_to, self._token = rules, targets, alerts_to, token
        self._prometheus = _binary("prometheus", "prometheus")
        self._alertmanager = _binary("prometheus-alertmanager", "prometheus-alertmanager")
        self._ports = (free_port(), free_port())
        self.prometheus_url, self.alertmanager_url = (f"http://127.0.0.1:{port}" for port in self._ports)

    def prometheus_config(self) -> dict[str, object]:
        """What prometheus.yml says."""
        jobs: dict[str, list[Target]] = {}
        for target in self._targets:
            jobs.setdefault(target.job, []).append(target)
        return {
            "global": {"scrape_interval": "1s", "scrape_timeout": "900ms", "evaluation_interval": "1s"},
            "rule_files": [str(self._rules)],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{self._ports[1]}"]}]}]},
            "scrape_configs": [
                {
                    "job_name": job,
                    "static_configs": [
                        {"targets": [each.address for each in targets], "labels": dict(targets[0].labels)}
                    ],
                }
                for job, targets in jobs.items()
            ],
        }

    def alertmanager_config(self) -> dict[str, object]:
        """What alertmanager.yml says."""
        webhook: dict[str, object] = {"url": self._alerts_to, "send_resolved": True}
        if self._token:
            webhook["http_config"] = {"authorization": {"type": "Bearer", "credentials": self._token}}
        receiver: dict[str, object] = {"name": "tocsin"}
        if self._alerts_to:
            receiver["webhook_configs"] = [webhook]
        watchdog = {"receiver": "tocsin", "matchers": ['alertname="Watchdog"'], "repeat_interval": "15s"}
        route = {"receiver": "tocsin", "group_by": list(GROUP_BY), "group_wait": "1s", "group_interval": "2s"}
        return {"route": {**route, "repeat_interval": "1h", "routes": [watchdog]}, "receivers": [receiver]}

    @asynccontextmanager
    async def running(self, session: aiohttp.ClientSession) -> AsyncIterator[None]:
        """Run both servers; ready means every target has been scraped. Raises CannotStart after half a minute."""
        with tempfile.TemporaryDirectory(prefix="tocsin-demo-") as folder:
            home = Path(folder)
            (home / "prometheus.yml").write_text(yaml.safe_dump(self.prometheus_config()), encoding="utf-8")
            (home / "alertmanager.yml").write_text(yaml.safe_dump(self.alertmanager_config()), encoding="utf-8")
            async with _process(*self._alertmanager_command(home)), _process(*self._prometheus_command(home)):
                await self._until_scraped(session)
                yield

    def _alertmanager_command(self, home: Path) -> list[str]:
        return [
            self._alertmanager,
            f"--config.file={home / 'alertmanager.yml'}",
            f"--storage.path={home / 'alertmanager'}",
            f"--web.listen-address=127.0.0.1:{self._ports[1]}",
            f"--web.external-url={self.alertmanager_url}",
            "--cluster.listen-address=",
        ]

    def _prometheus_command(self, home: Path) -> list[str]:
        return [
            self._prometheus,
            f"--config.file={home / 'prometheus.yml'}",
            f"--storage.tsdb.path={home / 'prometheus'}",
            "--storage.tsdb.retention.time=2h",
            f"--web.listen-address=127.0.0.1:{self._ports[0]}",
            f"--web.external-url={self.prometheus_url}",
            "--rules.alert.for-grace-period=0s",
            "--rules.alert.resend-delay=1s",
        ]

    async def _until_scraped(self, session: aiohttp.ClientSession) -> None:
        try:
            async with asyncio.timeout(READY_S):
                scraped = False
                while not scraped:
                    await asyncio.sleep(0.2)
                    scraped = await self._scraped(session)
        except TimeoutError as late:
            raise CannotStart(f"Prometheus did not scrape every replica within {READY_S:.0f} s") from late

    async def _scraped(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"{self.prometheus_url}/api/v1/targets?state=active") as answer:
                body = await answer.json()
            async with session.get(f"{self.alertmanager_url}/-/ready") as answer:
                ready = answer.status == 200
        except (aiohttp.ClientError, OSError, ValueError):
            return False
        healths = [target["health"] for target in body["data"]["activeTargets"]]
        return ready and len(healths) == len(self._targets) and set(healths) == {"up"}


@asynccontextmanager
async def _process(*command: str) -> AsyncIterator[None]:
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdin=quiet, stdout=quiet, stderr=quiet)
    try:
        yield
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(STOP_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()

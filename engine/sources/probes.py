"""Asks services themselves how they do: their health addresses, as the catalogue names them and nobody else.

An address never comes from an alert. A service that does not answer is no silence of this source, it is evidence.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from statistics import median
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from engine.masking import mask
from engine.model import Gaps, Observation, Phrase
from engine.ports import Question, Remark, Tells
from engine.sources import certificates, health
from engine.sources.families import services_of
from engine.sources.http import REDIRECTS, harvest
from engine.team import Service

TRIES = 3
PAUSE = 0.3
MOST_BYTES = 64 * 1024
MOST_HOPS = 3
MOST_EXAMINED = 100
CERTIFICATE_EXPIRED = 10
"""OpenSSL's number for it."""


class Try(NamedTuple):
    """How one try went: a status with what was said, or why nobody answered; `seconds` until then."""

    seconds: float
    status: int = 0
    said: health.Health = health.Health(None)
    reason: str = ""


class ProbesSource:
    """Evidence from the health address of the alerted service and of its neighbours, TRIES quick tries each."""

    tells: Tells = "state"

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        name: str = "probes",
        patience: float = 8.0,
        pause: float = PAUSE,
        now: Callable[[], float] | None = None,
    ) -> None:
        self._session, self._name, self._pause = session, name, pause
        self._patience = patience
        # All tries and the pauses between them fit into the patience of one round.
        self._each = max((patience - (TRIES - 1) * pause) / TRIES * 0.9, 0.05)
        self._now = now

    @property
    def name(self) -> str:
        """How people tell this source from others."""
        return self._name

    def concerns(self, question: Question) -> bool:
        """Whether the catalogue names any address to ask."""
        return any(service.health_url for service in services_of(question))

    async def ask(self, question: Question) -> Sequence[Observation]:
        """One observation for each service whose address the catalogue names."""
        asked = [service for service in services_of(question) if service.health_url]
        jobs = [self._probing(service, question) for service in asked]
        return [answer for answer in await harvest(jobs, self._patience) if isinstance(answer, Observation)]

    async def examine(self, services: Sequence[Service]) -> Sequence[Remark]:
        """Whether each health address is answered; nothing where the catalogue names none."""
        named = [service for service in services if service.health_url][:MOST_EXAMINED]
        answers = await harvest([partial(self.look, service.health_url) for service in named], self._patience)
        remarks = []
        for service, answer in zip(named, answers, strict=True):
            found = answer if isinstance(answer, Try) else Try(self._patience, reason="timeout")
            remarks.append(_remark(service, found))
        return remarks

    async def look(self, url: str) -> Try:
        """One try."""
        clock = self._now or asyncio.get_running_loop().time
        begun = clock()
        try:
            async with asyncio.timeout(self._each):
                status, body = await self._get(URL(url))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Try(clock() - begun, reason=_reason(error))
        return Try(clock() - begun, status, health.read(status, body))

    def _probing(self, service: Service, question: Question) -> Callable[[], Awaitable[Observation]]:
        async def probe() -> Observation:
            async with asyncio.TaskGroup() as group:
                valid = group.create_task(self._certificate(service.health_url))
                tries = [await self.look(service.health_url)]
                for _ in range(TRIES - 1):
                    await asyncio.sleep(self._pause)
                    tries.append(await self.look(service.health_url))
            return Observation(
                source=self.name,
                kind="probe",
                service=service.name,
                query=f"GET {mask(service.health_url)} ×{TRIES}",
                window=question.window,
                link=mask(service.health_url),
                state=_told(tries, valid.result()),
                count=1,
            )

        return probe

    async def _get(self, url: URL) -> tuple[int, bytes]:
        """The answer of one address, following redirects on the same host alone."""
        host, status = url.host, 0
        for _ in range(MOST_HOPS):
            async with self._session.get(
                url, allow_redirects=False, timeout=aiohttp.ClientTimeout(total=None)
            ) as response:
                status = response.status
                target = response.headers.get("Location", "") if status in REDIRECTS else ""
                following = url.join(URL(target)) if target else None
                if following is None or following.host != host or following.scheme not in ("http", "https"):
                    return status, await response.content.read(MOST_BYTES)
                url = following
        return status, b""

    async def _certificate(self, url: str) -> datetime | None:
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname:
            return None
        try:
            async with asyncio.timeout(self._each):
                return await certificates.expiry(parts.hostname, parts.port or 443)
        except TimeoutError:
            return None


def _remark(service: Service, found: Try) -> Remark:
    values: Gaps = {"service": service.name, "url": mask(service.health_url), "status": found.status}
    if found.status:
        known = found.said.well is not None
        return Remark(known, Phrase(word="check.health" if known else "check.health_says_nothing", values=values))
    reason = Phrase(word=f"evidence.probe.reason.{found.reason}")
    return Remark(False, Phrase(word="check.health_gone", values={**values, "reason": reason}))


def _reason(error: Exception) -> str:
    """Why nobody answered, in one of the words under `evidence.probe.reason`."""
    cause: BaseException = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    match cause:
        case TimeoutError():
            return "timeout"
        case ssl.SSLCertVerificationError():
            return "expired" if cause.verify_code == CERTIFICATE_EXPIRED else "untrusted"
        case ssl.SSLError():
            return "tls"
        case ConnectionRefusedError():
            return "refused"
        case OSError() if isinstance(error, aiohttp.ClientConnectorDNSError):
            return "unknown_host"
    return "broken_off" if isinstance(cause, ConnectionError | aiohttp.ServerDisconnectedError) else "unreachable"


def _told(tries: Sequence[Try], valid: datetime | None) -> dict[str, Any]:
    """What the tries say together: the newest of each kind, and how many went how."""
    answered = [one for one in tries if one.status]
    bad = [one for one in answered if one.said.well is False]
    shown = (bad or answered or list(tries))[-1]
    return {
        "tries": len(tries),
        "answered": len(answered),
        "well": sum(one.said.well is True for one in answered),
        "unwell": len(bad),
        "status": shown.status,
        "seconds": round(median(one.seconds for one in (answered or tries)), 3),
        "reason": next((one.reason for one in reversed(tries) if one.reason), ""),
        "failing": list(dict.fromkeys(mask(part) for one in answered for part in one.said.failing)),
        "certificate_until": valid.isoformat() if valid else "",
    }

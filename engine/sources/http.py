"""Asks a telemetry backend over HTTP: bounded in time, size and number, and never telling its token.

Whatever goes wrong becomes SourceSilent with words a person may read: they name the host and what happened, and hold
neither the token nor anything the backend wrote.
"""

import asyncio
import contextlib
import json
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from ssl import SSLContext
from types import MappingProxyType
from typing import NamedTuple, TypeVar

import aiohttp
from pydantic import TypeAdapter, ValidationError
from yarl import URL

from engine.errors import SourceSilent
from engine.masking import mask
from engine.model import Phrase

T = TypeVar("T")

MOST_BYTES = 8 * 1024 * 1024
AT_ONCE = 6
MOST_HOPS = 3
NO_TENANT = "no org id"
"""What Loki, Tempo and Mimir say where a tenant must be named."""
MOST_SAID = 240
"""Characters of what a backend finds wrong with a question."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})

Pairs = Sequence[tuple[str, str]]


class TooLarge(SourceSilent):
    """A backend sent more than MOST_BYTES; a narrower question may do."""


class Reply(NamedTuple):
    """What a backend answered; `body` is whole and at most MOST_BYTES long, names in `headers` are lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = MappingProxyType({})

    @property
    def ok(self) -> bool:
        """Whether the backend did what it was asked."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The first 2,000 characters, for telling answers apart; hostile, never shown."""
        return self.body[:8_000].decode("utf-8", "replace")[:2_000]


class Backend:
    """One HTTP backend of a source.

    `patience` is seconds for one request; whoever handed in the session closes it. `tenant_header` names the tenant,
    and `headers` go along with every question.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        session: aiohttp.ClientSession,
        *,
        token: str = "",
        tenant: str = "",
        tenant_header: str = "X-Scope-OrgID",
        headers: Mapping[str, str] = MappingProxyType({}),
        patience: float = 5.0,
    ) -> None:
        self.name = name
        self.patience = patience
        base = URL(base_url.rstrip("/"))
        # Of two ways to sign in the token wins: the library takes one, and the address may hold an older secret.
        self._base = base.with_user(None) if token else base
        self._session = session
        self._headers = {"Accept": "application/json", **headers}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        if tenant:
            self._headers[tenant_header] = tenant
        self._tls: SSLContext | None = None
        self._gate = asyncio.Semaphore(AT_ONCE)

    def trusting(self, authority: SSLContext | None) -> "Backend":
        """The same, where no public authority vouches for it but this one; None: as usual."""
        self._tls = authority
        return self

    @property
    def host(self) -> str:
        """Host and port, safe to show."""
        return f"{self._base.host or ''}:{self._base.port or ''}".rstrip(":")

    def link(self, path: str, query: Pairs) -> str:
        """An address a person can open; holds no credentials."""
        return str(self._address(path).with_user(None).with_query(list(query)))

    async def get(self, path: str, query: Pairs = ()) -> Reply:
        """Ask by GET; raises SourceSilent where nothing readable comes back, never for a status."""
        return await self._ask("GET", self._address(path).with_query(list(query)), None)

    async def post(self, path: str, form: Pairs) -> Reply:
        """Ask by POST with a form, for questions longer than an address may be."""
        return await self._ask("POST", self._address(path), form)

    def read(self, reply: Reply, shape: TypeAdapter[T]) -> T:
        """The answer as this shape; raises SourceSilent for another status than 2xx and for any other shape."""
        if reply.status in (400, 401) and NO_TENANT in reply.text.lower():
            raise self.silent("no_tenant")
        if reply.status in (401, 403):
            raise self.silent("refused", status=reply.status)
        if reply.status == 429:
            raise self.silent("busy", status=reply.status)
        if not reply.ok:
            raise self.silent("failed", status=reply.status)
        try:
            return shape.validate_json(reply.body)
        except (ValidationError, RecursionError):
            raise self.silent("unreadable") from None

    def read_asked(self, reply: Reply, shape: TypeAdapter[T]) -> T:
        """As `read`, for a question a person wrote: what the backend finds wrong with it they read in its own words,
        without secrets and cut."""
        if reply.status in (400, 422):
            raise self.silent("query", detail=mask(_said(reply))[:MOST_SAID])
        return self.read(reply, shape)

    def silent(self, why: str, **more: str | int | float) -> SourceSilent:
        """The error to raise; `why` is a key below `evidence.silent`."""
        return SourceSilent(
            Phrase(word=f"evidence.silent.{why}", values={"source": self.name, "host": self.host, **more})
        )

    def _address(self, path: str) -> URL:
        return self._base.with_path(self._base.raw_path.rstrip("/") + path, encoded=True)

    async def _ask(self, method: str, url: URL, form: Pairs | None) -> Reply:
        async with self._gate:
            try:
                async with asyncio.timeout(self.patience):
                    return await self._follow(method, url, form)
            except TimeoutError:
                raise self.silent("timeout", seconds=self.patience) from None
            except (aiohttp.ClientError, OSError):
                # The library's own words may hold addresses and headers: people get ours.
                raise self.silent("unreachable") from None

    async def _follow(self, method: str, url: URL, form: Pairs | None) -> Reply:
        for _ in range(MOST_HOPS):
            async with self._session.request(
                method,
                url,
                data=aiohttp.FormData(list(form)) if form is not None else None,
                headers=self._headers,
                allow_redirects=False,
                ssl=self._tls or True,
                timeout=aiohttp.ClientTimeout(total=None),
            ) as response:
                if response.status not in REDIRECTS:
                    heads = {name.lower(): value for name, value in response.headers.items()}
                    return Reply(response.status, await self._body(response), heads)
                url = self._next(url, response.headers.get("Location", ""))
        raise self.silent("moved")

    def _next(self, url: URL, location: str) -> URL:
        """Where a redirect leads; only the same origin is followed, because the token goes along."""
        try:
            target = url.join(URL(location))
            same = target.origin() == url.origin()
        except ValueError:
            raise self.silent("unreadable") from None
        if not same:
            raise self.silent("moved")
        return target

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_chunked(64 * 1024):
            body += chunk
            if len(body) > MOST_BYTES:
                raise TooLarge(self.silent("too_large", megabytes=MOST_BYTES // 1024 // 1024).phrase)
        return bytes(body)


def _said(reply: Reply) -> str:
    """What a refusal says: the words of Prometheus' error object, else the plain text Loki sends."""
    try:
        body = json.loads(reply.body)
    except (ValueError, RecursionError):
        return " ".join(reply.text.split())
    error = body.get("error") if isinstance(body, dict) else None
    return " ".join(error.split()) if isinstance(error, str) else f"HTTP {reply.status}"


async def harvest(jobs: Sequence[Callable[[], Awaitable[T]]], seconds: float) -> list[T | SourceSilent | None]:
    """Run all jobs at once; what came within `seconds`, in the order of the jobs (None: not in time)."""
    results: list[T | SourceSilent | None] = [None] * len(jobs)

    async def run(place: int, job: Callable[[], Awaitable[T]]) -> None:
        try:
            results[place] = await job()
        except SourceSilent as silence:
            results[place] = silence

    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
            for place, job in enumerate(jobs):
                group.create_task(run(place, job))
    return results


def whole_seconds(seconds: float) -> str:
    """A duration as Prometheus, Loki and Go write it, rounded up: `90s`."""
    return f"{max(1, math.ceil(seconds))}s"


def unix(at: datetime) -> str:
    """Seconds since 1970, to the millisecond."""
    return f"{at.timestamp():.3f}"


def nanoseconds(at: datetime) -> str:
    """Nanoseconds since 1970, exact to the microsecond."""
    return f"{int(at.timestamp())}{at.microsecond:06d}000"


def first_label(labels: Mapping[str, str], names: Sequence[str]) -> str:
    """The value of the first of these labels that is there and not empty; "" where none is."""
    return next((labels[name] for name in names if labels.get(name)), "")

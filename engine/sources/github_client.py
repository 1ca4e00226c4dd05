"""Speaks with GitHub's REST API: one token, its limits kept to, and addresses a person can open."""

import asyncio
import math
from collections.abc import Collection
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

import aiohttp
from pydantic import TypeAdapter

from engine.errors import SourceSilent
from engine.sources.http import Backend, Pairs, Reply
from engine.sources.notes import cut

T = TypeVar("T")

PUBLIC = "https://api.github.com"
LONGEST_WAIT = 3_600.0
A_MINUTE = 60.0
"""How long to stay away where GitHub does not say."""


class GitHubClient:
    """One GitHub, or GitHub Enterprise Server; `patience` is seconds for one question."""

    def __init__(self, name: str, api_url: str, session: aiohttp.ClientSession, *, token: str, patience: float) -> None:
        headers = {"X-GitHub-Api-Version": "2022-11-28"}
        self.backend = Backend(name, api_url, session, token=token, headers=headers, patience=patience)
        shown = self.backend.link("", []).rstrip("/")
        self.pages = "https://github.com" if shown == PUBLIC else shown.removesuffix("/api/v3")
        self._back_at, self._back = 0.0, ""

    def silent(self, why: str, **more: str | int | float) -> SourceSilent:
        """The error to raise; `why` is a key below `evidence.silent`."""
        return self.backend.silent(why, **more)

    async def read(self, repository: str, path: str, shape: TypeAdapter[T], query: Pairs = ()) -> T:
        """What a repository holds at a path of the API. SourceSilent."""
        return self._read(repository, path, shape, await self.get(f"/repos/{repository}{path}", query))

    async def seek(
        self,
        repository: str,
        path: str,
        shape: TypeAdapter[T],
        query: Pairs = (),
        absent: Collection[int] = (404, 409, 422),
    ) -> T | None:
        """The same for what may be absent: None where one of these says so. SourceSilent."""
        reply = await self.get(f"/repos/{repository}{path}", query)
        return None if reply.status in absent else self._read(repository, path, shape, reply)

    def _read(self, repository: str, path: str, shape: TypeAdapter[T], reply: Reply) -> T:
        if reply.status == 404 and not path.startswith("/compare"):
            raise self.silent("unknown_repository", repository=cut(repository))
        return self.backend.read(reply, shape)

    async def get(self, path: str, query: Pairs = ()) -> Reply:
        """An answer, unless GitHub said that it gives none for a while: then nobody asks before that is over."""
        if _now() < self._back_at:
            raise self.silent("rate_limited", until=self._back)
        reply = await self.backend.get(path, query)
        if reply.status in (403, 429) and _is_limit(reply):
            seconds, self._back = _until(reply)
            self._back_at = _now() + seconds
            raise self.silent("rate_limited", until=self._back)
        return reply


def _now() -> float:
    return asyncio.get_running_loop().time()


def _is_limit(reply: Reply) -> bool:
    spent = reply.headers.get("x-ratelimit-remaining") == "0"
    return reply.status == 429 or spent or "retry-after" in reply.headers or "rate limit" in reply.text.lower()


def _until(reply: Reply) -> tuple[float, str]:
    """For how many seconds GitHub answers nothing more, and until when, by GitHub's own clock."""
    heads = reply.headers
    try:
        said = parsedate_to_datetime(heads.get("date", ""))
        wait = float(heads["retry-after"]) if "retry-after" in heads else A_MINUTE
        if "retry-after" not in heads and heads.get("x-ratelimit-remaining") == "0":
            wait = float(heads["x-ratelimit-reset"]) - said.timestamp()
    except (KeyError, ValueError, TypeError):
        return A_MINUTE, "—"
    wait = min(max(wait, 1.0), LONGEST_WAIT)
    back = said.astimezone(UTC) + timedelta(seconds=math.ceil(wait))
    return wait, f"{back:%H:%M:%S} UTC"

"""Silences alerts in an Alertmanager, by its API v2."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import quote

import aiohttp
from yarl import URL

from engine.errors import ExecutorRefused, ExecutorUnclear
from engine.masking import mask
from engine.model import Gaps, Phrase
from engine.ports import Hush

MOST_BYTES = 8 * 1024 * 1024
MOST_SAID = 240
"""Characters of what Alertmanager finds wrong with a silence."""


class Reply(NamedTuple):
    """A status, and the body as JSON (None where it is none)."""

    status: int
    body: Any


class AlertmanagerSilencer:
    """Implements engine.ports.Silencer; `patience` is seconds for one call.

    Whether a call whose answer was lost did its work is looked up by the comment, so nobody is left in doubt while the
    server can be asked."""

    def __init__(
        self,
        base_url: str,
        *,
        session: aiohttp.ClientSession,
        token: str = "",
        tenant: str = "",
        patience: float = 10.0,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        if tenant:
            self._headers["X-Scope-OrgID"] = tenant
        self._session = session
        self._patience = patience

    async def silence(self, hush: Hush) -> str:
        """The id Alertmanager gave."""
        try:
            reply = await self._call("POST", "/api/v2/silences", _body(hush))
        except ExecutorUnclear:
            if found := await self._found(hush):
                return found
            raise
        if reply.status in (200, 201, 202) and isinstance(reply.body, dict):
            return str(reply.body.get("silenceID", ""))
        raise self._trouble(reply)

    async def unsilence(self, id: str) -> bool:
        """Whether it was still in force."""
        path = f"/api/v2/silence/{quote(id, safe='')}"
        known = await self._call("GET", path)
        if known.status in (404, 422):
            return False
        if known.status != 200 or not isinstance(known.body, dict):
            raise self._trouble(known)
        status = known.body.get("status")
        if isinstance(status, dict) and status.get("state") == "expired":
            return False
        ended = await self._call("DELETE", path)
        if ended.status not in (200, 204, 404):
            raise self._trouble(ended)
        return ended.status != 404

    def link(self, id: str) -> str:
        """The page of a silence in Alertmanager's own pages, without a password the address may hold."""
        return f"{URL(self._base).with_user(None)}".rstrip("/") + f"/#/silences/{quote(id, safe='')}"

    async def _found(self, hush: Hush) -> str:
        """The silence with this comment and end; "" where there is none or nobody can tell."""
        try:
            reply = await self._call("GET", "/api/v2/silences")
        except (ExecutorRefused, ExecutorUnclear):
            return ""
        for each in reply.body if isinstance(reply.body, list) else ():
            if isinstance(each, dict) and (each.get("comment"), each.get("endsAt")) == (
                hush.comment,
                _at(hush.ends_at),
            ):
                return str(each.get("id", ""))
        return ""

    def _trouble(self, reply: Reply) -> ExecutorRefused | ExecutorUnclear:
        """A 4xx says that nothing was done, and in its words why; anything else leaves a doubt."""
        if reply.status in (401, 403):
            return ExecutorRefused(Phrase(word="error.alertmanager_refused", values={"status": reply.status}))
        values: Gaps = {"status": reply.status, "detail": mask(_said(reply.body))[:MOST_SAID] or "-"}
        if 400 <= reply.status < 500:
            return ExecutorRefused(Phrase(word="error.alertmanager_says", values=values))
        return ExecutorUnclear(Phrase(word="error.alertmanager_failed", values=values))

    async def _call(self, method: str, path: str, body: Any = None) -> Reply:
        try:
            async with (
                asyncio.timeout(self._patience),
                self._session.request(
                    method, self._base + path, json=body, headers=self._headers, allow_redirects=False
                ) as response,
            ):
                return Reply(response.status, await _json(response))
        except aiohttp.ClientConnectorError as failure:
            raise ExecutorRefused(Phrase(word="error.alertmanager_unreachable")) from failure
        except (aiohttp.ClientError, TimeoutError, OSError) as failure:
            raise ExecutorUnclear(Phrase(word="error.alertmanager_broken_off")) from failure


async def _json(response: aiohttp.ClientResponse) -> Any:
    content = bytearray()
    async for part in response.content.iter_chunked(65_536):
        content += part
        if len(content) > MOST_BYTES:
            return None
    try:
        return json.loads(bytes(content)) if content else None
    except (ValueError, RecursionError):
        return content[:MOST_SAID].decode("utf-8", "replace")


def _body(hush: Hush) -> dict[str, Any]:
    return {
        "matchers": [{"name": m.name, "value": m.value, "isRegex": m.regex, "isEqual": m.equal} for m in hush.matchers],
        "startsAt": _at(hush.starts_at),
        "endsAt": _at(hush.ends_at),
        "createdBy": hush.by,
        "comment": hush.comment,
    }


def _at(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def _said(body: Any) -> str:
    """What is wrong: Alertmanager answers with a JSON string, or an object with a message."""
    said = body.get("message") if isinstance(body, dict) else body
    return " ".join(said.split()) if isinstance(said, str) else ""

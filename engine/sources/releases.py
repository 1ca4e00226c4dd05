"""Asks a release platform what was changed lately, and what stands now."""

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

import aiohttp
from pydantic import BaseModel, BeforeValidator, TypeAdapter

from engine.errors import SourceSilent
from engine.masking import masked
from engine.model import Change, Gaps, Observation, Phrase
from engine.ports import Question, Remark, Tells
from engine.sources.families import services_of
from engine.sources.http import Backend, harvest
from engine.team import Service

MOST_CHANGES = 100
LONGEST_TEXT = 500
LARGEST_STATE = 20_000
UNKNOWN_SERVICE = frozenset({404, 422})
MOST_EXAMINED = 20
NOBODY = "tocsin"
"""Whom to ask about where the catalogue names no service: any answer shows that the platform does."""


def _text(value: object) -> str:
    return "" if value is None else masked(str(value), LONGEST_TEXT)


def _moment(value: object) -> object:
    """A time without a zone counts as UTC; a number is seconds since 1970."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return value


Text = Annotated[str, BeforeValidator(_text)]
Moment = Annotated[datetime, BeforeValidator(_moment)]


class Deployment(BaseModel):
    """One entry of a release platform's history."""

    id: Text
    service: Text = ""
    kind: Text = "deploy"
    at: Moment
    version: Text = ""
    previous_version: Text = ""
    by: Text = ""
    note: Text = ""


class History(BaseModel):
    """The changes of a service."""

    deployments: list[Deployment]


HISTORY, STATE = TypeAdapter(History), TypeAdapter(dict[str, Any])


def _change(row: Deployment, service: str) -> Change:
    return Change(**{**row.model_dump(), "service": row.service or service, "naming": "release"})


class ReleasesSource:
    """Evidence from a release platform: `GET /deployments?service=…&since=…` and `GET /state/{service}`."""

    tells: Tells = "change"

    def __init__(
        self,
        base_url: str,
        *,
        session: aiohttp.ClientSession,
        token: str = "",
        name: str = "releases",
        patience: float = 8.0,
    ) -> None:
        self._backend = Backend(name, base_url, session, token=token, patience=patience * 0.9)
        self._patience = patience

    @property
    def name(self) -> str:
        """How people tell this source from others."""
        return self._backend.name

    async def ask(self, question: Question) -> Sequence[Observation]:
        """Changes and state of each service the platform knows; "no change" is an answer too. SourceSilent."""
        jobs: list[Callable[[], Awaitable[Observation | None]]] = []
        for service in services_of(question):
            jobs += [self._changing(service.name, question), self._standing(service.name, question)]
        answers = await harvest(jobs, self._patience)
        heard = [answer for answer in answers if isinstance(answer, Observation)]
        if not heard or isinstance(answers[0], SourceSilent):
            nobody = self._backend.silent("unknown_service", service=question.service.name)
            raise next((answer for answer in answers if isinstance(answer, SourceSilent)), nobody)
        return heard

    async def examine(self, services: Sequence[Service]) -> Sequence[Remark]:
        """Whether it answers, and which services of the catalogue it does not release. SourceSilent."""
        asked = [service.name for service in services][:MOST_EXAMINED]
        answers = await harvest([self._knowing(name) for name in asked or [NOBODY]], self._patience)
        if silent := next((answer for answer in answers if isinstance(answer, SourceSilent)), None):
            raise silent
        if any(answer is None for answer in answers):
            raise self._backend.silent("timeout", seconds=self._patience)
        strangers = [name for name, known in zip(asked, answers, strict=False) if not known]
        word = "check.source.strangers" if strangers else "check.source.releases_all"
        counted: Gaps = {"all": len(asked), "known": len(asked) - len(strangers), "strangers": ", ".join(strangers)}
        said = {"source": self.name, "host": self._backend.host, **counted}
        return (Remark(True, Phrase(word=word, values=said)),)

    def _knowing(self, service: str) -> Callable[[], Awaitable[bool]]:
        async def look() -> bool:
            reply = await self._backend.get(f"/state/{quote(service, safe='')}")
            if reply.status in UNKNOWN_SERVICE:
                return False
            self._backend.read(reply, STATE)
            return True

        return look

    def _changing(self, service: str, question: Question) -> Callable[[], Awaitable[Observation | None]]:
        window = question.window
        pairs = [("service", service), ("since", f"{window.start.timestamp():.0f}")]

        async def look() -> Observation | None:
            reply = await self._backend.get("/deployments", pairs)
            if reply.status in UNKNOWN_SERVICE:
                return None
            rows = self._backend.read(reply, HISTORY).deployments
            inside = [row for row in rows if row.service in ("", service) and window.start <= row.at <= window.end]
            newest = sorted(inside, key=lambda row: row.at)[-MOST_CHANGES:]
            changes = tuple(_change(row, service) for row in newest)
            return Observation(
                source=self.name,
                kind="change",
                service=service,
                query=f"GET /deployments?service={quote(service)}&since={pairs[1][1]}",
                window=window,
                link=self._backend.link("/deployments", pairs),
                changes=changes,
                count=len(changes),
                truncated=len(inside) > len(newest),
            )

        return look

    def _standing(self, service: str, question: Question) -> Callable[[], Awaitable[Observation | None]]:
        path = f"/state/{quote(service, safe='')}"

        async def look() -> Observation | None:
            reply = await self._backend.get(path)
            if reply.status in UNKNOWN_SERVICE:
                return None
            state = self._backend.read(reply, STATE)
            fits = len(json.dumps(state)) <= LARGEST_STATE
            return Observation(
                source=self.name,
                kind="state",
                service=service,
                query=f"GET {path}",
                window=question.window,
                link=self._backend.link(path, []),
                state=state if fits else {},
                count=1 if fits else 0,
                truncated=not fits,
            )

        return look

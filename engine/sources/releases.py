"""Asks a release platform what was changed lately, and what stands now."""

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

import aiohttp
from pydantic import BaseModel, BeforeValidator, TypeAdapter

from engine.errors import SourceSilent
from engine.masking import mask
from engine.model import Change, Observation
from engine.ports import Question, Tells
from engine.sources.families import services_of
from engine.sources.http import Backend, harvest

MOST_CHANGES = 100
LONGEST_TEXT = 500
LARGEST_STATE = 20_000
UNKNOWN_SERVICE = frozenset({404, 422})


def _text(value: object) -> str:
    return "" if value is None else mask(str(value)[:LONGEST_TEXT])


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

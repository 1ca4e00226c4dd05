"""Proves that every source says before there is an incident what works and what is wrong, whatever its backend does."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

from engine.ports import Examined
from engine.sources.alertmanager import AlertmanagerSource
from engine.sources.argocd import ArgoCdSource
from engine.sources.github import GitHubSource
from engine.sources.jaeger import JaegerSource
from engine.sources.loki import LokiSource
from engine.sources.prometheus import PrometheusSource
from engine.sources.releases import ReleasesSource
from engine.sources.tempo import TempoSource
from tests.contracts.examined import ExaminedContract
from tests.contracts.source import AMPLE, TOKEN, Condition, patience_in
from tests.engine.sources.backends import FakeLoki, FakePrometheus, Handler, broken, serve, session
from tests.engine.sources.fake_github import FakeGitHub
from tests.engine.sources.fake_tempo import FakeTempo, recorded
from tests.engine.sources.test_alertmanager import FakeAlertmanager
from tests.engine.sources.test_argocd import PAYMENT, FakeArgoCd
from tests.engine.sources.test_releases import platform
from tests.fakes.sources import FakeExamined

Opens = Callable[[str, aiohttp.ClientSession, float], Examined]


@asynccontextmanager
async def over(opens: Opens, working: Handler, empty: Handler, condition: Condition) -> AsyncIterator[Examined]:
    async with session() as opened:
        if condition == "unreachable":
            yield opens("http://127.0.0.1:1", opened, AMPLE)
            return
        handlers = {"working": working, "empty": empty}
        async with serve(handlers.get(condition) or broken(condition)) as url:
            yield opens(url, opened, patience_in(condition))


class TestFake(ExaminedContract):
    @asynccontextmanager
    async def examined_on(self, condition: Condition) -> AsyncIterator[Examined]:
        yield FakeExamined(condition not in ("working", "empty"), condition == "hanging")


class TestPrometheus(ExaminedContract):
    @asynccontextmanager
    async def examined_on(self, condition: Condition) -> AsyncIterator[Examined]:
        working = FakePrometheus([{"__name__": "up", "app": "payment"}], lambda query: [])
        async with over(self._opened, working, FakePrometheus([], lambda query: []), condition) as source:
            yield source

    def _opened(self, url: str, opened: aiohttp.ClientSession, patience: float) -> Examined:
        return PrometheusSource(url, session=opened, step=5, token=TOKEN, patience=patience)


class TestLoki(ExaminedContract):
    @asynccontextmanager
    async def examined_on(self, condition: Condition) -> AsyncIterator[Examined]:
        async with over(self._opened, FakeLoki([({"app": "payment"}, [])]), FakeLoki([]), condition) as source:
            yield source

    def _opened(self, url: str, opened: aiohttp.ClientSession, patience: float) -> Examined:
        return LokiSource(url, session=opened, token=TOKEN, patience=patience)


def jaeger(*names: str) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response({"services": list(names)})

    return answer


class TestJaeger(ExaminedContract):
    @asynccontextmanager
    async def examined_on(self, condition: Condition) -> AsyncIterator[Examined]:
        async with over(self._opened, jaeger("payment"), jaeger(), condition) as source:
            yield source

    def _opened(self, url: str, opened: aiohttp.ClientSession, patience: float) -> Examined:
        return JaegerSource(url, session=opened, token=TOKEN, patience=patience)


class TestTempo(ExaminedContract):
    @asynccontextmanager
    async def examined_on(self, condition: Condition) -> AsyncIterator[Examined]:
        async with over(self._opened, FakeTempo(recorded()), FakeTempo(), condition) as source:
            yield source

    def _opened(self, url: str, opened: aiohttp.ClientSession, patience: float) -> Examined:
        return TempoSource(url, session=opened, token=TOKEN, patience=patience)


class TestAlertmanager(ExaminedContract):
    @asynccontextmanager
    async def examined_on(self, condition: Condition) -> AsyncIterator[Examined]:
        async with over(self._opened, FakeAlertmanager(), FakeAlertmanager(), condition) as source:
            yield source

    def _opened(self, url: str, opened: aiohttp.ClientSession, patience: float) -> Examined:
        return AlertmanagerSource(url, session=opened, token=TOKEN, patience=patience)


class TestArgoCd(ExaminedContract):
    @asynccontextmanager
    async def examined_on(self, condition: Condition) -> AsyncIterator[Examined]:
        async with over(self._opened, FakeArgoCd([PAYMENT]), FakeArgoCd(), condition) as source:
            yield source

    def _opened(self, url: str, opened: aiohttp.ClientSession, patience: float) -> Examined:
        return ArgoCdSource(url, session=opened, token=TOKEN, patience=patience)


class TestReleases(ExaminedContract):
    @asynccontextmanager
    async def examined_on(self, condition: Condition) -> AsyncIterator[Examined]:
        async with over(self._opened, platform(), platform(known=()), condition) as source:
            yield source

    def _opened(self, url: str, opened: aiohttp.ClientSession, patience: float) -> Examined:
        return ReleasesSource(url, session=opened, token=TOKEN, patience=patience)


class TestGitHub(ExaminedContract):
    @asynccontextmanager
    async def examined_on(self, condition: Condition) -> AsyncIterator[Examined]:
        async with over(self._opened, FakeGitHub(), FakeGitHub(), condition) as source:
            yield source

    def _opened(self, url: str, opened: aiohttp.ClientSession, patience: float) -> Examined:
        return GitHubSource(url, session=opened, token=TOKEN, patience=patience)

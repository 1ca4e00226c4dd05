"""Proves that a person's own question reaches each backend as it was meant, and what comes back when it was wrong."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from engine.errors import SourceSilent
from engine.model import Observation, Phrase
from engine.ports import Level, Queried, Query
from engine.sources.http import MOST_SAID
from engine.sources.jaeger import JaegerSource
from engine.sources.loki import LokiSource
from engine.sources.prometheus import PrometheusSource
from engine.sources.tempo import TempoSource
from tests.contracts.queried import WINDOW, QueriedContract, asked
from tests.contracts.source import TOKEN, Condition, check_safe, patience_in
from tests.engine.sources.backends import FakeLoki, FakePrometheus, Handler, broken, replay, serve, session
from tests.engine.sources.fake_tempo import FakeTempo, recorded
from tests.engine.sources.test_jaeger import otlp, span, stable
from tests.engine.sources.test_loki import APP
from tests.engine.sources.test_tempo import EARLIER
from tests.fakes.sources import FakeQueried

NOWHERE = "http://127.0.0.1:1"
TWO = [({"service": "payment"}, ["0.1", "0.2"]), ({"service": "coupon"}, ["0.3", "NaN"])]


@asynccontextmanager
async def reached(
    condition: Condition, handlers: dict[str, Handler]
) -> AsyncIterator[tuple[str, aiohttp.ClientSession]]:
    async with session() as opened:
        if condition == "unreachable":
            yield NOWHERE, opened
            return
        async with serve(handlers.get(condition) or broken(condition)) as url:
            yield url, opened


def told(condition: Condition, query: Query) -> list[Observation]:
    if condition not in ("working", "empty"):
        raise SourceSilent(Phrase(word="evidence.silent.broken", values={"source": "fake"}))
    found = [] if condition == "empty" else [0.1, 0.2]
    start = query.window.start.timestamp()
    series = [
        Observation(
            source="fake",
            kind="metric",
            service="payment",
            query=query.text,
            window=query.window,
            points=((start, value),),
            count=1,
            truncated=query.limit < len(found),
        )
        for value in found[: query.limit]
    ]
    return series or [Observation(source="fake", kind="metric", service="", query=query.text, window=query.window)]


class TestFakeQueried(QueriedContract):
    @asynccontextmanager
    async def queried_on(self, condition: Condition) -> AsyncIterator[Queried]:
        yield FakeQueried(lambda query: told(condition, query), hangs=condition == "hanging")


class TestPrometheus(QueriedContract):
    TEXT = "sum by (service) (up)"

    @asynccontextmanager
    async def queried_on(self, condition: Condition) -> AsyncIterator[Queried]:
        handlers = {"working": FakePrometheus([], lambda query: TWO), "empty": FakePrometheus([], lambda query: [])}
        async with reached(condition, {**handlers}) as (url, opened):
            yield PrometheusSource(url, session=opened, step=5, token=TOKEN, patience=patience_in(condition))


class TestLoki(QueriedContract):
    @asynccontextmanager
    async def queried_on(self, condition: Condition) -> AsyncIterator[Queried]:
        handlers = {"working": FakeLoki([({"app": "payment"}, APP)]), "empty": FakeLoki([])}
        async with reached(condition, {**handlers}) as (url, opened):
            yield LokiSource(url, session=opened, token=TOKEN, patience=patience_in(condition))


class TestJaeger(QueriedContract):
    TEXT = "refused"

    @asynccontextmanager
    async def queried_on(self, condition: Condition) -> AsyncIterator[Queried]:
        working = stable(otlp(span(0, 1, error="refused"), span(1, 2, error="refused"), span(2, 3)))
        async with reached(condition, {"working": working, "empty": stable()}) as (url, opened):
            yield JaegerSource(url, session=opened, token=TOKEN, patience=patience_in(condition))


class TestTempo(QueriedContract):
    TEXT = "too many"

    @asynccontextmanager
    async def queried_on(self, condition: Condition) -> AsyncIterator[Queried]:
        handlers = {"working": FakeTempo(recorded(EARLIER)), "empty": FakeTempo()}
        async with reached(condition, {**handlers}) as (url, opened):
            yield TempoSource(url, session=opened, token=TOKEN, patience=patience_in(condition))


async def test_an_expression_goes_as_it_was_written() -> None:
    fake = FakePrometheus([], lambda query: TWO)
    written = 'sum by (service) (rate(http_requests_total{code=~"5.."}[5m])) > 0.02'
    async with serve(fake) as url, session() as opened:
        seen = await PrometheusSource(url, session=opened, step=5).look_up(asked(written))
    assert fake.queries == [written]
    assert [each.labels for each in seen] == [{"service": "payment"}, {"service": "coupon"}]
    assert all("g0.expr" in each.link for each in seen)


@pytest.mark.parametrize("name", ["err_bad_promql", "err_too_many_points", "err_many_to_many"])
async def test_what_prometheus_finds_wrong_is_said_in_its_words(name: str) -> None:
    async def refuse(request: web.Request) -> web.StreamResponse:
        return replay(f"prometheus/{name}")

    async with serve(refuse) as url, session() as opened:
        with pytest.raises(SourceSilent) as silent:
            await PrometheusSource(url, session=opened, step=5, token=TOKEN).look_up(asked("sum(("))
    phrase = silent.value.phrase
    assert phrase.word == "evidence.silent.query"
    assert 10 < len(str(phrase.values["detail"])) <= MOST_SAID
    check_safe(phrase)


async def test_what_loki_finds_wrong_is_said_without_secrets() -> None:
    async def refuse(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("labels"):
            return web.json_response({"status": "success", "data": ["app"]})
        if request.path.endswith("series"):
            return web.json_response({"status": "success", "data": [{"app": "payment"}]})
        return web.Response(status=400, text="parse error near password=hunter2secret " + "x" * 900)

    async with serve(refuse) as url, session() as opened:
        with pytest.raises(SourceSilent) as silent:
            await LokiSource(url, session=opened, token=TOKEN).look_up(asked("x"))
    detail = str(silent.value.phrase.values["detail"])
    assert "parse error" in detail
    assert "hunter2" not in detail
    assert len(detail) <= MOST_SAID


async def test_words_to_look_for_stay_words() -> None:
    fake = FakeLoki([({"app": "payment"}, APP)])
    async with serve(fake) as url, session() as opened:
        source = LokiSource(url, session=opened)
        (seen,) = await source.look_up(asked('a"} |~ ".*'))
        (every,) = await source.look_up(asked(""))
    assert seen.count == 0
    assert fake.queries[0].startswith('{app="payment"} |~ "(?i)a\\"')
    assert fake.queries[1] == '{app="payment"}'
    assert [line.level for line in every.lines] == ["warn", "info", "error", "error"]
    assert every.window == WINDOW


@pytest.mark.parametrize(
    "level, levels", [("all", "warn info error error"), ("info", "warn info error error"), ("error", "error error")]
)
async def test_lines_of_a_level_are_asked_for_by_how_they_sound(level: Level, levels: str) -> None:
    fake = FakeLoki([({"app": "payment"}, APP)])
    wish = asked("").model_copy(update={"level": level})
    async with serve(fake) as url, session() as opened:
        (seen,) = await LokiSource(url, session=opened).look_up(wish)
        (one,) = await LokiSource(url, session=opened).look_up(wish.model_copy(update={"limit": 1}))
    assert [line.level for line in seen.lines] == levels.split()
    assert not seen.truncated
    assert one.truncated
    assert one.lines == seen.lines[-1:]
    assert ("traceback" in fake.queries[0]) == (level == "error")
    assert "traceback" in seen.link or level != "error"
    assert "limit=1" in one.link


async def test_lines_of_a_level_are_asked_for_by_the_label_that_tells_it() -> None:
    fake = FakeLoki([({"app": "payment", "level": "warn"}, APP[:1]), ({"app": "payment", "level": "error"}, APP[2:])])
    async with serve(fake) as url, session() as opened:
        (seen,) = await LokiSource(url, session=opened).look_up(asked("").model_copy(update={"level": "error"}))
    assert fake.queries == [
        '{app="payment",level=~"(?i)(err|error|fatal|panic|crit|critical|alert|emerg|emergency|severe)"}'
    ]
    assert [line.level for line in seen.lines] == ["error", "error"]

"""Proves that Tempo's traces are found, fetched whole and read in both versions of its API, and its lag is said."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from engine.errors import SourceSilent
from engine.model import Observation
from engine.ports import Question, Source
from engine.sources.spans import otlp_spans
from engine.sources.tempo import TempoSource
from engine.team import Service
from tests.contracts.queried import asked
from tests.contracts.source import (
    AMPLE,
    PATIENCE,
    TOKEN,
    Condition,
    SourceContract,
    check,
    check_safe,
    patience_in,
    question,
)
from tests.engine.sources.backends import Handler, broken, capture, replay, serve, session
from tests.engine.sources.fake_tempo import FakeTempo, recorded

EARLIER = -1_860
"""Seconds that bring what was recorded into the question's window, its failures and slow request after the split."""
FAILED = {"5e971cc8f4ccdc645de2bda2c107840e", "dae45ea5844820973bf73f8dfeaf5b1e"}
SLOW = "93f9662725e47725ebc7e2690468dac2"


@asynccontextmanager
async def over(handler: Handler, patience: float = AMPLE, **options: Any) -> AsyncIterator[TempoSource]:
    async with serve(handler) as url, session() as opened:
        yield TempoSource(url, session=opened, token=TOKEN, patience=patience, **options)


async def all_of(handler: Handler, wanted: Question | None = None, **options: Any) -> list[Observation]:
    wanted = wanted or question()
    async with over(handler, **options) as source:
        seen = list(await source.ask(wanted))
        for each in seen:
            check(each, wanted, source)
        return seen


class TestTempoSource(SourceContract):
    @asynccontextmanager
    async def source_on(self, condition: Condition) -> AsyncIterator[Source]:
        handlers: dict[str, Handler] = {"working": FakeTempo(recorded(EARLIER)), "empty": FakeTempo()}
        if condition == "unreachable":
            async with session() as opened:
                yield TempoSource("http://127.0.0.1:1", session=opened, token=TOKEN, patience=AMPLE)
            return
        async with over(handlers.get(condition) or broken(condition), patience_in(condition)) as source:
            yield source


@pytest.mark.parametrize(
    "name",
    [
        "search_traceql_error",
        "search_empty",
        "search_traceql_slow",
        "err_bad_traceql",
        "err_end_before_start",
        "err_trace_404",
        "trace_v2_unknown",
        "err_unknown_path",
        "err_trace_bad_id",
    ],
)
async def test_the_fake_answers_as_the_real_one_did(name: str) -> None:
    kept = capture(f"tempo/{name}")
    path = urlsplit(kept["request"]["url"])
    async with serve(FakeTempo(recorded())) as url, session() as opened:
        query = path.query if "limit=" in path.query or path.path != "/api/search" else f"{path.query}&limit=20"
        async with opened.get(f"{url}{path.path}?{query}") as answer:
            text = await answer.text()
            assert answer.status == kept["status"]
    if kept["status"] != 200:
        assert text == kept["body"]
        return
    found, wanted = json.loads(text).get("traces", []), kept["body"].get("traces", [])
    assert [each["traceID"] for each in found] == [each["traceID"] for each in wanted]
    for one, other in zip(found, wanted, strict=True):
        assert {key: one[key] for key in ("rootServiceName", "rootTraceName", "startTimeUnixNano", "durationMs")} == {
            key: other[key] for key in ("rootServiceName", "rootTraceName", "startTimeUnixNano", "durationMs")
        }
        assert one["spanSet"]["matched"] == other["spanSet"]["matched"]


@pytest.mark.parametrize("version", [1, 2])
async def test_the_fake_gives_a_trace_as_the_real_one_did(version: int) -> None:
    kept = capture(f"tempo/trace_v{version}")
    path = urlsplit(kept["request"]["url"]).path
    async with serve(FakeTempo(recorded())) as url, session() as opened, opened.get(url + path) as answer:
        body = await answer.json()
    rows, real = ((b["batches"] if version == 1 else b["trace"]["resourceSpans"]) for b in (body, kept["body"]))
    by_id = {span.span_id: span for span in otlp_spans(rows, ())}
    assert by_id == {span.span_id: span for span in otlp_spans(real, ())}


@pytest.mark.parametrize("version", [1, 2])
async def test_failed_and_slow_traces_are_found_and_read_whole(version: int) -> None:
    fake = FakeTempo(recorded(EARLIER), version=version)
    (seen,) = await all_of(fake)
    failed = {span.trace_id for span in seen.spans if span.error}
    assert failed == FAILED
    slow = [span for span in seen.spans if span.trace_id == SLOW]
    assert max(span.duration for span in slow) > 2
    assert {span.service for span in slow} == {"gateway", "checkout", "payment"}
    assert any(span.message == "too many connections" for span in seen.spans)
    assert "status = error" in seen.query
    assert len(fake.fetched) == len(set(fake.fetched)), "a trace was fetched twice"
    split = question().window.split
    assert any(span.start < split for span in seen.spans)
    assert any(span.start > split for span in seen.spans)


async def test_both_sides_are_asked_alike() -> None:
    fake = FakeTempo(recorded(EARLIER))
    await all_of(fake)
    assert sorted(fake.queries) == sorted([*dict.fromkeys(fake.queries)] * 2)
    assert any('=~ "payment|coupon" && status = error' in query for query in fake.queries)
    assert any("duration > " in query for query in fake.queries)


async def test_an_id_that_lost_its_leading_zeros_is_the_same_trace() -> None:
    rows = recorded(EARLIER)
    assert any(hit["traceID"].startswith("f1e4d095b2399") for hit in capture("tempo/search_all")["body"]["traces"])
    (seen,) = await all_of(FakeTempo(rows))
    assert "0f1e4d095b2399a6908db69c0834d8ab" in {span.trace_id for span in seen.spans}


async def test_a_search_that_lags_behind_is_said_where_the_alert_names_a_trace() -> None:
    (trace,) = FAILED - {"dae45ea5844820973bf73f8dfeaf5b1e"}
    wanted = question(annotations={"trace_id": trace})
    seen, lag = await all_of(FakeTempo(recorded(EARLIER), searchable=False), wanted)
    assert {span.trace_id for span in seen.spans} == {trace}
    assert lag.role == "search_lag"


async def test_nothing_after_the_split_is_said() -> None:
    seen, lag = await all_of(FakeTempo(recorded(EARLIER - 300)))
    assert seen.count
    assert lag.role == "search_empty"


async def test_another_name_for_the_service_is_said_with_what_to_write_down() -> None:
    seen, other = await all_of(FakeTempo(recorded(EARLIER)), question("payment-service", ()))
    assert seen.count == 0
    assert other.role == "label_mismatch"
    assert (other.state["label"], other.state["value"]) == ("service_name", "payment")


async def test_the_catalogue_says_what_a_service_is_called_in_traces() -> None:
    wanted = question("pay-core", ("checkout",))
    service = Service(name="pay-core", labels={"service_name": "payment"})
    (seen,) = await all_of(FakeTempo(recorded(EARLIER)), wanted.model_copy(update={"service": service}))
    assert {span.service for span in seen.spans} == {"pay-core", "checkout", "gateway"}


async def test_what_was_fetched_in_time_counts_and_the_rest_is_left() -> None:
    fake = FakeTempo(recorded(EARLIER))

    async def slow(request: web.Request) -> web.StreamResponse:
        if len(fake.fetched) >= 5 and "/traces/" in request.path:
            await asyncio.Event().wait()
        return await fake(request)

    seen = (await all_of(slow, patience=PATIENCE))[0]
    assert 1 <= len({span.trace_id for span in seen.spans}) <= 10


async def test_a_missing_tenant_is_said_in_words() -> None:
    with pytest.raises(SourceSilent) as silent:
        await all_of(FakeTempo(recorded(EARLIER), tenant="shop"))
    assert silent.value.phrase.word == "evidence.silent.no_tenant"
    check_safe(silent.value.phrase)
    assert await all_of(FakeTempo(recorded(EARLIER), tenant="shop"), tenant="shop")


@pytest.mark.parametrize(
    "body", ["", "<html>", "[]", '{"traces": 7}', '{"traces": [{}]}', '{"traces": [{"traceID": 3}]}']
)
async def test_another_shape_is_silence(body: str) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text=body)

    with pytest.raises(SourceSilent):
        await all_of(answer)


@pytest.mark.parametrize(
    "body", ["", "<html>", "[]", '{"trace": 7}', '{"trace": {"resourceSpans": {}}}', '{"batches": [7]}']
)
async def test_traces_that_cannot_be_read_are_left_out(body: str) -> None:
    fake = FakeTempo(recorded(EARLIER))

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text=body) if "/traces/" in request.path else await fake(request)

    seen = (await all_of(answer))[0]
    assert seen.count == 0


async def test_a_person_may_write_a_filter_and_sees_only_traces_of_their_service() -> None:
    fake = FakeTempo(recorded(EARLIER))
    async with over(fake) as source:
        (seen,) = await source.look_up(asked("{ status = error }"))
        (word,) = await source.look_up(asked("too many"))
        (one,) = await source.look_up(asked(SLOW))
        (other,) = await source.look_up(asked(SLOW).model_copy(update={"service": Service(name="coupon")}))
    assert seen.query == '{ resource.service.name = "payment" && (status = error) }'
    assert {span.trace_id for span in seen.spans} == {span.trace_id for span in word.spans} == FAILED
    assert {span.trace_id for span in one.spans} == {SLOW}
    assert other.count == 0


async def test_a_person_may_ask_for_failures_alone() -> None:
    async with over(FakeTempo(recorded(EARLIER))) as source:
        (failed,) = await source.look_up(asked("").model_copy(update={"level": "error"}))
    assert failed.query == '{ resource.service.name = "payment" && (status = error) }'
    assert {span.trace_id for span in failed.spans} == FAILED


async def test_what_tempo_finds_wrong_with_a_filter_is_said_in_its_words() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return replay("tempo/err_bad_traceql")

    async with over(answer) as source:
        with pytest.raises(SourceSilent) as silent:
            await source.look_up(asked("{ resource = }"))
    assert "parse error at line 1" in str(silent.value.phrase.values["detail"])
    check_safe(silent.value.phrase)


async def test_examining_says_what_is_known_and_what_may_be_meant() -> None:
    services = [Service(name=name) for name in ("payment", "checkout-service", "nobody")]
    async with over(FakeTempo(recorded())) as source:
        first, second = await source.examine(services)
    assert (first.ok, first.phrase.values["known"], first.phrase.values["names"]) == (True, 1, 3)
    assert (second.ok, second.phrase.values["service"], second.phrase.values["value"]) == (
        False,
        "checkout-service",
        "checkout",
    )
    check_safe(first.phrase)
    check_safe(second.phrase)

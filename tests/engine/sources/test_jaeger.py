"""Proves that spans are read by Jaeger's stable API and its old one, whole, bounded, and with who was called."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from engine.errors import SourceSilent
from engine.model import Observation
from engine.ports import Question, Source
from engine.sources.jaeger import JaegerSource
from engine.sources.spans import legacy_spans, otlp_spans, with_peers
from engine.sources.traces import MOST_SPANS
from tests.contracts.queried import asked
from tests.contracts.source import AMPLE, TOKEN, Condition, SourceContract, check, patience_in, question
from tests.engine.sources.backends import Handler, broken, capture, replay, serve, session

BEGAN = question().window.split.timestamp()


def otlp(*spans: dict, service: str = "payment") -> dict:
    about = [{"key": "service.name", "value": {"stringValue": service}}]
    return {"resource": {"attributes": about}, "scopeSpans": [{"scope": {}, "spans": list(spans)}]}


def span(trace: int, number: int, parent: int = 0, *, kind: int = 2, error: str = "", **attributes: str) -> dict:
    start = int((BEGAN + trace) * 1e9)
    return {
        "traceId": f"{trace + 1:032x}",
        "spanId": f"{number:016x}",
        "parentSpanId": f"{parent:016x}" if parent else "",
        "name": "POST /pay",
        "kind": kind,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + 250_000_000),
        "attributes": [{"key": k.replace("__", "."), "value": {"stringValue": v}} for k, v in attributes.items()],
        "status": {"code": 2, "message": error} if error else {},
    }


def stable(*resources: dict) -> Handler:
    """A Jaeger of today: these traces, or the 404 it answers an empty search with."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path != "/api/v3/traces":
            return web.Response(status=404, text="404 page not found\n")
        assert request.query["query.serviceName"] == request.query["query.service_name"]
        if resources:
            return web.json_response({"result": {"resourceSpans": list(resources)}})
        return web.json_response({"error": {"httpCode": 404, "message": "No traces found"}}, status=404)

    return answer


async def old(request: web.Request) -> web.StreamResponse:
    """A Jaeger of yesterday, by captures: no `/api/v3`, the legacy search with and without errors."""
    if request.path != "/api/traces":
        return web.Response(status=404, text="404 page not found\n")
    if "service" not in request.query:
        return replay("jaeger/vt_search_no_service")
    if request.query["service"] != "payment":
        return replay("jaeger/vt_search_empty")
    return replay("jaeger/vt_search_error_tag" if "tags" in request.query else "jaeger/vt_search_service")


@asynccontextmanager
async def over(handler: Handler, patience: float = AMPLE, **options: Any) -> AsyncIterator[JaegerSource]:
    async with serve(handler) as url, session() as opened:
        yield JaegerSource(url, session=opened, token=TOKEN, patience=patience, **options)


async def seen_of(handler: Handler, asked: Question | None = None, **options: Any) -> Observation:
    asked = asked or question()
    async with over(handler, **options) as source:
        (found,) = await source.ask(asked)
        check(found, asked, source)
        return found


class TestJaegerSource(SourceContract):
    @asynccontextmanager
    async def source_on(self, condition: Condition) -> AsyncIterator[Source]:
        handlers: dict[str, Handler] = {"working": stable(otlp(span(0, 1))), "empty": stable()}
        if condition == "unreachable":
            async with session() as opened:
                yield JaegerSource("http://127.0.0.1:1", session=opened, token=TOKEN, patience=AMPLE)
            return
        async with over(handlers.get(condition, broken(condition)), patience_in(condition)) as source:
            yield source


class TestJaegerSourceOnOldServers(SourceContract):
    @asynccontextmanager
    async def source_on(self, condition: Condition) -> AsyncIterator[Source]:
        async def nothing(request: web.Request) -> web.StreamResponse:
            return replay("jaeger/vt_search_empty") if request.path == "/api/traces" else web.Response(status=404)

        handlers: dict[str, Handler] = {"working": old, "empty": nothing}
        if condition == "unreachable":
            async with session() as opened:
                yield JaegerSource("http://127.0.0.1:1", session=opened, token=TOKEN, patience=AMPLE)
            return
        async with over(handlers.get(condition, broken(condition)), patience_in(condition)) as source:
            yield source


async def test_a_span_keeps_its_place_its_time_and_its_words() -> None:
    seen = await seen_of(stable(otlp(span(3, 2, 1, error="pool exhausted"))))
    (one,) = seen.spans
    assert (one.trace_id, one.span_id, one.parent_id) == (f"{4:032x}", f"{2:016x}", f"{1:016x}")
    assert (one.service, one.operation, one.error, one.message) == ("payment", "POST /pay", True, "pool exhausted")
    assert one.duration == 0.25
    assert one.start.timestamp() == pytest.approx(BEGAN + 3)


@pytest.mark.parametrize(
    "attributes, kind, peer",
    [
        ({"peer__service": "coupon"}, 3, "coupon"),
        ({"server__address": "coupon.shop.svc.cluster.local"}, 3, "coupon"),
        ({"db__system": "mysql", "server__address": "10.0.0.9"}, 3, "mysql"),
        ({"db__system": "mysql", "server__address": "coupon"}, 3, "coupon"),
        ({"server__address": "payment"}, 2, ""),
        ({"db__system": "redis"}, 1, "redis"),
        ({}, 3, ""),
    ],
)
async def test_who_was_called_is_read_from_what_the_call_says(attributes: dict, kind: int, peer: str) -> None:
    seen = await seen_of(stable(otlp(span(0, 1, kind=kind, **attributes))))
    assert seen.spans[0].peer == peer


async def test_who_was_called_is_seen_from_who_answered() -> None:
    seen = await seen_of(stable(otlp(span(0, 1, kind=3)), otlp(span(0, 2, 1), service="coupon")))
    assert [(each.service, each.peer) for each in seen.spans] == [("payment", "coupon"), ("coupon", "")]


async def test_whole_traces_are_kept_until_the_bound_and_the_cut_is_said() -> None:
    traces = [span(trace, number) for trace in range(60) for number in range(1, 31)]
    seen = await seen_of(stable(otlp(*traces)), traces=50)
    assert seen.count <= MOST_SPANS
    assert seen.truncated
    kept: dict[str, int] = {}
    for each in seen.spans:
        kept[each.trace_id] = kept.get(each.trace_id, 0) + 1
    assert set(kept.values()) == {30}


async def test_each_span_counts_once_although_both_searches_find_it() -> None:
    seen = await seen_of(stable(otlp(span(0, 1), span(0, 1))))
    assert seen.count == 1


async def test_the_legacy_answer_of_a_real_server_is_read() -> None:
    seen = await seen_of(old)
    assert {"gateway", "checkout", "payment"} >= {each.service for each in seen.spans}
    failed = [each for each in seen.spans if each.error]
    assert any(each.message == "payment declined: upstream timeout" for each in failed)
    child = next(each for each in seen.spans if each.span_id == "d96931a78d93e1b2")
    assert child.parent_id == "e333c2fc44b98b30"
    assert child.duration == pytest.approx(0.075521)
    assert next(each for each in seen.spans if each.span_id == child.parent_id).peer == "checkout"


def counted(handler: Handler) -> tuple[Handler, list[str]]:
    """The same, and which paths it was asked for."""
    paths: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        paths.append(request.path)
        return await handler(request)

    return answer, paths


async def test_which_dialect_a_server_has_is_remembered_until_it_is_gone() -> None:
    age: list[Handler] = [old]

    async def server(request: web.Request) -> web.StreamResponse:
        return await age[0](request)

    handler, paths = counted(server)
    async with over(handler) as source:
        await source.ask(question())
        assert paths.count("/api/v3/traces") <= 4, "every search found out by itself"
        paths.clear()
        await source.ask(question())
        assert set(paths) == {"/api/traces"}
        age[0] = stable(otlp(span(0, 1)))
        await source.ask(question())
        paths.clear()
        (seen,) = await source.ask(question())
        assert set(paths) == {"/api/v3/traces"}
        assert seen.count == 1


async def test_the_web_page_of_an_old_server_is_no_answer() -> None:
    async def page(request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/api/v3"):
            return web.Response(text="<!doctype html><html>Jaeger UI</html>", content_type="text/html")
        return await old(request)

    assert (await seen_of(page)).count


async def test_failed_and_slow_traces_are_asked_for_on_both_sides_where_the_server_can() -> None:
    asked: list[tuple[str, str]] = []

    async def server(request: web.Request) -> web.StreamResponse:
        asked.append((request.query.get("query.filter", ""), request.query.get("query.durationMin", "")))
        if "query.filter" in request.query:
            return web.json_response({"error": {"httpCode": 501, "message": "not implemented"}}, status=501)
        number = 2 if "query.durationMin" in request.query else 1
        return web.json_response({"result": {"resourceSpans": [otlp(span(number, number))]}})

    seen = await seen_of(server)
    assert len(asked) == 6
    assert sum(bool(filter) for filter, _ in asked) == 2
    assert [least for _, least in asked if least] == ["0.550s"] * 2
    assert {each.span_id for each in seen.spans} == {f"{1:016x}", f"{2:016x}"}


async def test_the_trace_an_alert_names_is_looked_up_by_its_id() -> None:
    async def server(request: web.Request) -> web.StreamResponse:
        if request.path == f"/api/v3/traces/{8:032x}":
            return web.json_response({"result": {"resourceSpans": [otlp(span(7, 1, error="named"))]}})
        return web.json_response({"error": {"httpCode": 404, "message": "No traces found"}}, status=404)

    seen = await seen_of(server, question(annotations={"traceID": f"{8:032x}"}))
    assert [each.message for each in seen.spans] == ["named"]


@pytest.mark.parametrize("legacy", [False, True])
async def test_another_name_for_the_service_is_said(legacy: bool) -> None:
    async def server(request: web.Request) -> web.StreamResponse:
        if legacy and request.path == "/api/services":
            return replay("jaeger/vt_services")
        if not legacy and request.path == "/api/v3/services":
            return web.json_response({"services": ["gateway", "payment"]})
        if request.path == ("/api/traces" if legacy else "/api/v3/traces"):
            return replay("jaeger/vt_search_empty") if legacy else await stable()(request)
        return web.Response(status=404, text="404 page not found\n")

    asked = question("payment-service", ())
    async with over(server) as source:
        seen, other = await source.ask(asked)
        check(other, asked, source)
        first, second = await source.examine([asked.service])
    assert (seen.count, other.role, other.state["value"]) == (0, "label_mismatch", "payment")
    assert (first.ok, second.ok) == (True, False)


def test_base64_ids_of_tempo_are_hex() -> None:
    batches = capture("tempo/trace_v1")["body"]["batches"]
    spans = with_peers(list(otlp_spans(batches, ())))
    assert {each.trace_id for each in spans} == {"5e971cc8f4ccdc645de2bda2c107840e"}
    assert all(len(each.span_id) == 16 for each in spans)
    assert any(each.error for each in spans)
    assert any(each.parent_id for each in spans)


@pytest.mark.parametrize(
    "answer",
    [{}, {"result": []}, {"result": {"resourceSpans": 7}}, {"result": None}, [], "text", {"result": {"spans": []}}],
)
async def test_another_shape_is_silence(answer: object) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.json_response(answer)

    with pytest.raises(SourceSilent):
        await seen_of(handler)


@pytest.mark.parametrize("nonsense", [None, 7, "x", [], {}, [None], [{"spans": [None, 7, {"spanID": []}]}], [[]]])
def test_nonsense_inside_is_left_out(nonsense: object) -> None:
    rows = [nonsense, {"resource": nonsense, "scopeSpans": nonsense}, {"scopeSpans": [{"spans": nonsense}]}]
    rows += [otlp({"traceId": nonsense, "spanId": nonsense, "startTimeUnixNano": nonsense, "attributes": nonsense})]
    assert list(otlp_spans(rows, ())) == []
    assert list(legacy_spans([nonsense, {"processes": nonsense, "spans": nonsense}], ())) == []


@pytest.mark.parametrize("server", ["filters", "ignores", "refuses"])
async def test_a_person_may_ask_for_failures_alone_whatever_the_server_can(server: str) -> None:
    well, ill = span(1, 1), span(2, 2, error="card declined")

    async def answer(request: web.Request) -> web.StreamResponse:
        wanted = "query.filter" in request.query
        if wanted and server == "refuses":
            return web.json_response({"error": {"httpCode": 501, "message": "not implemented"}}, status=501)
        spans = [ill] if wanted and server == "filters" else [well, ill]
        return web.json_response({"result": {"resourceSpans": [otlp(*spans)]}})

    async with over(answer) as source:
        (seen,) = await source.look_up(asked("").model_copy(update={"level": "error"}))
        (every,) = await source.look_up(asked(""))
    assert [each.message for each in seen.spans] == ["card declined"]
    assert "with errors" in seen.query
    assert len(every.spans) == 2

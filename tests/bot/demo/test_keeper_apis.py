"""Checks the keeper's APIs against captures of the real ones: statuses, content types, shapes and words."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest

from bot.demo.jaeger_api import JaegerApi
from bot.demo.logs import LogStore
from bot.demo.loki_api import LokiApi
from bot.demo.prometheus_api import PrometheusApi
from bot.demo.rules import RuleBook
from bot.demo.samples import SampleStore, labels_of
from bot.demo.scraping import Scraper, Target
from bot.demo.spans import SERVER, Origin, SpanStore, TraceContext
from tests.bot.demo.stage import START, TurnedClock, capture, served, shape

Ask = Any


@pytest.fixture
async def prometheus() -> AsyncIterator[Ask]:
    clock, store = TurnedClock(), SampleStore()
    for second in range(61):
        at = round((START - 60 + second) * 1000)
        for code, step in (("200", 9), ("500", 1)):
            labels = {"__name__": "http_requests_total", "service": "checkout", "code": code, "job": "checkout"}
            store.append(labels_of(labels), at, float(step * second))
        store.append(labels_of({"__name__": "up", "service": "checkout", "job": "checkout"}), at, 1.0)
    scraper = Scraper(store, [Target("checkout", "127.0.0.1:1", {"service": "checkout", "env": "prod"})], clock)
    async with aiohttp.ClientSession() as nobody:
        await scraper.scrape_all(nobody)
    rules = RuleBook()
    rules.evaluate(store, START)
    app = PrometheusApi(store, scraper, rules, clock).application()
    async with served(app) as (address, session):

        async def ask(path: str, method: str = "GET", **parameters: Any) -> tuple[int, str, Any]:
            async with session.request(method, address + path, params=parameters) as answer:
                kind = answer.headers["Content-Type"]
                return answer.status, kind, await (answer.json() if "json" in kind else answer.text())

        yield ask


def asked_like(name: str) -> tuple[str, dict[str, str]]:
    """Path and parameters of a captured request."""
    url = urlsplit(capture(name)["request"]["url"])
    return url.path, dict(parse_qsl(url.query, keep_blank_values=True))


@pytest.mark.parametrize(
    "name",
    [
        "err_404_path",
        "err_bad_duration_param",
        "err_bad_time",
        "err_end_before_start",
        "err_missing_query",
        "err_series_no_match",
        "err_too_many_points",
        "err_zero_step",
        "query_empty",
        "query_range_empty",
        "series_empty",
        "ready",
        "healthy",
    ],
)
async def test_prometheus_answers_word_for_word(prometheus: Ask, name: str) -> None:
    real = capture(f"prometheus/{name}")
    path, parameters = asked_like(f"prometheus/{name}")
    status, kind, body = await prometheus(path, **parameters)
    assert (status, body) == (real["status"], real["body"])
    assert kind.partition(";")[0] == real["headers"]["Content-Type"].partition(";")[0]


@pytest.mark.parametrize("name", ["err_bad_promql", "err_type", "err_unknown_function"])
async def test_prometheus_refuses_bad_queries_in_the_same_form(prometheus: Ask, name: str) -> None:
    real = capture(f"prometheus/{name}")
    path, parameters = asked_like(f"prometheus/{name}")
    status, _, body = await prometheus(path, **parameters)
    assert (status, body["status"], body["errorType"]) == (real["status"], "error", real["body"]["errorType"])
    assert body["error"].startswith('invalid parameter "query": 1:')
    assert "parse error: " in body["error"]


async def test_many_to_many_is_an_execution_error(prometheus: Ask) -> None:
    real = capture("prometheus/err_many_to_many")
    query = "http_requests_total / on(service) http_requests_total"
    status, _, body = await prometheus("/api/v1/query", query=query, time=START)
    assert (status, body["errorType"]) == (real["status"], real["body"]["errorType"])
    for part in (
        'for the match group {service="checkout"} on the right hand-side',
        "many-to-many matching not allowed",
    ):
        assert part in body["error"]
        assert part in real["body"]["error"]


async def test_a_method_nobody_offers_is_405(prometheus: Ask) -> None:
    real = capture("prometheus/err_405_like")
    status, _, body = await prometheus("/api/v1/query", method="DELETE")
    assert (status, body) == (real["status"], real["body"])


@pytest.mark.parametrize(
    "name, query",
    [
        ("query_vector", "sum by (service,code) (rate(http_requests_total[10s]))"),
        ("query_matrix_selector", 'up{job="checkout"}[5s]'),
        ("query_scalar", "scalar(sum(up))"),
        ("query_string", '"hello"'),
    ],
)
async def test_instant_answers_have_the_real_shape(prometheus: Ask, name: str, query: str) -> None:
    real = capture(f"prometheus/{name}")["body"]
    status, _, body = await prometheus("/api/v1/query", query=query, time=START)
    assert status == 200
    assert body["data"]["resultType"] == real["data"]["resultType"]
    for answer in (body, real):
        for row in answer["data"]["result"] if isinstance(answer["data"]["result"][0], dict) else []:
            row["metric"] = {}
    assert shape(body) == shape(real)


async def test_range_answers_have_the_real_shape_and_figures(prometheus: Ask) -> None:
    status, _, body = await prometheus(
        "/api/v1/query_range", query="sum(rate(http_requests_total[10s]))", start=START - 20, end=START, step=5
    )
    assert status == 200
    [row] = body["data"]["result"]
    assert row["metric"] == {}
    assert [at for at, _ in row["values"]] == [START - 20, START - 15, START - 10, START - 5, START]
    assert {round(float(value), 6) for _, value in row["values"]} == {10.0}
    real = capture("prometheus/query_range")["body"]
    assert (body["data"]["resultType"], len(row["values"][0])) == (real["data"]["resultType"], 2)


async def test_queries_may_be_posted_as_a_form(prometheus: Ask) -> None:
    status, _, body = await prometheus("/api/v1/query", method="POST", query="vector(1)", time=START)
    assert (status, body["data"]["result"]) == (200, [{"metric": {}, "value": [START, "1"]}])


async def test_labels_series_targets_rules_and_alerts(prometheus: Ask) -> None:
    assert (await prometheus("/api/v1/label/service/values"))[2]["data"] == ["checkout"]
    labels = (await prometheus("/api/v1/labels"))[2]["data"]
    assert {"__name__", "alertstate", "code", "job"} <= set(labels)
    series = (await prometheus("/api/v1/series", **{"match[]": 'up{job="checkout"}'}))[2]["data"]
    assert {"__name__": "up", "service": "checkout", "job": "checkout"} in series
    [target] = (await prometheus("/api/v1/targets"))[2]["data"]["activeTargets"]
    real_target = capture("prometheus/targets_active")["body"]["data"]["activeTargets"][0]
    assert set(target) == set(real_target)
    assert target["health"] == "down"
    groups = (await prometheus("/api/v1/rules", type="alert"))[2]["data"]["groups"]
    real_group = capture("prometheus/rules_type_alert")["body"]["data"]["groups"][0]
    assert set(groups[0]) == set(real_group)
    assert set(groups[0]["rules"][0]) == set(real_group["rules"][0])
    alerts = (await prometheus("/api/v1/alerts"))[2]["data"]["alerts"]
    assert {alert["labels"]["alertname"] for alert in alerts} >= {"Watchdog", "HighErrorRate"}
    assert (await prometheus("/api/v1/query", query="ALERTS", time=START))[2]["data"]["result"]


@pytest.fixture
async def loki() -> AsyncIterator[Ask]:
    clock = TurnedClock(START - 100)
    logs = LogStore(clock)
    for second in range(100):
        clock.at += 1
        level = "error" if second >= 90 else "info"
        logs.write("payment-service", "v2.3.1", level, f"line {second}: 连接池 exhausted", trace_id="ab", code=503)
        logs.write("order-service", "v3.1.4", "info", f"order {second}")
    clock.at += 0.5
    async with served(LokiApi(logs, clock).application()) as (address, session):

        async def ask(path: str, **parameters: Any) -> tuple[int, str, Any]:
            async with session.get(address + path, params=parameters) as answer:
                kind = answer.headers["Content-Type"]
                return answer.status, kind, await (answer.json() if "json" in kind else answer.text())

        yield ask


@pytest.mark.parametrize(
    "name",
    [
        "err_404",
        "err_bad_logql",
        "err_bad_time",
        "err_empty_matcher",
        "err_end_before_start",
        "err_instant_log_query",
        "err_limit_too_big",
        "err_missing_query",
        "err_range_too_long",
        "err_too_many_points",
        "ready",
        "label_values_unknown",
    ],
)
async def test_loki_answers_word_for_word(loki: Ask, name: str) -> None:
    real = capture(f"loki/{name}")
    path, parameters = asked_like(f"loki/{name}")
    status, kind, body = await loki(path, **parameters)
    assert (status, body) == (real["status"], real["body"])
    assert kind.lower() == real["headers"]["Content-Type"].lower() or kind.startswith("application/json")


async def test_loki_refuses_a_bad_pattern_in_plain_text(loki: Ask) -> None:
    path, parameters = asked_like("loki/err_bad_regex")
    status, kind, body = await loki(path, **parameters)
    assert (status, kind.partition(";")[0]) == (400, "text/plain")
    assert "error parsing regexp" in body


async def lines(loki: Ask, query: str, **parameters: Any) -> list[str]:
    _, _, body = await loki("/loki/api/v1/query_range", query=query, limit=5000, **parameters)
    return [text for stream in body["data"]["result"] for _, text in stream["values"]]


async def test_streams_have_the_real_shape_newest_first(loki: Ask) -> None:
    query = '{service="payment-service", level="error"} |= "exhausted" != "line 95" |~ "9[0-9]" !~ "line 9[12]:"'
    status, _, body = await loki("/loki/api/v1/query_range", query=query, limit=3)
    assert status == 200
    [stream] = body["data"]["result"]
    assert stream["stream"] == {
        "detected_level": "error",
        "env": "prod",
        "level": "error",
        "service": "payment-service",
        "service_name": "payment-service",
        "version": "v2.3.1",
    }
    times = [int(at) for at, _ in stream["values"]]
    assert times == sorted(times, reverse=True)
    assert [text.split(":")[-2][-2:] for _, text in stream["values"]] == ["99", "98", "97"]
    assert "连接池" in stream["values"][0][1]
    real = capture("loki/query_range_streams")["body"]
    assert set(body["data"]) == set(real["data"])
    assert set(body["data"]["stats"]["summary"]) == set(real["data"]["stats"]["summary"])
    assert len(await lines(loki, query)) == 7


async def test_start_belongs_to_the_range_and_end_does_not(loki: Ask) -> None:
    _, _, body = await loki("/loki/api/v1/query_range", query='{level="error"}', limit=100, direction="forward")
    times = [int(at) for stream in body["data"]["result"] for at, _ in stream["values"]]
    found = await lines(loki, '{level="error"}', start=times[0], end=times[-1])
    assert len(found) == len(times) - 1


async def test_lines_are_counted_over_time(loki: Ask) -> None:
    query = 'sum by (service) (count_over_time({env="prod"} |~ "line|order" [50s]))'
    _, _, body = await loki("/loki/api/v1/query", query=query, time=str(round((START + 0.5) * 1e9)))
    rows = {row["metric"]["service"]: row["value"][1] for row in body["data"]["result"]}
    assert rows == {"order-service": "50", "payment-service": "50"}
    real = capture("loki/query_instant_vector")["body"]["data"]
    assert (body["data"]["resultType"], set(body["data"])) == (real["resultType"], set(real))
    _, _, body = await loki(
        "/loki/api/v1/query_range",
        query='count_over_time({level="error"}[10s])',
        start=START - 60,
        end=START + 1,
        step="10s",
    )
    assert body["data"]["resultType"] == "matrix"
    assert sum(float(value) for row in body["data"]["result"] for _, value in row["values"]) == 10


async def test_label_names_and_values(loki: Ask) -> None:
    assert (await loki("/loki/api/v1/labels"))[2]["data"] == ["env", "level", "service", "service_name", "version"]
    assert (await loki("/loki/api/v1/label/level/values"))[2] == {"status": "success", "data": ["error", "info"]}
    series = (await loki("/loki/api/v1/series", match='{level="error"}'))[2]["data"]
    assert [each["service"] for each in series] == ["payment-service"]


@pytest.mark.parametrize("query", ['{a="b"} |', '{a="b"} | json', "{a=b}", "sum(", "rate({a='b'}[5m])", "\x00", "}"])
async def test_loki_refuses_what_it_cannot_read(loki: Ask, query: str) -> None:
    status, _, body = await loki("/loki/api/v1/query_range", query=query)
    assert status == 400
    assert body.startswith("parse error")


@pytest.fixture
async def jaeger() -> AsyncIterator[Ask]:
    clock = TurnedClock()
    spans = SpanStore(clock)
    origin = Origin("payment-service", "v2.3.1", "127.0.0.1:1")
    for number in range(20):
        clock.at += 1
        above = TraceContext(f"{number:032x}", "")
        with spans.span(origin, "POST /pay", above, SERVER) as root:
            with spans.span(origin, "mysql acquire", root.context()) as inner:
                clock.at += 0.5
                inner.error = "connection pool exhausted" if number >= 15 else ""
            root.attributes["http.response.status_code"] = 503
    async with served(JaegerApi(spans).application()) as (address, session):

        async def ask(path: str, **parameters: Any) -> tuple[int, Any]:
            async with session.get(address + path, params=parameters) as answer:
                return answer.status, await answer.json()

        yield ask


WINDOW = {"query.start_time_min": "2026-01-01T00:00:00Z", "query.start_time_max": "2027-01-01T00:00:00.000000001Z"}


async def test_traces_come_as_otlp_with_the_error_where_it_began(jaeger: Ask) -> None:
    status, body = await jaeger("/api/v3/traces", **{"query.service_name": "payment-service", **WINDOW})
    assert status == 200
    [*resources] = body["result"]["resourceSpans"]
    assert resources[0]["resource"]["attributes"][0] == {
        "key": "service.name",
        "value": {"stringValue": "payment-service"},
    }
    spans = resources[0]["scopeSpans"][0]["spans"]
    failed = next(span for span in spans if span["status"])
    root = next(span for span in spans if "parentSpanId" not in span)
    assert failed["status"] == {"code": 2, "message": "connection pool exhausted"}
    assert (failed["name"], failed["parentSpanId"]) == ("mysql acquire", root["spanId"])
    assert root["traceId"] == f"{19:032x}"
    assert int(failed["endTimeUnixNano"]) - int(failed["startTimeUnixNano"]) == pytest.approx(5e8, abs=1e3)
    assert {"key": "http.response.status_code", "value": {"intValue": "503"}} in root["attributes"]


async def test_every_failed_trace_is_kept_and_healthy_ones_are_sampled(jaeger: Ask) -> None:
    _, body = await jaeger("/api/v3/traces", **{"query.serviceName": "payment-service", **WINDOW})
    kept = {int(each["scopeSpans"][0]["spans"][0]["traceId"], 16) for each in body["result"]["resourceSpans"]}
    assert set(range(15, 20)) <= kept


async def test_search_narrows_and_an_empty_one_is_a_404(jaeger: Ask) -> None:
    about = {"query.service_name": "payment-service", **WINDOW}
    _, body = await jaeger("/api/v3/traces", **about, **{"query.search_depth": "2"})
    assert len(body["result"]["resourceSpans"]) == 2
    nothing = (404, {"error": {"httpCode": 404, "message": "No traces found"}})
    assert await jaeger("/api/v3/traces", **about, **{"query.operation_name": "GET /nope"}) == nothing
    assert await jaeger("/api/v3/traces", **about, **{"query.duration_min": "1h"}) == nothing
    assert (await jaeger("/api/v3/traces", **about, **{"query.duration_min": "400ms"}))[0] == 200
    assert await jaeger(f"/api/v3/traces/{'f' * 32}") == nothing
    assert (await jaeger("/api/v3/traces/13"))[0] == 200
    assert (await jaeger("/api/v3/services"))[1] == {"services": ["payment-service"]}
    assert {"name": "POST /pay", "spanKind": "server"} in (
        await jaeger("/api/v3/operations", service="payment-service")
    )[1]["operations"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"query.start_time_min": "yesterday"},
        {"query.start_time_min": ""},
        {"query.search_depth": "many"},
        {"query.duration_min": "long"},
        {"query.service_name": ""},
    ],
)
async def test_jaeger_says_which_parameter_is_malformed(jaeger: Ask, wrong: dict[str, str]) -> None:
    status, body = await jaeger("/api/v3/traces", **{"query.service_name": "payment-service", **WINDOW, **wrong})
    assert (status, body["error"]["httpCode"]) == (400, 400)
    assert next(iter(wrong)) in body["error"]["message"]
    assert (await jaeger("/api/v3/traces/xyz"))[0] == 400

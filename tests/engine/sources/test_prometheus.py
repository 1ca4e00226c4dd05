"""Proves what is asked of a Prometheus, that only what exists is asked, and that one bad query spoils no other."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from engine.errors import SourceSilent
from engine.model import Observation
from engine.ports import Question, Source
from engine.sources.http import MOST_BYTES
from engine.sources.prometheus import PrometheusSource
from engine.team import Service, Signal
from tests.contracts.source import AMPLE, TOKEN, Condition, SourceContract, check, patience_in, question
from tests.engine.sources.backends import FakePrometheus, Handler, Labels, broken, capture, replay, serve, session


def replica(**more: str) -> Labels:
    return {"service": "payment", "env": "prod", "instance": "10.0.0.1:80", "job": "payment"} | more


SHOP: list[Labels] = [
    replica(__name__="http_requests_total", code="200", version="v1"),
    replica(__name__="http_requests_total", code="503", version="v2"),
    replica(__name__="http_request_duration_seconds_bucket", le="+Inf"),
    replica(__name__="http_client_requests_total", code="200", peer_service="coupon.shop.svc:8080"),
    replica(__name__="db_pool_connections", state="in_use"),
    replica(__name__="db_pool_connections_max"),
    replica(__name__="up"),
    replica(__name__="up", service="coupon", job="coupon"),
]


def answers(query: str) -> Sequence[tuple[Labels, Sequence[str]]]:
    """Something sensible for each question; broken down where the query is."""
    if "by (version)" in query:
        return [({"version": "v1"}, ["0", "0", "0"]), ({"version": "v2"}, ["NaN", "0.5", "0.9"])]
    if "by (peer_service)" in query:
        return [({"peer_service": "coupon.shop.svc:8080"}, ["0", "0.1", "0.2"])]
    return [({}, ["0.01", "NaN", "+Inf", "0.3"])]


@asynccontextmanager
async def over(handler: Handler, patience: float = AMPLE, **options: Any) -> AsyncIterator[PrometheusSource]:
    async with serve(handler) as url, session() as opened:
        yield PrometheusSource(url, session=opened, step=5, token=TOKEN, patience=patience, **options)


class TestPrometheusSource(SourceContract):
    @asynccontextmanager
    async def source_on(self, condition: Condition) -> AsyncIterator[Source]:
        handlers: dict[str, Handler] = {
            "working": FakePrometheus(SHOP, answers),
            "empty": FakePrometheus([], lambda query: []),
        }
        if condition == "unreachable":
            async with session() as opened:
                yield PrometheusSource("http://127.0.0.1:1", session=opened, step=5, token=TOKEN, patience=AMPLE)
            return
        async with over(handlers.get(condition, broken(condition)), patience_in(condition)) as source:
            yield source


async def seen_of(fake: Handler, asked: Question | None = None, **options: Any) -> list[Observation]:
    asked = asked or question()
    async with over(fake, **options) as source:
        found = list(await source.ask(asked))
        for observation in found:
            check(observation, asked, source)
        return found


async def test_only_what_exists_is_asked_and_each_role_once() -> None:
    fake = FakePrometheus(SHOP, answers)
    seen = await seen_of(fake)
    assert [(each.service, each.role, each.peer, each.labels.get("version", "")) for each in seen] == [
        ("payment", "traffic", "", ""),
        ("payment", "error_ratio", "", ""),
        ("payment", "unavailable_ratio", "", ""),
        ("payment", "timeout_ratio", "", ""),
        ("payment", "limited_ratio", "", ""),
        ("payment", "auth_failed_ratio", "", ""),
        ("payment", "latency_p95", "", ""),
        ("payment", "error_ratio", "", "v1"),
        ("payment", "error_ratio", "", "v2"),
        ("payment", "dependency_error_ratio", "coupon", ""),
        ("payment", "pool_use", "", ""),
        ("payment", "availability", "", ""),
        ("coupon", "availability", "", ""),
    ]
    assert not any("pool_wait" in query for query in fake.queries)


async def test_what_the_team_itself_watches_is_asked_too_and_stands_for_the_usual_query_of_that_figure() -> None:
    backlog = Signal(name="backlog", expression="sum by (queue) (jobs_waiting)", unit="count")
    errors = Signal(name="error_ratio", expression="team:errors:ratio", unit="ratio")
    rows = [({"queue": "a"}, ["1", "2"]), ({"queue": "b"}, ["1", "9"])]
    fake = FakePrometheus(SHOP, lambda query: rows if query == backlog.expression else answers(query))
    near = Service(name="coupon", signals=(Signal(name="backlog", expression="coupon_backlog", unit="count"),))
    asked = question().model_copy(
        update={"service": Service(name="payment", signals=(backlog, errors)), "neighbours": (near,)}
    )
    seen = await seen_of(fake, asked)
    own = [(each.service, each.role, each.unit, each.query, each.labels) for each in seen[:4]]
    assert own == [
        ("payment", "backlog", "count", backlog.expression, {"queue": "a"}),
        ("payment", "backlog", "count", backlog.expression, {"queue": "b"}),
        ("payment", "error_ratio", "ratio", errors.expression, {}),
        ("coupon", "backlog", "count", "coupon_backlog", {}),
    ]
    assert [each.labels for each in seen if each.role == "error_ratio"] == [{}, {"version": "v1"}, {"version": "v2"}]


async def test_a_service_only_its_team_knows_how_to_measure_is_measured() -> None:
    batch = Service(name="batch", signals=(Signal(name="lag", expression="lag_seconds", unit="seconds"),))
    asked = question("batch", ()).model_copy(update={"service": batch})
    (seen,) = await seen_of(FakePrometheus([], answers), asked)
    assert (seen.role, seen.unit, seen.count) == ("lag", "seconds", 2)


async def test_nan_and_infinities_are_no_points() -> None:
    seen = await seen_of(FakePrometheus(SHOP, answers))
    assert [value for _, value in seen[0].points] == [0.01, 0.3]


async def test_the_alerts_own_expression_comes_first_without_its_threshold() -> None:
    link = "http://prometheus/graph?g0.expr=service%3Ahttp_error_ratio%3Arate10s+%3E+0.05&g0.tab=1"

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/api/v1/series":
            return replay("prometheus/series_empty")
        return replay("prometheus/query_range")

    asked = question("inventory", (), generator_url=link, labels={"service": "inventory", "severity": "critical"})
    sli, nothing = await seen_of(answer, asked)
    assert (sli.kind, sli.role, sli.query) == ("sli", "sli", "service:http_error_ratio:rate10s")
    assert sli.labels["service"] == "inventory"
    row = next(
        r for r in capture("prometheus/query_range")["body"]["data"]["result"] if r["metric"]["service"] == "inventory"
    )
    assert sli.points == tuple((at, float(value)) for at, value in row["values"])
    assert (nothing.role, nothing.count) == ("traffic", 0)
    assert 'service="inventory"' in nothing.query


@pytest.mark.parametrize(
    "alert, fired",
    [
        ({"service": "payment", "env": "prod"}, ["prod"]),
        ({"service": "payment", "env": "live"}, ["prod", "dev"]),
        ({}, ["prod", "dev"]),
        ({"service": "search"}, []),
    ],
)
async def test_only_series_that_may_have_fired_are_the_alerts_own(alert: Labels, fired: list[str]) -> None:
    rows = [
        ({"service": name, "env": env}, ["1"])
        for name, env in (("payment", "prod"), ("payment", "dev"), ("order", "prod"))
    ]
    fake = FakePrometheus(SHOP, lambda query: rows if query == "load" else answers(query))
    seen = await seen_of(fake, question(generator_url="http://p/graph?g0.expr=load+%3E+1", labels=alert))
    own = [each for each in seen if each.role == "sli"]
    assert [each.labels["env"] for each in own if each.count] == fired
    assert own


async def test_too_many_series_leave_the_neighbours_out() -> None:
    fake = FakePrometheus(SHOP, answers)

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/api/v1/series" and "coupon" in str((await request.post()).getall("match[]")):
            return web.Response(body=b" " * (MOST_BYTES + 1))
        return await fake(request)

    assert {each.service for each in await seen_of(answer)} == {"payment"}


async def test_captured_series_are_understood() -> None:
    """The real answer to a look-up: the code label is called `status` there."""
    fake = FakePrometheus(capture("prometheus/series")["body"]["data"], answers)
    await seen_of(fake, question("checkout", ()))
    assert any('http_requests_total{service="checkout",status="503"}' in query for query in fake.queries)


@pytest.mark.parametrize("refusal", ["err_many_to_many", "err_bad_promql", "err_timeout", "err_404_path"])
async def test_one_refused_query_spoils_no_other(refusal: str) -> None:
    fake = FakePrometheus(SHOP, answers)
    fake.refused = {"histogram_quantile": f"prometheus/{refusal}"}
    roles = [each.role for each in await seen_of(fake)]
    assert "latency_p95" not in roles
    assert "error_ratio" in roles


async def test_all_queries_refused_is_silence() -> None:
    fake = FakePrometheus(SHOP, answers)
    fake.refused = {"": "prometheus/err_timeout"}
    with pytest.raises(SourceSilent):
        await seen_of(fake)


async def test_an_empty_range_is_an_answer_with_its_query() -> None:
    fake = FakePrometheus(SHOP, lambda query: [])
    seen = await seen_of(fake)
    assert seen
    assert all(each.count == 0 and "{" in each.query for each in seen)


@pytest.mark.parametrize(
    "labels, catalogue, matcher",
    [
        ({"app": "payment"}, {}, 'app="payment"'),
        ({"job": "shop/payment"}, {}, 'job="shop/payment"'),
        ({"service": "payment", "app": "payment"}, {}, 'service="payment"'),
        ({"team_service": "pay-v1"}, {"team_service": "pay-v1"}, 'team_service="pay-v1"'),
        ({"service": "payment", "namespace": "shop"}, {"namespace": "shop"}, 'service="payment",namespace="shop"'),
        ({"service": "payment", "env": "prod"}, {}, 'service="payment",env="prod"'),
        ({"service": "payment", "env": "dev"}, {}, 'service="payment"'),
    ],
)
async def test_the_label_that_names_the_service_is_found(labels: Labels, catalogue: Labels, matcher: str) -> None:
    fake = FakePrometheus([{"__name__": "up", **labels}], answers)
    asked = question(labels={"env": "prod"}).model_copy(update={"service": Service(name="payment", labels=catalogue)})
    await seen_of(fake, asked)
    assert fake.queries == [f"avg(up{{{matcher}}})"]


@pytest.mark.parametrize("name", ['pay"} or up{x="', "pay.*", "pay\\", "pay\n", "支付"])
async def test_a_hostile_name_stays_inside_its_string(name: str) -> None:
    fake = FakePrometheus([{"__name__": "up", "service": name}, {"__name__": "up", "service": "payX"}], answers)
    seen = await seen_of(fake, question(name, ()))
    assert [each.role for each in seen] == ["availability"]
    inside = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    assert fake.queries == [f'avg(up{{service="{inside}"}})']


async def test_istio_tells_what_came_in_from_what_went_out() -> None:
    mesh = {"__name__": "istio_requests_total", "response_code": "200", "destination_service_name": "payment"}
    fake = FakePrometheus(
        [
            {**mesh, "reporter": "destination", "source_workload": "order"},
            {**mesh, "reporter": "source", "source_workload": "payment", "destination_service_name": "coupon"},
        ],
        answers,
    )
    await seen_of(fake)
    traffic = next(query for query in fake.queries if query.startswith("sum(rate("))
    calls = next(query for query in fake.queries if "by (destination_service_name)" in query)
    assert 'destination_service_name="payment",reporter="destination"' in traffic
    assert 'source_workload="payment",reporter="source"' in calls


async def test_micrometer_and_hikari_are_known() -> None:
    spring = {"application": "payment", "instance": "a"}
    names = [("http_server_requests_seconds_count", {"status": "200"}), ("hikaricp_connections_active", {"pool": "h"})]
    names += [("hikaricp_connections_max", {"pool": "h"}), ("hikaricp_connections_acquire_seconds_sum", {})]
    names += [("hikaricp_connections_acquire_seconds_count", {})]
    fake = FakePrometheus([{"__name__": name, **spring, **more} for name, more in names], answers)
    roles = {each.role for each in await seen_of(fake)}
    assert {"traffic", "unavailable_ratio", "pool_use", "pool_wait"} <= roles
    assert any("sum by (instance, pool) (hikaricp_connections_active" in query for query in fake.queries)


async def test_a_rate_looks_back_at_least_ten_seconds_and_four_steps() -> None:
    fake = FakePrometheus(SHOP, answers)
    await seen_of(fake)
    assert any("[20s]" in query for query in fake.queries)
    fake = FakePrometheus(SHOP, answers)
    await seen_of(fake, rate_window=300)
    assert any("[300s]" in query for query in fake.queries)


async def test_a_link_opens_the_query_where_it_was_asked() -> None:
    first = (await seen_of(FakePrometheus(SHOP, answers)))[0]
    assert "/graph?g0.expr=sum(rate(http_requests_total" in first.link
    assert "g0.range_input=2400s" in first.link
    assert "g0.end_input=2026-11-20+09:40:00" in first.link


async def test_a_long_window_is_asked_in_at_most_600_points() -> None:
    steps: list[float] = []
    fake = FakePrometheus(SHOP, answers)

    async def watch(request: web.Request) -> web.StreamResponse:
        if request.path == "/api/v1/query_range":
            given = await request.post()
            steps.append((float(str(given["end"])) - float(str(given["start"]))) / float(str(given["step"])) + 1)
        return await fake(request)

    asked = question()
    window = asked.window.model_copy(update={"start": asked.window.start.replace(month=1)})
    await seen_of(watch, asked.model_copy(update={"window": window}))
    assert steps
    assert max(steps) <= 600


def test_the_fake_answers_in_the_shape_of_the_real_one() -> None:
    real = capture("prometheus/query_range")["body"]
    assert real["data"]["resultType"] == "matrix"
    assert set(real["data"]["result"][0]) == {"metric", "values"}
    assert isinstance(real["data"]["result"][0]["values"][0][1], str)
    assert isinstance(capture("prometheus/series")["body"]["data"][0]["__name__"], str)

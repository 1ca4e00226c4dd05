"""Proves that a service whose name finds nothing is offered the nearest one there is, once, and that gaps are said."""

from collections.abc import Sequence
from typing import Any

import pytest
from aiohttp import web

from engine.model import Observation
from engine.ports import Question
from engine.sources.loki import LokiSource
from engine.sources.prometheus import PrometheusSource
from engine.team import Service
from tests.contracts.queried import asked
from tests.contracts.source import AMPLE, check, check_safe, question
from tests.engine.sources.backends import FakeLoki, FakePrometheus, Handler, Labels, serve, session

METRIC = {"__name__": "http_requests_total", "code": "200"}
LINES = [(int(question().window.split.timestamp() * 1e9) + 10**9, "ERROR pool exhausted")]
Kind = type[PrometheusSource] | type[LokiSource]


def prometheus(*labels: Labels) -> FakePrometheus:
    return FakePrometheus([{**METRIC, **each} for each in labels], lambda query: [({}, ["0.1", "0.2"])])


def loki(*labels: Labels) -> FakeLoki:
    return FakeLoki([(each, LINES) for each in labels])


def opened(handler: Handler, url: str, client: Any) -> PrometheusSource | LokiSource:
    if isinstance(handler, FakeLoki):
        return LokiSource(url, session=client, patience=AMPLE)
    return PrometheusSource(url, session=client, step=5, patience=AMPLE)


async def notes(handler: Handler, wanted: Question) -> list[Observation]:
    async with serve(handler) as url, session() as client:
        source = opened(handler, url, client)
        seen = list(await source.ask(wanted))
        for each in seen:
            check(each, wanted, source)
        return [each for each in seen if each.kind == "state"]


@pytest.mark.parametrize("fake", [prometheus, loki])
@pytest.mark.parametrize(
    "service, labels, found",
    [
        ("payment-service", {"app": "payment"}, ("app", "payment")),
        ("payment", {"container": "payment-svc"}, ("container", "payment-svc")),
        ("Payment", {"job": "shop/payment"}, ("job", "shop/payment")),
    ],
)
async def test_the_nearest_name_is_offered_with_what_to_write_down(
    fake: Any, service: str, labels: Labels, found: tuple[str, str]
) -> None:
    (note,) = await notes(fake(labels, {"app": "payment-gateway"}), question(service, ()))
    assert note.role == "label_mismatch"
    assert (note.state["label"], note.state["value"]) == found
    assert note.state["tried"].startswith("service, service_name, app")


@pytest.mark.parametrize("fake", [prometheus, loki])
@pytest.mark.parametrize(
    "labels", [{"app": "payment"}, {"job": "shop/payment"}, {"app": "ledger"}, {"x": "payment-svc"}]
)
async def test_a_service_that_is_known_or_has_nothing_near_is_offered_none(fake: Any, labels: Labels) -> None:
    assert await notes(fake(labels), question("payment", ())) == []


async def test_what_was_offered_works_once_it_is_written_down() -> None:
    service = Service(name="payment-service", labels={"app": "payment", "service_name": "pay"})
    wanted = question("payment-service", ()).model_copy(update={"service": service})
    for handler in (prometheus({"app": "payment"}), loki({"app": "payment"})):
        async with serve(handler) as url, session() as client:
            seen = await opened(handler, url, client).ask(wanted)
        assert any(each.count for each in seen)
        assert not any(each.role == "label_mismatch" for each in seen)


async def test_a_service_with_metrics_of_its_own_alone_is_told_to_name_them() -> None:
    fake = FakePrometheus([{"__name__": "orders_shipped", "app": "payment"}], lambda query: [])
    (note,) = await notes(fake, question("payment", ()))
    assert (note.role, note.state["found"]) == ("unknown_metrics", "app=payment")


@pytest.mark.parametrize(
    "warnings, lines",
    [
        (["No StoreAPIs matched for this query", "receive-1: context deadline exceeded"], 2),
        (["PromQL warning: quantile value should be between 0 and 1, got 2"], 0),
        ([], 0),
    ],
)
async def test_a_partial_answer_is_said_once_and_advice_is_not(warnings: Sequence[str], lines: int) -> None:
    fake = prometheus({"app": "payment"})
    fake.warnings = list(warnings)
    found = await notes(fake, question("payment", ()))
    assert [len(each.state["lines"]) for each in found if each.role == "partial"] == ([lines] if lines else [])
    async with serve(fake) as url, session() as client:
        seen = await PrometheusSource(url, session=client, step=5).look_up(asked("up"))
    assert all(each.truncated is bool(lines) for each in seen)


async def test_victoriametrics_says_by_a_flag_that_its_answer_is_partial() -> None:
    fake = prometheus({"app": "payment"})

    async def cluster(request: web.Request) -> web.StreamResponse:
        answer = await fake(request)
        assert isinstance(answer, web.Response)
        body = str(answer.text)
        return web.Response(text=body.replace("{", '{"isPartial": true, ', 1), content_type="application/json")

    (note,) = await notes(cluster, question("payment", ()))
    assert (note.role, note.state["lines"]) == ("partial", ["isPartial"])


@pytest.mark.parametrize("fake", [prometheus, loki])
async def test_examining_says_which_service_is_known_by_another_name(fake: Any) -> None:
    services = [Service(name="coupon"), Service(name="payment-service"), Service(name="ledger")]
    handler = fake({"app": "payment"}, {"service": "coupon"})
    async with serve(handler) as url, session() as client:
        first, second = await opened(handler, url, client).examine(services)
    assert (first.ok, first.phrase.values["known"], second.ok) == (True, 1, False)
    assert second.phrase.values["service"] == "payment-service"
    check_safe(first.phrase)
    check_safe(second.phrase)


async def test_a_prefix_in_the_address_is_kept_in_every_question() -> None:
    fake = prometheus({"app": "payment"})
    paths: set[str] = set()

    async def prefixed(request: web.Request) -> web.StreamResponse:
        paths.add(request.path)
        if not request.path.startswith("/select/0/prometheus/"):
            return web.Response(status=400, text="unsupported path requested\n")
        moved = request.rel_url.with_path(request.path.removeprefix("/select/0/prometheus"))
        return await fake(request.clone(rel_url=moved.with_query(request.rel_url.query)))

    async with serve(prefixed) as url, session() as client:
        source = PrometheusSource(f"{url}/select/0/prometheus/", session=client, step=5, tenant="shop")
        seen = await source.ask(question("payment", ()))
    assert any(each.count for each in seen)
    assert all("/select/0/prometheus/" in each.link for each in seen if each.link)
    assert paths

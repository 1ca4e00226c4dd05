"""Proves that what else fires and what is kept quiet is told as context, inside the team's wall, and never as proof."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from bot.clock import SystemClock
from engine.errors import SourceSilent
from engine.model import Observation
from engine.ports import Question, Source
from engine.sources.alertmanager import AlertmanagerSource
from engine.sources.http import MOST_BYTES
from engine.sources.notes import MOST_LINES
from engine.team import Service
from tests.contracts.source import AMPLE, TOKEN, Condition, SourceContract, check, check_safe, patience_in, question
from tests.engine.executors.test_alertmanager import alertmanager
from tests.engine.sources.backends import Handler, broken, capture, replay, serve, session

OWN = {"alertname": "HighErrorRate", "cluster": "demo", "env": "prod", "region": "cn-east-1", "service": "payment"}
OWN |= {"severity": "critical", "team": "trade"}
MATCHER = {"isEqual": True, "isRegex": False, "name": "service", "value": "payment"}
SILENCE = {**capture("alertmanager/api_v2_silences")["body"][0], "matchers": [MATCHER]}


def firing(labels: dict[str, str], minutes: float = 1.0, **more: Any) -> dict[str, Any]:
    """An alert as Alertmanager gives it, which began so long after the split."""
    began = question().window.split + timedelta(minutes=minutes)
    body = capture("alertmanager/api_v2_alerts")["body"][0]
    fresh = {"labels": labels, "startsAt": began.isoformat(), "fingerprint": f"{abs(hash(str(labels))):x}"}
    return {**body, **fresh, **more}


class FakeAlertmanager:
    """An Alertmanager with these alerts and silences; `asked` keeps the filters that came."""

    def __init__(self, alerts: Sequence[dict[str, Any]] = (), silences: Sequence[dict[str, Any]] = ()) -> None:
        self.alerts, self.silences = alerts, silences
        self.asked: list[str] = []

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        match request.path:
            case "/api/v2/alerts":
                self.asked.append(request.query.get("filter", ""))
                return web.json_response(list(self.alerts))
            case "/api/v2/silences":
                return web.json_response(list(self.silences))
            case "/api/v2/status":
                return replay("alertmanager/api_v2_status")
            case _:
                return web.json_response({"code": 404, "message": f"path {request.path} was not found"}, status=404)


async def captured(request: web.Request) -> web.StreamResponse:
    """An Alertmanager as it was captured while two services failed and one of them was silenced."""
    pages = {"/api/v2/alerts": "api_v2_alerts", "/api/v2/silences": "api_v2_silences"}
    return replay(f"alertmanager/{pages[request.path]}")


@asynccontextmanager
async def over(handler: Handler, patience: float = AMPLE, **options: Any) -> AsyncIterator[AlertmanagerSource]:
    async with serve(handler) as url, session() as opened:
        yield AlertmanagerSource(url, session=opened, token=TOKEN, patience=patience, **options)


async def all_of(handler: Handler, wanted: Question | None = None) -> list[Observation]:
    wanted = wanted or question(labels=OWN)
    async with over(handler) as source:
        seen = list(await source.ask(wanted))
        for each in seen:
            check(each, wanted, source)
            assert each.kind == "state"
        return seen


class TestAlertmanagerSource(SourceContract):
    @asynccontextmanager
    async def source_on(self, condition: Condition) -> AsyncIterator[Source]:
        handlers: dict[str, Handler] = {"working": captured, "empty": FakeAlertmanager()}
        if condition == "unreachable":
            async with session() as opened:
                yield AlertmanagerSource("http://127.0.0.1:1", session=opened, token=TOKEN, patience=AMPLE)
            return
        async with over(handlers.get(condition) or broken(condition), patience_in(condition)) as source:
            yield source


async def test_the_alert_itself_is_not_among_those_that_fire_too() -> None:
    (related, silenced) = await all_of(captured, question("payment", ("checkout",), labels=OWN))
    lines = related.state["lines"]
    assert related.role == "related_alerts"
    assert any("HighErrorRate checkout (critical): checkout 错误率过高" in line for line in lines)
    assert not any("HighErrorRate payment" in line for line in lines)
    assert silenced.role == "silenced"
    (line,) = silenced.state["lines"]
    assert 'bot: 处理中 INC-42 (service="payment")' in line


async def test_of_other_services_only_the_number_is_told() -> None:
    others = [firing({"alertname": "Secret", "service": "ledger"}), firing({"alertname": "Old", "app": "x"}, -60)]
    (seen,) = await all_of(FakeAlertmanager(others))
    assert (seen.role, seen.state["others"]) == ("other_alerts", 1)
    assert "ledger" not in seen.model_dump_json()


async def test_the_nearest_in_time_come_first_and_there_are_never_too_many() -> None:
    alerts = [firing({"alertname": f"A{n}", "app": "payment"}, n) for n in range(40)]
    (seen,) = await all_of(FakeAlertmanager(alerts))
    assert (seen.state["count"], len(seen.state["lines"]), seen.truncated) == (40, MOST_LINES, True)
    # The alert began five minutes after the split.
    assert "A5 " in seen.state["lines"][0]


async def test_a_neighbour_is_known_by_the_labels_of_the_catalogue() -> None:
    wanted = question("payment", (), labels=OWN)
    pool = Service(name="db", labels={"job": "mysql", "env": "prod"})
    alerts = [firing({"alertname": "PoolFull", "job": "mysql", "env": env}) for env in ("prod", "dev")]
    (seen,) = await all_of(FakeAlertmanager(alerts), wanted.model_copy(update={"neighbours": (pool,)}))
    assert (seen.state["count"], seen.state["others"]) == (1, 1)


@pytest.mark.parametrize(
    "changes, touches",
    [
        ({}, True),
        ({"value": "coupon"}, False),
        ({"value": "coupon", "isEqual": False}, False),
        ({"value": "pay.*|order", "isRegex": True}, True),
        ({"value": "order|coupon", "isRegex": True}, False),
        ({"name": "alertname", "value": "HighErrorRate"}, False),
        ({"value": "(a+)+$", "isRegex": True}, False),
        ({"value": ".*.*.*.*.*x", "isRegex": True}, False),
        ({"value": "[", "isRegex": True}, False),
        ({"value": "p" * 5_000, "isRegex": True}, False),
    ],
)
async def test_which_silences_touch_a_service(changes: dict[str, Any], touches: bool) -> None:
    silence = {**SILENCE, "matchers": [{**MATCHER, **changes}]}
    seen = await all_of(FakeAlertmanager([], [silence]))
    assert any(each.role == "silenced" for each in seen) is touches


async def test_a_silence_elsewhere_and_one_that_is_over_touch_nothing() -> None:
    elsewhere = {**SILENCE, "matchers": [MATCHER, {**MATCHER, "name": "env", "value": "dev"}]}
    over_ = {**SILENCE, "status": {"state": "expired"}}
    seen = await all_of(FakeAlertmanager([], [elsewhere, over_]))
    assert [each.role for each in seen] == [""]


async def test_whatever_keeps_an_alert_of_the_service_quiet_is_told() -> None:
    silence = {**SILENCE, "matchers": [{**MATCHER, "name": "severity", "value": "critical"}]}
    quiet = {"state": "suppressed", "silencedBy": [SILENCE["id"]], "inhibitedBy": []}
    alert = firing({"alertname": "PoolFull", "service": "payment"}, status=quiet)
    related, silenced = await all_of(FakeAlertmanager([alert], [silence]))
    assert "(silenced)" in related.state["lines"][0]
    assert 'severity="critical"' in silenced.state["lines"][0]


async def test_too_many_alerts_are_narrowed_to_the_services() -> None:
    fake = FakeAlertmanager([firing({"alertname": "PoolFull", "service": "payment"})])

    async def crowded(request: web.Request) -> web.StreamResponse:
        if request.path == "/api/v2/alerts" and "filter" not in request.query:
            return web.Response(body=b" " * (MOST_BYTES + 1))
        return await fake(request)

    (seen,) = await all_of(crowded)
    assert fake.asked == ['service=~"payment|coupon"']
    assert seen.state["count"] == 1


async def test_silences_that_cannot_be_read_leave_the_alerts() -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>") if request.path == "/api/v2/silences" else await captured(request)

    (related,) = await all_of(half)
    assert related.count


@pytest.mark.parametrize("body", ["", "<html>", "{}", "[7]", '[{"labels": {"a": 1}}]', '[{"labels": {}}]'])
async def test_another_shape_is_silence(body: str) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text=body)

    with pytest.raises(SourceSilent):
        await all_of(answer)


async def test_examining_names_the_version_and_no_configuration() -> None:
    async with over(FakeAlertmanager()) as source:
        (remark,) = await source.examine(())
    assert remark.ok
    assert remark.phrase.values["version"] == capture("alertmanager/api_v2_status")["body"]["versionInfo"]["version"]
    check_safe(remark.phrase)


@pytest.mark.real("alertmanager")
async def test_the_real_one_tells_what_fires_and_what_is_quiet() -> None:
    now = SystemClock().now()
    alerts = [
        {"labels": OWN, "startsAt": now.isoformat()},
        {"labels": {"alertname": "PoolFull", "service": "payment"}, "startsAt": now.isoformat()},
    ]
    ends = (now + timedelta(minutes=5)).isoformat()
    silence = {"matchers": [MATCHER], "startsAt": now.isoformat(), "endsAt": ends, "createdBy": "a", "comment": "b"}
    async with alertmanager() as url, session() as opened:
        for path, body in (("alerts", alerts), ("silences", silence)):
            async with opened.post(f"{url}/api/v2/{path}", json=body) as answer:
                assert answer.status == 200, await answer.text()
        source = AlertmanagerSource(url, session=opened)
        related, silenced = await source.ask(question(labels=OWN))
        (remark,) = await source.examine(())
    assert (related.state["count"], silenced.state["count"], remark.ok) == (1, 1, True)
    assert "PoolFull payment" in json.dumps(related.state)

"""Checks the alert path without real servers: rules, annotations, fingerprints, groups and the webhook."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp import web

from bot.demo.annotations import fill
from bot.demo.fingerprint import fingerprint
from bot.demo.notifier import GROUP_INTERVAL_S, GROUP_WAIT_S, Notifier
from bot.demo.rules import RuleBook, generator_url
from bot.demo.samples import SampleStore, labels_of
from tests.bot.demo.stage import CAPTURES, START, capture, served, shape

WEBHOOKS = sorted(path.stem for path in (CAPTURES / "alertmanager").glob("*.json"))


@pytest.mark.parametrize("name", WEBHOOKS)
def test_fingerprints_are_those_of_alertmanager(name: str) -> None:
    alerts = capture(f"alertmanager/{name}")["body"]["alerts"]
    assert alerts
    for alert in alerts:
        assert fingerprint(alert["labels"]) == alert["fingerprint"]


def test_the_link_to_prometheus_is_written_as_it_writes_it() -> None:
    real = capture("alertmanager/webhook_02_HighErrorRate_firing_1")["body"]["alerts"][0]["generatorURL"]
    query = parse_qs(urlsplit(real).query)["g0.expr"][0]
    assert generator_url("http://127.0.0.1:19090", query) == real


@pytest.mark.parametrize(
    "template, value, expected",
    [
        ("{{ $value | humanizePercentage }}", 0.39644970, "39.64%"),
        ("{{ $value | humanizeDuration }}", 0.4975, "497.5ms"),
        ("{{ $value | humanizeDuration }}", 1.25, "1.25s"),
        ("{{ $value | humanizeDuration }}", 0.0, "0s"),
        ("{{ $value | humanize }}", 1234.5, "1.234k"),
        ("{{ $value }}", 2.5, "2.5"),
        ("{{$labels.service}} {{ $labels.nope }}!", 0.0, "checkout !"),
    ],
)
def test_annotations_are_filled(template: str, value: float, expected: str) -> None:
    assert fill(template, {"service": "checkout"}, value) == expected


def test_a_template_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="does not know"):
        fill('{{ query "up" }}', {}, 0)


class Street:
    """A payment service of which every request after `breaks` fails, watched by the shipped rules."""

    def __init__(self) -> None:
        self.store, self.rules, self.counts = SampleStore(), RuleBook(), {"200": 0.0, "503": 0.0}
        self.at = START

    def second(self, failing: bool) -> None:
        self.at += 1
        self.counts["503" if failing else "200"] += 20
        rows = [
            (labels_of({"__name__": "http_requests_total", "service": "payment-service", "code": code}), count)
            for code, count in self.counts.items()
        ]
        self.store.write("street", round(self.at * 1000), rows)
        self.rules.evaluate(self.store, self.at)

    def states(self) -> dict[str, str]:
        return {dict(alert.labels)["alertname"]: alert.state for alert in self.rules.sent()}


def test_an_alert_waits_fires_and_resolves() -> None:
    street = Street()
    for _ in range(15):
        street.second(failing=False)
    assert street.states() == {"Watchdog": "firing"}
    street.second(failing=True)
    pending = [alert for alert in street.rules.active_described() if alert["state"] == "pending"]
    assert len(pending) == 1
    street.second(failing=True)
    assert street.states()["HighErrorRate"] == "firing"
    for _ in range(12):
        street.second(failing=False)
    assert street.states()["HighErrorRate"] == "inactive"
    street.second(failing=True)
    street.second(failing=True)
    assert street.states()["HighErrorRate"] == "firing"


def test_an_alert_body_has_the_shape_of_the_real_api() -> None:
    street = Street()
    for second in range(20):
        street.second(failing=second > 15)
    [alert] = [each for each in street.rules.active_described() if "service" in dict(each["labels"])]  # type: ignore[call-overload]
    real = capture("prometheus/alerts_firing")["body"]["data"]["alerts"][0]
    assert set(alert) == set(real)
    assert "超过 2%" in str(alert["annotations"])


def test_the_shipped_rules_use_plain_metrics_and_say_who_and_how_bad() -> None:
    for rule in RuleBook().rules():
        assert ":" not in rule.query.replace("service:", "")
        assert {"severity", "env", "team"} <= set(rule.labels)
        assert any("一" <= sign <= "鿿" for sign in rule.annotations["summary"])


class Receiver:
    """Takes webhooks and answers what it is told to."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[int] = []

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/alerts/alertmanager", self.take)
        return app

    async def take(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.json())
        self.headers.append(dict(request.headers))
        return web.Response(status=self.answers.pop(0) if self.answers else 200)


async def flush(notifier: Notifier, session: aiohttp.ClientSession, now: float) -> list[bool]:
    return [await notifier.send(session, group, now) for group in notifier.due(now)]


async def test_the_webhook_has_the_shape_of_the_real_one_and_news_is_sent_once() -> None:
    street, receiver = Street(), Receiver()
    async with served(receiver.application()) as (address, session):
        notifier = Notifier(street.rules, "http://127.0.0.1:9090", f"{address}/alerts/alertmanager", "secret")
        for second in range(20):
            street.second(failing=second > 15)
            notifier.due(street.at - GROUP_WAIT_S)
        assert await flush(notifier, session, street.at + GROUP_WAIT_S) == [True, True]
        assert await flush(notifier, session, street.at + GROUP_WAIT_S + GROUP_INTERVAL_S) == []
        for _ in range(12):
            street.second(failing=False)
        assert await flush(notifier, session, street.at) == [True]
        assert await flush(notifier, session, street.at + GROUP_INTERVAL_S) == []
    firing = next(body for body in receiver.bodies if body["groupLabels"])
    real = capture("alertmanager/webhook_02_HighErrorRate_firing_1")["body"]
    assert set(firing) == set(real)
    assert set(firing["alerts"][0]) == set(real["alerts"][0])
    assert {**shape(firing), **dict.fromkeys(("alerts", "groupLabels", "commonLabels", "commonAnnotations"))} == {
        **shape(real),
        **dict.fromkeys(("alerts", "groupLabels", "commonLabels", "commonAnnotations")),
    }
    assert firing["groupKey"] == '{}:{service="payment-service"}'
    assert firing["alerts"][0]["endsAt"] == "0001-01-01T00:00:00Z"
    assert {headers["Authorization"] for headers in receiver.headers} == {"Bearer secret"}
    resolved = receiver.bodies[-1]
    assert (resolved["status"], resolved["alerts"][0]["status"]) == ("resolved", "resolved")
    assert resolved["alerts"][0]["startsAt"] == firing["alerts"][0]["startsAt"]
    assert resolved["alerts"][0]["endsAt"] > resolved["alerts"][0]["startsAt"]


async def test_a_5xx_is_tried_again_and_a_4xx_waits_for_the_next_interval() -> None:
    street, receiver = Street(), Receiver()
    street.second(failing=False)
    async with served(receiver.application()) as (address, session):
        notifier = Notifier(street.rules, "http://127.0.0.1:9090", f"{address}/alerts/alertmanager", "")
        notifier.due(street.at - GROUP_WAIT_S)
        receiver.answers = [503, 200]
        assert await flush(notifier, session, street.at) == [True]
        assert len(receiver.bodies) == 2
        later = street.at + 60
        receiver.answers = [429]
        assert await flush(notifier, session, later) == [False]
        assert await flush(notifier, session, later + 1) == []
        assert await flush(notifier, session, later + GROUP_INTERVAL_S) == [True]


def test_a_rule_that_cannot_be_evaluated_says_so(tmp_path: Path) -> None:
    file = tmp_path / "rules.yml"
    file.write_text("groups: [{name: g, rules: [{alert: A, expr: 'deriv(x[1m]) > 0'}]}]", encoding="utf-8")
    book = RuleBook(file)
    book.evaluate(SampleStore(), START)
    [group] = book.described()
    assert "deriv() is not supported" in str(group["rules"])

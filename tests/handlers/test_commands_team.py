"""Checks what a whole team sees and asks for in a room, in both languages, and that another team sees none of it."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cards.model import Button, Buttons, Card, Chart
from cards.render.text import render
from engine.errors import ExecutorRefused, SourceSilent
from engine.model import Change, LogLine, Observation, Phrase, Span
from engine.ports import Query, Question
from engine.team import Lesson, Policy, Service, Team
from handlers.front_door import FrontDoor
from handlers.inbound import Answer, ButtonPressed, CommandTyped, MessageSaid, Place
from handlers.queries import MOST_LINES, understood
from handlers.saved import EVERYWHERE
from handlers.silences import understood as silenced
from handlers.silences import written
from handlers.telemetry import Telemetry
from tests.fakes.silencer import FakeSilencer
from tests.fakes.sources import FakeQueried, FakeSource
from tests.handlers.house import Scene
from tests.handlers.test_alerts_in import one, webhook

BOTH = pytest.mark.parametrize("language", ["zh", "en"])


def read(answer: Answer) -> str:
    """What the card of an answer says; no key may be left unsaid."""
    assert answer.card is not None, answer
    text = " ".join(str(render(answer.card).body).split())
    for key in (
        "[overview",
        "[column",
        "[button",
        "[fact",
        "[command",
        "[error",
        "[monitor",
        "[query",
        "[silence",
        "[kind",
    ):
        assert key not in text, text
    return text


def pressable(card: Card | None) -> list[tuple[str, dict[str, str]]]:
    """Every button on a card, as (action, value)."""
    assert card is not None
    rows = [block for block in card.blocks if isinstance(block, Buttons)]
    return [(b.action, b.value) for row in rows for b in row.buttons if isinstance(b, Button)]


def word(language: str, chinese: str, english: str) -> str:
    return chinese if language == "zh" else english


# --- approvals ---


@BOTH
async def test_what_waits_is_shown_with_its_buttons_to_who_may_decide(language: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    request = await scene.asked(incident)
    answer = await scene.type("bob", "", word(language, "待审批", "approvals"))
    text = read(answer)
    for said in (incident, request.id, "rollback_canary", scene.words.moment(request.expires_at)):
        assert said in text
    value = {"incident": incident, "approval": request.id}
    assert ("approve", value) in pressable(answer.card)
    assert ("reject", value) in pressable(answer.card)
    form = (await scene.press("bob", "approve", **value)).form
    assert form is not None
    await scene.send("bob", "approve", form.value, word="CONFIRM_EXECUTE", reason="")
    assert (await scene.state(incident)).proposals[request.plan.id].decision is not None
    empty = await scene.type("bob", "", "approvals")
    assert scene.words.text("overview.no_approvals") in read(empty)


@BOTH
async def test_who_may_not_decide_sees_what_waits_without_buttons(language: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    await scene.asked(incident, requester="alice")
    for who in ("vic", "rita", "alice"):
        answer = await scene.type(who, "", "approvals")
        assert incident in read(answer)
        assert scene.words.text("overview.none_for_you") in read(answer)
        assert not [action for action, _ in pressable(answer.card) if action in ("approve", "reject")]
    assert "approve" in dict(pressable((await scene.type("bob", "", "approvals")).card))


async def test_a_held_approval_offers_to_lift_the_hold() -> None:
    scene = Scene()
    incident = await scene.incident()
    await scene.asked(incident)
    await scene.type("alice", incident, "hold rollback")
    actions = dict(pressable((await scene.type("bob", "", "approvals")).card))
    assert "lift" in actions
    assert "approve" not in actions


async def test_more_approvals_than_fit_are_counted_and_linked() -> None:
    scene = Scene()
    for _ in range(11):
        await scene.asked(await scene.incident())
    answer = await scene.type("alice", "", "approvals")
    assert len([action for action, _ in pressable(answer.card) if action == "approve"]) == 8
    assert scene.words.text("overview.more_approvals", n=3) in read(answer)


# --- services and home ---


@BOTH
async def test_services_say_what_is_open_about_them(language: str) -> None:
    scene = Scene(language)
    quiet = read(await scene.type("vic", "", word(language, "服务列表", "services")))
    assert "payment" in quiet
    assert scene.words.text("overview.quiet") in quiet
    incident = await scene.incident()
    text = read(await scene.type("vic", "", "services"))
    assert incident in text
    assert "P1" in text


@BOTH
async def test_home_sums_up_and_its_buttons_lead_on(language: str) -> None:
    scene = Scene(language)
    assert scene.words.text("overview.nothing_open") in read(await scene.type("bob", "", "home"))
    incident = await scene.incident()
    request = await scene.asked(incident)
    answer = await scene.type("bob", "", word(language, "总览", "home"))
    text = read(answer)
    for said in (incident, request.id, "payment", "PaymentErrors"):
        assert said in text
    actions = [action for action, _ in pressable(answer.card)]
    assert {"approve", "reject", "home", "approvals", "services"} <= set(actions)
    for action in ("home", "approvals", "services"):
        assert read(await scene.press("vic", action, ""))


@BOTH
@pytest.mark.parametrize("text", ["approvals", "services", "home"])
async def test_another_team_sees_nothing_of_it(language: str, text: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    request = await scene.asked(incident)
    for answer in (await scene.type("eve", "", text), await scene.press("eve", text, "")):
        seen = read(answer)
        for secret in (incident, request.id, "payment", "PaymentErrors"):
            assert secret not in seen
    stranger: Any = await scene.type("mallory", "", text)
    assert incident in read(stranger), "whoever is in the team's room may look"


# --- live figures ---


def measured(question: Question) -> list[Observation]:
    """What a service measures: it does worse in the newest minutes."""
    window = question.window
    early, late = window.start.timestamp(), window.split.timestamp()

    def series(role: str, before: float, now: float) -> Observation:
        points = tuple((early + 60.0 * n, before) for n in range(50)) + tuple((late + 60.0 * n, now) for n in range(5))
        return Observation(
            source="prometheus",
            kind="metric",
            service=question.service.name,
            query=f"{role} of {question.service.name}",
            window=window,
            role=role,
            points=points,
            count=len(points),
            link="http://127.0.0.1:9090/graph",
        )

    return [series("traffic", 30, 35), series("error_ratio", 0.01, 0.2), series("latency_p95", 0.1, 0.3)]


def complained(question: Question) -> list[Observation]:
    line = LogLine(at=question.window.end, service="payment", level="error", message="pool exhausted password=••••")
    return [
        Observation(
            source="loki",
            kind="log",
            service=question.service.name,
            query='{app="payment"}',
            window=question.window,
            lines=(line,),
            count=1,
        )
    ]


def deployed(question: Question) -> list[Observation]:
    change = Change(id="d1", service="payment", kind="deploy", at=question.window.end, version="v2.3.1", by="ci")
    return [
        Observation(
            source="releases",
            kind="change",
            service="payment",
            query="GET /deployments",
            window=question.window,
            changes=(change,),
            count=1,
        )
    ]


def silent(question: Question) -> list[Observation]:
    raise SourceSilent(Phrase(word="evidence.silent.unreachable", values={"source": "loki", "host": "127.0.0.1:3100"}))


@dataclass
class FakeBoard:
    """Cards by team, room and name."""

    cards: dict[tuple[str, str, str], Card] = field(default_factory=dict)

    async def hang(self, team: Team, room: str, name: str, card: Card) -> bool:
        before = (team.id, room, name) in self.cards
        self.cards[team.id, room, name] = card
        return before


def watched(language: str = "en", board: FakeBoard | None = None, **sources: Any) -> Scene:
    """A scene whose house has sources, and a board in its room."""
    scene = Scene(language)
    kinds = {
        "metrics": (FakeSource(measured, "prometheus"),),
        "logs": (FakeSource(complained, "loki"),),
        "changes": (FakeSource(deployed, "releases"),),
    }
    scene.house = replace(scene.house, telemetry=lambda team: Telemetry(**{**kinds, **sources}), board=board)
    scene.door = FrontDoor(scene.house)
    return scene


@BOTH
async def test_a_monitor_shows_figures_against_what_is_promised(language: str) -> None:
    scene = watched(language)
    incident = await scene.incident()
    answer = await scene.type("vic", "", word(language, "监控 payment", "monitor payment"))
    text = read(answer)
    said = ("20 %", "1 %", "300 ms", "35/s", "v2.3.1", incident, scene.words.text("monitor_card.broken"))
    for part in said:
        assert part in text, part
    assert answer.card is not None
    assert answer.card.tone == "bad"
    charts = [block for block in answer.card.blocks if isinstance(block, Chart)]
    assert [len(chart.points) for chart in charts] == [55, 55, 55]
    assert all(chart.marks for chart in charts)
    assert ("monitor", {"service": "payment"}) in pressable(answer.card)


async def test_a_monitor_hangs_in_the_room_and_is_edited_in_place() -> None:
    board = FakeBoard()
    scene = watched(board=board)
    assert scene.words.text("monitor_card.hung", summary="") in scene.heard(
        await scene.type("vic", "", "monitor payment")
    )
    again = await scene.press("rita", "monitor", "", service="payment")
    assert scene.words.text("monitor_card.refreshed", summary="") in scene.heard(again)
    ((place, card),) = board.cards.items()
    assert place == ("trade", "console:trade", "monitor:payment/console:trade")
    assert "20 %" in str(render(card).body)
    incident = await scene.incident()
    assert (await scene.type("vic", incident, "monitor")).card is not None, (
        "in a thread the incident's service is meant"
    )


@BOTH
async def test_a_monitor_says_which_source_is_silent_and_when_there_is_none(language: str) -> None:
    scene = watched(language, logs=(FakeSource(silent, "loki"),))
    text = read(await scene.type("vic", "", "monitor payment"))
    assert "127.0.0.1:3100" in text
    bare = Scene(language)
    assert bare.words.text("evidence_card.no_source") in read(await bare.type("vic", "", "monitor payment"))
    for wrong in ("monitor", "monitor nosuch"):
        answer = await scene.type("vic", "", wrong)
        assert answer.tone == "refused"
        assert "payment" in scene.heard(answer)


async def test_services_and_home_know_changes_and_figures() -> None:
    scene = watched()
    services = read(await scene.type("vic", "", "services"))
    assert "deploy v2.3.1" in services
    home = read(await scene.type("vic", "", "home"))
    assert "20 %" in home
    assert scene.words.text("overview.breaks_promise") in home


async def test_another_team_does_not_see_a_service_of_this_one() -> None:
    metrics = FakeSource(measured, "prometheus")
    scene = watched(metrics=(metrics,), board=FakeBoard())
    for text in ("monitor payment", "query logs payment", "query traces payment", 'query up{service="payment"}'):
        answer = await scene.type("eve", "", text)
        assert answer.tone == "refused", text
        assert answer.card is None
    assert (await scene.press("eve", "monitor", "", service="payment")).tone == "refused"
    assert not metrics.asked


# --- by hand ---


def series(query: Query) -> list[Observation]:
    rows = ({"service": "payment"}, {"service": "ledger"}, {"service": "stock"})
    start = query.window.start.timestamp()
    return [
        Observation(
            source="prometheus",
            kind="metric",
            service="",
            query=query.text,
            window=query.window,
            labels=labels,
            points=((start, 1.0), (start + 60, 2.5)),
            count=2,
            link="http://127.0.0.1:9090/graph?g0.expr=up",
        )
        for labels in rows
    ]


def lines(query: Query) -> list[Observation]:
    assert query.service is not None
    line = LogLine(at=query.window.end, service="payment", level="error", message="<!channel> pool exhausted")
    return [
        Observation(
            source="loki",
            kind="log",
            service="payment",
            query=f'{{app="{query.service.name}"}} {query.text}',
            window=query.window,
            lines=(line,),
            count=1,
        )
    ]


def spans(query: Query) -> list[Observation]:
    assert query.service is not None
    start = query.window.start
    found = (
        Span(trace_id="t1", span_id="a", service="payment", operation="POST /pay", start=start, duration=0.4),
        Span(
            trace_id="t1",
            span_id="b",
            parent_id="a",
            service="payment",
            operation="SELECT",
            start=start,
            duration=0.3,
            error=True,
            message="no connection",
        ),
    )
    return [
        Observation(
            source="jaeger",
            kind="trace",
            service="payment",
            query="service=payment",
            window=query.window,
            spans=found,
            count=2,
        )
    ]


def by_hand(language: str = "en") -> tuple[Scene, dict[str, FakeQueried]]:
    sources = {
        "metric": FakeQueried(series, "metric", "prometheus"),
        "log": FakeQueried(lines, "log", "loki"),
        "trace": FakeQueried(spans, "trace", "jaeger"),
    }
    scene = watched(language, by_hand=tuple(sources.values()))
    supply = scene.teams.teams["supply"]
    stock = {"stock": Service(name="stock")}
    scene.teams.teams["supply"] = supply.model_copy(update={"services": stock})
    return scene, sources


@BOTH
async def test_an_expression_is_asked_as_it_was_typed(language: str) -> None:
    scene, sources = by_hand(language)
    typed = 'sum by (service) (rate(http_requests_total{code=~"5.."}[5m])) > 0.02'
    text = read(await scene.type("vic", "", word(language, f"查询 {typed} 最近 2h", f"query {typed} last 2h")))
    (asked,) = sources["metric"].asked
    assert asked.text == typed
    assert (asked.window.end - asked.window.start).total_seconds() == 7_200
    for part in (typed, "service=payment", "2.5", scene.words.moment(asked.window.start)):
        assert part in text
    assert "service=stock" not in text, "a series of another team's service"
    assert scene.words.text("query_card.left_out", n=1) in text


@BOTH
@pytest.mark.parametrize(
    "chinese, english, kind, minutes",
    [
        ("查询 up", "query up", "metric", 15),
        ("查询 prom up", "query prom up", "metric", 15),
        ("查询 错误率 payment", "query errors payment", "metric", 15),
        ("查询 指标 up 最近 30m", "query metrics up last 30m", "metric", 30),
        ("查询 up 过去 1 小时", "query up past 1h", "metric", 60),
        ("查询 日志 payment", "query logs payment", "log", 60),
        ("查询 链路 payment", "query traces payment", "trace", 60),
    ],
)
async def test_a_question_looks_back_as_far_as_usual_or_as_it_says(
    language: str, chinese: str, english: str, kind: str, minutes: int
) -> None:
    scene, sources = by_hand(language)
    assert read(await scene.type("vic", "", word(language, chinese, english)))
    (asked,) = sources[kind].asked
    assert asked.window.end - asked.window.start == timedelta(minutes=minutes)
    assert asked.text in ("", "up") or "http_requests_total" in asked.text


@BOTH
async def test_logs_and_traces_are_asked_for_a_service(language: str) -> None:
    scene, sources = by_hand(language)
    text = read(await scene.type("vic", "", word(language, "查询 日志 payment 连接池", "query logs payment 连接池")))
    assert sources["log"].asked[0].text == "连接池"
    assert "pool exhausted" in text
    text = read(await scene.type("vic", "", word(language, "查询 链路 payment", "query traces payment")))
    assert sources["trace"].asked[0].text == ""
    for part in ("POST /pay", "400 ms", "no connection"):
        assert part in text


async def test_in_a_thread_a_query_is_about_its_service_and_is_written_down() -> None:
    scene, sources = by_hand()
    incident = await scene.incident()
    assert read(await scene.type("vic", incident, "query logs refused last 30m"))
    (asked,) = sources["log"].asked
    assert (asked.service, asked.text) == (scene.team.services["payment"], "refused")
    (entry,) = await scene.entries(incident, "query.asked")
    assert (entry.actor, entry.body["source"], entry.body["count"]) == ("vic", "loki", 1)


@BOTH
async def test_a_button_asks_as_if_it_had_been_typed(language: str) -> None:
    scene, sources = by_hand(language)
    incident = await scene.incident()
    answer = await scene.press("vic", "query", incident, ask="logs payment")
    assert "pool exhausted" in read(answer)
    assert sources["log"].asked[0].service == scene.team.services["payment"]
    (entry,) = await scene.entries(incident, "query.asked")
    assert entry.actor == "vic"
    typed = await scene.press("vic", "query", incident, ask="metrics sum(rate(x[5m]))")
    assert sources["metric"].asked[0].text == "sum(rate(x[5m]))"
    assert read(typed)
    assert (await scene.press("vic", "query", incident)).tone == "refused"
    assert (await scene.press("vic", "query", incident, ask="logs stock")).tone == "refused", "another team's"


@BOTH
@pytest.mark.parametrize(
    "text", ["query", "query logs", "query logs nosuch error", "query traces", 'query up{app="stock"}']
)
async def test_a_question_nobody_can_answer_is_refused_clearly(language: str, text: str) -> None:
    scene, sources = by_hand(language)
    answer = await scene.type("vic", "", text)
    assert answer.tone == "refused"
    assert scene.heard(answer)
    assert not any(source.asked for source in sources.values())


@BOTH
@pytest.mark.parametrize(
    "chinese, english, level, limit, words",
    [
        ("查询 日志 payment 级别=错误 行数=100", "query logs payment level=error lines=100", "error", 100, ""),
        (
            "查询 日志 payment 行数=１ 连接池 级别＝警告 最近 2h",
            "query logs payment lines=1 pool level=WARN last 2h",
            "warn",
            1,
            "",
        ),
        ("查询 日志 级别=全部 payment", "query logs level=all payment", "all", 40, ""),
        ("查询 日志 payment 错误=级别", "query logs payment my-level=error", "all", 40, "my-level=error"),
    ],
)
async def test_logs_are_narrowed_by_level_and_number(
    language: str, chinese: str, english: str, level: str, limit: int, words: str
) -> None:
    scene, sources = by_hand(language)
    assert read(await scene.type("vic", "", word(language, chinese, english)))
    (asked,) = sources["log"].asked
    assert (asked.level, asked.limit) == (level, limit)
    assert asked.service == scene.team.services["payment"]
    if words and language == "en":
        assert asked.text == words


@BOTH
@pytest.mark.parametrize(
    "text", ["level=loud", "level=", "lines=0", "lines=201", "lines=-3", "lines=many", "lines=²", "级别=大声", "行数="]
)
async def test_a_filter_that_is_none_is_said_and_nothing_is_asked(language: str, text: str) -> None:
    scene, sources = by_hand(language)
    answer = await scene.type("vic", "", f"query logs payment {text}")
    assert answer.tone == "refused"
    assert scene.heard(answer)
    assert not sources["log"].asked


@pytest.mark.parametrize(
    "typed, text, minutes",
    [
        ("prom up 30m", "up", 30),
        ("sum(up) by (pod) 2h", "sum(up) by (pod)", 120),
        ('up{a="b"} 90 m', 'up{a="b"}', 90),
        ("supply_or 5m", "supply_or", 5),
        ("up 10s", "up 10s", 15),
        ("sum(up) offset 5m", "sum(up) offset 5m", 15),
        ("up > 30m", "up > 30m", 15),
        ("up and 5m", "up and 5m", 15),
        ("logs payment timeout 30m", "payment timeout 30m", 60),
    ],
)
def test_a_time_behind_an_expression_says_how_far_back(typed: str, text: str, minutes: int) -> None:
    asked = understood(typed)
    assert asked is not None
    assert (asked.text, asked.back) == (text, timedelta(minutes=minutes))


@given(st.text(max_size=60))
def test_whatever_is_typed_narrows_within_bounds(text: str) -> None:
    asked = understood(f"logs payment {text}")
    assert asked is not None
    assert 0 <= asked.limit <= MOST_LINES


@BOTH
async def test_what_is_wrong_with_a_question_is_said_and_a_stranger_asks_nothing(language: str) -> None:
    scene = watched(language, by_hand=(FakeQueried(misunderstood),))
    answer = await scene.type("vic", "", "query sum((")
    assert answer.tone == "refused"
    assert "unclosed left parenthesis" in scene.heard(answer)
    assert (await scene.type("mallory", "", "query up")).tone == "refused"
    bare = Scene(language)
    assert (await bare.type("vic", "", "query up")).tone == "refused"


@BOTH
async def test_a_saved_query_is_asked_by_its_name(language: str) -> None:
    asked: list[str] = []

    def noted(query: Query) -> list[Observation]:
        asked.append(query.text)
        return series(query)

    scene = watched(language, by_hand=(FakeQueried(noted, "metric", "prometheus"),))
    incident = await scene.incident()
    assert read(await scene.type("vic", "", word(language, "查询 错误率 payment", "query errors payment")))
    assert read(await scene.type("vic", incident, "query latency last 2h"))
    assert asked[0].startswith('sum(rate(http_requests_total{service="payment",code=~"5.."}[5m]))')
    assert asked[1].startswith("histogram_quantile(0.95,")
    listed = read(await scene.type("vic", incident, word(language, "查询 常用", "query saved")))
    assert "errors payment" in listed
    assert "logs payment ERROR" in listed
    everywhere = read(await scene.type("vic", "", word(language, "查询 常用", "query saved")))
    for line in (*EVERYWHERE, "saved payment"):
        assert line in everywhere
    assert (await scene.type("vic", "", "query saved nosuch")).tone == "refused"


async def test_the_second_store_of_traces_is_asked_where_the_first_holds_none() -> None:
    def none(query: Query) -> list[Observation]:
        return [each.model_copy(update={"spans": (), "count": 0}) for each in spans(query)]

    jaeger, tempo = FakeQueried(none, "trace", "jaeger"), FakeQueried(spans, "trace", "tempo")
    broken = FakeQueried(misunderstood, "trace", "broken")
    for order, source in (((jaeger, tempo), "tempo"), ((tempo, jaeger), "tempo"), ((broken, jaeger), "jaeger")):
        scene = watched(by_hand=order)
        answer = await scene.type("vic", "", "query traces payment")
        assert source in read(answer)


def misunderstood(query: Query) -> list[Observation]:
    values = {"source": "prometheus", "host": "127.0.0.1:9090", "detail": "unclosed left parenthesis"}
    raise SourceSilent(Phrase(word="evidence.silent.query", values={**values}))


@given(st.text(max_size=60))
def test_whatever_is_asked_is_understood_or_not(text: str) -> None:
    asked = understood(text)
    assert asked is None or (asked.back.total_seconds() >= 60 and len(asked.text) <= len(text))


# --- silences ---


def quietened(language: str = "en", silencer: Any = None) -> tuple[Scene, FakeSilencer]:
    scene = Scene(language)
    kept = silencer or FakeSilencer()
    scene.house = replace(scene.house, silencer=kept)
    scene.door = FrontDoor(scene.house)
    return scene, kept


async def alerted(scene: Scene, **labels: str) -> str:
    (incident,) = (await scene.alerts(webhook(one(**labels)))).incidents
    return incident


@BOTH
@pytest.mark.parametrize("this", ["", "this alert "])
async def test_an_alert_is_silenced_for_a_while_and_a_reason(language: str, this: str) -> None:
    scene, silencer = quietened(language)
    incident = await alerted(scene)
    typed = word(language, "静默 2 小时 发布中", f"silence 2h {this}rollout under way")
    answer = await scene.type("rita", incident, typed)
    ((id, hush),) = silencer.silences.items()
    alert = (await scene.state(incident)).alert
    assert alert is not None
    assert {m.name: m.value for m in hush.matchers} == {k: v for k, v in alert.labels.items() if v}
    assert hush.ends_at - scene.clock.now() == timedelta(hours=2)
    reason = word(language, "发布中", "rollout under way")
    assert (hush.by, hush.comment) == ("Rita", f"{reason} ({incident}, Tocsin)")
    text = read(answer)
    for part in (id, reason, "Rita", scene.words.moment(hush.ends_at), silencer.link(id)):
        assert part in text
    (entry,) = await scene.entries(incident, "silence.set")
    assert (entry.actor, entry.body["silence"], entry.body["reason"]) == ("rita", id, reason)
    assert reason in scene.words.say((await scene.state(incident)).says[-1].phrase)
    assert ("unsilence", {"incident": incident, "silence": id}) in pressable(answer.card)


@BOTH
async def test_a_silence_is_ended_by_word_or_button_once(language: str) -> None:
    scene, silencer = quietened(language)
    incident = await alerted(scene)
    await scene.type("rita", incident, "silence 30m this alert disk swap")
    (id,) = silencer.silences
    assert (await scene.type("alice", incident, word(language, "取消静默", "unsilence"))).tone == "ok"
    assert silencer.ended == {id}
    assert (await scene.press("alice", "unsilence", incident, silence=id)).tone == "refused"
    assert [e.actor for e in await scene.entries(incident, "silence.lifted")] == ["alice"]
    await scene.type("rita", incident, "silence 30m this alert again")
    await scene.later(31)
    assert (await scene.type("rita", incident, "unsilence")).tone == "refused", "its time is over"


async def test_labels_are_kept_inside_the_team() -> None:
    scene, silencer = quietened()
    incident = await alerted(scene)
    await scene.type("rita", incident, 'silence 1d alertname=DiskFull,instance=~"db-[12]" env!=dev disks are swapped')
    (hush,) = silencer.silences.values()
    assert [written(m) for m in hush.matchers] == [
        'alertname="DiskFull"',
        'instance=~"db-[12]"',
        'env!="dev"',
        'team="trade"',
    ]
    for beyond in ("team=supply", "team=~.*", "team!=trade", "alertname=X team=~trade|supply"):
        assert (await scene.type("rita", incident, f"silence 1h {beyond} nosy")).tone == "refused", beyond
    assert len(silencer.silences) == 1


@BOTH
@pytest.mark.parametrize(
    "text", ["silence", "silence 2h", "silence reason without a time", "silence 8d too long", "静默"]
)
async def test_a_silence_needs_a_time_and_a_reason(language: str, text: str) -> None:
    scene, silencer = quietened(language)
    answer = await scene.type("rita", await alerted(scene), text)
    assert answer.tone == "refused"
    assert scene.heard(answer)
    assert not silencer.silences


async def test_who_may_only_look_silences_nothing_and_neither_does_a_held_or_forbidden_team() -> None:
    scene, silencer = quietened()
    incident = await alerted(scene)
    assert (await scene.type("vic", incident, "silence 2h because")).tone == "refused"
    assert (await scene.type("eve", incident, "silence 2h because")).tone == "refused"
    await scene.type("alice", incident, "hold")
    held = await scene.type("rita", incident, "silence 2h because")
    assert "Alice" in scene.heard(held)
    await scene.type("alice", incident, "lift")
    scene.teams.teams["trade"] = scene.team.model_copy(update={"policy": Policy(forbidden=("silence",))})
    assert (await scene.type("rita", incident, "silence 2h because")).tone == "refused"
    assert not silencer.silences


@BOTH
async def test_what_alertmanager_refuses_is_said_and_written_down(language: str) -> None:
    trouble = ExecutorRefused(Phrase(word="error.alertmanager_unreachable"))
    scene, silencer = quietened(language, FakeSilencer(trouble))
    incident = await alerted(scene)
    answer = await scene.type("rita", incident, "silence 2h because")
    assert answer.tone == "refused"
    assert "TOCSIN_ALERTMANAGER__URL" in scene.heard(answer)
    assert [e.kind for e in await scene.entries(incident) if e.kind.startswith("silence")] == [
        "silence.asked",
        "silence.failed",
    ]
    bare = Scene(language)
    assert (await bare.type("rita", await bare.incident(), "silence 2h because")).tone == "refused"
    manual = await scene.incident()
    assert (await scene.type("rita", manual, "silence 2h because")).tone == "refused"
    assert not silencer.silences


@given(st.text(max_size=80))
def test_whatever_is_to_be_silenced_is_understood_or_not(text: str) -> None:
    wanted = silenced(f"2h {text}")
    assert wanted is None or wanted.reason


# --- what the team keeps ---


@BOTH
async def test_a_note_of_the_room_is_kept_shown_and_forgotten(language: str) -> None:
    scene = Scene(language)
    said = word(language, "记住 payment: 周五下午不发布", "remember payment: no releases on Friday afternoons")
    offer = await scene.type("rita", "", said)
    assert "Rita" in read(offer)
    value = dict(pressable(offer.card))["remember"]
    assert not await scene.store.memory.kept("trade"), "an offer is not kept yet"
    for _ in range(2):
        assert (await scene.press("alice", "remember", "", **value)).tone == "ok"
    (lesson,) = await scene.store.memory.kept("trade", "habit")
    assert (lesson.service, lesson.taught_by, lesson.rule) == ("payment", "rita", {})
    shelf = await scene.type("vic", "", word(language, "团队习惯", "habits"))
    for part in (lesson.id, lesson.text, "Rita"):
        assert part in read(shelf)
    assert (await scene.type("vic", "", f"forget {lesson.id}")).tone == "refused"
    assert (await scene.press("rita", "forget", "", lesson=lesson.id)).tone == "ok"
    assert not await scene.store.memory.kept("trade")
    assert (await scene.type("rita", "", f"forget {lesson.id}")).tone == "refused"


@BOTH
async def test_a_note_of_a_thread_goes_the_way_of_all_lessons_and_comes_again_with_the_alert(language: str) -> None:
    scene = Scene(language)
    incident = await alerted(scene)
    offer = await scene.type("rita", incident, word(language, "记住 先看连接池", "remember look at the pool first"))
    value = dict(pressable(offer.card))["keep"]
    assert (await scene.press("alice", "keep", **value)).tone == "ok"
    (entry,) = await scene.entries(incident, "memory.learned")
    assert entry.actor == "alice"
    (lesson,) = await scene.store.memory.recall("trade", "payment", alert="Errors")
    assert lesson.incident == incident
    assert (await scene.type("rita", "", f"forget {lesson.id}")).tone == "ok"
    taught = (await scene.state(incident)).lessons[lesson.id]
    assert (taught.state, taught.by) == ("dropped", "rita")
    assert not await scene.store.memory.kept("trade")


@BOTH
async def test_runbooks_are_listed_and_shown_in_full(language: str) -> None:
    scene = Scene(language)
    assert scene.words.text("kept_card.no_runbook") in read(await scene.type("vic", "", "runbooks"))
    incident = await alerted(scene)
    lesson = Lesson(
        id="les_0000000a",
        kind="runbook",
        title=Phrase(word="lesson.runbook.title", values={"service": "payment"}),
        lines=(Phrase(word="lesson.runbook.detect", values={"alert": "Errors", "service": "payment"}),),
        incident=incident,
        service="payment",
        taught_by="alice",
        at=scene.clock.now(),
    )
    await scene.store.memory.keep("trade", lesson)
    listed = read(await scene.type("vic", "", word(language, "运维手册", "runbooks")))
    assert lesson.id in listed
    assert "Alice" in listed
    assert "skill_id" in read(await scene.type("vic", "", f"runbooks {lesson.id}"))
    assert (await scene.type("vic", "", "runbooks les_ffffffff")).tone == "refused"
    assert (await scene.type("rita", "", f"forget {lesson.id}")).tone == "ok"


async def test_what_a_team_keeps_is_its_own() -> None:
    scene = Scene()
    offer = await scene.type("rita", "", "remember payment: never on Fridays")
    id = dict(pressable(offer.card))["remember"]["lesson"]
    assert (await scene.press("eve", "remember", "", lesson=id)).tone == "refused"
    assert (await scene.press("eve", "forget", "", lesson=id)).tone == "refused"
    await scene.press("rita", "remember", "", lesson=id)
    assert (await scene.type("eve", "", f"forget {id}")).tone == "refused"
    for text in ("habits", f"habits {id}", "runbooks"):
        answer = await scene.type("eve", "", text)
        assert "Fridays" not in str(answer)
    assert len(await scene.store.memory.kept("trade")) == 1


async def test_notes_hold_no_secrets_and_have_an_end() -> None:
    scene = Scene()
    await scene.press(
        "rita", "remember", "", lesson=await offered(scene, f"remember password=hunter2hunter2 {'x' * 4000}")
    )
    (lesson,) = await scene.store.memory.kept("trade")
    assert "hunter2" not in lesson.text
    assert len(lesson.text) <= 1_000
    for n in range(60):
        await scene.later(1)
        await offered(scene, f"remember note {n}")
    assert len(await scene.store.memory.kept("trade/offered")) == 50
    assert (await scene.type("vic", "", "remember me")).tone == "refused"
    assert (await scene.type("rita", "", "remember")).tone == "refused"


async def offered(scene: Scene, text: str) -> str:
    return dict(pressable((await scene.type("rita", "", text)).card))["remember"]["lesson"]


# --- digest ---


@BOTH
async def test_a_digest_sums_up_what_happened(language: str) -> None:
    scene = Scene(language)
    old = await scene.incident()
    await scene.later(60 * 30)
    incident = await alerted(scene)
    await scene.later(2)
    await scene.press("alice", "ack", incident)
    await scene.later(10)
    await scene.type("alice", incident, "close recovered")
    other = await alerted(scene, fingerprint="f2")
    text = read(await scene.type("vic", "", word(language, "摘要", "digest")))
    for part in (incident, other, "Errors", scene.words.duration(120), scene.words.text("outcome.recovered")):
        assert part in text
    assert old not in text
    assert scene.words.text("digest_card.summary", n=2, open=2) in text
    weekly = read(await scene.type("vic", "", word(language, "摘要 周报", "digest weekly")))
    assert old in weekly
    assert (await scene.type("vic", "", "digest hourly")).tone == "refused"
    elsewhere = read(await scene.type("eve", "", "digest weekly"))
    assert "Nothing happened" in elsewhere
    assert incident not in elsewhere


async def test_under_a_card_that_hangs_in_the_room_people_are_in_no_incident() -> None:
    scene = watched(board=FakeBoard())
    at = Place("console", "trade", "board-1", "board/trade/monitor:payment/console:trade")
    pressed = ButtonPressed(scene.id(), at, scene.account("vic"), "monitor", {"service": "payment"})
    assert (await scene.door.receive(pressed)).tone == "ok"
    typed = CommandTyped(scene.id(), at, scene.account("vic"), "show")
    answer = await scene.door.receive(typed)
    assert answer.tone == "refused"
    assert scene.heard(answer) == scene.words.text("error.which_incident", command="show")
    chat = MessageSaid(scene.id(), at, scene.account("vic"), "looks better now")
    assert (await scene.door.receive(chat)).tone == "quiet"

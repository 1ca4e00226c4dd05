"""Proves that complaints are found whatever the labels are called, and that lines are read as they were meant."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest
from aiohttp import web

from engine.errors import SourceSilent
from engine.model import Observation
from engine.ports import Question, Source
from engine.sources.lines import LONGEST_MESSAGE, read_line
from engine.sources.loki import LokiSource
from engine.team import Service
from tests.contracts.source import AMPLE, TOKEN, Condition, SourceContract, check, patience_in, question
from tests.engine.sources.backends import FakeLoki, Handler, broken, capture, replay, serve, session

ASKED = question()


def at(moment: datetime, seconds: float) -> int:
    return int((moment.timestamp() + seconds) * 1e9)


def said(level: str, message: str, **more: str) -> str:
    return json.dumps({"level": level, "message": message, **more})


SPLIT = ASKED.window.split
APP = [
    (at(SPLIT, -100), said("WARN", "slow card check")),
    (at(SPLIT, -50), said("INFO", "0 errors in the last minute")),
    (at(SPLIT, 30), said("ERROR", "连接池耗尽 pool exhausted", version="v2")),
    (at(SPLIT, 31), said("ERROR", "连接池耗尽 pool exhausted", version="v2")),
]


@asynccontextmanager
async def over(handler: Handler, patience: float = AMPLE, **options: Any) -> AsyncIterator[LokiSource]:
    async with serve(handler) as url, session() as opened:
        yield LokiSource(url, session=opened, token=TOKEN, patience=patience, **options)


async def seen_of(handler: Handler, asked: Question = ASKED, **options: Any) -> list[Observation]:
    async with over(handler, **options) as source:
        found = list(await source.ask(asked))
        for observation in found:
            check(observation, asked, source)
        return found


class TestLokiSource(SourceContract):
    @asynccontextmanager
    async def source_on(self, condition: Condition) -> AsyncIterator[Source]:
        handlers: dict[str, Handler] = {
            "working": FakeLoki([({"app": "payment"}, APP), ({"app": "coupon"}, [])]),
            "empty": FakeLoki([]),
        }
        if condition == "unreachable":
            async with session() as opened:
                yield LokiSource("http://127.0.0.1:1", session=opened, token=TOKEN, patience=AMPLE)
            return
        async with over(handlers.get(condition, broken(condition)), patience_in(condition)) as source:
            yield source


async def test_complaints_of_both_sides_of_the_split_and_no_calm_lines() -> None:
    payment, coupon = await seen_of(FakeLoki([({"app": "payment"}, APP), ({"app": "coupon"}, APP[:1])]))
    assert [line.level for line in payment.lines] == ["warn", "error", "error"]
    assert payment.lines[-1].message == "连接池耗尽 pool exhausted"
    assert payment.lines[-1].version == "v2"
    assert not payment.truncated
    assert (coupon.service, coupon.count) == ("coupon", 1)


async def test_a_level_label_decides_where_every_stream_has_one() -> None:
    fake = FakeLoki(
        [
            ({"service": "payment", "level": "ERROR"}, [(at(SPLIT, 1), "boom")]),
            ({"service": "payment", "level": "INFO"}, [(at(SPLIT, 1), "error free")]),
        ]
    )
    (payment,) = await seen_of(fake, question(neighbours=()))
    assert [line.message for line in payment.lines] == ["boom"]
    assert "level=~" in payment.query
    assert "|~" not in payment.query


async def test_of_too_many_lines_the_first_and_the_newest_are_kept_and_the_cut_is_said() -> None:
    many = [(at(SPLIT, 1 + i), said("error", f"no {i}")) for i in range(30)]
    (payment,) = await seen_of(FakeLoki([({"app": "payment"}, many)]), question(neighbours=()), lines=10)
    assert [line.message for line in payment.lines] == ["no 0", "no 1", *(f"no {i}" for i in range(20, 30))]
    assert payment.truncated


async def test_no_line_counts_twice_where_the_limit_is_just_met() -> None:
    many = [(at(SPLIT, 1 + i), said("error", f"no {i}")) for i in range(10)]
    (payment,) = await seen_of(FakeLoki([({"app": "payment"}, many)]), question(neighbours=()), lines=10)
    assert [line.message for line in payment.lines] == [f"no {i}" for i in range(10)]


@pytest.mark.parametrize(
    "labels, catalogue, selector",
    [
        ({"service_name": "payment"}, {}, '{service_name="payment"}'),
        ({"job": "shop/payment"}, {}, '{job="shop/payment"}'),
        ({"component": "pay"}, {"component": "pay"}, '{component="pay"}'),
        ({"app": "payment", "namespace": "shop"}, {"namespace": "shop"}, '{app="payment",namespace="shop"}'),
        ({"app": "payment", "namespace": "dev"}, {"namespace": "shop"}, '{app="payment"}'),
        ({"app": "payment"}, {"metric_name": "payment"}, '{app="payment"}'),
    ],
)
async def test_the_label_that_names_the_service_is_found(labels: dict, catalogue: dict, selector: str) -> None:
    service = Service(name="payment", labels=catalogue)
    asked = question(neighbours=()).model_copy(update={"service": service})
    (payment,) = await seen_of(FakeLoki([(labels, APP)]), asked)
    assert payment.query.startswith(selector + " |~")
    assert payment.count == 3


async def test_streams_of_nobody_asked_about_are_an_empty_answer() -> None:
    (payment,) = await seen_of(FakeLoki([({"app": "search"}, APP)]))
    assert (payment.service, payment.count) == ("payment", 0)
    assert '"payment"' in payment.query


async def test_captured_answers_of_a_real_loki() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        names = {"/loki/api/v1/labels": "labels", "/loki/api/v1/series": "series"}
        return replay(f"loki/{names.get(request.path, 'query_range_streams')}")

    payment, *_ = await seen_of(answer)
    assert payment.query.startswith('{service_name="payment"}')
    assert payment.lines[0].level == "error"
    assert payment.lines[0].message.startswith("charge failed: 连接池耗尽")


@pytest.mark.parametrize("name", ["err_bad_logql", "err_range_too_long", "err_404", "label_values_unknown"])
async def test_a_refusal_of_the_query_is_silence_although_it_is_plain_text(name: str) -> None:
    fake = FakeLoki([({"app": "payment"}, APP)])

    async def answer(request: web.Request) -> web.StreamResponse:
        return replay(f"loki/{name}") if request.path.endswith("query_range") else await fake(request)

    with pytest.raises(SourceSilent):
        await seen_of(answer)


def test_the_fake_answers_in_the_shape_of_the_real_one() -> None:
    stream = capture("loki/query_range_streams")["body"]["data"]["result"][0]
    assert set(stream) == {"stream", "values"}
    assert [type(part) for part in stream["values"][0]] == [str, str]
    assert set(capture("loki/label_values_unknown")["body"]) == {"status"}


@pytest.mark.parametrize(
    "text, level, message",
    [
        (said("ERROR", "boom"), "error", "boom"),
        ('{"severity":"WARNING","msg":"slow","service.version":"v9"}', "warn", "slow"),
        ('{"lvl":"crit","error":{"message":"disk gone"}}', "critical", "disk gone"),
        ('level=error msg="pool \\"a\\" is full" took=3s', "error", 'pool "a" is full'),
        ("2026-11-20 09:40:00 ERROR [main] boom", "error", "2026-11-20 09:40:00 ERROR [main] boom"),
        ("panic: runtime error", "fatal", "panic: runtime error"),
        ("java.lang.NullPointerException: x", "error", "java.lang.NullPointerException: x"),
        ("下单失败", "error", "下单失败"),
        ("GET /checkout 200", "info", "GET /checkout 200"),
        ('{"broken": ', "info", '{"broken":'),
        ("[1, 2]", "info", "[1, 2]"),
        ("a\n\tb", "info", "a b"),
        (
            "ERROR boom\n\tat a.B.c(B.java:1)\n\n\tat  a.D.e(D.java:2)",
            "error",
            "ERROR boom\n at a.B.c(B.java:1)\n at a.D.e(D.java:2)",
        ),
        (
            '{"level":"error","msg":"boom","stack_trace":"x.Y: z\\n\\tat a.B.c(B.java:1)"}',
            "error",
            "boom\nx.Y: z\n at a.B.c(B.java:1)",
        ),
        ('{"level":"warn","msg":"slow","db.statement":"SELECT  1"}', "warn", "slow (SELECT 1)"),
    ],
)
def test_a_line_is_read_as_it_was_meant(text: str, level: str, message: str) -> None:
    line = read_line("1795170048187734141", text, {}, "payment")
    assert line is not None
    assert (line.level, line.message) == (level, message)


def test_lokis_own_level_is_taken_where_the_line_has_none() -> None:
    line = read_line("1795170048187734141", "x", {"detected_level": "error", "version": "v3"}, "payment")
    assert line is not None
    assert (line.level, line.version) == ("error", "v3")
    unknown = read_line("1795170048187734141", "x", {"detected_level": "unknown"}, "payment")
    assert unknown is not None
    assert unknown.level == "info"


def test_lines_are_bounded_and_nonsense_times_left_out() -> None:
    line = read_line("1795170048187734141", "x" * 100_000, {}, "payment")
    assert line is not None
    assert len(line.message) == LONGEST_MESSAGE
    assert read_line("soon", "x", {}, "payment") is None
    assert read_line("9" * 40, "x", {}, "payment") is None

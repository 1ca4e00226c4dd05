"""Checks what counts as the same line, what a line is about, and when a line is called new."""

from datetime import timedelta

import pytest

from engine.diagnosis.logs import read
from engine.diagnosis.templates import mentions, plain, raised, readable, template, topics
from engine.model import LogLine, Observation
from tests.engine.diagnosis.scenes import Scene

SAME = [
    ("took 12.5 ms for order 4711", "took 3 ms for order 12"),
    ('user "ann" not found', 'user "bob o hara" not found'),
    ("trace 4bf92f3577b34da6a3ce929d0e0e4736 lost", "trace 00f067aa0ba902b7 lost"),
    ("付款 123 失败：连接池耗尽", "付款 98765 失败：连接池耗尽"),
    ("dial 10.0.0.12:3306: refused", "dial 10.1.7.3:3306: refused"),
]


@pytest.mark.parametrize(
    "line, sentence",
    [
        ("17:20:47.086 ERROR  f.m.s.BasicServiceImpl#415 TraceID: 088ac01ff05293aa SpanID: c3999a59 [byIds][Failed]",
         "[byIds][Failed]"),
        ("BasicServiceImpl#415 <#> ERROR f.m.s.BasicServiceImpl#<#> TraceID: <id> SpanID: <id> [byIds",
         "BasicServiceImpl#415 [byIds"),
        ("2026-03-04 12:00:01,250 WARN pool is full", "pool is full"),
        ("Servlet.service() threw exception [failed; nested exception is java.lang.E: no instances] with root cause",
         "java.lang.E: no instances"),
        ("[till] error 500 for order 12: 12:30:01 is no time", "[till] error 500 for order 12: 12:30:01 is no time"),
        ("INFO:", "INFO:"),
    ],
)  # fmt: skip
def test_a_line_is_told_without_what_libraries_put_before_it(line: str, sentence: str):
    assert readable(line) == sentence


def test_people_are_shown_the_sentence_that_is_concluded_from():
    stack = "request failed\n java.lang.OutOfMemoryError: heap\n\tat a.B.c(B.java:3)"
    scene = Scene().says(stack, 12)
    (found,) = [each for each in scene.evidence() if each.kind == "log" and each.abnormal]
    assert str(found.summary.values["text"]).startswith("java.lang.OutOfMemoryError")
    assert "request failed" in found.excerpt[0]


@pytest.mark.parametrize("one, other", SAME)
def test_lines_that_differ_in_numbers_and_names_are_the_same(one: str, other: str):
    assert template(one) == template(other)


def test_lines_that_say_something_else_are_not_the_same():
    assert template("pool exhausted after 3 s") != template("pool created after 3 s")


def test_json_and_stack_traces_are_read_for_their_sentence():
    assert plain('{"level":"error","msg":"pool exhausted"}') == "pool exhausted"
    assert plain("ValueError: no\n  File x.py, line 3") == "ValueError: no"


@pytest.mark.parametrize(
    "text, subject",
    [
        ("connection pool exhausted (6/6 in use)", "pool"),
        ("FATAL: remaining connection slots are reserved", "pool"),
        ("数据库连接池已满", "pool"),
        ("upstream did not answer within 0.8 s", "timeout"),
        ("dial tcp: connection refused", "unreachable"),
        ("429 Too Many Requests", "limited"),
    ],
)
def test_subjects(text: str, subject: str):
    assert subject in topics(text)


def test_what_a_stack_names_is_a_subject_too():
    text = "order failed\njava.lang.OutOfMemoryError: Java heap space\n\tat a.B.c(B.java:1)\nCaused by: x.TimeoutException: y"  # noqa: E501
    assert (
        raised(text) == "order failed | java.lang.OutOfMemoryError: Java heap space | Caused by: x.TimeoutException: y"
    )
    assert topics(raised(text)) == ("memory", "timeout")
    assert raised("order failed") == "order failed"


def test_a_name_is_no_subject():
    assert topics("cannot parse answer of timeout-service", {"timeout-service"}) == ()
    assert mentions("lost till-2 and Vouchers", {"till", "vouchers"}) == ("vouchers",)
    assert mentions("调用vouchers失败", {"vouchers"}) == ("vouchers",)


def test_new_lines_are_counted_quoted_and_dated():
    scene = Scene().says("payment {n} failed: pool exhausted", 20)
    (found,) = [each for each in scene.evidence() if each.abnormal]
    assert (found.signal, found.count, found.onset) == ("new_error_log", 20, scene.moment(4))
    assert len(found.excerpt) == 3
    assert found.details["topics"] == ["pool"]


def test_what_was_always_said_is_normal():
    (found,) = Scene().says("nothing", 0).evidence()
    assert (found.abnormal, found.id, found.count) == (False, "ev_log_1", 4)


def _flood(scene: Scene, *, complete: bool) -> Observation:
    lines = tuple(
        LogLine(at=scene.moment(0) + timedelta(milliseconds=10 * n), service="till", level="error", message=f"no {n}")
        for n in range(500)
    )
    since = scene.window.start if complete else None
    return Observation(
        source="loki",
        kind="log",
        service="till",
        query="q",
        window=scene.window,
        lines=lines,
        truncated=True,
        complete_since=since,
    )


def test_a_cut_answer_that_may_hide_what_was_said_before_claims_nothing_new():
    scene = Scene()
    assert not read(_flood(scene, complete=False), scene.window, ())[0].abnormal
    assert read(_flood(scene, complete=True), scene.window, ())[0].abnormal

"""Checks that the time of a line is read however a program wrote it, and that what is no time is none."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.diagnosis.stacks import origin
from engine.sources.log_files import file_lines, journal_lines
from engine.sources.stamps import stamp

NOW = datetime(2026, 11, 20, 9, 40, tzinfo=UTC)
AT = datetime(2026, 11, 20, 9, 30, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "line, zoned, rest",
    [
        ("2026-11-20T09:30:05Z ERROR no pool", True, "ERROR no pool"),
        ("2026-11-20T11:30:05+02:00 no pool", True, "no pool"),
        ("2026-11-20 09:30:05 +0000 no pool", True, "no pool"),
        ("2026-11-20 09:30:05,000 - ERROR - no pool", False, "ERROR - no pool"),
        ("[2026-11-20 09:30:05] no pool", False, "no pool"),
        ("2026/11/20 09:30:05 [error] 7#7: *1 refused", False, "[error] 7#7: *1 refused"),
        ("2026/11/20 09:30:05 main.go:12: no pool", False, "main.go:12: no pool"),
        ('10.0.0.1 - - [20/Nov/2026:09:30:05 +0000] "GET / HTTP/1.1" 503', True, None),
        ("Nov 20 09:30:05 web-1 pay[12]: no pool", False, "web-1 pay[12]: no pool"),
        ("E1120 09:30:05.000000   12 pay.go:3] no pool", False, "12 pay.go:3] no pool"),
        ("1795167005 no pool", True, "no pool"),
        ('{"time": "2026-11-20T09:30:05Z", "level": "error"}', True, None),
        ('{"@timestamp": "2026-11-20 09:30:05", "message": "x"}', False, None),
        ('{"ts": 1795167005.0, "msg": "x"}', True, None),
        ('{"ts": 1795167005000, "msg": "x"}', True, None),
        ('{"ts": 1795167005000000000, "msg": "x"}', True, None),
        ('time="2026-11-20T09:30:05Z" level=error msg=x', True, None),
    ],
)
def test_times_as_programs_write_them(line: str, zoned: bool, rest: str | None) -> None:
    found = stamp(line, NOW)
    assert found is not None
    assert (found.at, found.zoned) == (AT, zoned)
    assert found.rest == (line if rest is None else rest)


def test_a_line_without_a_year_is_of_the_last_twelve_months() -> None:
    found = stamp("Dec 31 23:59:59 web-1 x", datetime(2027, 1, 1, 0, 5, tzinfo=UTC))
    assert found is not None
    assert found.at == datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "no pool",
        "    at com.shop.Pay.run(Pay.java:12)",
        "2026-13-45 09:30:05 x",
        "{",
        "[1, 2]",
        '{"ts": true}',
        "{" * 9_000,
        '{"ts": 1e300}',
        '{"ts": 1e999}',
        '{"ts": "soon"}',
        '{"ts": NaN}',
        "Foo 20 09:30:05 x",
        "99/Foo/2026:09:30:05",
    ],
)
def test_what_is_no_time_is_none(line: str) -> None:
    assert stamp(line, NOW) is None


@given(st.text(max_size=200) | st.from_regex(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d.*", fullmatch=True))
def test_whatever_stands_there_does_no_harm(line: str) -> None:
    found = stamp(line, NOW)
    assert found is None or found.at.tzinfo == UTC


def lines(text: str, written: datetime = NOW, whole: bool = True) -> list[tuple[str, str, str]]:
    found = file_lines(text, "pay", written=written, now=NOW, whole=whole)
    return [(f"{line.at:%H:%M:%S}", line.level, line.message) for line in found]


def test_what_follows_without_a_time_is_part_of_the_line_before() -> None:
    text = """half of a line that was cut
2026-11-20T09:30:05Z ERROR no pool
java.sql.SQLTransientConnectionException: timeout
\tat com.shop.Pool.get(Pool.java:41)

2026-11-20T09:30:06Z INFO fine
"""
    assert lines(text, whole=False) == [
        (
            "09:30:05",
            "error",
            "ERROR no pool\njava.sql.SQLTransientConnectionException: timeout\n at com.shop.Pool.get(Pool.java:41)",
        ),
        ("09:30:06", "info", "INFO fine"),
    ]


@pytest.mark.parametrize("hours", [8, -5, 5.75, 0])
def test_a_clock_without_a_zone_is_read_off_against_when_the_file_was_written(hours: float) -> None:
    shown = AT + timedelta(hours=hours)
    text = f"{shown - timedelta(minutes=1):%Y-%m-%d %H:%M:%S} ERROR a\n{shown:%Y-%m-%d %H:%M:%S} ERROR b\n"
    assert [at for at, _, _ in lines(text, written=AT + timedelta(seconds=20))] == ["09:29:05", "09:30:05"]


def test_an_old_file_is_taken_at_its_word() -> None:
    assert lines("2026-11-20 09:30:05 ERROR a", written=AT + timedelta(minutes=7)) == [("09:30:05", "error", "ERROR a")]


def test_a_secret_in_a_line_is_masked() -> None:
    assert "hunter22" not in str(lines("2026-11-20T09:30:05Z ERROR login password=hunter22"))


def test_the_journal_is_read_line_by_line() -> None:
    rows = [
        '{"__REALTIME_TIMESTAMP": "1795167005000000", "PRIORITY": "3", "MESSAGE": "no pool"}',
        '{"__REALTIME_TIMESTAMP": "1795167006000000", "PRIORITY": "6", "MESSAGE": "ERROR no pool either"}',
        '{"__REALTIME_TIMESTAMP": "1795167007000000", "PRIORITY": "6", "MESSAGE": [110, 111, 255]}',
        '{"__REALTIME_TIMESTAMP": "1795167008000000", "PRIORITY": "6", "MESSAGE": null}',
        '{"__REALTIME_TIMESTAMP": "x", "MESSAGE": "a"}',
        '{"MESSAGE": "a"}',
        "nonsense",
        "[]",
    ]
    found = journal_lines("\n".join(rows), "pay")
    assert [(line.at, line.level, line.message) for line in found] == [
        (AT, "error", "no pool"),
        (AT + timedelta(seconds=1), "error", "ERROR no pool either"),
        (AT + timedelta(seconds=2), "info", "no�"),
    ]


def test_what_belongs_to_a_line_stays_indented_so_that_frames_are_known() -> None:
    trace = "goroutine 7 [running]:\nmain.charge(...)\n\t/app/pay/charge.go:41 +0x1d\n"
    text = "2026-11-20T09:30:00Z ERROR panic: assignment to entry in nil map\n" + trace
    (line,) = file_lines(text, "payment", written=NOW, now=NOW, whole=True)
    frame = origin(line.message)
    assert frame is not None
    assert (frame.file, frame.line) == ("/app/pay/charge.go", 41)


@pytest.mark.parametrize(
    "said",
    [
        'level=error version=v2 msg="no\ncharge"',
        'level=error version=v2 msg="no charge"',
        '{"level": "error", "version": "v2", "message": "no charge"}',
    ],
)
def test_what_is_printed_below_a_structured_line_is_its_stack(said: str) -> None:
    trace = 'Traceback (most recent call last):\n  File "/app/pay.py", line 14, in rate\nKeyError: 1'
    text = f"2026-11-20T09:30:00Z {said}\n{trace}\n"
    (line,) = file_lines(text, "payment", written=NOW, now=NOW, whole=True)
    assert (line.level, line.version) == ("error", "v2")
    assert line.message.startswith("no charge\nTraceback")
    assert origin(line.message)

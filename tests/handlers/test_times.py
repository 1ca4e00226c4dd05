"""Checks that a time a person names is the one they mean, on their team's clock, and that nonsense is refused."""

from datetime import UTC, datetime

import pytest

from handlers.queries import understood
from handlers.times import between
from tests.fakes.sources import FakeQueried
from tests.handlers.test_commands_team import BOTH, read, spans, watched, word

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "start, end, zone, hours",
    [
        ("09:00", "09:30", "UTC", (9.0, 9.5)),
        ("23:50", "00:20:30", "UTC", (-10 / 60, 20.5 / 60)),
        ("17:00", "17:30", "Asia/Shanghai", (9.0, 9.5)),
        ("9:40", "11:00", "UTC", (9 + 40 / 60, 10.0)),
        ("2026-03-03 22:00", "23:00", "UTC", (-2.0, -1.0)),
        ("2026-03-03T22:00", "2026-03-04T01:00", "UTC", (-2.0, 1.0)),
    ],
)
def test_a_clock_time_is_the_last_such_on_the_teams_clock(
    start: str, end: str, zone: str, hours: tuple[float, float]
) -> None:
    found = between(start, end, NOW, zone)
    assert found is not None
    midnight = datetime(2026, 3, 4, tzinfo=UTC)
    assert [(at - midnight).total_seconds() / 3600 for at in (found.start, found.end)] == pytest.approx(hours)
    assert found.split == found.start


@pytest.mark.parametrize(
    "start, end",
    [
        ("25:00", "26:00"),
        ("2026-13-01 10:00", "10:30"),
        ("2026-03-05 10:00", "2026-03-05 11:00"),
        ("2026-03-04 09:00", "2026-03-04 08:00"),
        ("2026-02-01 09:00", "2026-03-01 09:00"),
    ],
)
def test_what_is_no_time_that_can_be_asked_about(start: str, end: str) -> None:
    assert between(start, end, NOW, "UTC") is None


@pytest.mark.parametrize(
    "text, rest, times, level",
    [
        ("traces payment status=error from 14:00 to 14:30", "payment", ("14:00", "14:30"), "error"),
        ("日志 payment 级别=错误 从 14:00 到 14:30", "payment", ("14:00", "14:30"), "error"),
        ("链路 payment 状态=错误", "payment", None, "error"),
        ("traces payment { status = error }", "payment { status = error }", None, "all"),
        ("logs payment from paris to rome", "payment from paris to rome", None, "all"),
    ],
)
def test_times_and_status_stand_beside_the_question(
    text: str, rest: str, times: tuple[str, str] | None, level: str
) -> None:
    asked = understood(text)
    assert asked is not None
    assert (asked.text, asked.between, asked.level) == (rest, times, level)


@BOTH
async def test_the_source_is_asked_about_that_time_and_failures_alone(language: str) -> None:
    source = FakeQueried(spans, "trace", "jaeger")
    scene = watched(language, by_hand=(source,))
    now = scene.clock.now()
    clock = f"{now:%Y-%m-%d} 00:00"
    asked = word(
        language,
        f"查询 链路 payment 状态=错误 从 {clock} 到 00:30",
        f"query traces payment status=error from {clock} to 00:30",
    )
    assert read(await scene.type("vic", "", asked))
    (query,) = source.asked
    assert query.level == "error"
    assert (query.window.end - query.window.start).total_seconds() == 1800
    for wrong, reason in (("status=odd", "error.query_status"), ("from 2099-01-01 10:00 to 11:00", "error.query_when")):
        answer = await scene.type("vic", "", f"query traces payment {wrong}")
        assert answer.phrase is not None
        assert answer.phrase.word == reason

"""Checks which places of code an incident leads to, and that reading them never hurts it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.code import MOST_PLACES, Missing, Passage, Place, places
from engine.errors import SourceSilent
from engine.evidence import read_code
from engine.model import Change, Evidence, Phrase, Sweep, Window
from engine.team import Service
from tests.fakes.sources import FakeReader
from tests.virtual_time import in_virtual_time

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
WINDOW = Window(start=NOON - timedelta(hours=1), split=NOON, end=NOON + timedelta(minutes=5))
SERVICES = {
    "till": Service(name="till", repository="shop/till"),
    "desk": Service(name="desk", repo_path="desk"),
    "bare": Service(name="bare"),
}


def log(id: str, line: int = 7, **more: Any) -> Evidence:
    details = {"origin": {"file": "/app/till.py", "line": line, "function": "open"}, **more.pop("details", {})}
    values: dict[str, Any] = {
        "id": id,
        "kind": "log",
        "source": "loki",
        "service": "till",
        "signal": "new_error_log",
        "query": "q",
        "window": WINDOW,
        "summary": Phrase(word="x"),
        "abnormal": True,
        "onset": NOON,
        "details": details,
    }
    return Evidence(**(values | more))


def change(version: str, minutes: float, **more: Any) -> Evidence:
    made = Change(
        id=version, service="till", kind="deploy", at=NOON + timedelta(minutes=minutes), version=version, **more
    )
    return log(f"ev_{version}", kind="change", change=made, details={"origin": None})


def found(*evidence: Evidence) -> tuple[Place, ...]:
    return places(Sweep(window=WINDOW, evidence=evidence), SERVICES)


def test_an_unusual_error_leads_to_its_place_once() -> None:
    (place, *others) = found(log("ev_log_1"), log("ev_log_2"), *(log(f"ev_log_{n}", line=n) for n in range(10, 20)))
    assert (place.evidence, place.repository, place.name) == ("ev_log_1", "shop/till", "/app/till.py:7")
    assert len(others) == MOST_PLACES - 1


def test_a_clone_will_do_as_well_as_a_repository() -> None:
    (place,) = found(log("ev_log_1", service="desk"))
    assert (place.repository, place.clone) == ("", "desk")


@pytest.mark.parametrize(
    "more", [{"abnormal": False}, {"service": "bare"}, {"service": "nobody"}, {"details": {"origin": None}}]
)
def test_nothing_is_looked_for_where_nobody_knows_the_code(more: dict[str, Any]) -> None:
    assert found(log("ev_log_1", **more)) == ()


def test_what_ran_is_what_its_lines_say_then_what_was_changed_last_before() -> None:
    later, last = change("v3", 2), change("v2", -5, aliases=("b2b2b2b",))
    error = log("ev_log_1", details={"versions": {"v2-canary": 9}})
    (place,) = found(error, change("v1", -50), later, last)
    assert place.versions == ("v2-canary", "b2b2b2b", "v2", "v1")


def silent(place: Place) -> Passage | Missing:
    raise SourceSilent(Phrase(word="evidence.silent.refused"))


def nonsense(place: Place) -> Passage | Missing:
    raise ValueError("secret of a backend")


def shows(version: str) -> Callable[[Place], Passage]:
    return lambda place: Passage(
        evidence=place.evidence,
        source=version or "head",
        service=place.service,
        repository="r",
        path=place.file,
        line=place.line,
        commit="c" * 40,
        version=version,
    )


@pytest.mark.parametrize(
    "first, second, versions, told, again",
    [
        (shows("v1"), shows("v2"), ("v1",), ["v1"], False),
        (shows(""), shows("v2"), ("v1",), ["v2"], True),
        (shows(""), shows(""), ("v1",), ["head"], True),
        (shows(""), shows("v2"), (), ["head"], False),
        (silent, shows("v2"), ("v1",), ["v2"], True),
        (shows(""), silent, ("v1",), ["head"], True),
        (silent, nonsense, ("v1",), [], True),
    ],
)
async def test_a_place_is_read_by_the_first_that_shows_what_runs(
    first: Callable[[Place], Passage | Missing],
    second: Callable[[Place], Passage | Missing],
    versions: tuple[str, ...],
    told: list[str],
    again: bool,
) -> None:
    (wanted,) = found(log("ev_log_1"))
    readers = [FakeReader(first), FakeReader(second)]
    reading = await read_code([wanted.model_copy(update={"versions": versions})], readers, 4.0)
    assert [each.source for each in reading.passages] == told
    assert [each.reason.word for each in reading.missing] == ([] if told else ["evidence.silent.refused"])
    assert bool(readers[1].reads) == again


@pytest.mark.parametrize(
    "reader, word",
    [
        (FakeReader(silent), "refused"),
        (FakeReader(nonsense), "broken"),
        (FakeReader(silent, stalls=True), "late"),
    ],
)
def test_whatever_goes_wrong_is_said_for_each_place(reader: FakeReader, word: str) -> None:
    wanted = found(log("ev_log_1"), log("ev_log_2", line=9))

    async def story() -> None:
        began = asyncio.get_running_loop().time()
        reading = await read_code(wanted, [reader], 4.0)
        assert asyncio.get_running_loop().time() - began <= 4.0
        assert [each.evidence for each in reading.missing] == ["ev_log_1", "ev_log_2"]
        assert {each.reason.word for each in reading.missing} == {f"evidence.silent.{word}"}
        assert "secret" not in reading.model_dump_json()

    in_virtual_time(story())

"""Proves that all sources are asked at once, and that the slow and the broken cost nobody else anything."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import evidence
from engine.errors import SourceSilent, StoreFull
from engine.incident import Incident
from engine.looks import Asked
from engine.model import Observation, Phrase
from engine.ports import Question
from engine.tempo import Tempo
from tests.contracts.source import check_safe, question
from tests.fakes.clock import FakeClock
from tests.fakes.sources import FakeSource
from tests.virtual_time import in_virtual_time

ASKED = question()


def observed(name: str, count: int = 1) -> Sequence[Observation]:
    one = Observation(
        source=name, kind="metric", service="payment", query="up", window=ASKED.window, role="availability"
    )
    return (one,) * count


def source(name: str, *, count: int = 1, after: float = 0.0, hangs: bool = False) -> FakeSource:
    return FakeSource(lambda _: observed(name, count), name, after=after, hangs=hangs)


def raising(name: str, problem: Exception) -> FakeSource:
    def answer(asked: Question) -> Sequence[Observation]:
        raise problem

    return FakeSource(answer, name)


class Ear:
    """Hears how each source went."""

    def __init__(self) -> None:
        self.heard: list[Asked] = []

    async def __call__(self, asked: Asked) -> None:
        self.heard.append(asked)


def test_everything_comes_in_the_order_of_the_sources_whoever_answers_first() -> None:
    async def story() -> None:
        ear = Ear()
        sources = [
            source("slow", after=3, count=2),
            source("quick"),
            source("dead", hangs=True),
            source("later", after=1),
        ]
        seen, silent = await evidence.gather(ASKED, sources, FakeClock(), 5, ear)
        assert [each.source for each in seen] == ["slow", "slow", "quick", "later"]
        assert [each.source for each in silent] == ["dead"]
        assert [(each.source, each.state, each.count) for each in ear.heard] == [
            ("quick", "done", 1),
            ("later", "done", 1),
            ("slow", "done", 2),
            ("dead", "silent", 0),
        ]
        assert asyncio.get_running_loop().time() == pytest.approx(5)
        check_safe(silent[0].reason)

    in_virtual_time(story())


class Choosy(FakeSource):
    """A source that has something to look at for one service alone."""

    def concerns(self, question: Question) -> bool:
        return question.service.name == "payment"


async def test_whom_a_question_does_not_concern_is_neither_asked_nor_told_of() -> None:
    ear, choosy = Ear(), Choosy(lambda _: observed("choosy"), "choosy")
    sources = [choosy, source("quick")]
    seen, _ = await evidence.gather(ASKED, sources, FakeClock(), 5, ear)
    assert [each.source for each in seen] == ["choosy", "quick"]
    seen, _ = await evidence.gather(question("coupon"), sources, FakeClock(), 5, ear)
    assert [each.source for each in seen] == ["quick"]
    assert [each.source for each in ear.heard] == ["choosy", "quick", "quick"]
    assert choosy.asked == [ASKED]


async def test_the_seconds_told_are_the_clocks() -> None:
    clock, ear = FakeClock(auto=True), Ear()

    class Working(FakeSource):
        async def ask(self, asked: Question) -> Sequence[Observation]:
            await clock.sleep(1.25)
            return await super().ask(asked)

    await evidence.gather(ASKED, [Working()], clock, 5, ear)
    assert ear.heard == [Asked(source="fake", state="done", count=0, seconds=1.25)]


@pytest.mark.parametrize(
    "problem",
    [
        SourceSilent(Phrase(word="evidence.silent.unreachable", values={"source": "x", "host": "h:1"})),
        ValueError("secret"),
        KeyError("secret"),
        OSError("secret"),
        TypeError("secret"),
        TimeoutError("secret"),
        RecursionError("secret"),
        ExceptionGroup("several", [ValueError("secret")]),
    ],
)
async def test_whatever_a_source_raises_is_its_silence_and_nobody_elses(problem: Exception) -> None:
    seen, silent = await evidence.gather(ASKED, [raising("x", problem), source("y")], FakeClock(), 5, Ear())
    assert [each.source for each in seen] == ["y"]
    assert [each.source for each in silent] == ["x"]
    assert "secret" not in silent[0].model_dump_json()
    check_safe(silent[0].reason)


async def test_what_cannot_be_written_down_ends_the_round_under_its_own_name() -> None:
    async def told(asked: Asked) -> None:
        raise StoreFull("the disk is full")

    with pytest.raises(StoreFull):
        await evidence.gather(ASKED, [source("a"), source("b", hangs=True)], FakeClock(), 5, told)


async def test_a_source_that_has_lost_its_way_is_cut() -> None:
    seen, _ = await evidence.gather(ASKED, [source("a", count=5_000)], FakeClock(), 5, Ear())
    assert len(seen) == evidence.MOST_OBSERVATIONS


async def test_no_source_is_an_empty_round() -> None:
    assert await evidence.gather(ASKED, [], FakeClock(), 5, Ear()) == ((), ())


async def test_a_round_can_be_cancelled() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await evidence.gather(ASKED, [source("dead", hangs=True)], FakeClock(), 60, Ear())


BEGAN = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def test_before_ends_where_trouble_may_have_begun() -> None:
    window = evidence.window(BEGAN, BEGAN + timedelta(minutes=2), Tempo(lookback=600, lead=60))
    assert window.split == BEGAN - timedelta(seconds=60)
    assert window.start == BEGAN - timedelta(seconds=660)
    assert window.end == BEGAN + timedelta(minutes=2)


@given(st.floats(-86_400, 86_400), st.floats(1, 86_400), st.floats(0, 3_600))
def test_a_window_is_never_inside_out(later: float, lookback: float, lead: float) -> None:
    """Also where the alert's clock runs ahead of ours."""
    now = BEGAN + timedelta(seconds=later)
    window = evidence.window(BEGAN, now, Tempo(lookback=lookback, lead=lead))
    assert window.start < window.split <= window.end == now


class Looker:
    """Looks at what is there early, and says whether it is enough."""

    def __init__(self, *, enough: bool = False, after: float = 3.0, takes: float = 0.0) -> None:
        self.seen: list[evidence.Seen] = []
        self.times: list[float] = []
        self.early = evidence.Early(after, self._look)
        self._enough = enough
        self._takes = takes

    async def _look(self, seen: evidence.Seen) -> bool:
        self.seen.append(seen)
        self.times.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self._takes)
        return self._enough


def test_a_first_look_shows_what_is_there_while_the_others_are_still_asked() -> None:
    async def story() -> None:
        looker = Looker()
        sources = [source("slow", after=8), source("quick", after=1), source("dead", hangs=True)]
        seen, silent = await evidence.gather(ASKED, sources, FakeClock(), 10, Ear(), looker.early)
        (first,) = looker.seen
        assert [each.source for each in first.observations] == ["quick"]
        assert (first.answered, first.waiting) == (("quick",), ("slow", "dead"))
        assert looker.times == [3.0]
        assert [each.source for each in seen] == ["slow", "quick"]
        assert [each.source for each in silent] == ["dead"]
        assert asyncio.get_running_loop().time() == 10.0

    in_virtual_time(story())


def test_there_is_no_first_look_where_all_have_answered_by_then() -> None:
    async def story() -> None:
        looker = Looker()
        await evidence.gather(ASKED, [source("a", after=1), source("b", after=2)], FakeClock(), 10, Ear(), looker.early)
        assert looker.seen == []
        assert asyncio.get_running_loop().time() == 2.0
        assert await evidence.gather(ASKED, [], FakeClock(), 10, Ear(), looker.early) == ((), ())

    in_virtual_time(story())


def test_a_first_look_waits_until_there_is_something_to_look_at() -> None:
    async def story() -> None:
        looker = Looker()
        sources = [source("empty", count=0, after=1), source("late", after=6), source("later", after=9)]
        await evidence.gather(ASKED, sources, FakeClock(), 10, Ear(), looker.early)
        assert looker.times == [6.0]
        assert looker.seen[0].waiting == ("later",)
        nothing = Looker()
        dead = [source("x", hangs=True), source("y", count=0, after=1)]
        await evidence.gather(ASKED, dead, FakeClock(), 10, Ear(), nothing.early)
        assert nothing.seen == []

    in_virtual_time(story())


def test_where_the_first_look_is_enough_nobody_is_waited_for_and_that_is_said() -> None:
    async def story() -> None:
        looker, ear = Looker(enough=True, takes=1.0), Ear()
        sources = [source("quick"), source("dead", hangs=True), source("meanwhile", after=3.5), source("slow", after=8)]
        seen, silent = await evidence.gather(ASKED, sources, FakeClock(), 10, ear, looker.early)
        assert asyncio.get_running_loop().time() == 4.0
        assert [each.source for each in seen] == ["quick", "meanwhile"]
        assert [(each.source, each.reason.word) for each in silent] == [
            ("dead", "evidence.silent.not_awaited"),
            ("slow", "evidence.silent.not_awaited"),
        ]
        assert {each.source for each in ear.heard} == {"quick", "dead", "meanwhile", "slow"}

    in_virtual_time(story())


async def test_what_a_first_look_raises_ends_the_round() -> None:
    async def full(seen: evidence.Seen) -> bool:
        raise StoreFull("disk")

    sources = [source("quick"), source("dead", hangs=True)]
    with pytest.raises(StoreFull):
        await evidence.gather(ASKED, sources, FakeClock(), 10, Ear(), evidence.Early(0.0, full))


@given(
    delays=st.lists(st.floats(0, 12), min_size=1, max_size=6),
    after=st.floats(0, 12),
    enough=st.booleans(),
)
def test_whoever_is_how_slow_everybody_is_told_of_once(delays: list[float], after: float, enough: bool) -> None:
    async def story() -> None:
        looker, ear = Looker(enough=enough, after=after), Ear()
        sources = [source(f"s{at}", after=delay) for at, delay in enumerate(delays)]
        seen, silent = await evidence.gather(ASKED, sources, FakeClock(), 10, ear, looker.early)
        names = [f"s{at}" for at in range(len(delays))]
        assert sorted(each.source for each in ear.heard) == names
        assert sorted([*(each.source for each in seen), *(each.source for each in silent)]) == names
        assert len(looker.seen) <= 1
        assert asyncio.get_running_loop().time() <= 10.0

    in_virtual_time(story())


async def test_why_a_source_is_silent_is_told_as_soon_as_it_is() -> None:
    ear = Ear()
    await evidence.gather(ASKED, [raising("loki", SourceSilent(Phrase(word="x")))], FakeClock(), 5, ear)
    (asked,) = ear.heard
    assert asked.reason == Phrase(word="x")


ALERT = ASKED.alert


@pytest.mark.parametrize(
    "changes, turn, deep, word",
    [
        ({}, 1, "quick", "minor"),
        ({"severity": "P4"}, 1, "quick", "minor"),
        ({"severity": "P2"}, 1, "full", "severe"),
        ({"severity": "P1"}, 1, "full", "severe"),
        ({"alerts": {"a": ALERT, "b": ALERT}}, 1, "full", "many"),
        ({"requester": "lin"}, 1, "full", "wanted"),
        ({"alerts": {}}, 1, "full", "wanted"),
        ({"episode": 2}, 1, "full", "back"),
        ({}, 2, "full", "again"),
    ],
)
def test_only_what_is_minor_alone_and_new_is_looked_at_quickly(
    changes: dict[str, object], turn: int, deep: str, word: str
) -> None:
    state = Incident(id="inc_1", severity="P3", alerts={"a": ALERT}).model_copy(update=changes)
    assert evidence.depth(state, turn) == (deep, evidence.depth(state, turn)[1])
    assert evidence.depth(state, turn)[1].word == f"evidence.depth.{word}"

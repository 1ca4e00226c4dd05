"""Proves that the watcher raises an alert after several failures in a row, once, ends it, and wakes nobody for less."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from bot.watcher import ERRORS, HEALTH, MOST_FIRING, WATCHER, Habits, Watcher
from engine.errors import SourceSilent, StoreFull
from engine.model import Alert, LogLine, Phrase, Window
from engine.ports import Sighting
from engine.sources.health import Health
from engine.sources.host_logs import Place
from engine.sources.probes import Try
from engine.team import Service, Team
from tests.fakes.clock import FakeClock, FakeIds
from tests.handlers.house import FakeTeams, Scene
from tests.virtual_time import in_virtual_time

URL = "http://pay/health"
PAY = Service(name="payment", environment="prod", health_url=URL)
LOGS = Service(name="payment", log_paths=("/var/log/pay.log",))
WELL, DOWN, UNWELL = Try(0.1, 200, Health(True)), Try(0.1, reason="refused"), Try(0.1, 503, Health(False))


def team(*services: Service, language: str = "en") -> Team:
    return Team(id="trade", name="Trade", language=language, services={each.name: each for each in services})


class Stage:
    """A watcher over services that behave as a test says; `told` keeps the alerts it raised."""

    def __init__(self, *services: Service, language: str = "en", **habits: float) -> None:
        self.clock = FakeClock()
        self.teams = FakeTeams(team(*services, language=language))
        self.answers: dict[str, Try] = {}
        self.lines: list[LogLine] = []
        self.told: list[Alert] = []
        self.asked: list[str] = []
        self.full = False
        self.unread = False
        kept = Habits(**{"failures": 3, "successes": 2, **habits})  # type: ignore[arg-type]
        self.watcher = Watcher(self.teams, self.look, self.read, self.tell, self.clock, FakeIds(), kept)

    async def look(self, url: str) -> Try:
        self.asked.append(url)
        return self.answers.get(url, WELL)

    async def read(self, place: Place, window: Window) -> Sequence[LogLine]:
        if self.unread:
            raise SourceSilent(Phrase(word="evidence.silent.host_unknown", values={"host": "x"}))
        return [line for line in self.lines if window.start <= line.at <= window.end]

    async def tell(self, sightings: Sequence[Sighting]) -> None:
        if self.full:
            raise StoreFull("the disk is full")
        self.told += [sighting.alert for sighting in sightings]

    async def rounds(self, *answers: Try) -> list[tuple[str, str]]:
        """One round after each answer of the service, a minute apart; what was told by then."""
        for answer in answers:
            self.answers[URL] = answer
            self.clock._now += timedelta(minutes=1)
            await self.watcher.round()
        return [(alert.name, alert.status) for alert in self.told]

    def says(self, *messages: str, level: str = "error") -> None:
        self.lines += [LogLine(at=self.clock.now(), service="payment", level=level, message=text) for text in messages]


async def test_three_failures_in_a_row_raise_one_alert_and_two_successes_end_it() -> None:
    stage = Stage(PAY)
    assert await stage.rounds(WELL, DOWN, DOWN, WELL, DOWN, UNWELL) == []
    assert await stage.rounds(DOWN, DOWN, DOWN) == [(HEALTH, "firing")]
    assert await stage.rounds(WELL) == [(HEALTH, "firing")]
    assert await stage.rounds(WELL, WELL, WELL) == [(HEALTH, "firing"), (HEALTH, "resolved")]
    fired, ended = stage.told
    assert (fired.service, fired.environment, fired.source, fired.severity) == ("payment", "prod", WATCHER, "P2")
    assert fired.starts_at == FakeClock().now() + timedelta(minutes=5)
    assert "connection refused" in fired.summary
    assert (ended.fingerprint, ended.starts_at) == (fired.fingerprint, fired.starts_at)
    assert (await stage.rounds(DOWN, DOWN, DOWN))[2:] == [(HEALTH, "firing")]


async def test_what_ran_before_may_have_raised_it_so_the_end_is_told_once() -> None:
    stage = Stage(PAY)
    assert await stage.rounds(WELL, WELL, WELL, WELL) == [(HEALTH, "resolved")]


@pytest.mark.parametrize("answer", [Try(0.1, 404), Try(0.1, 401), Try(0.1, reason="untrusted")])
async def test_an_answer_that_says_nothing_raises_nothing(answer: Try) -> None:
    assert await Stage(PAY).rounds(*[answer] * 9) == []


async def test_it_speaks_the_teams_language() -> None:
    stage = Stage(PAY, language="zh")
    await stage.rounds(UNWELL, UNWELL, UNWELL)
    assert "自报不健康" in stage.told[0].summary


async def test_what_could_not_be_told_is_told_the_next_time() -> None:
    stage = Stage(PAY)
    stage.full = True
    with pytest.raises(StoreFull):
        await stage.rounds(DOWN, DOWN, DOWN)
    stage.full = False
    assert await stage.rounds(DOWN) == [(HEALTH, "firing")]


async def test_a_service_that_left_the_catalogue_is_forgotten() -> None:
    stage = Stage(PAY)
    await stage.rounds(DOWN, DOWN)
    stage.teams.teams["trade"] = team()
    await stage.rounds(DOWN)
    stage.teams.teams["trade"] = team(PAY)
    assert await stage.rounds(DOWN, DOWN) == []


async def test_no_more_at_a_time_than_allowed() -> None:
    services = [Service(name=f"s{n}", health_url=f"http://s{n}") for n in range(7)]
    stage = Stage(*services, at_once=2)
    now = most = 0

    async def slow(url: str) -> Try:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1
        return WELL

    stage.watcher._look = slow
    await stage.watcher.round()
    assert most == 2


# --- logs ---


async def looked(stage: Stage, says: Callable[[Stage], None], rounds: int) -> list[tuple[str, str]]:
    for _ in range(rounds):
        says(stage)
        stage.clock._now += timedelta(minutes=1)
        await stage.watcher.round()
    return [(alert.name, alert.status) for alert in stage.told]


async def test_a_new_error_that_comes_again_is_an_alert_and_usual_noise_is_none() -> None:
    stage = Stage(LOGS)
    stage.says("ERROR noise 1", "ERROR noise 2")
    assert await looked(stage, lambda s: s.says("ERROR noise 3"), 6) == []
    assert await looked(stage, lambda s: s.says("ERROR noise 9", "ERROR no pool after 31 ms"), 2) == []
    assert await looked(stage, lambda s: s.says("ERROR no pool after 47 ms"), 4) == [(ERRORS, "firing")]
    assert await looked(stage, lambda s: s.says("ERROR noise 9"), 3) == [(ERRORS, "firing"), (ERRORS, "resolved")]
    assert "local:/var/log/pay.log" in stage.told[0].summary
    assert "no pool after 31 ms" in stage.told[0].summary
    assert (await looked(stage, lambda s: s.says("ERROR no pool after 1 ms"), 3))[2:] == [(ERRORS, "firing")]


async def test_an_error_that_came_once_wakes_nobody() -> None:
    stage = Stage(LOGS)
    await looked(stage, lambda s: None, 1)
    stage.says("ERROR odd thing")
    assert await looked(stage, lambda s: None, 9) == []


async def test_what_is_no_error_is_none() -> None:
    assert await looked(Stage(LOGS), lambda s: s.says("hello", level="info"), 9) == []


async def test_a_flood_of_kinds_is_a_few_alerts() -> None:
    stage = Stage(LOGS)
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"]
    await looked(stage, lambda s: None, 1)
    told = await looked(stage, lambda s: s.says(*(f"ERROR {word} broke" for word in words)), 6)
    assert told == [(ERRORS, "firing")] * MOST_FIRING


async def test_a_file_that_cannot_be_read_is_left_alone() -> None:
    stage = Stage(LOGS)
    stage.unread = True
    assert await looked(stage, lambda s: s.says("ERROR x"), 5) == []


# --- rounds, and the way in ---


def test_rounds_are_a_minute_apart_give_or_take_and_go_on_after_a_failure() -> None:
    async def story() -> list[datetime]:
        stage = Stage(PAY)
        times: list[datetime] = []

        async def look(url: str) -> Try:
            times.append(stage.clock.now())
            return DOWN

        stage.watcher._look = look
        stage.full = True
        async with asyncio.TaskGroup() as group:
            running = group.create_task(stage.watcher.run())
            await stage.clock.advance(300)
            running.cancel()
        return times

    times = in_virtual_time(story())
    assert len(times) == 5
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    assert all(54 <= gap <= 66 for gap in gaps)


async def test_what_it_raises_becomes_one_incident_of_the_service_and_ends_in_it() -> None:
    scene = Scene()
    stage = Stage(PAY.model_copy(update={"log_paths": LOGS.log_paths}))

    async def tell(sightings: Sequence[Sighting]) -> None:
        await scene.door.sight(sightings, WATCHER)

    stage.watcher._tell = tell
    stage.clock = scene.clock
    stage.watcher._clock = scene.clock
    stage.answers[URL] = DOWN
    await looked(stage, lambda s: s.says("ERROR no pool"), 1)
    stage.lines.clear()
    await looked(stage, lambda s: s.says("ERROR other thing"), 4)
    (incident,) = await scene.store.register.newest("trade")
    state = await scene.state(incident)
    assert {alert.name for alert in state.alerts.values()} == {HEALTH, ERRORS}
    assert scene.woken[0] == incident
    stage.answers[URL] = WELL
    await looked(stage, lambda s: None, 3)
    resolved = await scene.entries(incident, "alert.resolved")
    assert len(resolved) == 2

"""Checks the round that calls people, in virtual time: what appears in which room, once, and what stops it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web

from bot.crew import Crew
from bot.desk import ChatDesk
from bot.escalation import Escalation
from bot.outbox import Outbox
from bot.pager import Pager
from bot.urgent import Urgent
from engine.incident import Incident, fold
from engine.model import Entry
from engine.ports import Draft
from engine.team import Escalation as Settings
from engine.team import Person, Team
from store.sqlite import open_sqlite
from tests.fakes.clock import FakeClock, FakeIds, settle
from tests.fakes.platforms import FakePlatform
from tests.fakes.store import FakeStore
from tests.handlers.house import FakeTeams


def team(language: str = "en", **settings: Any) -> Team:
    people = tuple(
        Person(id=id, name=id.title(), roles=frozenset({"responder"}), accounts={"fake": id}) for id in ("alice", "bob")
    )
    usual = {"after_minutes": 10, "room": "fake:late", "pager": "PAGER", "pager_key": "KEY"}
    given = Settings.model_validate(usual | settings)
    return Team(id="trade", name="Trade", language=language, rooms=("fake:main",), people=people, escalation=given)


@dataclass
class PagerServer:
    """Takes events, and answers as it is told."""

    address: str = ""
    status: int = 202
    events: list[dict[str, Any]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.events.append(await request.json())
        return web.json_response({"status": "success"}, status=self.status)


@dataclass
class Night:
    """A night in which nobody looks, until somebody does."""

    clock: FakeClock
    store: Any
    platform: FakePlatform
    pager: PagerServer
    escalation: Escalation
    teams: FakeTeams
    incident: str = ""
    rounds: int = 0

    async def minutes(self, until: float) -> None:
        """Rounds every 30 seconds until this many minutes have passed since the beginning."""
        while self.rounds < until * 2:
            self.rounds += 1
            await self.clock.advance(30)
            await self.escalation.round()
            for _ in range(4):
                await settle(30)

    async def opens(self, severity: str = "P2", **more: Any) -> str:
        body = {"team": "trade", "title": "PaymentErrors", "service": "payment", "severity": severity} | more
        draft = Draft(key="created", kind="incident.created", actor="alertmanager", at=self.clock.now(), body=body)
        self.incident = await self.store.register.open("trade", (draft,))
        return self.incident

    async def write(self, key: str, kind: str, actor: str = "alice", **body: Any) -> Entry:
        draft = Draft(key=key, kind=kind, actor=actor, at=self.clock.now(), body=body)
        entry: Entry = await self.store.timeline.write(self.incident, draft)
        return entry

    async def state(self) -> Incident:
        return fold(await self.store.timeline.read(self.incident))

    async def rungs(self) -> list[str]:
        return [summons.rung for summons in (await self.state()).summons]

    def shown(self, room: str) -> list[str]:
        return [message.card.summary for message in self.platform.messages if message.room == room]

    def called(self, room: str) -> list[list[str]]:
        """Whom each message calls, by account."""
        shown = [message.card for message in self.platform.messages if message.room == room]
        return [[person.accounts["fake"] for person in card.to] for card in shown]


def secrets(address: str) -> dict[str, str]:
    return {"PAGER": address, "KEY": "routing-key"}


@pytest.fixture(params=["en", "zh"])
async def night(request: pytest.FixtureRequest) -> AsyncIterator[Night]:
    clock = FakeClock()
    store = FakeStore(clock, FakeIds())
    async with Crew() as crew, ClientSession() as session:
        yield await started(clock, store, crew, session, FakeTeams(team(request.param)), PagerServer())


async def started(
    clock: FakeClock, store: Any, crew: Crew, session: ClientSession, teams: FakeTeams, pager: PagerServer
) -> Night:
    desk = ChatDesk(store.timeline, store.register, teams)
    platform = FakePlatform()
    outbox = Outbox(store.posts, {"fake": platform}, desk.draw_in, crew, FakeClock(auto=True))
    desk.send_through(outbox)
    caller = Pager(session, lambda name: secrets(pager.address).get(name, ""), "https://tocsin.example")
    urgent = Urgent(store.posts, {"fake": platform})
    escalation = Escalation(store.timeline, store.register, teams, desk, clock, caller, urgent)
    return Night(clock, store, platform, pager, escalation, teams)


async def test_nobody_looks(night: Night, listening_pager: str) -> None:
    night.pager.address = listening_pager
    await night.opens()
    await night.minutes(9.5)
    assert await night.rungs() == []
    assert night.platform.messages == []
    await night.minutes(10)
    assert await night.rungs() == ["again"]
    await night.minutes(20)
    assert await night.rungs() == ["again", "second"]
    assert not night.shown("late")
    await night.minutes(60)
    assert await night.rungs() == ["again", "second", "room", "pager"]
    state = await night.state()
    assert [summons.to for summons in state.summons] == ["alice", "bob", "", ""]
    assert [round((s.at - state.opened_at).total_seconds() / 60) for s in state.summons] == [10, 20, 30, 40]  # type: ignore[operator]
    first, *said = night.shown("main")
    assert night.incident in first
    assert len(said) == 4
    assert night.called("main") == [[], ["alice"], ["bob"], [], []]
    assert not [text for text in said if "[" in text]
    assert night.incident in night.shown("late")[0]


@pytest.fixture
async def listening_pager(night: Night) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/v2/enqueue", night.pager.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}/v2/enqueue"
    await runner.cleanup()


async def test_the_pager_is_called_once_with_what_it_needs(night: Night, listening_pager: str) -> None:
    night.pager.address = listening_pager
    night.teams.teams["trade"] = team(room="")
    incident = await night.opens("P1")
    await night.minutes(40)
    (event,) = night.pager.events
    assert event["routing_key"] == "routing-key"
    assert event["event_action"] == "trigger"
    assert event["dedup_key"] == f"tocsin/{incident}/1"
    assert event["links"] == [{"href": f"https://tocsin.example/incidents/{incident}", "text": incident}]
    payload = event["payload"]
    assert (payload["summary"], payload["severity"], payload["source"]) == ("P1 PaymentErrors", "critical", "payment")
    entries = await night.store.timeline.read(incident)
    (called,) = [entry for entry in entries if entry.kind == "pager.called"]
    assert called.body["receipt"] == event["dedup_key"]
    assert "routing-key" not in str(entries)


async def test_a_message_insists_for_whoever_was_called(night: Night) -> None:
    night.teams.teams["trade"] = team(room="", pager="", urgent="fake")
    await night.opens()
    await night.minutes(29.5)
    assert night.platform.insisted == []
    await night.minutes(60)
    assert await night.rungs() == ["again", "second", "urgent"]
    (insisted,) = night.platform.insisted
    said = next(message for message in night.platform.messages if message.id == insisted[0])
    assert ("Alice, Bob" in said.card.summary, insisted[1]) == (True, ("alice", "bob"))
    (called,) = [e for e in await night.store.timeline.read(night.incident) if e.kind == "urgent.called"]
    assert called.body["people"] == ["alice", "bob"]


async def test_a_message_that_cannot_insist_is_tried_again_and_then_told_of(night: Night) -> None:
    night.teams.teams["trade"] = team(room="", pager="", urgent="fake")
    night.platform.deaf = frozenset({"alice", "bob"})
    await night.opens()
    await night.minutes(60)
    assert len(night.platform.insisted) == 3
    kinds = [entry.kind for entry in await night.store.timeline.read(night.incident)]
    assert (kinds.count("urgent.failed"), kinds.count("urgent.called")) == (3, 1)
    assert "fake" in night.shown("main")[-1]


async def test_a_message_that_never_goes_out_is_waited_for_and_then_told_of(night: Night) -> None:
    night.teams.teams["trade"] = team(room="", pager="", urgent="fake")
    await night.opens()
    await night.minutes(29)
    night.platform.away = True
    await night.minutes(40)
    kinds = [entry.kind for entry in await night.store.timeline.read(night.incident)]
    assert (kinds.count("urgent.failed"), kinds.count("urgent.called")) == (3, 1)


async def test_whoever_takes_it_in_time_is_not_insisted_on(night: Night) -> None:
    night.teams.teams["trade"] = team(room="", pager="", urgent="fake")
    await night.opens()
    await night.minutes(29.5)
    await night.write("1/ack", "incident.acknowledged")
    await night.minutes(60)
    assert (await night.rungs(), night.platform.insisted) == (["again", "second"], [])


async def test_a_platform_that_cannot_insist_says_so(night: Night) -> None:
    people = tuple(p.model_copy(update={"accounts": {"fake": p.id, "pigeon": p.id}}) for p in team().people)
    here = team(room="", pager="", urgent="pigeon").model_copy(
        update={"people": people, "language": night.teams.teams["trade"].language}
    )
    night.teams.teams["trade"] = here
    await night.opens()
    await night.minutes(40)
    assert "pigeon" in night.shown("main")[-1]


async def test_a_pager_that_is_away_is_tried_again_and_then_told_of(night: Night, listening_pager: str) -> None:
    night.pager.address, night.pager.status = listening_pager, 503
    night.teams.teams["trade"] = team(room="")
    await night.opens()
    await night.minutes(60)
    assert len(night.pager.events) == 3
    assert len({event["dedup_key"] for event in night.pager.events}) == 1
    kinds = [entry.kind for entry in await night.store.timeline.read(night.incident)]
    assert kinds.count("pager.failed") == 3
    assert "503" in night.shown("main")[-1]


async def test_the_pager_hears_who_has_it_and_that_it_is_over(night: Night, listening_pager: str) -> None:
    night.pager.address = listening_pager
    night.teams.teams["trade"] = team(room="")
    await night.opens()
    await night.minutes(31)
    await night.write("1/ack", "incident.acknowledged")
    await night.minutes(33)
    await night.write("1/closed", "incident.closed", outcome="recovered")
    night.pager.status = 500
    await night.minutes(34)
    night.pager.status = 202
    await night.minutes(40)
    assert [event["event_action"] for event in night.pager.events] == [
        "trigger",
        "acknowledge",
        "resolve",
        "resolve",
        "resolve",
    ]
    assert len({event["dedup_key"] for event in night.pager.events}) == 1
    told = [e.body["action"] for e in await night.store.timeline.read(night.incident) if e.kind == "pager.told"]
    assert told == ["acknowledge", "resolve"]


async def test_a_new_process_tells_the_pager_of_what_ended_meanwhile(night: Night, listening_pager: str) -> None:
    night.pager.address = listening_pager
    await night.opens()
    await night.write("k/called", "pager.called", "tocsin", summons="k", receipt="tocsin/inc/1")
    await night.write("1/closed", "incident.closed", outcome="recovered")
    for _ in range(3):
        await night.escalation.round()
    (event,) = night.pager.events
    assert (event["event_action"], event["dedup_key"]) == ("resolve", "tocsin/inc/1")


async def test_a_pager_without_an_address_is_said(night: Night) -> None:
    night.teams.teams["trade"] = team(room="")
    await night.opens()
    await night.minutes(40)
    assert "PAGER" in night.shown("main")[-1]


@pytest.mark.parametrize("minute, rungs", [(5, []), (15, ["again"]), (25, ["again", "second"])])
async def test_whoever_takes_it_stops_it(night: Night, minute: int, rungs: list[str]) -> None:
    await night.opens()
    await night.minutes(minute)
    await night.write("1/ack", "incident.acknowledged")
    await night.minutes(90)
    assert await night.rungs() == rungs


async def test_a_snooze_keeps_everybody_asleep_and_ends_by_itself(night: Night) -> None:
    await night.opens()
    await night.minutes(5)
    await night.write("snoozed:e1", "incident.snoozed", until="2026-03-01T11:00:00+00:00")
    await night.minutes(59.5)
    assert await night.rungs() == []
    await night.minutes(60)
    state = await night.state()
    assert state.snooze is None
    (said,) = state.says
    assert said.to == "alice"
    assert night.called("main")[-1] == ["alice"]
    await night.minutes(69)
    assert await night.rungs() == []
    await night.minutes(70)
    assert await night.rungs() == ["again"]
    kinds = [entry.kind for entry in await night.store.timeline.read(night.incident)]
    assert kinds.count("incident.snooze_ended") == 1


async def test_a_team_of_nobody_is_told_that_it_is_one(night: Night) -> None:
    nobody = Team(id="trade", name="Trade", language=night.teams.teams["trade"].language, rooms=("fake:main",))
    night.teams.teams["trade"] = nobody
    await night.opens()
    await night.minutes(30)
    assert await night.rungs() == ["again"]
    assert "team.yaml" in night.shown("main")[-1]


async def test_two_processes_call_once(night: Night) -> None:
    await night.opens()
    await night.clock.advance(45 * 60)
    twin = Escalation(
        night.escalation._timeline,
        night.escalation._register,
        night.teams,
        night.escalation._desk,
        night.clock,
        night.escalation._pager,
        night.escalation._urgent,
    )
    for _ in range(3):
        await night.escalation.round()
        await twin.round()
        await settle()
    assert await night.rungs() == ["again"]
    assert night.called("main").count(["alice"]) == 1


async def test_what_was_written_and_not_shown_is_shown_by_the_next_process(night: Night) -> None:
    await night.opens()
    await night.clock.advance(601)
    say = {"word": "notice.unacknowledged_again", "values": {"incident": night.incident, "minutes": 10, "names": "A"}}
    await night.write("1/unacknowledged/again", "incident.escalated", "tocsin", rung="again", to="alice", say=say)
    await night.escalation.round()
    await settle()
    assert night.called("main").count(["alice"]) == 1


async def test_settings_that_change_count_from_then_on(night: Night) -> None:
    night.teams.teams["trade"] = team(after_minutes=0)
    await night.opens()
    await night.minutes(30)
    assert await night.rungs() == []
    night.teams.teams["trade"] = team(after_minutes=31)
    await night.minutes(31)
    assert await night.rungs() == ["again"]


async def test_a_later_room_is_kept_up_to_date_from_then_on(night: Night) -> None:
    await night.opens()
    await night.minutes(30)
    (header,) = [m for m in night.platform.messages if m.room == "late" and not m.thread]
    await night.write("1/ack", "incident.acknowledged", "bob")
    await night.escalation._desk.show(night.incident, "header")
    for _ in range(4):
        await settle()
    assert "Bob" in str(header.card)


async def test_a_compressed_world_calls_nobody_unless_it_says_so(night: Night) -> None:
    night.teams.teams["trade"] = team(after_minutes=None)
    await night.opens(compressed_time=True)
    await night.minutes(120)
    assert await night.rungs() == []


async def test_over_the_store_that_ships_and_a_restart(tmp_path: Path) -> None:
    clock, ids = FakeClock(), FakeIds()
    teams, pager = FakeTeams(team()), PagerServer()
    path = tmp_path / "t.sqlite"
    async with Crew() as crew, ClientSession() as session, open_sqlite(path, clock, ids) as store:
        night = await started(clock, store, crew, session, teams, pager)
        incident = await night.opens()
        await clock.advance(11 * 60)
        await night.escalation.round()
        await night.write("snoozed:e1", "incident.snoozed", until="2026-03-01T11:00:00+00:00")
    await clock.advance(60 * 60)
    async with Crew() as crew, ClientSession() as session, open_sqlite(path, clock, ids) as store:
        night = await started(clock, store, crew, session, teams, pager)
        night.incident = incident
        await night.escalation.round()
        assert (await night.state()).snooze is None
        await clock.advance(20 * 60)
        await night.escalation.round()
        assert await night.rungs() == ["again", "second"]

"""Checks who is called when nobody takes an incident: in which order, how far apart, and when nobody is."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from engine.duty import Snooze, Summons
from engine.escalation import due, insisted, ladder, next_up
from engine.incident import Incident
from engine.team import Escalation, Person, Role, Team

START = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


def person(id: str, *roles: Role) -> Person:
    return Person(id=id, name=id.title(), roles=frozenset(roles or ("responder",)))


def team(
    minutes: float | None = 10.0, room: str = "fake:late", pager: str = "PAGER", on_call: tuple[str, ...] = ()
) -> Team:
    people = (person("alice"), person("bob"), person("vic", "viewer"), person("rita"))
    settings = Escalation(after_minutes=minutes, room=room, pager=pager)
    return Team(id="trade", name="Trade", people=people, on_call=on_call, escalation=settings)


def incident(**more: object) -> Incident:
    return Incident.model_validate({"id": "inc_1", "team": "trade", "began_at": START, "severity": "P2"} | more)


def climbed(state: Incident, who: Team, limit: int = 10) -> list[tuple[str, str, float]]:
    """Every step taken the moment it is due, with its minute."""
    steps: list[tuple[str, str, float]] = []
    while (call := due(state, who)) is not None and len(steps) < limit:
        steps.append((call.rung, call.to or call.room, (call.at - START).total_seconds() / 60))
        summons = Summons(key=call.rung, rung=call.rung, to=call.to, room=call.room, by="tocsin", at=call.at)
        state = state.model_copy(update={"summons": (*state.summons, summons)})
    return steps


def test_the_whole_way_up() -> None:
    steps = [("again", "alice", 10), ("second", "bob", 20), ("room", "fake:late", 30), ("pager", "", 40)]
    assert climbed(incident(), team()) == steps
    assert [minute for _, _, minute in climbed(incident(severity="P1"), team())] == [10, 15, 20, 25]
    assert climbed(incident(severity="P4"), team()) == [("again", "alice", 10)]


def test_a_message_insists_where_the_team_says_so_and_somebody_has_an_account_there() -> None:
    called = team(pager="").model_copy(update={"escalation": Escalation(after_minutes=10, urgent="pigeon")})
    assert climbed(incident(), called) == [("again", "alice", 10), ("second", "bob", 20)]
    people = tuple(p.model_copy(update={"accounts": {"pigeon": p.id}}) for p in called.people if p.id != "alice")
    called = called.model_copy(update={"people": (*called.people[:1], *people)})
    assert climbed(incident(), called)[2] == ("urgent", "", 30)
    assert [person.id for person in insisted(incident(), called)] == ["bob"], "nobody was called yet: the first there"
    summons = tuple(Summons(key=who, rung="asked", to=who, by="rita", at=START) for who in ("alice", "bob", "rita"))
    assert [person.id for person in insisted(incident(summons=summons), called)] == ["bob", "rita"]
    assert climbed(incident(severity="P4"), called) == [("again", "alice", 10)]


def test_what_is_not_there_is_left_out() -> None:
    assert climbed(incident(), team(room="", pager="")) == [("again", "alice", 10), ("second", "bob", 20)]
    assert climbed(incident(), team(room="", on_call=("rita",))) == [("again", "rita", 10), ("pager", "", 20)]
    assert climbed(incident(), Team(id="d", name="D")) == [("again", "", 10)]


def test_who_has_it_is_reminded_and_another_one_is_second() -> None:
    steps = climbed(incident(assignee="bob"), team())
    assert steps[:2] == [("again", "bob", 10), ("second", "alice", 20)]
    asked = Summons(key="k", rung="asked", to="alice", by="rita", at=START)
    assert climbed(incident(assignee="bob", summons=(asked,)), team())[1][1] == "rita"


def test_nobody_is_called() -> None:
    for quiet in (
        {"acknowledged_by": "alice"},
        {"resolved_at": START},
        {"status": "closed"},
        {"status": "executing"},
        {"status": "recovered"},
        {"snooze": Snooze(key="s", until=START, by="alice", at=START)},
        {"began_at": None},
    ):
        assert due(incident(**quiet), team()) is None, quiet
    assert due(incident(), team(minutes=0)) is None
    assert due(incident(compressed_time=True), team(minutes=None)) is None
    assert due(incident(compressed_time=True), team(minutes=0.5)) is not None
    assert climbed(incident(), team(minutes=None))[0] == ("again", "alice", 10)


def test_after_a_snooze_it_begins_anew_where_it_stopped() -> None:
    woken = START + timedelta(hours=2)
    again = Summons(key="again", rung="again", to="alice", by="tocsin", at=START + timedelta(minutes=10))
    call = due(incident(summons=(again,), snoozed_until=woken), team())
    assert call is not None
    assert (call.rung, call.at) == ("second", woken + timedelta(minutes=20))


def test_steps_missed_while_nobody_could_call_keep_their_distance() -> None:
    late = START + timedelta(hours=3)
    again = Summons(key="again", rung="again", by="tocsin", at=late)
    call = due(incident(summons=(again,)), team())
    assert call is not None
    assert call.at == late + timedelta(minutes=5)


def test_the_order_is_the_teams() -> None:
    who = team(on_call=("rita", "gone", "alice"))
    assert [p.id for p in who.on_duty] == ["rita", "alice"]
    assert [p.id for p in team().on_duty] == ["alice", "bob", "rita"]
    assert next_up(incident(assignee="rita"), who).id == "alice"  # type: ignore[union-attr]
    assert next_up(incident(assignee="rita"), who, but="alice") is None


@given(
    st.sampled_from(["P1", "P2", "P3", "P4"]),
    st.floats(0.1, 600),
    st.booleans(),
    st.booleans(),
    st.lists(st.sampled_from(["alice", "bob", "vic", "rita", "gone"]), unique=True),
)
def test_every_step_once_in_order_and_never_before_its_time(
    severity: str, minutes: float, room: bool, pager: bool, on_call: list[str]
) -> None:
    who = team(minutes, "fake:late" if room else "", "PAGER" if pager else "", tuple(on_call))
    state = incident(severity=severity)
    steps = climbed(state, who)
    assert [rung for rung, _, _ in steps] == list(ladder(state, who))
    times = [minute for _, _, minute in steps]
    assert times[0] >= minutes * 0.999
    assert times == sorted(times)
    assert len(set(times)) == len(times)
    people = [to for rung, to, _ in steps if rung in ("again", "second") and to]
    assert len(set(people)) == len(people)

"""Checks what becomes of an alert: every way it can come, against every way its incident can stand."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import intake
from engine.model import Alert
from engine.ports import Known, Placing, Sighting
from engine.team import Team

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
START = NOW - timedelta(hours=1)
MINUTE = timedelta(minutes=1)
CALL = intake.Call(raw_ref="raw_1", format="alertmanager", at=NOW, truncated=3)


def alert(**over: object) -> Alert:
    given = {"fingerprint": "f1", "status": "firing", "name": "Errors", "service": "payment", "starts_at": START}
    return Alert.model_validate(given | over)


def known(**over: object) -> Known:
    return Known.model_validate({"incident": "inc_1", "last_status": "firing", "last_starts_at": START} | over)


def place(what: Alert, one: Known | None = None, grouped: Known | None = None) -> Placing:
    return intake.decide(Sighting(team="t", alert=what), one, grouped, CALL)


def kinds(placing: Placing) -> list[str]:
    return [draft.kind for draft in placing.drafts]


def test_a_new_alert_opens_an_incident_in_the_order_of_the_story() -> None:
    placing = place(alert(severity="P1", environment="prod"))
    assert placing.what == "open"
    assert kinds(placing) == ["incident.created", "alert.normalized", "gateway.received"]
    assert [draft.key for draft in placing.drafts] == [
        "created",
        f"alert:f1:{int(START.timestamp())}:firing",
        "received:raw_1",
    ]
    created = placing.drafts[0].body
    assert {created[name] for name in ("team", "title", "service", "severity", "environment")} == {
        "t",
        "Errors",
        "payment",
        "P1",
        "prod",
    }
    assert placing.drafts[2].body["truncated"] == 3


def test_a_group_mate_of_the_same_service_joins_and_another_service_opens_its_own() -> None:
    mate = intake.belonging(alert(fingerprint="f2", group_key="g"))
    stranger = intake.belonging(alert(fingerprint="f3", group_key="g", service="order"))
    assert mate.group_key != stranger.group_key
    joined = place(mate, None, known())
    assert (joined.what, joined.incident) == ("join", "inc_1")
    assert kinds(joined) == ["alert.normalized", "gateway.received"]
    assert place(stranger, None, None).what == "open"
    assert intake.belonging(alert()).group_key == ""


def test_a_closed_group_mate_is_not_joined() -> None:
    assert place(alert(group_key="g"), None, known(closed_at=NOW)).what == "open"


def test_the_same_flare_again_is_a_repeat_counted_once_a_minute() -> None:
    placing = place(alert(), known())
    assert kinds(placing) == ["alert.repeated"]
    assert placing.drafts[0].key == f"repeat:f1:{int(NOW.timestamp() // 60)}"


def test_still_firing_under_a_later_start_is_a_repeat_too() -> None:
    assert kinds(place(alert(starts_at=NOW), known())) == ["alert.repeated"]


def test_firing_again_after_its_end_is_told_in_the_open_incident() -> None:
    placing = place(alert(starts_at=NOW), known(last_status="resolved"))
    assert (placing.what, placing.incident) == ("join", "inc_1")
    assert kinds(placing) == ["alert.normalized", "gateway.received"]


def test_a_late_copy_after_its_own_end_changes_nothing() -> None:
    assert kinds(place(alert(), known(last_status="resolved"))) == ["alert.repeated"]


def test_its_end_is_told_once() -> None:
    ended = alert(status="resolved")
    assert kinds(place(ended, known())) == ["alert.resolved"]
    again = place(ended, known(last_status="resolved"))
    assert (again.what, again.incident, again.drafts) == ("join", "inc_1", ())


def test_the_end_of_an_earlier_flare_does_not_end_a_later_one() -> None:
    assert place(alert(status="resolved"), known(last_starts_at=NOW)).drafts == ()


def test_the_end_of_what_nobody_knows_is_ignored() -> None:
    assert place(alert(status="resolved")).what == "ignore"


@pytest.mark.parametrize("minutes, what", [(1, "reopen"), (30, "reopen"), (31, "open")])
def test_a_new_flare_after_closing_reopens_within_thirty_minutes(minutes: int, what: str) -> None:
    closed = known(last_status="resolved", closed_at=NOW - minutes * MINUTE, episode=2)
    placing = place(alert(starts_at=NOW), closed)
    assert placing.what == what
    if what == "reopen":
        assert placing.drafts[0].key == "reopened:3"
        assert kinds(placing) == ["incident.reopened", "alert.normalized", "gateway.received"]
    else:
        assert placing.previous == "inc_1"
        assert placing.drafts[0].body["previous"] == "inc_1"


def test_a_repeat_of_the_flare_that_was_closed_opens_nothing() -> None:
    placing = place(alert(), known(closed_at=NOW))
    assert (placing.what, kinds(placing)) == ("join", ["alert.repeated"])


def test_a_flare_that_ended_and_comes_back_under_its_old_start_is_not_swallowed() -> None:
    placing = place(alert(), known(last_status="resolved", closed_at=NOW, episode=1))
    assert placing.what == "reopen"
    assert placing.drafts[1].key.endswith(":firing:2")


@given(
    status=st.sampled_from(["firing", "resolved"]),
    start=st.integers(-120, 120),
    last=st.none() | st.tuples(st.sampled_from(["firing", "resolved"]), st.integers(-120, 120)),
    closed=st.none() | st.integers(0, 90),
    grouped=st.booleans(),
)
def test_a_closed_incident_never_swallows_a_new_flare(
    status: str, start: int, last: tuple[str, int] | None, closed: int | None, grouped: bool
) -> None:
    flare = alert(status=status, starts_at=NOW + start * MINUTE, group_key="g")
    one = None
    if last is not None:
        ended = NOW - closed * MINUTE if closed is not None else None
        one = known(last_status=last[0], last_starts_at=NOW + last[1] * MINUTE, closed_at=ended)
    placing = place(flare, one, known(incident="inc_2") if grouped else None)
    keys = [draft.key for draft in placing.drafts]
    assert len(keys) == len(set(keys))
    assert (placing.what == "open") == (keys[:1] == ["created"])
    if status == "firing" and one is not None and one.closed_at is not None and last is not None and start > last[1]:
        assert placing.what in ("open", "reopen") or placing.incident == "inc_2"
    if status == "resolved":
        assert placing.what in ("join", "ignore")
    if status == "firing":
        assert placing.drafts


@pytest.mark.parametrize(
    "labels, expected",
    [
        ({"severity": "critical"}, "P1"),
        ({"severity": "PAGE"}, "P1"),
        ({"severity": " Sev1 "}, "P1"),
        ({"severity": "high"}, "P2"),
        ({"priority": "P2"}, "P2"),
        ({"severity": "warning"}, "P3"),
        ({"severity": "info"}, "P4"),
        ({"severity": "none"}, "P4"),
        ({"severity": "purple"}, "P3"),
        ({}, "P3"),
    ],
)
def test_severity(labels: dict[str, str], expected: str) -> None:
    assert intake.severity(labels) == expected


def test_a_heartbeat_that_was_seen_and_stays_away_is_an_alert_with_a_steady_identity() -> None:
    teams = (Team(id="t", name="T", watchdog_minutes=15), Team(id="u", name="U"))
    beats = {("t", "Watchdog"): NOW - 16 * MINUTE, ("u", "Watchdog"): NOW - 600 * MINUTE}
    (silent,) = intake.overdue(beats, teams, NOW)
    assert (silent.team, silent.alert.name) == ("t", "WatchdogSilent")
    assert intake.overdue(beats, teams, NOW + MINUTE) == (silent,)
    assert intake.overdue({("t", "Watchdog"): NOW - 15 * MINUTE}, teams, NOW) == ()
    assert intake.overdue({}, teams, NOW) == ()


@pytest.mark.parametrize(
    "name, severity, expected",
    [
        ("Watchdog", "none", True),
        ("Watchdog", "", True),
        ("ClusterHeartbeat", "none", True),
        ("Heartbeat", "critical", False),
    ],
)
def test_what_counts_as_a_heartbeat(name: str, severity: str, expected: bool) -> None:
    assert intake.is_heartbeat(alert(name=name, labels={"severity": severity})) is expected

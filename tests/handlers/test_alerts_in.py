"""Checks alerts from the receiver's call to the incident: routed, kept, placed, woken, and answered with the truth."""

import json
from pathlib import Path

import pytest

from engine.errors import StoreFull, UnknownName, UnreadableAlert
from tests.handlers.house import Scene

CAPTURES = Path(__file__).parent / "alerts" / "captures"


def capture(name: str) -> bytes:
    return next(CAPTURES.glob(f"{name}*")).read_bytes()


def webhook(*alerts: dict, **over: object) -> bytes:
    call = {"version": "4", "groupKey": "g", "status": "firing", "alerts": list(alerts), "truncatedAlerts": 0}
    return json.dumps(call | over).encode()


def one(
    name: str = "Errors", fingerprint: str = "f1", status: str = "firing", start: str = "10:00:00", **labels: str
) -> dict:
    return {
        "status": status,
        "labels": {"alertname": name, "service": "payment", "team": "trade"} | labels,
        "annotations": {},
        "startsAt": f"2026-03-01T{start}Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": fingerprint,
    }


async def test_a_day_of_genuine_webhooks() -> None:
    scene = Scene()
    opened = await scene.alerts(capture("webhook_02"))
    assert opened.accepted == 1
    (checkout,) = opened.incidents
    assert (await scene.state(checkout)).team == "trade"
    kinds = [entry.kind for entry in await scene.entries(checkout)]
    assert kinds == ["incident.created", "alert.normalized", "gateway.received"]
    two = await scene.alerts(capture("webhook_04"))
    assert two.accepted == 2
    assert len(set(two.incidents)) == 2
    assert checkout in two.incidents
    mixed = await scene.alerts(capture("webhook_05"))
    assert set(mixed.incidents) == set(two.incidents)
    await scene.alerts(capture("webhook_06"))
    twice = await scene.alerts(capture("webhook_06"))
    assert (twice.accepted, set(twice.incidents)) == (2, set(two.incidents))
    for incident in two.incidents:
        assert len(await scene.entries(incident, "alert.resolved")) == 1
        assert (await scene.state(incident)).resolved_at is not None
        assert (incident, "header") in scene.desk.shown
        assert incident in scene.woken


async def test_the_first_card_of_what_opens_is_sent_at_once_and_what_is_known_shows_it_anew() -> None:
    scene = Scene()
    (incident,) = (await scene.alerts(webhook(one()))).incidents
    (post,) = await scene.store.posts.due("console:trade")
    assert (post.incident, post.slot) == (incident, "header")
    assert (scene.sent, scene.desk.shown) == (["console:trade"], [])
    await scene.alerts(webhook(one(fingerprint="f2")))
    assert (scene.sent, scene.desk.shown) == (["console:trade"], [(incident, "header")])


async def test_left_out_alerts_are_said() -> None:
    scene = Scene()
    answer = await scene.alerts(capture("case_am_max"))
    assert answer.accepted == 10
    assert len(answer.incidents) == 1
    assert (await scene.state(answer.incidents[0])).truncated == json.loads(capture("case_am_max"))["truncatedAlerts"]


async def test_what_cannot_be_read_is_kept_raw_and_named_in_the_thread() -> None:
    scene = Scene()
    alerts = [one(fingerprint=f"f{n}") for n in range(30)]
    alerts[3] = {"labels": None}
    body = webhook(*alerts)
    answer = await scene.alerts(body, id="raw_9")
    assert answer.accepted == 29
    raw = await scene.store.raw("raw_9")
    assert raw is not None
    assert (raw.body, "alerts[3]" in raw.reason) == (body, True)
    (notice,) = await scene.entries(answer.incidents[0], "notice.posted")
    assert "alerts[3]" in notice.body["say"]["values"]["names"]
    assert (answer.incidents[0], f"say:{notice.key}") in scene.desk.shown


async def test_nothing_readable_is_refused_but_kept() -> None:
    scene = Scene()
    with pytest.raises(UnreadableAlert):
        await scene.alerts(b"{not json", id="raw_1")
    raw = await scene.store.raw("raw_1")
    assert raw is not None
    assert raw.reason
    with pytest.raises(UnknownName):
        await scene.alerts(b"{}", format="nagios")
    assert not scene.woken


async def test_a_full_disk_reaches_whoever_answers() -> None:
    scene = Scene()
    scene.store.disk.full = True
    with pytest.raises(StoreFull):
        await scene.alerts(webhook(one()))
    scene.store.disk.full = False
    assert (await scene.alerts(webhook(one()))).accepted == 1


async def test_two_receivers_that_send_one_alert_make_one_incident() -> None:
    scene = Scene()
    first = await scene.alerts(webhook(one()))
    second = await scene.alerts(webhook(one(), groupKey="another group"))
    assert first.incidents == second.incidents
    assert (await scene.state(first.incidents[0])).repeats == 1


async def test_the_same_alert_in_two_teams_is_two_incidents() -> None:
    scene = Scene()
    mine = await scene.alerts(webhook(one()))
    theirs = await scene.alerts(webhook(one(team="supply")))
    nobody = await scene.alerts(webhook(one(team="?")))
    token = await scene.alerts(webhook(one(fingerprint="f9")), team="supply")
    teams = [(await scene.state(answer.incidents[0])).team for answer in (mine, theirs, nobody, token)]
    assert teams == ["trade", "supply", "default", "supply"]
    assert mine.incidents != theirs.incidents


async def test_a_flare_after_closing() -> None:
    scene = Scene()
    (incident,) = (await scene.alerts(webhook(one()))).incidents
    await scene.alerts(webhook(one(status="resolved")))
    await scene.type("alice", incident, "close recovered")
    await scene.later(29)
    assert (await scene.alerts(webhook(one(start="10:29:00")))).incidents == (incident,)
    state = await scene.state(incident)
    assert (state.status, state.episode) == ("open", 2)
    await scene.type("alice", incident, "close")
    await scene.later(31)
    (later,) = (await scene.alerts(webhook(one(start="11:00:00")))).incidents
    assert later != incident
    assert (await scene.state(later)).previous == incident


async def test_the_watchdog_is_heard_and_missed() -> None:
    scene = Scene()
    beat = webhook(one("Watchdog", "w", severity="none"))
    answer = await scene.alerts(beat)
    assert (answer.accepted, answer.incidents, scene.woken) == (1, (), [])
    await scene.later(14)
    assert await scene.door.look_for_silence() == ()
    await scene.later(2)
    (silent,) = await scene.door.look_for_silence()
    assert (await scene.state(silent)).title == "WatchdogSilent"
    await scene.later(1)
    assert await scene.door.look_for_silence() == ()
    back = await scene.alerts(beat)
    assert back.incidents == (silent,)
    state = await scene.state(silent)
    assert (state.resolved_at is not None, state.status, state.outcome) == (True, "closed", "recovered")
    await scene.later(16)
    assert await scene.door.look_for_silence() == (silent,)
    assert (await scene.state(silent)).status == "open"


async def test_an_alert_that_calls_its_service_otherwise_is_about_it_and_says_how_that_was_found_out() -> None:
    scene = Scene()
    answer = await scene.alerts(webhook(one(service="pay-canary", job="shop/payment")), id="raw_1")
    (incident,) = answer.incidents
    state = await scene.state(incident)
    assert (state.service, state.alert.labels["service"] if state.alert else "") == ("payment", "pay-canary")
    assert state.resolved_by is not None
    assert state.resolved_by.values["label"] == "job"
    again = await scene.alerts(webhook(one(fingerprint="f2", name="Slow", service="payment")), id="raw_2")
    assert again.incidents == answer.incidents
    await scene.alerts(webhook(one(service="pay-canary", job="shop/payment", start="10:05:00")), id="raw_3")
    assert len(await scene.entries(incident, "service.resolved")) == 1
    other = await scene.alerts(webhook(one(fingerprint="f3", service="search")), id="raw_4")
    assert (await scene.state(other.incidents[0])).resolved_by is None

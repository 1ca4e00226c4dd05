"""Checks that genuine webhooks are read in full, half-good ones as far as they go, and that nothing breaks."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cards.words import Words
from engine.errors import UnknownName, UnreadableAlert
from handlers.alerts import FORMATS, generic, reader
from handlers.alerts.alertmanager import read
from handlers.alerts.batch import Batch

CAPTURES = sorted((Path(__file__).parent / "captures").glob("*.json"))
NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


def body(**over: Any) -> dict[str, Any]:
    call = json.loads((CAPTURES[0].parent / "webhook_01_TargetDown_firing_1.json").read_text(encoding="utf-8"))
    return call | over


def alert(**over: Any) -> dict[str, Any]:
    return body()["alerts"][0] | over


def take(call: Any) -> Batch:
    return read(json.dumps(call).encode(), NOW)


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_a_genuine_webhook_is_read_in_full(path: Path) -> None:
    call = json.loads(path.read_text(encoding="utf-8"))
    batch = read(path.read_bytes(), NOW)
    assert batch.unreadable == ()
    assert batch.truncated == call["truncatedAlerts"]
    for sent, got in zip(call["alerts"], batch.alerts, strict=True):
        assert got.fingerprint == sent["fingerprint"]
        assert got.status == sent["status"]
        assert got.name == sent["labels"]["alertname"]
        assert got.service == sent["labels"].get("service", "")
        assert got.labels == sent["labels"]
        assert got.summary == sent["annotations"]["summary"]
        assert got.starts_at == datetime.fromisoformat(sent["startsAt"])
        assert (got.ends_at is None) == (sent["status"] == "firing")
        assert got.generator_url == sent["generatorURL"]
        assert got.group_key == call["groupKey"]


def test_severity_and_environment_come_from_labels() -> None:
    batch = read((CAPTURES[0].parent / "webhook_02_HighErrorRate_firing_1.json").read_bytes(), NOW)
    assert (batch.alerts[0].severity, batch.alerts[0].environment) == ("P1", "prod")


def test_of_thirty_with_one_unreadable_twenty_nine_are_taken() -> None:
    alerts: list[Any] = [alert(fingerprint=f"{n:016x}") for n in range(30)]
    alerts[17] = {"status": "firing", "labels": "none"}
    batch = take(body(alerts=alerts))
    assert len(batch.alerts) == 29
    assert [item.reason for item in batch.unreadable] == ["alerts[17]: labels is text, not an object"]
    assert json.loads(batch.unreadable[0].raw) == alerts[17]


@pytest.mark.parametrize(
    "bad, says",
    [
        ("text", "text"),
        (None, "null"),
        (7, "a number"),
        ({}, "labels"),
        (alert(labels={}), "labels"),
        (alert(labels={"alertname": {"a": 1}}), "labels.alertname"),
        (alert(startsAt="yesterday"), "startsAt"),
        (alert(startsAt="2026-13-45T99:00:00Z"), "startsAt"),
        (alert(startsAt=12345), "startsAt"),
        (alert(startsAt="9999-12-31T23:59:59-14:00"), "startsAt"),
        (alert(status="unsure"), "status"),
        (alert(annotations=[1]), "annotations"),
    ],
)
def test_an_unreadable_alert_is_named(bad: Any, says: str) -> None:
    batch = take(body(alerts=[alert(), bad]))
    assert len(batch.alerts) == 1
    assert says in batch.unreadable[0].reason
    with pytest.raises(UnreadableAlert) as error:
        take(body(alerts=[bad]))
    assert says in Words("en").say(error.value.phrase)


@pytest.mark.parametrize(
    "raw, says",
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe\xfd", "not JSON"),
        (b"[1, 2]", "a list"),
        (b'"alerts"', "text"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"alerts": ' + b"9" * 5_000 + b"}", "not JSON"),
        (b'{"title": "disk", "ruleId": 3, "state": "alerting"}', "alerts"),
        (b'{"alerts": {"a": 1}, "version": "4"}', "groupKey"),
    ],
)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_wrong_body_gets_one_clear_sentence(raw: bytes, says: str, language: str) -> None:
    with pytest.raises(UnreadableAlert) as error:
        read(raw, NOW)
    sentence = Words(language).say(error.value.phrase)
    assert "[" not in sentence.replace("alerts[", "")
    if language == "en":
        assert says in sentence


def test_a_missing_fingerprint_is_computed_from_labels_alone() -> None:
    bare = {name: value for name, value in alert().items() if name != "fingerprint"}
    first, second = take(body(alerts=[bare, bare | {"annotations": {"summary": "x"}}])).alerts
    assert first.fingerprint == second.fingerprint
    other = take(body(alerts=[bare | {"labels": {"alertname": "Other"}}])).alerts[0]
    assert other.fingerprint != first.fingerprint


def test_a_start_that_was_not_said_is_now() -> None:
    for start in (None, "", "0001-01-01T00:00:00Z"):
        assert take(body(alerts=[alert(startsAt=start)])).alerts[0].starts_at == NOW


def test_sizes_are_bounded_and_text_survives_utf8() -> None:
    labels = {f"l{n}": "x" * 5_000 for n in range(500)} | {"alertname": "A"}
    hostile = {"summary": "\ud800<script>\x00@all", "description": "d" * 100_000}
    got = take(body(alerts=[alert(labels=labels, annotations=hostile, generatorURL="javascript:alert(1)")])).alerts[0]
    assert len(got.labels) <= 64 + len(body()["commonLabels"])
    assert max(map(len, got.labels.values())) <= 1_024
    assert len(got.description) == 4_096
    assert "<script>" in got.summary
    assert "\x00" not in got.summary
    got.summary.encode()
    assert got.generator_url == ""


def test_a_watchdog_is_a_heartbeat_and_no_alert() -> None:
    watchdog = alert(labels={"alertname": "Watchdog", "severity": "none"})
    batch = take(body(alerts=[alert(), watchdog], commonLabels={}))
    assert [item.name for item in batch.alerts] == ["TargetDown"]
    assert [item.name for item in batch.heartbeats] == ["Watchdog"]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
nearly = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint"), anything
    ),
)
calls = st.fixed_dictionaries(
    {"alerts": st.lists(nearly | anything, max_size=4) | anything},
    optional=dict.fromkeys(("status", "commonLabels", "groupKey", "truncatedAlerts", "version"), anything),
)


@pytest.mark.parametrize("name", [name for name, _ in FORMATS])
@settings(max_examples=300, deadline=None)
@given(call=calls | anything)
def test_any_json_is_read_or_refused_and_never_breaks(name: str, call: Any) -> None:
    raw = json.dumps(call).encode()
    try:
        batch = reader(name)(raw, NOW)
    except UnreadableAlert as error:
        Words("en").say(error.phrase).encode()
    else:
        str(batch.unreadable).encode()
        for item in (*batch.alerts, *batch.heartbeats):
            item.model_dump_json().encode()
            item.starts_at.timestamp()


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_and_never_break(raw: bytes) -> None:
    with pytest.raises(UnreadableAlert):
        read(raw, NOW)


def test_a_generic_alert_is_known_again_when_it_grows_worse() -> None:
    one = {"name": "DiskFull", "service": "order", "severity": "warning", "summary": "91 %"}
    first = generic.read(json.dumps(one).encode(), NOW).alerts[0]
    second = generic.read(json.dumps({"alerts": [one | {"severity": "critical"}]}).encode(), NOW).alerts[0]
    assert (first.name, first.service, first.severity, second.severity) == ("DiskFull", "order", "P3", "P1")
    assert first.fingerprint == second.fingerprint


def test_an_unknown_format_names_those_there_are() -> None:
    with pytest.raises(UnknownName) as error:
        reader("nagios")
    assert "alertmanager, generic" in Words("en").say(error.value.phrase)

"""Checks that an incident's context says what the timeline says, and stays small."""

import pytest

from cards.words import Words
from engine.context import MOST_SIGNALS, context, error_type
from engine.incident import Incident
from engine.model import Evidence, Phrase, Severity, Sweep
from engine.team import Objective, Rollback, Service
from tests.cards.factory import INCIDENT, WINDOW, unclear_example, worked_example

SERVICE = Service(
    name="payment-service",
    owner="payments",
    objective=Objective(error_ratio=0.02),
    runbooks=("https://wiki.example.com/pay",),
    rollback=Rollback(safe_revision="1.4"),
    health_url="http://pay/healthz",
    log_paths=("/var/log/pay.log",),
)


def test_what_the_worked_example_is_about() -> None:
    state = worked_example().fold()
    found = context(state, {"payment-service": SERVICE})
    assert (found.incident, found.service, found.severity) == (INCIDENT, "payment-service", state.severity)
    assert found.alertname
    assert found.catalogue is not None
    assert (found.catalogue.owner, found.catalogue.rollback_to) == ("payments", "1.4")
    assert {each.signal for each in found.metrics if each.abnormal}
    assert found.logs[0].excerpt
    assert found.changes
    signals = (*found.metrics, *found.traces, *found.health)
    cited = {each.id for each in signals} | {each.id for each in found.logs}
    assert cited <= {each.id for each in (state.sweep.evidence if state.sweep else ())}
    assert len(found.model_dump_json(exclude_defaults=True)) < 40_000


def test_of_an_incident_nobody_looked_at_it_says_what_is_known() -> None:
    found = context(Incident(id="inc_1", team="t", title="odd", service="pay"), {})
    assert (found.alertname, found.service, found.catalogue, found.metrics) == ("odd", "pay", None, ())


def test_a_flood_of_evidence_is_bounded() -> None:
    one = Evidence(
        id="ev_metric_1",
        kind="metric",
        source="p",
        service="pay",
        signal="traffic",
        query="q",
        window=WINDOW,
        summary=Phrase(word="x"),
    )
    state = Incident(id="inc_1", sweep=Sweep(window=WINDOW, evidence=(one,) * 500))
    assert len(context(state, {}).metrics) == MOST_SIGNALS


def odd(signal: str, kind: str = "metric", service: str = "pay", **more: object) -> Evidence:
    return Evidence(
        id=f"ev_{signal}",
        kind=kind,  # type: ignore[arg-type]
        source="p",
        service=service,
        signal=signal,
        query="q",
        window=WINDOW,
        summary=Phrase(word="x", values={"signal": signal}),
        **{"abnormal": True, **more},  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    "evidence, expected",
    [
        ((), ""),
        ((odd("error_ratio"),), "api_error"),
        ((odd("latency_p95"),), "api_error"),
        ((odd("new_error_log", "log"),), "api_error"),
        ((odd("error_ratio"), odd("availability")), "service_error"),
        ((odd("health_check", "probe"),), "service_error"),
        ((odd("pod_unschedulable", "state"),), "service_error"),
        ((odd("error_ratio", abnormal=False), odd("cpu_use")), ""),
        ((odd("availability", service="mysql"), odd("timeout_ratio")), "api_error"),
    ],
    ids=lambda each: "-".join(e.signal for e in each) or "nothing" if isinstance(each, tuple) else each,
)
def test_what_kind_of_error_it_is_shows_in_what_its_service_does(evidence: tuple[Evidence, ...], expected: str) -> None:
    assert error_type("pay", evidence) == expected


def test_the_context_holds_all_a_triage_says() -> None:
    story = unclear_example().fold()
    found = context(story, {"payment-service": SERVICE})
    assert found.error_type == "api_error"
    assert (found.severity, found.severity_word) == ("P1", "critical")
    assert found.error_summary is not None
    assert found.error_summary.evidence_ids == ("ev_metric_1",)
    kinds = [each.evidence_ids[0].split("_")[1] for each in found.key_indicators]
    assert {"metric", "log", "deploy"} <= set(kinds)
    assert [(each.source, each.state) for each in found.actions_taken][2] == ("jaeger", "silent")
    assert story.diagnosis is not None
    assert found.recommended_investigation == story.diagnosis.next_steps
    assert found.catalogue is not None
    assert (found.catalogue.health_url, found.catalogue.log_paths) == ("http://pay/healthz", ("/var/log/pay.log",))


def test_before_all_have_answered_the_context_tells_what_the_first_look_shows() -> None:
    found = context(worked_example().fold("evidence.first_look"), {})
    assert found.key_indicators


@pytest.mark.parametrize("severity, word", [("P1", "critical"), ("P2", "high"), ("P3", "medium"), ("P4", "low")])
def test_every_severity_has_its_word(severity: Severity, word: str) -> None:
    assert context(Incident(id="inc_1", severity=severity), {}).severity_word == word
    assert Words("en").text(f"severity.{severity}") == f"{severity} · {word}"

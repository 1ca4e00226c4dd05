"""Checks that an incident's context says what the timeline says, and stays small."""

from engine.context import MOST_SIGNALS, context
from engine.incident import Incident
from engine.model import Evidence, Phrase, Sweep
from engine.team import Objective, Rollback, Service
from tests.cards.factory import INCIDENT, WINDOW, worked_example

SERVICE = Service(
    name="payment-service",
    owner="payments",
    objective=Objective(error_ratio=0.02),
    runbooks=("https://wiki.example.com/pay",),
    rollback=Rollback(safe_revision="1.4"),
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

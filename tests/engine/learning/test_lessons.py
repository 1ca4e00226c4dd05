"""Checks that lessons say what happened, and that a habit is drafted from what people did differently."""

from datetime import UTC, datetime, timedelta

from cards.documents import skill_document
from cards.words import Words
from engine.incident import Incident, Proposal
from engine.learning.lessons import draft
from engine.model import (
    Alert,
    Change,
    Claim,
    Decision,
    Diagnosis,
    Entry,
    Evidence,
    Execution,
    Hypothesis,
    Phrase,
    Plan,
    Quantity,
    Recovery,
    RecoverySignal,
    Sweep,
    Window,
)
from engine.team import Constraint, Lesson
from tests.fakes.clock import FakeIds

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
WINDOW = Window(start=NOW - timedelta(hours=1), split=NOW - timedelta(minutes=10), end=NOW)


def evidence(id: str, source: str, kind: str, unusual: float, abnormal: bool = True) -> Evidence:
    return Evidence.model_validate(
        {
            "id": id,
            "kind": kind,
            "source": source,
            "service": "payment",
            "signal": "pool_use",
            "query": f"query of {id}",
            "window": WINDOW,
            "summary": Phrase(word="lesson.summary.no_cause"),
            "abnormal": abnormal,
            "unusual": unusual,
        }
    )


def diagnosis() -> Diagnosis:
    change = Change(id="c1", service="payment", kind="deploy", at=NOW, version="v2.3.1", previous_version="v2.3.0")
    claim = Claim(phrase=Phrase(word="lesson.summary.no_cause"), evidence_ids=("ev_metric_1", "ev_log_1", "ev_state_1"))
    cause = Hypothesis(
        category="deploy_db_regression",
        service="payment",
        change=change,
        title=Phrase(word="lesson.class.rollback"),
        confidence=0.9,
        supporting=(claim,),
    )
    return Diagnosis(verdict="conclusive", hypotheses=(cause,))


def proposal(verdict: str = "recovered") -> Proposal:
    plan = Plan(
        id="plan_1",
        operation="rollback_canary",
        operation_class="rollback",
        executor="releases",
        target="payment",
        reason=Phrase(word="lesson.class.rollback"),
    )
    signals = (RecoverySignal(name="unavailable_ratio", ok=True), RecoverySignal(name="error_logs"))
    recovery = Recovery.model_validate({"verdict": verdict, "signals": signals, "seconds": 42.0})
    return Proposal(
        plan=plan,
        decision=Decision(approval="approval_1", verdict="approved", by="alice"),
        execution=Execution(plan="plan_1", result="done"),
        recovery=recovery,
    )


def incident(**over: object) -> Incident:
    alert = Alert(fingerprint="f", status="firing", name="PaymentErrors", service="payment", starts_at=NOW)
    sweep = Sweep(
        window=WINDOW,
        evidence=(
            evidence("ev_log_1", "loki", "log", 3.0),
            evidence("ev_metric_1", "prometheus", "metric", 9.0),
            evidence("ev_state_1", "releases", "state", 99.0, abnormal=False),
            evidence("ev_trace_1", "jaeger", "trace", 50.0),
        ),
    )
    given = {
        "id": "inc_1",
        "team": "t",
        "title": "PaymentErrors",
        "service": "payment",
        "alerts": {"f": alert},
        "sweep": sweep,
        "diagnosis": diagnosis(),
        "proposals": {"plan_1": proposal()},
    }
    return Incident.model_validate(given | over)


def decided(dry_run_first: bool, key: str = "1/approval/approval_1") -> Entry:
    decision = Decision(approval="approval_1", verdict="approved", by="alice", dry_run_first=dry_run_first)
    return Entry(
        incident="inc_1",
        seq=9,
        key=key,
        kind="approval.resolved",
        actor="alice",
        at=NOW,
        body=decision.model_dump(mode="json"),
        digest="",
    )


def drafted(state: Incident, *entries: Entry) -> tuple[Lesson, ...]:
    return draft(state, entries, FakeIds(), NOW).lessons


def one(lessons: tuple[Lesson, ...], kind: str) -> Lesson:
    (found,) = (lesson for lesson in lessons if lesson.kind == kind)
    return found


def test_four_kinds_are_offered_and_every_sentence_has_its_words() -> None:
    lessons = drafted(incident())
    assert [lesson.kind for lesson in lessons] == ["incident_summary", "fault_pattern", "habit", "runbook"]
    for language in ("zh", "en"):
        words = Words(language)
        for lesson in lessons:
            for phrase in (lesson.title, *lesson.lines):
                assert words.say(phrase)
                assert "[" not in words.say(phrase)
    assert {(lesson.service, lesson.category, lesson.alert) for lesson in lessons} == {
        ("payment", "deploy_db_regression", "PaymentErrors")
    }
    assert len({lesson.id for lesson in lessons}) == 4


def test_the_summary_says_what_was_done_and_what_was_measured() -> None:
    lines = one(drafted(incident()), "incident_summary").lines
    said = {line.word: line.values for line in lines}
    assert said["lesson.summary.done"] == {"operation": "rollback_canary", "target": "payment", "by": "alice"}
    assert said["lesson.summary.recovered"]["seconds"] == Quantity(value=42.0, unit="seconds")
    unrecovered = one(drafted(incident(proposals={"plan_1": proposal("not_recovered")})), "incident_summary")
    assert "lesson.summary.recovered" not in {line.word for line in unrecovered.lines}


def test_where_to_look_first_is_the_most_unusual_sign_the_cause_rests_on() -> None:
    assert one(drafted(incident()), "habit").rule == {"do": "look_first", "kind": "metric", "source": "prometheus"}


def test_a_dry_run_wanted_first_becomes_a_habit() -> None:
    assert one(drafted(incident(), decided(True)), "habit").rule == {"do": "dry_run_first"}
    assert one(drafted(incident(), decided(False)), "habit").rule["do"] == "look_first"
    earlier = drafted(incident(episode=2), decided(True))
    assert one(earlier, "habit").rule["do"] == "look_first"


def held(lifted_by: str, operation_class: str | None = "rollback", by: str = "rita") -> Constraint:
    return Constraint.model_validate(
        {"id": "cst_1", "text": "x", "operation_class": operation_class, "by": by, "at": NOW, "lifted_by": lifted_by}
    )


def test_what_a_person_held_and_let_go_becomes_a_habit() -> None:
    rule = {"do": "hold", "class": "rollback"}
    assert one(drafted(incident(constraints=(held("alice"),))), "habit").rule == rule
    assert one(drafted(incident(constraints=(held("alice", None),))), "habit").rule == rule
    for nothing in (held(""), held("alice", by="tocsin")):
        assert one(drafted(incident(constraints=(nothing,))), "habit").rule["do"] == "look_first"
    both = drafted(incident(constraints=(held("alice"),)), decided(True))
    assert [lesson.rule["do"] for lesson in both if lesson.kind == "habit"] == ["dry_run_first", "hold"]


def test_the_second_time_carries_on_what_is_known() -> None:
    first = drafted(incident())
    second = drafted(incident(id="inc_2", background=first))
    assert [lesson.kind for lesson in second] == ["incident_summary", "fault_pattern", "runbook"]
    for kind in ("fault_pattern", "runbook"):
        assert one(second, kind).id == one(first, kind).id
        assert one(second, kind).seen == 2
        assert one(second, kind).incident == "inc_2"
    third = drafted(incident(id="inc_3", background=second))
    assert one(third, "fault_pattern").seen == 3


def test_another_fault_of_the_same_service_carries_on_nothing() -> None:
    other = tuple(lesson.model_copy(update={"category": "rate_limit"}) for lesson in drafted(incident()))
    assert one(drafted(incident(background=other)), "fault_pattern").seen == 1


def test_without_a_cause_there_is_no_pattern_and_no_runbook() -> None:
    lessons = drafted(incident(diagnosis=Diagnosis(verdict="inconclusive"), proposals={}))
    assert [lesson.kind for lesson in lessons] == ["incident_summary"]


def test_the_runbook_goes_through_all_six_sections() -> None:
    runbook = one(drafted(incident()), "runbook")
    sections = [line.word.rpartition(".")[2] for line in runbook.lines]
    assert list(dict.fromkeys(sections)) == ["detect", "triage", "diagnose", "resolve", "verify", "prevent"]
    text = skill_document(runbook, incident(), Words("en"))
    assert "rollback_canary" in text
    assert "inc_1" in text

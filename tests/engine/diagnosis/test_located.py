"""Tests when a place alone is named as the cause, and when it is not."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.diagnosis.located import located, specified
from engine.model import Claim, Diagnosis, Evidence, EvidenceKind, Hypothesis, Phrase, Suspect, Sweep, Window

START = datetime(2026, 1, 1, tzinfo=UTC)
WINDOW = Window(start=START, split=START + timedelta(minutes=20), end=START + timedelta(minutes=30))
NOTHING = Diagnosis(verdict="inconclusive", why_inconclusive=(Phrase(word="diagnosis.why.no_pattern"),))


def evidence(id: str, kind: EvidenceKind) -> Evidence:
    said = Phrase(word="suspect.own_time")
    return Evidence(
        id=id, kind=kind, source="", service="vault", signal="x", query="", window=WINDOW, summary=said, abnormal=True,
        onset=WINDOW.split,
    )  # fmt: skip


def sweep(*kinds: EvidenceKind, confidence: float = 0.9) -> Sweep:
    found = tuple(evidence(f"ev_{kind}_1", kind) for kind in kinds)
    ids = tuple(each.id for each in found)
    first = Suspect(service="vault", probability=0.95, confidence=confidence, onset=WINDOW.split, evidence_ids=ids)
    other = Suspect(service="till", probability=0.05, confidence=0.05)
    return Sweep(window=WINDOW, evidence=found, suspects=(first, other))


def cause(service: str, confidence: float) -> Diagnosis:
    blamed = Hypothesis(
        category="bad_release", service=service, title=Phrase(word="x"), confidence=confidence,
        supporting=(Claim(phrase=Phrase(word="x"), evidence_ids=("ev_metric_1",)),),
    )  # fmt: skip
    return Diagnosis(verdict="conclusive", hypotheses=(blamed,))


def test_two_kinds_of_evidence_name_the_place_and_are_cited() -> None:
    found = located(NOTHING, sweep("metric", "trace"))
    assert found.cause is not None
    assert (found.cause.category, found.cause.service) == ("service_fault", "vault")
    assert [claim.evidence_ids for claim in found.cause.supporting] == [("ev_metric_1",), ("ev_trace_1",)]
    assert found.why_inconclusive == ()
    assert len(found.sequence) == 2


def test_what_to_do_is_about_the_place_and_tells_the_same_moment() -> None:
    found = located(
        NOTHING.model_copy(update={"next_steps": (Phrase(word="about.somebody.else"),)}), sweep("metric", "trace")
    )
    assert found.cause is not None
    assert [each.word for each in found.next_steps] == [
        "diagnosis.offer.undo_unknown",
        "diagnosis.next.place_inside",
        "diagnosis.next.place_owner",
    ]
    assert {str(each.values["service"]) for each in found.next_steps} == {"vault"}
    assert {each.values["since"] for each in (found.cause.title, *found.next_steps)} == {WINDOW.split.isoformat()}


@pytest.mark.parametrize("kinds", [("metric",), ("metric", "change"), ("metric", "sli"), ()])
def test_one_kind_is_not_enough(kinds: tuple[EvidenceKind, ...]) -> None:
    assert located(NOTHING, sweep(*kinds)) == NOTHING


def test_neither_is_a_suspect_of_whom_the_ranking_is_not_sure() -> None:
    assert located(NOTHING, sweep("metric", "trace", confidence=0.6)) == NOTHING
    assert located(NOTHING, Sweep(window=WINDOW)) == NOTHING


def test_a_false_alarm_stays_one() -> None:
    calm = NOTHING.model_copy(update={"quiet": True})
    assert located(calm, sweep("metric", "trace")) == calm


def test_a_known_fault_stands_unless_all_else_speaks_of_somebody_else() -> None:
    seen = sweep("metric", "trace")
    for known in (cause("vault", 0.6), cause("till", 0.85)):
        assert located(known, seen) == known
    contested = located(cause("till", 0.6), seen)
    assert contested.cause is not None
    assert contested.cause.service == "vault"
    assert contested.hypotheses[1].service == "till"


def proven(service: str, peer: str = "") -> Diagnosis:
    named = Hypothesis(
        category="cpu_saturation",
        service=service,
        title=Phrase(word="pattern.cpu_saturation.title"),
        confidence=0.8,
        peer=peer,
        supporting=(Claim(phrase=Phrase(word="x"), evidence_ids=("ev_metric_1",)),),
    )
    return Diagnosis(verdict="conclusive", hypotheses=(named,), next_steps=(Phrase(word="diagnosis.offer.scale"),))


def test_a_place_takes_the_name_of_what_is_proven_there() -> None:
    placed = located(NOTHING, sweep("metric", "trace"))
    place = placed.hypotheses[0]
    found = specified(placed, proven(place.service))
    assert found.cause
    assert (found.cause.category, found.cause.service) == ("cpu_saturation", place.service)
    assert found.cause.confidence == min(0.8, place.confidence)
    cited = {id for claim in found.cause.supporting for id in claim.evidence_ids}
    assert {id for claim in place.supporting for id in claim.evidence_ids} <= cited | {"ev_metric_1"}
    assert found.next_steps[0].word == "diagnosis.offer.scale"


def test_a_place_keeps_to_itself_what_is_proven_elsewhere_or_not_at_all() -> None:
    placed = located(NOTHING, sweep("metric", "trace"))
    place = placed.hypotheses[0]
    assert specified(placed, proven("somebody-else")) == placed
    assert specified(placed, proven(place.service, peer="shop")) == placed
    assert specified(placed, Diagnosis(verdict="inconclusive")) == placed


@pytest.mark.parametrize(
    "share, unusual, named", [("error_ratio", False, False), ("error_ratio", True, True), ("cpu_use", False, True)]
)
def test_neither_is_a_place_that_is_well(share: str, unusual: bool, named: bool) -> None:
    seen = sweep("metric", "trace")
    felt = [each.model_copy(update={"details": {"testifies": True}}) for each in seen.evidence]
    measured = evidence("ev_metric_2", "metric").model_copy(update={"signal": share, "abnormal": unusual, "count": 30})
    found = located(NOTHING, seen.model_copy(update={"evidence": (*felt, measured)}))
    assert (found.cause is not None) is named


def test_a_share_of_failures_that_is_background_is_no_kind_of_evidence() -> None:
    seen = sweep("metric", "trace")
    share = seen.evidence[0].model_copy(update={"signal": "error_ratio", "details": {"testifies": True}})
    assert located(NOTHING, seen.model_copy(update={"evidence": (share, seen.evidence[1])})) == NOTHING
    unusual = share.model_copy(update={"details": {}})
    assert located(NOTHING, seen.model_copy(update={"evidence": (unusual, seen.evidence[1])})).cause is not None

"""Checks that a fault of which one log alone tells is believed less, and that a witness is asked for."""

import pytest

from engine.diagnosis.guard import LIKELY
from engine.model import Change, Diagnosis
from tests.engine.diagnosis.faults import FAULTS, Fault
from tests.engine.diagnosis.scenes import Scene

MISSING_COLUMN = 'ERROR: column "price_old" does not exist at character {n}'
MANY_QUERIES = "N+1 detected: {n} queries for one request"
ASKS = {"diagnosis.ask.bears_out", "diagnosis.ask.same_log"}


def failing(*said: str) -> Scene:
    """Requests fail, and the log says why."""
    scene = Scene().healthy(but=("error_ratio",)).series("error_ratio", 0.002, 0.4)
    for message in said:
        scene.says(message, 25)
    return scene.changes().changes(service="vouchers")


def believed(found: Diagnosis, category: str) -> float:
    assert found.cause
    assert found.cause.category == category
    return found.cause.confidence


def doubted(found: Diagnosis) -> bool:
    """Whether it is said that the log alone says so, with the lines it is about, and asked what would bear it out."""
    assert found.cause
    against = [each for each in found.cause.contradicting if each.phrase.word == "diagnosis.against.hearsay"]
    assert all(each.evidence_ids for each in against)
    assert bool(against) == (found.next_steps[0].word in ASKS)
    return bool(against)


def test_what_the_log_alone_says_is_likely_at_most() -> None:
    found = failing(MISSING_COLUMN).verdict()
    assert believed(found, "schema_drift") <= LIKELY
    assert doubted(found)


def test_a_figure_of_the_mechanism_bears_it_out() -> None:
    alone = failing(MANY_QUERIES).verdict()
    assert doubted(alone)
    borne_out = failing(MANY_QUERIES).series("queries_per_request", 3.0, 340.0).verdict()
    assert not doubted(borne_out)
    assert believed(borne_out, "n_plus_one") > LIKELY >= believed(alone, "n_plus_one")


def test_a_change_right_before_bears_it_out() -> None:
    scene = failing(MISSING_COLUMN)
    scene.observations = [each for each in scene.observations if each.kind != "change"]
    release = Change(
        id="dep-v1", service="till", kind="release", at=scene.moment(-2), version="v1", previous_version="v0"
    )
    found = scene.changes(release).changes(service="vouchers").verdict()
    assert found.cause
    assert not doubted(found)


def test_that_requests_fail_in_it_bears_out_nothing() -> None:
    """Failing spans say where it fails; only what they say of why can be a second witness."""
    vague = failing(MISSING_COLUMN).traces(("till", "select", "", "internal error"))
    assert believed(vague.verdict(), "schema_drift") <= LIKELY
    telling = failing(MISSING_COLUMN).traces(("till", "select", "", 'column "price_old" does not exist'))
    assert believed(telling.verdict(), "schema_drift") > LIKELY
    assert not doubted(telling.verdict())


def test_two_services_that_say_the_same_of_a_third_are_two_witnesses() -> None:
    said = "call {n}: upstream vouchers returned 500"
    alone = failing(said).verdict()
    assert doubted(alone)
    found = failing(said).says(said, 25, service="shop").verdict()
    assert not doubted(found)
    assert believed(found, "dependency_errors") > believed(alone, "dependency_errors")


def test_what_would_show_it_and_was_not_measured_is_asked_for() -> None:
    step = failing(MANY_QUERIES).verdict().next_steps[0]
    assert step.word == "diagnosis.ask.bears_out"
    assert getattr(step.values["what"], "word", "") == "evidence.signal.queries_per_request"
    measured = failing(MANY_QUERIES).series("queries_per_request", 3.0)
    asked = measured.verdict().next_steps[0]
    assert getattr(asked.values.get("what"), "word", "") != "evidence.signal.queries_per_request"


@pytest.mark.parametrize(
    "said, role, level",
    [
        (MANY_QUERIES, "queries_per_request", 3.0),
        ("accept: too many open files ({n})", "descriptor_use", 0.2),
        ("Deadlock found when trying to get lock; try restarting transaction {n}", "lock_waits", 0.1),
        ("dial tcp: lookup vouchers.shop.svc on 10.0.0.10:53: no such host ({n})", "dns_error_ratio", 0.001),
    ],
)
def test_a_figure_that_does_not_move_speaks_against_a_log_that_says_it_would(
    said: str, role: str, level: float
) -> None:
    alone = failing(said).verdict().hypotheses[0]
    found = failing(said).series(role, level).verdict()
    doubtful = next(each for each in found.hypotheses if each.category == alone.category)
    assert doubtful.confidence < alone.confidence
    (steady,) = [each for each in doubtful.contradicting if each.phrase.word == "diagnosis.against.open"]
    assert steady.evidence_ids
    assert "diagnosis.against.open" not in {each.phrase.word for each in alone.contradicting}


def test_that_one_log_alone_says_so_clears_nobody() -> None:
    """Of two faults traces bear out one: the other is believed less, and stays as good an explanation as it was."""
    scene = failing(MISSING_COLUMN, "x509: certificate has expired or is not yet valid ({n})")
    scene.traces(("till", "select", "", 'column "price_old" does not exist'))
    found = scene.verdict()
    assert [each.category for each in found.hypotheses[:2]] == ["schema_drift", "certificate_expiry"]
    assert found.hypotheses[1].confidence <= LIKELY < found.hypotheses[0].confidence
    assert found.cause is None
    assert found.why_inconclusive[0].word == "diagnosis.why.rival"


@pytest.mark.parametrize("said", [MISSING_COLUMN, MANY_QUERIES])
def test_refused_requests_are_not_what_another_fault_brings_about(said: str) -> None:
    """Whatever users feel fits any fault, but a share of refused requests tells of one in particular."""
    scene = failing(said).series("auth_failed_ratio", 0.0, 0.6)
    found = scene.verdict()
    assert found.cause is None
    assert "diagnosis.ask.stray" in {step.word for step in found.next_steps}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.category)
def test_no_fault_is_doubted_that_more_than_a_log_tells_of(fault: Fault) -> None:
    found = fault.scene().verdict()
    assert found.cause
    cited = {id for claim in found.cause.supporting for id in claim.evidence_ids}
    kinds = {each.kind for each in fault.scene().evidence() if each.id in cited and each.abnormal}
    assert (found.cause.confidence <= LIKELY) or not doubted(found)
    assert "log" in kinds or not doubted(found)

"""Checks that an inconclusive diagnosis asks what would tell most, and that nothing is offered that cannot be done."""

from engine.model import Phrase, Silence
from tests.engine.diagnosis.faults import FAULTS, Fault
from tests.engine.diagnosis.scenes import SCENES, Scene
from tests.engine.diagnosis.test_patterns import verdicts

FAULT: dict[str, Fault] = {fault.category: fault for fault in FAULTS}


def words(steps: tuple[Phrase, ...]) -> list[str]:
    return [step.word for step in steps]


def test_two_equal_explanations_are_parted_by_what_each_says_to_look_at() -> None:
    found = verdicts("db_read_only", "schema_drift")
    assert found.cause is None
    assert found.why_inconclusive[0].word == "diagnosis.why.rival"
    assert set(words(found.next_steps[:2])) == {"diagnosis.next.database_role", "diagnosis.next.compare_schema"}


def test_what_is_missing_is_asked_first() -> None:
    found = FAULT["dns_failure"].scene().verdict(keep=lambda each: each.signal != "error_ratio")
    assert words(found.next_steps)[0] == "diagnosis.ask.trouble"


def test_with_one_kind_of_evidence_another_kind_is_asked_for() -> None:
    found = FAULT["cpu_saturation"].scene().verdict(keep=lambda each: each.kind != "log")
    assert "diagnosis.ask.own_failures" in words(found.next_steps)


def test_trouble_that_fits_nothing_asks_where_nobody_looked() -> None:
    scene = Scene().healthy(but=("error_ratio",)).series("error_ratio", 0.0, 0.3)
    found = scene.verdict()
    assert found.cause is None
    assert {"diagnosis.ask.own_failures", "diagnosis.ask.change_before"} <= set(words(found.next_steps))


def test_a_silent_source_is_named_after_the_questions() -> None:
    silent = (Silence(source="traces", reason=Phrase(word="source.timeout")),)
    found = Scene().healthy(but=("error_ratio",)).series("error_ratio", 0.0, 0.3).verdict(silent=silent)
    said = words(found.next_steps)
    assert said[-2:] == ["diagnosis.next.repair_source", "diagnosis.next.look_again"]
    assert len(said) <= 6


def test_a_release_is_taken_back_only_where_one_is_named() -> None:
    assert words(FAULT["memory_leak"].scene().verdict().next_steps) == [
        "diagnosis.offer.restart",
        "diagnosis.next.heap_dump",
    ]
    assert words(SCENES["deploy_db_regression"]().verdict().next_steps)[0] == "diagnosis.offer.rollback"

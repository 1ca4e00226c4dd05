"""Checks that an inconclusive diagnosis asks what would tell most, and that nothing is offered that cannot be done."""

import pytest

from engine.diagnosis.steps import to_ask
from engine.model import Change, Phrase, Silence
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
    assert words(FAULT["memory_leak"].scene().verdict().next_steps)[-2:] == [
        "diagnosis.offer.restart",
        "diagnosis.next.heap_dump",
    ]
    assert words(SCENES["deploy_db_regression"]().verdict().next_steps)[0] == "diagnosis.offer.rollback"


@pytest.mark.parametrize("category", ["n_plus_one", "cache_full", "cache_miss_storm"])
def test_the_change_that_is_named_is_undone_first_whatever_the_fault_is_called(category: str) -> None:
    scene = FAULT[category].scene()
    found = scene.changes(switch(scene, "flag", "deep_reads")).verdict()
    assert found.cause
    assert found.cause.change
    assert found.next_steps[0].word == "diagnosis.next.switch_off"
    assert found.next_steps[0].values["version"] == "deep_reads"


def test_a_release_of_which_nobody_knows_what_ran_before_is_taken_back_as_well() -> None:
    scene = FAULT["n_plus_one"].scene()
    found = scene.changes(switch(scene, "deploy", "v7")).verdict()
    assert words(found.next_steps)[0] == "diagnosis.offer.undo_release"


def test_where_nobody_told_of_changes_they_are_asked_for_before_anybody_mends_code() -> None:
    found = FAULT["n_plus_one"].scene().verdict(keep=lambda each: each.kind != "change")
    assert found.cause
    assert words(found.next_steps)[:2] == ["diagnosis.offer.undo_unknown", "diagnosis.next.count_queries"]


def test_to_correct_a_setting_is_said_after_what_says_which() -> None:
    said = words(FAULT["certificate_expiry"].scene().verdict().next_steps)
    assert said.index("diagnosis.next.renew_certificate") < said.index("diagnosis.offer.configure")


def test_trouble_of_no_service_asks_about_whoever_is_worst() -> None:
    unusual = [each for each in Scene().series("cpu_use", 0.1, 0.9, service="carts").evidence() if each.abnormal]
    (first, *_) = to_ask((), (), unusual, (), "")
    assert first.values["service"] == "carts"


def switch(scene: Scene, kind: str, version: str) -> Change:
    """A change that went live right before the trouble."""
    return Change(id=version, service=scene.service, kind=kind, at=scene.moment(scene.fault - 2), version=version)

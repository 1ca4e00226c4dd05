"""Checks that the cause is what the evidence proves: the right one, by proof, or none."""

import json
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.diagnosis.diagnose import diagnose
from engine.diagnosis.patterns import PATTERNS
from engine.diagnosis.signals import judge
from engine.model import Diagnosis, Evidence, Observation, Phrase, Silence
from engine.team import Service
from tests.engine.diagnosis.scenes import PACES, SCENES, SERVICES, Scene, false_alarm, pool_leak, stalled_peer

PACED = pytest.mark.parametrize("pace", PACES, ids=("seconds", "minutes"))
QUIET = Silence(source="traces", reason=Phrase(word="source.timeout"))


def cites(diagnosis: Diagnosis) -> set[str]:
    claims = [*diagnosis.sequence]
    for each in diagnosis.hypotheses:
        claims += [*each.supporting, *each.contradicting]
    assert all(claim.evidence_ids for claim in claims)
    return {id for claim in claims for id in claim.evidence_ids}


@PACED
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("category", SCENES)
def test_each_fault_is_named_for_what_it_is(category: str, seed: int, pace: dict):
    found = SCENES[category](seed=seed, **pace).verdict()
    assert found.cause
    assert (found.cause.category, found.cause.service) == (category, "till")
    assert found.cause.confidence >= 0.85
    assert found.cause.peer == ("vouchers" if category == "dependency_timeout" else "")
    assert (found.cause.change is not None) == (category == "deploy_db_regression")
    assert found.next_steps


@PACED
@pytest.mark.parametrize("seed", range(5))
def test_a_harmless_release_with_more_traffic_is_quiet(seed: int, pace: dict):
    found = false_alarm(seed=seed, **pace).verdict()
    assert (found.verdict, found.quiet, found.hypotheses) == ("inconclusive", True, ())
    assert found.why_inconclusive == (Phrase(word="diagnosis.why.quiet"),)


def test_all_negative_evidence_names_nobody():
    found = Scene().healthy().says("nothing", 0).traces().changes().verdict()
    assert (found.verdict, found.cause, found.hypotheses) == ("inconclusive", None, ())


def test_no_evidence_at_all_is_unknown_and_not_quiet():
    found = diagnose((), (QUIET,), SERVICES, "till", Scene().window)
    assert (found.verdict, found.quiet) == ("inconclusive", False)
    assert found.next_steps[0].word == "diagnosis.next.repair_source"


def test_errors_that_go_on_are_not_quiet_whatever_else_is_normal():
    scene = Scene().healthy(but=("error_ratio",)).series("error_ratio", 0.0, 0.3)
    assert not scene.verdict().quiet


@PACED
def test_a_release_after_the_trouble_began_is_not_blamed(pace: dict):
    scene = pool_leak(**pace)
    scene.observations = [each for each in scene.observations if each.kind != "change"]
    found = scene.changes(scene.released(pace["fault"] + 5)).verdict()
    assert found.cause
    assert (found.cause.category, found.cause.change) == ("db_pool_exhaustion", None)


def test_a_release_in_the_middle_of_the_trouble_is_neither_blamed_nor_ruled_out():
    scene = pool_leak()
    scene.observations = [each for each in scene.observations if each.kind != "change"]
    scene.fault = 0
    scene.series("error_ratio", 0.0, 0.2)
    scene.fault = 4
    found = scene.changes(scene.released(2)).verdict()
    assert found.cause is None
    assert {"deploy_db_regression", "db_pool_exhaustion"} & {each.category for each in found.hypotheses}


def test_a_handful_of_errors_in_the_log_does_not_spoil_a_false_alarm():
    scene = false_alarm()
    assert scene.says("lost a deadlock on row {n}", 3).verdict().quiet
    assert not scene.says("cannot write order {n}", 60).verdict().quiet


@PACED
def test_an_innocent_release_does_not_hide_a_stalled_neighbour(pace: dict):
    scene = stalled_peer(**pace)
    scene.observations = [each for each in scene.observations if each.kind != "change"]
    found = scene.changes(scene.released(-2)).verdict()
    assert found.cause
    assert (found.cause.category, found.cause.peer) == ("dependency_timeout", "vouchers")
    assert [claim.phrase.word for claim in found.cause.contradicting] == ["diagnosis.against.answered"]


def test_a_release_that_breaks_its_own_work_without_the_pool_is_a_bad_release():
    scene = Scene().healthy(but=("error_ratio",)).series("error_ratio", 0.0, 0.4)
    scene.says("cannot read field amount of order {n}", 25, version="v2")
    scene.traces(("till", "parse", "", "field amount is missing"))
    found = scene.changes(scene.released(-3)).verdict()
    assert found.cause
    assert found.cause.category == "bad_release"


def test_a_restart_releases_nothing_and_is_blamed_for_nothing():
    scene = Scene().healthy(but=("error_ratio",)).series("error_ratio", 0.0, 0.4)
    scene.says("cannot read field amount of order {n}", 25, version="v1")
    restart = scene.released(-3).model_copy(update={"kind": "restart", "version": "v1"})
    found = scene.changes(restart).verdict()
    assert found.cause is None
    assert not {"bad_release", "deploy_db_regression"} & {each.category for each in found.hypotheses}


def test_a_release_is_not_blamed_when_the_old_version_fails_as_well():
    scene = Scene().healthy(but=("error_ratio",)).series("error_ratio", 0.0, 0.4)
    scene.says("cannot read field amount of order {n}", 25, version="v1")
    found = scene.changes(scene.released(-3)).verdict()
    assert found.cause is None
    assert found.why_inconclusive[0].word == "diagnosis.objection.contradiction"


def test_a_neighbour_that_is_gone_is_down_and_not_slow():
    scene = Scene().healthy(but=("error_ratio",)).series("error_ratio", 0.0, 0.4)
    scene.series("dependency_error_ratio", 0.0, 0.9, peer="vouchers")
    scene.series("availability", 1.0, 0.0, service="vouchers")
    scene.says("cannot reach vouchers for order {n}: connection refused", 25)
    found = scene.changes().verdict()
    assert found.cause
    assert (found.cause.category, found.cause.peer) == ("dependency_down", "vouchers")


def test_too_much_traffic_is_named_only_where_it_hurts():
    scene = Scene().healthy(but=("traffic", "latency_p95")).series("traffic", 20.0, 80.0)
    scene.series("latency_p95", 0.04, 2.0).says("queue is full, request {n} waits", 20).traces()
    found = scene.changes().verdict()
    assert found.cause
    assert found.cause.category == "traffic_surge"


def test_one_kind_of_evidence_proves_nothing():
    found = SCENES["rate_limited"]().verdict(keep=lambda each: each.kind in ("sli", "metric"))
    assert found.cause is None
    assert Phrase(word="diagnosis.objection.one_kind") in found.why_inconclusive


def test_the_cause_may_be_a_neighbours_release():
    """Asked about the shop, whose calls to the till fail: the till's own release is to blame."""
    scene = pool_leak()
    scene.series("error_ratio", 0.0, 0.2, service="shop").series("latency_p95", 0.1, 0.9, service="shop")
    scene.series("dependency_error_ratio", 0.0, 0.3, service="shop", peer="till").changes(service="shop")
    scene.service = "shop"
    found = scene.verdict()
    assert found.cause
    assert (found.cause.category, found.cause.service) == ("deploy_db_regression", "till")


# --- proof by removal ---


DECISIVE: dict[str, dict[str, Callable[[Evidence], bool]]] = {
    "deploy_db_regression": {
        "change": lambda each: each.kind == "change",
        "harm": lambda each: each.signal in ("error_ratio", "unavailable_ratio", "latency_p95", "sli"),
        "pool": lambda each: each.signal in ("pool_use", "pool_wait") or "pool" in each.details.get("topics", ()),
    },
    "dependency_timeout": {
        "harm": lambda each: each.service == "till" and each.signal in ("error_ratio", "timeout_ratio", "latency_p95"),
        "calls": lambda each: (
            each.peer == "vouchers" or each.kind == "trace" or (each.service, each.kind) == ("till", "log")
        ),
        "neighbour": lambda each: each.service == "vouchers" or each.kind in ("log", "trace"),
    },
    "rate_limited": {
        "limited": lambda each: each.signal in ("limited_ratio", "sli"),
        "log": lambda each: each.kind == "log",
    },
}


@pytest.mark.parametrize("category, what", [(c, what) for c, removals in DECISIVE.items() for what in removals])
def test_without_the_decisive_evidence_confidence_falls_and_nobody_is_named(category: str, what: str):
    scene = SCENES[category]()
    whole = scene.verdict()
    removed = scene.verdict(keep=lambda each: not DECISIVE[category][what](each))
    assert whole.cause
    assert removed.cause is None
    left = [each.confidence for each in removed.hypotheses if each.category == category]
    assert max(left, default=0.0) < whole.cause.confidence - 0.3
    assert removed.why_inconclusive


@pytest.mark.parametrize("category", SCENES)
def test_a_silent_source_lowers_confidence_at_most_and_is_named(category: str):
    scene = SCENES[category]()
    whole, less = scene.verdict(), scene.verdict(silent=(QUIET,))
    assert whole.cause
    assert less.cause
    assert less.cause.category == whole.cause.category
    assert less.cause.confidence <= whole.cause.confidence
    said = [step.values["source"] for step in less.next_steps if step.word == "diagnosis.next.repair_source"]
    assert said == ["traces"]


# --- whatever the names, the order, and the words ---

NAMES = {
    "shop": "zx-91",
    "till": "timeout-pool-limit",
    "vouchers": "b",
    "store-db": "q.7",
    "v1": "2031-4",
    "v2": "rc~9",
}


def renamed(observation: Observation) -> Observation:
    text = observation.model_dump_json()
    for old, new in NAMES.items():
        text = text.replace(json.dumps(old), json.dumps(new)).replace(f" {old} ", f" {new} ")
        text = text.replace(f'"{old} ', f'"{new} ').replace(f"dep-{old}", f"dep-{new}")
    return Observation.model_validate_json(text)


@PACED
@pytest.mark.parametrize("category", SCENES)
def test_with_every_name_replaced_the_verdict_is_the_same(category: str, pace: dict):
    scene = SCENES[category](**pace)
    services = {
        NAMES[name]: Service(name=NAMES[name], dependencies=tuple(NAMES[each] for each in service.dependencies))
        for name, service in SERVICES.items()
    }
    other = [renamed(each) for each in scene.observations]
    assert all(NAMES.keys().isdisjoint({each.service, each.peer}) for each in other)
    here = scene.verdict()
    there = diagnose(judge(other, scene.window), (), services, NAMES["till"], scene.window)
    assert here.cause
    assert there.cause
    assert (there.cause.category, there.cause.confidence) == (here.cause.category, here.cause.confidence)
    assert there.cause.peer == NAMES.get(here.cause.peer, "")
    assert [each.category for each in there.hypotheses[:1]] == [each.category for each in here.hypotheses[:1]]


EVIDENCE = {name: make().evidence() for name, make in {**SCENES, "quiet": false_alarm}.items()}


@given(category=st.sampled_from(sorted(EVIDENCE)), seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=40)
def test_the_order_of_evidence_changes_nothing(category: str, seed: int):
    shuffled = list(EVIDENCE[category])
    random.Random(seed).shuffle(shuffled)
    window = Scene().window
    assert diagnose(shuffled, (), SERVICES, "till", window) == diagnose(
        EVIDENCE[category], (), SERVICES, "till", window
    )


@given(category=st.sampled_from(sorted(EVIDENCE)), kept=st.sets(st.integers(0, 23)), silent=st.integers(0, 3))
@settings(deadline=None, max_examples=150)
def test_whatever_is_left_of_the_evidence_the_diagnosis_is_sound(category: str, kept: set[int], silent: int):
    evidence = [each for place, each in enumerate(EVIDENCE[category]) if place in kept]
    quiet = tuple(QUIET.model_copy(update={"source": f"s{n}"}) for n in range(silent))
    found = diagnose(evidence, quiet, SERVICES, "till", Scene().window)
    assert cites(found) <= {each.id for each in evidence}
    assert all(0.05 <= each.confidence <= 0.95 and each.supporting for each in found.hypotheses)
    assert (found.verdict == "conclusive") == (found.cause is not None)
    assert found.cause is None or (category != "quiet" and not found.quiet)
    assert found.verdict == "conclusive" or found.why_inconclusive
    assert found.next_steps
    by_id = {each.id: each for each in evidence}
    if found.cause:
        kinds = {by_id[id].kind for claim in found.cause.supporting for id in claim.evidence_ids if by_id[id].abnormal}
        assert len(kinds - {"sli", "state"}) >= 2
    assert Diagnosis.model_validate_json(found.model_dump_json()) == found


def test_no_pattern_knows_a_service():
    text = json.dumps([pattern.model_dump() for pattern in PATTERNS])
    assert not [name for name in ("payment", "coupon", "order-", "mysql", "v2.3") if name in text]


def test_taking_a_release_back_is_not_blamed_for_what_the_old_version_says_now_and_then():
    """Seen in the demo: minutes after a rollback a handful of ordinary errors looked like a bad release of the old
    version, and taking it "back" would have brought the known bad one."""
    scene = Scene().healthy(but=("error_ratio",)).series("error_ratio", 0.0, 0.022)
    scene.series("error_ratio", 0.0, 0.022, labels={"version": "v1"})
    scene.says("lost a deadlock on row {n}", 6, version="v1").traces(("till", "charge", "store-db", "deadlock"))
    release = scene.released(-20)
    back = release.model_copy(
        update={"id": "dep-back", "kind": "rollback", "at": scene.moment(-8), "version": "v1", "previous_version": "v2"}
    )
    blamed = scene.changes(release, back).verdict().cause
    assert blamed is None or blamed.change is None
    # Alone it may be a first release of that version, and is one to blame, as before.
    scene.observations = [each for each in scene.observations if each.kind != "change"]
    found = scene.changes(back).verdict()
    assert found.cause
    assert found.cause.change == back


def test_a_bad_release_that_goes_out_again_is_blamed_again():
    scene = pool_leak()
    scene.observations = [each for each in scene.observations if each.kind != "change"]
    first = scene.released(-26)
    back = first.model_copy(
        update={
            "id": "dep-back",
            "kind": "rollback",
            "at": scene.moment(-16),
            "version": "v1",
            "previous_version": "v2",
        }
    )
    again = scene.released(-6).model_copy(update={"id": "dep-again"})
    found = scene.changes(first, back, again).changes(service="vouchers").verdict()
    assert found.cause
    assert (found.cause.category, found.cause.change) == ("deploy_db_regression", again)


def test_that_nothing_fails_is_never_crowded_out_by_what_else_is_normal():
    """Seen in the demo: with no error at all the flat error series were the least remarkable of many calm ones, were
    left out, and a false alarm could no longer be called one."""
    scene = Scene().healthy(but=("error_ratio",)).series("error_ratio", 0.0).series("sli", 21.0, unit="per_second")
    for number in range(20):
        scene.healthy(f"neighbour-{number}").says("nothing", 0, service=f"neighbour-{number}")
    found = scene.says("nothing", 0).traces().changes().verdict()
    assert found.quiet


def ending(scene: Scene, steps: float, *roles: str) -> Scene:
    """The same, with series (of these roles, else all) that end so many steps after the split."""
    last = scene.moment(steps).timestamp()
    scene.observations = [
        each.model_copy(update={"points": tuple(point for point in each.points if point[0] <= last)})
        if each.role in roles or not roles
        else each
        for each in scene.observations
    ]
    return scene


@pytest.mark.parametrize("pace", PACES)
@pytest.mark.parametrize("steps", [-1, 8])
def test_where_data_ended_nobody_says_that_all_is_well(pace: dict, steps: float):
    """A service that is gone reports no errors."""
    scene = Scene(**pace).healthy().changes().changes(service="vouchers")
    whole = scene.verdict()
    assert (whole.quiet, whole.unmeasured) == (True, False)
    found = ending(scene, steps).verdict()
    assert (found.verdict, found.quiet, found.unmeasured) == ("inconclusive", False, True)
    assert [each.word for each in found.why_inconclusive] == ["diagnosis.why.data_ended"]
    assert found.next_steps[0].word == "diagnosis.ask.data_ended"
    told = [each for each in scene.evidence() if each.kind == "metric"]
    assert {each.summary.word for each in told} == {"evidence.series.stopped"}
    assert not any(each.abnormal for each in told)


def test_what_goes_on_being_measured_and_what_may_well_end_is_no_end_of_data():
    scene = ending(Scene().healthy().changes(), -1, "pool_use", "error_ratio")
    assert scene.verdict().quiet, "failures are still measured by their codes"
    gone = ending(Scene().healthy().changes(), -1, "error_ratio", "unavailable_ratio", "timeout_ratio")
    assert gone.verdict().unmeasured
    late = Scene()
    assert ending(late.healthy().changes(), late.after - 3).verdict().quiet, "the newest points may come a little late"
    version = Scene().healthy().changes()
    version.series("error_ratio", 0.002, labels={"version": "v1"})
    (old,) = [each for each in ending(version, 5, "error_ratio").evidence() if each.details.get("versions")]
    assert old.summary.word == "evidence.series.normal"

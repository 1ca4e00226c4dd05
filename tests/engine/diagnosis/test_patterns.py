"""Checks every fault pattern against its own incident: it fires, it needs what it requires, and it gives way."""

from datetime import timedelta

import pytest

from engine.diagnosis.diagnose import diagnose
from engine.diagnosis.patterns import PATTERNS
from engine.diagnosis.patterns.cluster import CLUSTERS
from engine.diagnosis.signals import judge
from engine.model import Diagnosis, Span
from engine.team import Service
from tests.engine.diagnosis.faults import FAULTS, Fault, Holds, Part, log, series
from tests.engine.diagnosis.scenes import BEGIN, PACES, SERVICES, Scene
from tests.engine.diagnosis.test_diagnose import NAMES, renamed

BY_NAME = {pattern.category: pattern for pattern in PATTERNS}
ELSEWHERE = {
    "deploy_db_regression",
    "bad_release",
    "db_pool_exhaustion",
    "dependency_timeout",
    "dependency_down",
    "rate_limited",
    "traffic_surge",
    "service_down",
    *(pattern.category for pattern in CLUSTERS),
}
"""Shown by the incidents of test_diagnose.py and test_causes.py, and by the clusters of cluster/test_evidence.py."""

EVERY = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.category)


def test_every_pattern_is_shown_by_an_incident() -> None:
    assert BY_NAME.keys() == {fault.category for fault in FAULTS} | ELSEWHERE


@pytest.mark.parametrize("pace", PACES, ids=("seconds", "minutes"))
@pytest.mark.parametrize("seed", range(3))
@EVERY
def test_a_fault_is_named_for_what_it_is(fault: Fault, seed: int, pace: dict) -> None:
    found = fault.scene(seed=seed, **pace).verdict()
    assert found.cause, [(each.category, each.confidence) for each in found.hypotheses] + list(found.why_inconclusive)
    assert (found.cause.category, found.cause.service) == (fault.category, fault.service)
    assert found.cause.confidence >= 0.7
    assert found.cause.peer == fault.peer
    assert (found.cause.change.version if found.cause.change else "") == fault.change
    assert found.next_steps


REMOVALS = [(fault, place) for fault in FAULTS for place in range(len(fault.decisive))]


@pytest.mark.parametrize("fault, place", REMOVALS, ids=lambda each: getattr(each, "category", str(each)))
def test_without_the_decisive_evidence_it_is_not_called_the_cause(fault: Fault, place: int) -> None:
    gone: Holds = fault.decisive[place]
    removed = fault.scene().verdict(keep=lambda each: not gone(each))
    assert removed.cause is None or removed.cause.category != fault.category
    left = [each.confidence for each in removed.hypotheses if each.category == fault.category]
    assert max(left, default=0.0) <= 0.4 or removed.cause


@EVERY
def test_one_kind_of_evidence_is_not_enough(fault: Fault) -> None:
    for kind in ("metric", "log"):
        found = fault.scene().verdict(keep=lambda each, kind=kind: each.kind in (kind, "sli"))  # type: ignore[misc]
        assert found.cause is None


@pytest.mark.parametrize(
    "fault", [each for each in FAULTS if not each.change and not each.peer], ids=lambda fault: fault.category
)
def test_what_is_denied_proves_nothing(fault: Fault) -> None:
    """The same lines, said to be over."""
    scene = fault.scene()
    scene.observations = [
        each.model_copy(
            update={
                "lines": tuple(line.model_copy(update={"message": f"cleared: {line.message}"}) for line in each.lines)
            }
        )
        for each in scene.observations
    ]
    found = scene.verdict()
    assert found.cause is None or found.cause.category != fault.category


@EVERY
def test_with_every_name_replaced_the_cause_is_the_same(fault: Fault) -> None:
    scene = fault.scene()
    services = {
        NAMES[name]: Service(name=NAMES[name], dependencies=tuple(NAMES[each] for each in service.dependencies))
        for name, service in SERVICES.items()
    }
    there = diagnose(
        judge([renamed(each) for each in scene.observations], scene.window), (), services, NAMES["till"], scene.window
    )
    here = scene.verdict()
    assert here.cause
    assert there.cause
    assert (there.cause.category, there.cause.confidence) == (here.cause.category, here.cause.confidence)


def test_what_brings_about_what_is_known_and_runs_one_way() -> None:
    def below(category: str, above: tuple[str, ...]) -> None:
        assert category not in above, f"{above} brings about itself"
        for course in BY_NAME[category].explains:
            below(course, (*above, category))

    for pattern in PATTERNS:
        below(pattern.category, ())


def test_a_pattern_requires_and_supports_and_contradicts_different_things() -> None:
    for pattern in PATTERNS:
        required = {clue.name for clue in pattern.required}
        assert len(required) == len(pattern.required)
        assert required.isdisjoint({clue.name for clue in pattern.supporting}), pattern.category
        assert required.isdisjoint({clue.name for clue in pattern.contradicting}), pattern.category


def verdicts(*faults: str) -> Diagnosis:
    scene = Scene()
    but = {role for fault in FAULTS if fault.category in faults for role in fault.but}
    scene.healthy(but=tuple(but))
    for fault in FAULTS:
        if fault.category in faults:
            for part in fault.shows:
                part(scene)
    return scene.changes().changes(service="vouchers").verdict()


@pytest.mark.parametrize(
    "cause, course",
    [
        ("n_plus_one", "slow_query"),
        ("memory_leak", "gc_pressure"),
        ("certificate_expiry", "tls_misconfiguration"),
        ("disk_full", "db_read_only"),
        ("cpu_saturation", "thread_exhaustion"),
        ("network_policy", "dns_failure"),
        ("cache_miss_storm", "slow_query"),
    ],
)
def test_of_two_proven_faults_the_one_that_brings_about_the_other_is_the_cause(cause: str, course: str) -> None:
    found = verdicts(cause, course)
    assert found.cause
    assert found.cause.category == cause


HAPPENS = (
    "certificate_expiry",
    "clock_skew",
    "db_read_only",
    "disk_full",
    "dns_failure",
    "network_policy",
    "node_failure",
)
"""Faults that come over a service, whatever was released before."""


@pytest.mark.parametrize("category", HAPPENS)
def test_an_innocent_release_hides_nothing(category: str) -> None:
    (fault,) = [each for each in FAULTS if each.category == category]
    scene = fault.scene()
    scene.observations = [each for each in scene.observations if each.kind != "change"]
    found = scene.changes(scene.released(-3)).changes(service="vouchers").verdict()
    assert found.cause
    assert (found.cause.category, found.cause.change) == (category, None)


@pytest.mark.parametrize(
    "category, against",
    [
        ("memory_leak", series("autoscaler_use", 0.4, 1.0)),
        ("gc_pressure", series("traffic", 21.0, 90.0)),
        ("cpu_saturation", series("pool_use", 0.1, 1.0)),
        ("thread_exhaustion", series("latency_p95", 0.01, 3.0, service="vouchers")),
        ("network_fault", log("request {n}: lookup ledger.svc.local: no such host")),
        ("dns_failure", log("DENY egress packet {n} by network policy")),
        ("auth_failure", log("x509: certificate has expired or is not yet valid ({n})")),
        ("tls_misconfiguration", series("clock_offset", 0.0, 90.0)),
        ("retry_storm", series("traffic", 21.0, 90.0)),
        ("slow_query", log("could not extend file: no space left on device ({n})")),
        ("missing_config", log("Node worker-{n} status is now: NodeNotReady")),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_contradicts_a_fault_keeps_it_from_being_the_cause(category: str, against: Part) -> None:
    (fault,) = [each for each in FAULTS if each.category == category]
    scene = fault.scene()
    against(scene)
    found = scene.verdict()
    assert found.cause is None or found.cause.category != category
    shown = [each for each in found.hypotheses if each.category == category]
    assert all(each.confidence <= 0.4 for each in shown)


def test_a_container_that_is_throttled_has_no_processor_left() -> None:
    """What cAdvisor counts of the periods in which a container was held back, where nothing says how much it used."""
    scene = Scene().healthy(but=("latency_p95", "cpu_use"))
    scene.series("latency_p95", 0.1, 2.5).series("cpu_throttled_ratio", 0.02, 0.7)
    scene.says("CPU throttled, worker {n} starved", 9, level="warn").changes().changes(service="vouchers")
    cause = diagnose(scene.evidence(), (), SERVICES, "till", scene.window).cause
    assert cause is not None
    assert cause.category == "cpu_saturation"
    throttled = [each.id for each in scene.evidence() if each.signal == "cpu_throttled_ratio"]
    assert any(set(throttled) & set(claim.evidence_ids) for claim in cause.supporting)


def slowed(*, lost: int, **more: float) -> Scene:
    """Slower answers, and a few who lost a deadlock; failures as usual, unless `more` says otherwise."""
    scene = Scene().healthy(but=("latency_p95", *more)).series("latency_p95", 0.04, 0.5)
    scene.says("1213 Deadlock found when trying to get lock {n}", lost).changes()
    for role, level in more.items():
        scene.series(role, 0.0, level)
    return scene.changes(service="vouchers")


def test_a_few_lost_deadlocks_are_no_reason_why_all_is_slow() -> None:
    assert slowed(lost=4).verdict().cause is None
    for proof in ({"error_ratio": 0.2}, {"lock_waits": 9.0}, {"deadlocks": 0.5}):
        found = slowed(lost=20, **proof).verdict()
        assert found.cause, proof
        assert found.cause.category == "lock_contention"


def slow_neighbour(answered: bool) -> Scene:
    """Calls to a neighbour take longer; all of them are answered, or a third is given up."""
    scene = Scene().healthy(but=("latency_p95",)).series("latency_p95", 0.04, 0.5)
    scene.series("latency_p95", 0.01, 0.3, service="vouchers")
    scene.series("dependency_error_ratio", 0.0, None if answered else 0.3, peer="vouchers")
    spans = tuple(
        Span(
            trace_id=f"t{index}",
            span_id="s1",
            parent_id="s0",
            service="till",
            operation="GET vouchers /quote",
            peer="vouchers",
            start=BEGIN + timedelta(seconds=index / 2),
            duration=0.01 if index < 2 * (scene.before + scene.fault) else 0.4,
        )
        for index in range(2 * (scene.before + scene.after))
    )
    return scene.add(kind="trace", spans=spans, count=len(spans)).changes().changes(service="vouchers")


def test_slow_calls_that_are_all_answered_make_nobody_give_up() -> None:
    given_up = slow_neighbour(answered=False).verdict()
    assert given_up.cause
    assert given_up.cause.category == "dependency_timeout"
    answered = slow_neighbour(answered=True).verdict()
    assert answered.cause is None
    assert "dependency_timeout" in {each.category for each in answered.hypotheses}


def test_a_log_of_one_thing_beside_figures_of_another_proves_neither() -> None:
    def scene(said: str) -> Scene:
        scene = Scene().healthy(but=("error_ratio",)).series("error_ratio", 0.002, 0.4).changes()
        return scene.series("queries_per_request", 3.0, 340.0).says(said, 12)

    strange = scene("x509: certificate has expired or is not yet valid ({n})").verdict()
    assert strange.cause is None
    assert {each.category: each.confidence for each in strange.hypotheses}["certificate_expiry"] <= 0.4
    assert "diagnosis.ask.stray" in {step.word for step in strange.next_steps}
    fitting = scene("N+1 detected: {n} queries for one request").verdict()
    assert fitting.cause
    assert fitting.cause.category == "n_plus_one"

"""Proves that findings become evidence people can read and check, and a cause where enough of them agree."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from cards.words import Words, table
from engine.cluster.facts import (
    Check,
    Claim,
    Cluster,
    Component,
    Condition,
    ContainerState,
    CronJob,
    Event,
    NetworkPolicy,
)
from engine.diagnosis.cluster.evidence import FULL, weight
from engine.diagnosis.cluster.findings import findings
from engine.diagnosis.cluster.suspects import blame, strength
from engine.diagnosis.diagnose import diagnose
from engine.diagnosis.patterns import PATTERNS
from engine.diagnosis.patterns.cluster import CLUSTERS
from engine.diagnosis.signals import judge
from engine.diagnosis.sweeping import weigh
from engine.model import Change, Diagnosis, Evidence, LogLine, Observation, Window
from engine.team import Service
from tests.engine.diagnosis.cluster import test_findings as broken
from tests.engine.diagnosis.cluster.clusters import (
    GIB,
    NOT_READY,
    event,
    front,
    node,
    pod,
    short,
    waiting,
    well,
    with_till,
    workload,
)

END = datetime(2026, 11, 20, 9, 40, tzinfo=UTC)
WINDOW = Window(start=END - timedelta(minutes=40), split=END - timedelta(minutes=15), end=END)
SERVICES = {"till": Service(name="till", dependencies=("store",)), "store": Service(name="store")}
LANGUAGES = ("en", "zh_CN")

ABSENT = 'Failed to pull image "registry.example.com/till:9": manifest unknown'


def observed(cluster: Cluster, service: str = "till") -> Observation:
    state = {"cluster": json.loads(json.dumps(cluster.model_dump(mode="json", exclude_defaults=True)))}
    return Observation(
        source="kubernetes", kind="state", service=service, query="list pods", window=WINDOW, state=state, count=1
    )


def no_image(*more: Event) -> Cluster:
    return with_till(short(), waiting("ImagePullBackOff"), events=(event("Failed", ABSENT), *more))


def verdict(*observations: Observation, service: str = "till") -> Diagnosis:
    return diagnose(judge(observations, WINDOW), (), SERVICES, service, WINDOW)


def of(evidence: tuple[Evidence, ...], name: str) -> Evidence:
    return next(each for each in evidence if each.details.get("finding") == name)


def test_a_finding_becomes_evidence_with_object_lines_and_time() -> None:
    found = of(judge([observed(no_image())], WINDOW), "image_not_found")
    assert (found.kind, found.signal, found.service, found.abnormal) == ("state", "image_not_found", "till", True)
    assert found.details["object"] == "Deployment/till"
    assert any("manifest unknown" in line for line in found.excerpt)
    assert found.onset == END - timedelta(seconds=240)


def test_what_follows_from_something_else_is_a_state_and_no_cause() -> None:
    found = of(judge([observed(no_image())], WINDOW), "replicas_short")
    assert (found.signal, found.details["because"]) == ("state", "image_not_found")


def test_that_all_is_well_is_evidence_too() -> None:
    (found,) = judge([observed(well())], WINDOW)
    assert (found.abnormal, found.count, found.summary.word) == (False, 2, "evidence.state.good")


def test_a_state_that_cannot_be_read_is_nothing() -> None:
    nonsense = observed(well()).model_copy(update={"state": {"cluster": {"pods": "many"}}})
    assert [each.count for each in judge([nonsense], WINDOW)] == [0]


def test_an_object_that_two_describe_alike_is_a_cause_by_itself() -> None:
    found = verdict(observed(no_image()))
    assert found.cause is not None
    assert (found.cause.category, found.cause.service) == ("image_unavailable", "till")
    assert "diagnosis.next.check_image" in {each.word for each in found.next_steps}


def test_what_one_alone_says_is_no_cause() -> None:
    evicted = pod(name="till-1-old", phase="Failed", reason="Evicted", conditions=NOT_READY)
    found = verdict(observed(with_till(short(), evicted)))
    assert (found.cause, found.hypotheses[0].category) == (None, "node_pressure")


def test_what_a_program_wrote_is_not_counted_twice() -> None:
    state = ContainerState(name="app", state="waiting", reason="CrashLoopBackOff", restarts=4, last_exit=1)
    cluster = with_till(short(), pod(containers=(state,), conditions=NOT_READY))
    taken = LogLine(at=END, service="till", level="fatal", message="bind: address already in use")
    lines = Observation(
        source="loki", kind="log", service="till", query="q", window=WINDOW, lines=(taken,) * 3, count=3
    )
    found = of(judge([observed(cluster), lines], WINDOW), "port_in_use")
    assert found.details["looks"] == ["log", "status"]
    assert weight([found]) == 1.0


def test_platform_state_weighs_as_many_kinds_as_agree() -> None:
    said = of(judge([observed(no_image())], WINDOW), "image_not_found")
    assert weight([said]) == FULL
    assert weight([said.model_copy(update={"details": {"looks": ["status"]}})]) == 1.0
    assert weight([said.model_copy(update={"details": {}})]) == 0.5


def test_the_trouble_of_a_neighbour_is_found_through_those_who_call_it() -> None:
    gone = well().workloads[1].model_copy(update={"created": 0, "ready": 0, "available": 0})
    refused = event("FailedCreate", 'serviceaccount "db" not found', name="store-1", kind="ReplicaSet")
    cluster = well(workloads=(workload(), gone), pods=(pod(),), events=(refused,))
    found = verdict(observed(cluster))
    assert found.cause is not None
    assert (found.cause.category, found.cause.service) == ("reference_missing", "store")


def test_a_release_that_does_not_come_up_is_named() -> None:
    released = Change(
        id="c1", service="till", kind="deploy", at=END - timedelta(seconds=250), version="9", previous_version="8"
    )
    change = Observation(
        source="kubernetes", kind="change", service="till", query="q", window=WINDOW, changes=(released,), count=1
    )
    found = verdict(observed(no_image()), change)
    assert found.cause is not None
    assert (found.cause.category, found.cause.change) == ("image_unavailable", released)


QUOTA = "exceeded quota: ration, requested: pods=1, used: pods=9, limited: pods=9"
ACCOUNT = 'error looking up service account shop/ghost: serviceaccount "ghost" not found'
PROVEN: dict[str, Cluster] = {
    "image_unavailable": no_image(),
    "registry_unreachable": with_till(
        short(), waiting("ErrImagePull"), events=(event("Failed", "Failed to pull image: dial tcp: no such host"),)
    ),
    "pull_secret_missing": with_till(
        short(), waiting("ErrImagePull"), events=(event("Failed", "Failed to pull image: 403 Forbidden"),)
    ),
    "reference_missing": broken.not_made(ACCOUNT),
    "admission_refused": broken.not_made('admission webhook "rules.example.com" denied the request: no'),
    "quota_exceeded": broken.not_made(QUOTA),
    "pod_unschedulable": broken.unplaced(broken.SELECTED, node_selector={"disk": "ssd"}),
    "cluster_capacity": broken.unplaced(broken.UNFIT.format("1 node(s) were unschedulable, 2 Insufficient cpu")),
    "volume_unavailable": broken.claiming(
        Claim(name="data", phase="Pending", storage_class="", requested=3 * GIB), broken.volume()
    ),
    "probe_misconfigured": broken.probed("liveness", "connection refused", port="8081"),
    "container_not_started": with_till(
        short(),
        waiting("RunContainerError", 'exec: "till": executable file not found in $PATH'),
        events=(event("Failed", 'Error: exec: "till": executable file not found in $PATH'),),
    ),
    "service_misrouted": well(services=(front(selector={"app": "cash"}, endpoints=()), well().services[1]), checks=()),
    "address_misconfigured": broken.addressed("store:5433"),
    "node_pressure": well(
        nodes=(node("node-1", conditions=(Condition(type="DiskPressure", status="True", reason="NoDisk"),)),),
        events=(event("NodeNotReady", "node is short of disk", name="node-1", kind="Node"),),
    ),
    "job_failed": broken.batch(jobs=(broken.failed_job(),)),
    "job_not_run": broken.batch(cron_jobs=(CronJob(name="nightly", service="till", suspended=True, last=90_000.0),)),
    "scaled_to_zero": with_till(
        workload(desired=0, created=0, ready=0, available=0), services=(front(endpoints=()), well().services[1])
    ),
}


@pytest.mark.parametrize("category", [pattern.category for pattern in CLUSTERS])
def test_every_fault_is_proven_by_a_cluster(category: str) -> None:
    found = verdict(observed(PROVEN[category]))
    assert found.cause is not None, found.why_inconclusive
    assert found.cause.category == category
    # On a node both stand, and one of them calls the other.
    assert found.cause.service == "till" or category == "node_pressure"
    assert found.cause.confidence >= 0.7


@pytest.mark.parametrize("category", [pattern.category for pattern in CLUSTERS])
def test_no_fault_is_proven_by_one_witness(category: str) -> None:
    evidence = judge([observed(PROVEN[category])], WINDOW)
    alone = [each.model_copy(update={"details": {**each.details, "looks": ["status"]}}) for each in evidence]
    assert diagnose(alone, (), SERVICES, "till", WINDOW).cause is None


@pytest.mark.parametrize(
    "cluster, category",
    [
        (
            with_till(
                short(),
                pod(containers=(broken.restarted(last_reason="OOMKilled", ready=False),), conditions=NOT_READY),
            ),
            "oom_kill",
        ),
        (
            well(
                nodes=(
                    node("node-1", conditions=(Condition(type="Ready", status="Unknown", reason="NodeStatusUnknown"),)),
                ),
                components=(Component(node="node-1", name="kubelet", active=False, said="Active: inactive (dead)"),),
            ),
            "node_failure",
        ),
        (
            well(
                policies=(NetworkPolicy(name="deny", ingress=True, denies_ingress=True),),
                checks=(Check(name="till", port=80, reached=False, said="Connection Failed"),),
            ),
            "network_policy",
        ),
    ],
    ids=["oom_kill", "node_failure", "network_policy"],
)
def test_faults_known_from_elsewhere_are_proven_by_the_cluster_too(cluster: Cluster, category: str) -> None:
    found = verdict(observed(cluster))
    assert found.cause is not None
    assert found.cause.category == category
    assert found.cause.service in ("till", "store")  # Both stand on the node, and one of them calls the other.


def test_what_is_blamed_is_suspected_most() -> None:
    ill = node("node-1", conditions=(Condition(type="Ready", status="False", reason="KubeletNotReady"),))
    sweep = weigh([observed(well(nodes=(ill, node("node-2"))))], (), WINDOW, SERVICES, ("till", "store"))
    assert (sweep.suspects[0].service, sweep.suspects[0].signal) == ("node-1", "node_not_ready")
    assert sum(each.probability for each in sweep.suspects) == pytest.approx(1.0)
    assert sweep.suspects[0].reasons


def test_a_quota_blames_the_namespace() -> None:
    said = "exceeded quota: ration, requested: pods=1, used: pods=9, limited: pods=9"
    assert list(blame(judge([observed(broken.not_made(said))], WINDOW))) == ["shop"]


def test_nobody_is_suspected_for_a_cluster_that_is_well() -> None:
    assert blame(judge([observed(well())], WINDOW)) == {}


def test_a_symptom_that_nothing_explains_is_a_weak_suspicion_while_anybody_is_left() -> None:
    state = ContainerState(name="app", state="running")
    ill = with_till(
        workload(desired=2, ready=1),
        pod(containers=(state,), conditions=NOT_READY),
        events=(event("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503"),),
    )
    assert 0 < strength(blame(judge([observed(ill)], WINDOW))["till"]) < 0.6
    none_left = with_till(short(), ill.pods[0])
    assert strength(blame(judge([observed(none_left)], WINDOW))["till"]) > 0.6


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_cluster_pattern_has_its_words(language: str) -> None:
    known = table(language)
    for pattern in CLUSTERS:
        assert f"pattern.{pattern.category}.title" in known
        assert all(step in known for step in pattern.next_steps)
        for clue in (*pattern.required, *pattern.supporting):
            assert f"diagnosis.clue.{clue.name}" in known
        for sign in (sign for clue in pattern.required for sign in clue.any):
            own = [each for each in sign.signals if each != "change"]
            assert all(f"evidence.cluster.{each}" in known for each in own)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_cause_reads_whole(language: str) -> None:
    words = Words(language)
    found = verdict(observed(no_image()))
    assert found.cause is not None
    for phrase in (found.cause.title, *(each.phrase for each in found.cause.supporting), *found.next_steps):
        said = words.say(phrase)
        assert said
        assert "[" not in said


def test_no_pattern_is_there_twice() -> None:
    categories = [each.category for each in PATTERNS]
    assert len(categories) == len(set(categories))


def test_findings_are_the_same_in_any_order() -> None:
    cluster = no_image(event("BackOff", "Back-off pulling image"))
    turned = cluster.model_copy(update={"pods": cluster.pods[::-1], "workloads": cluster.workloads[::-1]})
    assert {each.name for each in findings(cluster)} == {each.name for each in findings(turned)}
    assert findings(cluster)[0] == findings(turned)[0]

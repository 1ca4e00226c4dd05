"""Proves that what kubectl printed is read back into the same facts the live source brings."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.evaluation import describe
from bot.evaluation.kubectl import facts, observe
from bot.evaluation.names import Names
from engine.cluster.facts import Cluster
from engine.diagnosis.cluster.findings import findings
from engine.model import Window
from tests.bot.evaluation.printed import recorded

END = datetime(2026, 11, 20, 10, 3, tzinfo=UTC)
WINDOW = Window(start=END, split=END, end=END)


def read() -> Cluster:
    return facts(recorded(), WINDOW)


def test_a_pod_is_read() -> None:
    (pod,) = read().pods
    assert (pod.name, pod.owner, pod.node, pod.ip, pod.phase) == (
        "till-5f4d-abcde",
        "till",
        "node-1",
        "10.0.0.7",
        "Running",
    )
    assert pod.age == 93.0
    assert not pod.ready
    (state,) = pod.containers
    assert (state.state, state.reason, state.restarts) == ("waiting", "CrashLoopBackOff", 4)
    assert (state.last_reason, state.last_exit, state.last_seconds) == ("Error", 137, 20.0)
    assert pod.template.node_selector == {"disk": "ssd", "zone": "a"}
    assert [(each.key, each.operator) for each in pod.template.tolerations] == [
        ("gpu", "Equal"),
        ("node.kubernetes.io/not-ready", "Exists"),
    ]


def test_a_container_is_read_with_its_probes_and_what_it_needs() -> None:
    (container,) = read().pods[0].template.containers
    assert [(each.number, each.name, each.protocol) for each in container.ports] == [(8080, "http", "TCP")]
    assert [(each.kind, each.action, each.port, each.path) for each in container.probes] == [
        ("liveness", "http", "8081", "/healthz"),
        ("readiness", "grpc", "8080", ""),
    ]
    assert container.env == {"PORT": "8080", "STORE_ADDR": "store:5432"}
    assert container.requests == {"cpu": 0.2, "memory": 64 * 2.0**20}
    assert {(each.kind, each.name) for each in container.references} == {("Secret", "db")}


def test_a_workload_is_read_with_its_history() -> None:
    (workload,) = read().workloads
    assert (workload.desired, workload.created, workload.available) == (1, 1, 0)
    assert [(each.number, each.name, each.replicas) for each in workload.revisions] == [(2, "till-5f4d", 1)]
    assert [each.type for each in workload.conditions if each.status == "False"] == ["Available"]


def test_what_a_description_leaves_out_comes_from_the_manifest_and_nothing_else() -> None:
    cluster = read()
    assert cluster.workloads[0].template.pull_secrets == ("registry",)
    assert cluster.pods[0].template.node_terms[0][0].values == ("ssd",)
    assert cluster.workloads[0].desired == 1
    (claim,) = cluster.claims
    assert (claim.phase, claim.storage_class, claim.requested) == ("Pending", "", 3 * 2.0**30)
    assert ("Deployment", "till") in {(each.kind, each.name) for each in cluster.declared}


def test_services_and_what_is_behind_them_are_read() -> None:
    (service,) = read().services
    assert [(each.port, each.protocol, each.target, each.name) for each in service.ports] == [
        (80, "TCP", "8080", "http"),
        (90, "UDP", "metrics", ""),
    ]
    assert [(each.ip, each.ready) for each in service.endpoints or ()] == [("10.0.0.7", False)]


def test_nodes_quotas_and_volumes_are_read() -> None:
    cluster = read()
    (node,) = cluster.nodes
    assert node.cordoned
    assert ("gpu", "true", "NoSchedule") in {(each.key, each.value, each.effect) for each in node.taints}
    ready = next(each for each in node.conditions if each.type == "Ready")
    assert (ready.status, ready.reason) == ("False", "KubeletNotReady")
    assert "pleg was last seen" in ready.message
    assert node.allocatable["cpu"] == 8.0
    (quota,) = cluster.quotas
    assert quota.used["requests.cpu"] == quota.hard["requests.cpu"] == 10.0
    (volume,) = cluster.volumes
    assert (volume.claim, volume.access, volume.labels) == ("shop/other", ("ReadWriteOnce",), {"disktype": "hdd"})


def test_events_are_read_from_descriptions_and_from_the_list() -> None:
    events = {(each.kind, each.name, each.reason): each for each in read().events}
    failed = events["Pod", "till-5f4d-abcde", "Unhealthy"]
    assert (failed.count, failed.first, failed.last) == (9, 82.0, 2.0)
    assert events["ReplicaSet", "till-5f4d", "FailedCreate"].last == 36.0
    assert ("PersistentVolumeClaim", "data-claim", "FailedBinding") in events


def test_probes_are_read() -> None:
    cluster = read()
    assert {(each.name, each.port, each.reached) for each in cluster.checks} == {
        ("till", 80, False),
        ("store", 5432, True),
    }
    assert {(each.name, each.active) for each in cluster.components} == {("kubelet", False), ("containerd", True)}


def test_only_what_was_listed_counts_as_read() -> None:
    read_kinds = read().read
    assert "persistentvolumeclaims" in read_kinds
    assert "secrets" not in read_kinds


def test_the_findings_follow() -> None:
    names = {each.name for each in findings(read()) if not each.symptom}
    assert {"liveness_probe_wrong_port", "node_component_stopped", "volume_occupied"} <= names


def test_other_names_make_no_other_facts() -> None:
    """A name of another length moves the columns that kubectl printed."""
    hidden = facts(Names(["till"]).hide_all(recorded()), WINDOW)
    plain = [(each.name, each.strength, each.scope) for each in findings(read())]
    assert [(each.name, each.strength, each.scope) for each in findings(hidden)] == plain
    assert hidden.workloads[0].name != "till"


def test_the_observation_carries_the_facts() -> None:
    (seen,) = observe(recorded(), WINDOW)
    assert (seen.kind, seen.window) == ("state", WINDOW)
    assert Cluster.model_validate(seen.state["cluster"]) == read()
    assert observe({}, WINDOW) == ()
    assert observe({"state": {"kubectl": 1, "ls": "x"}, "manifests": {"a": ": [", "b": 3}, "probes": []}, WINDOW) == ()


def test_ages_are_read() -> None:
    assert describe.seconds("2m54s") == 174.0
    assert describe.seconds("3d16h") == timedelta(days=3, hours=16).total_seconds()
    assert describe.seconds("<unknown>") is None


@given(st.text(max_size=300))
def test_no_text_makes_it_stumble(text: str) -> None:
    describe.tree(text)
    list(describe.events(f"x\nEvents:\n{text}"))
    for kind in ("pods", "nodes", "services", "deployments", "resourcequotas", "persistentvolumes"):
        facts({"state": {f"kubectl describe {kind} x -n shop": f"Name: x\n{text}"}}, WINDOW)

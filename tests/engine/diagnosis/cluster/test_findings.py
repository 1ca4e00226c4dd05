"""Proves that each kind of trouble in a cluster is found, told from its like, and put before what follows from it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.cluster.facts import (
    Check,
    Claim,
    Cluster,
    Component,
    Condition,
    ContainerState,
    CronJob,
    Declared,
    Endpoint,
    Event,
    Expression,
    Job,
    NetworkPolicy,
    Port,
    Quota,
    Reference,
    Revision,
    ServicePort,
    StorageClass,
    Taint,
    Together,
    Volume,
)
from engine.diagnosis.cluster.finding import Finding
from engine.diagnosis.cluster.findings import findings
from engine.model import LogLine
from tests.engine.diagnosis.cluster.clusters import (
    GIB,
    NOT_READY,
    READ,
    READY,
    container,
    event,
    front,
    node,
    pending,
    pod,
    probe,
    short,
    template,
    waiting,
    well,
    with_till,
    workload,
)

NOW = datetime(2026, 11, 20, 9, 40, tzinfo=UTC)


def line(message: str, service: str = "till") -> LogLine:
    return LogLine(at=NOW, service=service, level="error", message=message)


def first(cluster: Cluster, lines: Sequence[LogLine] = ()) -> Finding:
    return findings(cluster, lines)[0]


def test_a_cluster_that_is_well_has_no_findings() -> None:
    assert findings(well()) == ()


@pytest.mark.parametrize(
    "said, meant",
    [
        ('Head "https://r.example.com": dial tcp: lookup r.example.com: no such host', "registry_not_resolved"),
        ("rpc error: code = NotFound desc = failed to resolve r.example.com/till:9: not found", "image_not_found"),
        ("failed to fetch anonymous token: unexpected status: 403 Forbidden", "pull_secret_missing"),
        ("Head https://r.example.com/v2: dial tcp 10.1.1.1:443: i/o timeout", "registry_unreachable"),
        ("tls: failed to verify certificate: x509: certificate signed by unknown authority", "registry_certificate"),
        ("toomanyrequests: You have reached your pull rate limit", "registry_rate_limited"),
        ("something nobody has seen before", "image_pull_failed"),
    ],
)  # fmt: skip
def test_why_an_image_cannot_be_pulled(said: str, meant: str) -> None:
    events = (event("Failed", f'Failed to pull image "r.example.com/till:9": {said}'),)
    found = first(with_till(short(), waiting("ImagePullBackOff"), events=events))
    assert (found.name, found.blamed, found.symptom) == (meant, "till", False)
    assert {"event", "status"} <= found.looks


def test_a_pull_secret_that_is_there_was_rejected() -> None:
    brings = template(pull_secrets=("registry",))
    events = (event("Failed", "Failed to pull image: unauthorized: authentication required"),)
    broken = with_till(
        short(template=brings), waiting("ErrImagePull", template=brings), events=events, secrets=("registry",)
    )
    assert first(broken).name == "pull_secret_rejected"
    assert first(broken.model_copy(update={"secrets": ()})).name == "pull_secret_missing"


def not_made(message: str, **more: object) -> Cluster:
    events = (event("FailedCreate", message, name="till-1", kind="ReplicaSet"),)
    return with_till(short(created=0), **({"events": events} | more))


def test_a_service_account_that_is_missing() -> None:
    said = 'pods "till-1-" is forbidden: error looking up service account shop/ghost: serviceaccount "ghost" not found'
    found = first(not_made(said))
    assert (found.name, found.what, found.strength) == ("service_account_missing", "ghost", 0.95)
    assert "service_account_missing" not in {
        each.name for each in findings(not_made(said, service_accounts=("ghost",)))
    }


@pytest.mark.parametrize(
    "asked, meant",
    [
        ("requests.cpu=1", "cpu_quota_exceeded"),
        ("limits.memory=1Gi", "memory_quota_exceeded"),
        ("pods=1", "pod_quota_exceeded"),
        ("count/secrets=1", "object_quota_exceeded"),
    ],
)
def test_a_quota_that_is_used_up_blames_the_namespace(asked: str, meant: str) -> None:
    said = f'pods "till-1-x" is forbidden: exceeded quota: ration, requested: {asked}, used: a=1, limited: a=1'
    found = first(not_made(said))
    assert (found.name, found.scope, found.blamed, found.service) == (meant, "namespace", "shop", "till")


def test_what_the_controller_no_longer_meets_is_over() -> None:
    account = 'error looking up service account shop/till: serviceaccount "till" not found'
    quota = "exceeded quota: ration, requested: pods=1, used: pods=9, limited: pods=9"
    events = (
        event("FailedCreate", account, name="till-1", kind="ReplicaSet", last=200.0),
        event("FailedCreate", quota, name="till-1", kind="ReplicaSet", last=5.0),
    )
    assert first(with_till(short(created=0), events=events)).name == "pod_quota_exceeded"


def test_a_service_that_a_quota_keeps_from_being_made() -> None:
    full = Quota(name="ration", hard={"services": 1.0}, used={"services": 1.0})
    broken = well(services=(front(),), quotas=(full,))
    found = first(broken, [line("dial tcp: lookup store on 10.0.0.10:53: no such host")])
    assert (found.name, found.blamed, found.service) == ("service_quota_exceeded", "shop", "store")
    assert first(broken.model_copy(update={"quotas": ()})).name == "service_missing"


def test_a_claim_that_a_quota_keeps_from_being_made() -> None:
    mounts = template(references=(Reference(kind="PersistentVolumeClaim", name="data"),))
    said = 'persistentvolumeclaim "data" not found'
    broken = with_till(
        short(template=mounts),
        pending(template=mounts),
        events=(event("FailedScheduling", f"0/3 nodes are available: {said}."),),
        quotas=(Quota(name="ration", hard={"requests.storage": GIB}, used={"requests.storage": 0.0}),),
        declared=(Declared(kind="PersistentVolumeClaim", name="data", requests={"storage": 5 * GIB}),),
    )
    assert first(broken).name == "storage_quota_exceeded"
    assert first(broken.model_copy(update={"quotas": ()})).name == "claim_missing"


def test_a_secret_that_is_missing() -> None:
    state = waiting("CreateContainerConfigError", 'secret "db" not found')
    found = first(with_till(short(), state))
    assert (found.name, found.what) == ("secret_missing", "secret db")


UNFIT = "0/3 nodes are available: {}. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
SELECTED = UNFIT.format("1 node(s) were unschedulable, 2 node(s) didn't match Pod's node affinity/selector")


def unplaced(said: str, **asked: Any) -> Cluster:
    body = template(**asked)
    return with_till(short(template=body), pending(template=body), events=(event("FailedScheduling", said),))


def test_a_node_selector_that_no_node_fulfils() -> None:
    found = first(unplaced(SELECTED, node_selector={"disk": "ssd"}))
    assert (found.name, found.what) == ("node_selector_mismatch", "disk=ssd")
    assert found.looks == {"event", "status", "spec"}


def test_a_node_affinity_that_no_node_fulfils() -> None:
    found = first(unplaced(SELECTED, node_terms=((Expression(key="disk", values=("ssd",)),),)))
    assert found.name == "node_affinity_mismatch"


def test_the_node_that_was_asked_for_is_cordoned() -> None:
    said = UNFIT.format("1 node(s) didn't match Pod's node affinity/selector, 2 node(s) were unschedulable")
    nodes = (node("node-1", labels={"disk": "ssd"}, cordoned=True), node("node-2"))
    broken = unplaced(said, node_selector={"disk": "ssd"}).model_copy(update={"nodes": nodes})
    assert first(broken).name == "node_cordoned"


def test_a_taint_that_is_not_tolerated() -> None:
    said = UNFIT.format("2 node(s) had untolerated taint {gpu: true}, 1 node(s) were unschedulable")
    tainted = tuple(
        node(name, taints=(Taint(key="gpu", value="true", effect="NoSchedule"),)) for name in ("node-1", "node-2")
    )
    broken = unplaced(said).model_copy(update={"nodes": tainted})
    assert first(broken).name == "untolerated_taint"
    assert any("gpu=true" in each.line for each in first(broken).seen)


def test_pods_that_may_not_share_a_node() -> None:
    rule = Together(selector=(Expression(key="app", values=("till",)),), topology="kubernetes.io/hostname")
    body = template(apart=(rule,))
    said = UNFIT.format("1 node(s) were unschedulable, 2 node(s) didn't match pod anti-affinity rules")
    there = [pod(name=f"till-1-{each}", template=body, node=each) for each in ("node-1", "node-2")]
    broken = with_till(
        workload(template=body, desired=3, created=3, ready=2, available=2),
        *there,
        pending(name="till-1-abc", template=body),
        events=(event("FailedScheduling", said),),
    )
    assert first(broken).name == "pod_anti_affinity_conflict"


@pytest.mark.parametrize("resource, asked", [("cpu", 12.0), ("memory", 40 * GIB)])
def test_a_pod_that_is_too_large_for_every_node(resource: str, asked: float) -> None:
    said = UNFIT.format(f"1 node(s) were unschedulable, 2 Insufficient {resource}")
    found = first(unplaced(said, containers=(container(requests={resource: asked}),)))
    assert found.name == f"insufficient_{resource}"


def test_without_sight_of_the_nodes_the_scheduler_is_believed() -> None:
    broken = unplaced(SELECTED, node_terms=((Expression(key="disk", values=("ssd",)),),))
    found = first(broken.model_copy(update={"nodes": ()}))
    assert found.name == "node_affinity_mismatch"


def test_a_scheduler_that_says_nothing() -> None:
    broken = with_till(short(), pending(conditions=()))
    assert "scheduler_silent" in {each.name for each in findings(broken)}


def claiming(claim: Claim, *volumes: Volume, **more: object) -> Cluster:
    mounts = template(references=(Reference(kind="PersistentVolumeClaim", name="data"),))
    unbound = event("FailedScheduling", "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.")
    binding = event("FailedBinding", "no persistent volumes available", name="data", kind="PersistentVolumeClaim")
    broken = with_till(short(template=mounts), pending(template=mounts), claims=(claim,), volumes=volumes)
    return broken.model_copy(update={"events": (unbound, binding), **more})


def volume(**more: object) -> Volume:
    return Volume.model_validate(
        {"name": "disk", "phase": "Available", "capacity": GIB, "access": ("ReadWriteOnce",), **more}
    )


SSD = Expression(key="disk", values=("ssd",))


@pytest.mark.parametrize(
    "asked, there, meant",
    [
        ({"requested": 3 * GIB}, {}, "claim_capacity_mismatch"),
        ({"selector": (SSD,)}, {"labels": {"disk": "hdd"}}, "claim_selector_mismatch"),
        ({"access": ("ReadWriteMany",)}, {}, "claim_access_mode_mismatch"),
        ({}, {"phase": "Bound", "claim": "shop/other"}, "volume_occupied"),
        ({"storage_class": "fast"}, {"storage_class": "slow"}, "claim_class_mismatch"),
    ],
)  # fmt: skip
def test_why_a_claim_is_not_bound(asked: dict[str, object], there: dict[str, object], meant: str) -> None:
    fields = {"name": "data", "phase": "Pending", "storage_class": "", "requested": GIB, "access": ("ReadWriteOnce",)}
    found = first(claiming(Claim.model_validate(fields | asked), volume(**there)))
    assert (found.name, found.what) == (meant, "data")


def test_a_claim_that_waits_for_its_pod_is_no_trouble() -> None:
    later = Claim(name="data", phase="Pending", storage_class="local")
    waits = event("WaitForFirstConsumer", "waiting", name="data", kind="PersistentVolumeClaim")
    cluster = claiming(later, storage_classes=(StorageClass(name="local"),), events=(waits,))
    assert "claim_class_mismatch" not in {each.name for each in findings(cluster)}


def restarted(**more: object) -> ContainerState:
    fields = {"name": "app", "ready": True, "state": "running", "restarts": 3, "last_reason": "Error", "last_exit": 137}
    return ContainerState.model_validate(fields | more)


def probed(kind: str, said: str, **asked: object) -> Cluster:
    one = probe(kind, **asked)
    other = probe("readiness" if kind == "liveness" else "liveness", action="grpc", path="", port="8080")
    body = template(containers=(container(probes=(one, other)),))
    alive = kind == "liveness"
    state = restarted() if alive else ContainerState(name="app", state="running")
    run = pod(template=body, containers=(state,), conditions=READY if alive else NOT_READY)
    events = [event("Unhealthy", f"{kind.capitalize()} probe failed: {said}", last=1.0)]
    if alive:
        events.append(event("Killing", "Container app failed liveness probe, will be restarted", last=1.0))
    return with_till(short(template=body), run, events=tuple(events))


@pytest.mark.parametrize("kind", ["liveness", "readiness"])
@pytest.mark.parametrize(
    "said, asked, fault",
    [
        ("dial tcp 10.0.0.7:8081: connect: connection refused", {"port": "8081"}, "wrong_port"),
        ("dial tcp 10.0.0.7:0: connect: connection refused", {"port": "web"}, "wrong_port"),
        ('net/http: HTTP/1.x transport connection broken: malformed HTTP response "\\x00"', {}, "wrong_protocol"),
        ("HTTP probe failed with statuscode: 404", {}, "wrong_path"),
    ],
)
def test_what_is_wrong_with_a_probe(kind: str, said: str, asked: dict[str, object], fault: str) -> None:
    found = first(probed(kind, said, **asked))
    assert (found.name, found.blamed) == (f"{kind}_probe_{fault}", "till")
    assert {"event", "spec", "status"} <= found.looks


def test_a_probe_that_gives_no_time_to_start() -> None:
    hasty = probe("liveness", delay=1, period=1, failures=1)
    body = template(containers=(container(probes=(hasty,)),))
    state = restarted(state="waiting", reason="CrashLoopBackOff", ready=False, last_seconds=3.0)
    run = pod(template=body, containers=(state,), conditions=NOT_READY)
    said = "Liveness probe failed: Get http://10.0.0.7:8080/healthz: context deadline exceeded"
    found = first(with_till(short(template=body), run, events=(event("Unhealthy", said, last=1.0),)))
    assert found.name == "liveness_probe_wrong_timing"


def test_a_program_that_is_ill_is_not_the_probes_fault() -> None:
    said = "HTTP probe failed with statuscode: 503"
    found = {each.name: each for each in findings(probed("readiness", said))}
    assert found["readiness_probe_failing"].symptom


def test_a_probe_that_failed_while_a_pod_was_starting_is_history() -> None:
    said = event("Unhealthy", "Readiness probe failed: connection refused", last=3_000.0)
    assert findings(well(events=(said,))) == ()


def test_a_container_killed_for_its_memory() -> None:
    state = restarted(state="waiting", reason="CrashLoopBackOff", ready=False, last_reason="OOMKilled")
    cluster = with_till(short(), pod(containers=(state,), conditions=NOT_READY))
    found = findings(cluster)
    assert (found[0].name, found[0].what) == ("oom_killed", "512Mi")
    assert "crash_loop" not in {each.name for each in found}


def test_a_container_that_ends_by_itself() -> None:
    state = restarted(state="waiting", reason="CrashLoopBackOff", ready=False, last_exit=1)
    cluster = with_till(short(), pod(containers=(state,), conditions=NOT_READY))
    assert (first(cluster).name, first(cluster).what) == ("crash_loop", "1")
    taken = line("listen tcp :8080: bind: address already in use")
    assert first(cluster, [taken]).name == "port_in_use"


def test_a_crash_for_want_of_a_neighbour_is_the_neighbours_doing() -> None:
    state = restarted(state="waiting", reason="CrashLoopBackOff", ready=False, last_exit=1)
    broken = well().workloads[1].model_copy(update={"available": 0, "ready": 0, "created": 0})
    refused = event("FailedCreate", 'serviceaccount "db" not found', name="store-1", kind="ReplicaSet")
    cluster = well(
        workloads=(short(), broken), pods=(pod(containers=(state,), conditions=NOT_READY),), events=(refused,)
    )
    found = {each.name: each for each in findings(cluster)}
    assert findings(cluster)[0].service == "store"
    assert (found["crash_loop"].symptom, found["crash_loop"].because) == (True, "service_account_missing")


NOBODY: tuple[Endpoint, ...] = ()


def test_a_service_that_selects_nobody() -> None:
    found = first(well(services=(front(selector={"app": "cash"}, endpoints=NOBODY), well().services[1]), checks=()))
    assert (found.name, found.object, found.blamed) == ("service_selector_mismatch", "Service/till", "till")
    assert found.looks == {"spec", "status"}


def test_a_spare_service_that_nobody_misses_is_no_trouble() -> None:
    spare = front("till-next", service="till", selector={"app": "till", "slot": "green"}, endpoints=NOBODY)
    cluster = well(services=(*well().services, spare))
    assert all(each.strength < 0.4 for each in findings(cluster))


@pytest.mark.parametrize(
    "port, meant",
    [
        (ServicePort(port=80, target="9090"), "service_port_mismatch"),
        (ServicePort(port=80, target="grpc"), "service_port_mismatch"),
        (ServicePort(port=80, target="8080", protocol="UDP"), "service_protocol_mismatch"),
    ],
)
def test_a_service_port_that_leads_nowhere(port: ServicePort, meant: str) -> None:
    lost = Check(name="till", port=80, reached=False, said="Connection Failed")
    cluster = well(services=(front(ports=(port,)), well().services[1]), checks=(lost,))
    assert (first(cluster).name, first(cluster).strength) == (meant, 0.95)
    assert "probe" in first(cluster).looks


def test_a_port_that_answers_though_nobody_declared_it_is_no_trouble() -> None:
    there = Check(name="till", port=80, reached=True)
    undeclared = front(ports=(ServicePort(port=80, target="9090"),))
    found = findings(well(services=(undeclared, well().services[1]), checks=(there,)))
    assert all(each.strength < 0.4 and each.against for each in found if each.name == "service_port_mismatch")


def addressed(value: str) -> Cluster:
    lost = workload(template=template(containers=(container(env={"STORE_ADDR": value}),)))
    return with_till(lost, pod(template=lost.template))


def test_an_address_that_leads_nowhere_is_trouble_once_somebody_complains() -> None:
    assert all(each.strength < 0.6 for each in findings(addressed("stoer:5432")))
    found = first(addressed("stoer:5432"), [line("dial tcp: lookup stoer:5432: no such host")])
    assert (found.name, found.what, found.blamed) == ("env_address_mismatch", "STORE_ADDR=stoer:5432", "till")


def test_a_wrong_port_in_an_address_needs_no_complaint() -> None:
    assert first(addressed("store:5433")).name == "env_address_mismatch"


def test_addresses_of_others_are_none_of_ours() -> None:
    for value in ("db.example.com:5432", "store.other.svc.cluster.local:5432", "10.0.0.9:5432", "localhost:1234"):
        assert findings(addressed(value)) == ()


def test_a_policy_that_lets_nobody_in() -> None:
    closed = NetworkPolicy(name="deny", ingress=True, denies_ingress=True)
    lost = Check(name="till", port=80, reached=False, said="Connection Failed")
    found = first(well(policies=(closed,), checks=(lost,)))
    assert (found.name, found.what) == ("network_policy_blocks", "deny")
    opened = NetworkPolicy(name="allow", ingress=True)
    names = {each.name for each in findings(well(policies=(closed, opened), checks=(lost,)))}
    assert "network_policy_blocks" not in names


def test_a_node_that_is_not_ready() -> None:
    ill = node("node-1", conditions=(Condition(type="Ready", status="Unknown", reason="NodeStatusUnknown"),))
    found = findings(well(nodes=(ill, node("node-2"))))
    assert {(each.name, each.scope, each.blamed, each.service) for each in found if not each.symptom} == {
        ("node_not_ready", "node", "node-1", "store"),
        ("node_not_ready", "node", "node-1", "till"),
    }


def test_a_kubelet_that_is_stopped() -> None:
    stopped = Component(node="node-1", name="kubelet", active=False, said="Active: inactive (dead)")
    found = first(well(components=(stopped,)))
    assert (found.name, found.blamed, found.what) == ("node_component_stopped", "node-1", "kubelet")


def test_scaled_to_zero_while_others_call() -> None:
    gone = well().workloads[1].model_copy(update={"desired": 0, "available": 0, "created": 0})
    empty = front("store", ports=(ServicePort(port=5432, target="8080"),), endpoints=NOBODY)
    cluster = well(workloads=(workload(), gone), pods=(pod(),), services=(front(), empty))
    found = findings(cluster)
    assert (found[0].name, found[0].service, found[0].strength) == ("scaled_to_zero", "store", 0.9)
    hurt = next(each for each in found if each.name == "dependency_unready")
    assert (hurt.service, hurt.peer) == ("till", "store")


def test_a_rollout_that_does_not_get_on_is_a_symptom() -> None:
    late = Condition(type="Progressing", status="False", reason="ProgressDeadlineExceeded")
    revisions = (
        Revision(number=2, name="till-2", images=("till:2",), replicas=1),
        Revision(number=1, name="till-1", images=("till:1",), replicas=1, ready=1),
    )
    found = findings(with_till(workload(conditions=(late,), revisions=revisions), pod()))
    assert [(each.name, each.symptom) for each in found] == [("rollout_stuck", True)]


def test_events_of_what_is_gone_say_nothing() -> None:
    yesterday = (
        Event(
            kind="Pod", name="till-0-zzz", reason="Failed", message='Failed to pull image "x": not found', last=900.0
        ),
        Event(kind="ReplicaSet", name="till-0", reason="FailedCreate", message="exceeded quota: q", last=900.0),
    )
    assert findings(well(events=yesterday)) == ()


def test_what_the_cluster_says_of_certificates() -> None:
    said = event("FailedMount", "x509: certificate has expired or is not yet valid")
    ill = with_till(short(), pod(conditions=NOT_READY, containers=()), events=(said,))
    assert "certificate_expired" in {each.name for each in findings(ill)}
    assert findings(well(events=(said,))) == ()


def test_what_could_not_be_listed_is_not_missed() -> None:
    read = tuple(each for each in READ if each != "services")
    assert findings(well(services=(), read=read, checks=())) == ()


def test_ports_without_numbers_do_not_disturb() -> None:
    named = container(ports=(Port(number=0, name="http"),))
    body = template(containers=(named,))
    findings(with_till(workload(template=body), pod(template=body)))


LONG_AGO = 86_400.0


@pytest.mark.parametrize(
    "cluster",
    [
        with_till(workload(), pod(containers=(restarted(last_ago=LONG_AGO),))),
        with_till(workload(), pod(containers=(restarted(last_reason="OOMKilled", last_ago=LONG_AGO),))),
        with_till(
            workload(
                desired=3,
                revisions=(
                    Revision(number=2, name="till-2", images=("till:2",), replicas=2, ready=1),
                    Revision(number=1, name="till-1", images=("till:1",), replicas=2, ready=2),
                ),
                conditions=(Condition(type="Progressing", status="True", reason="ReplicaSetUpdated"),),
                available=3,
            ),
            pod(),
        ),
        with_till(workload(desired=2, created=2, ready=1), pod(), pending(name="till-1-new", age=3.0, conditions=())),
        well(services=(front(headless=True), well().services[1].model_copy(update={"headless": True, "ports": ()}))),
        well(
            services=(*well().services, front("metrics", service="till", ports=(ServicePort(port=90, target="9090"),)))
        ),
        well(nodes=(*well().nodes, node("node-3", cordoned=True))),
    ],
    ids=[
        "restarts of yesterday",
        "killed yesterday",
        "a rollout under way",
        "a pod of this moment",
        "headless services",
        "a port nobody declared",
        "a cordoned node nobody needs",
    ],
)
def test_what_is_usual_in_clusters_that_are_well_is_no_cause(cluster: Cluster) -> None:
    assert [each.name for each in findings(cluster) if not each.symptom and each.strength >= 0.6] == []


FULL = Quota(name="ration", hard={"requests.cpu": 1.0}, used={"requests.cpu": 1.0})
TINY = (node("node-1", allocatable={"cpu": 0.05}), node("node-2", allocatable={"cpu": 0.05}))
ASKS_8081 = template(containers=(container(probes=(probe("readiness", port="8081"),)),))


@pytest.mark.parametrize(
    "cluster, meant",
    [
        (with_till(short(created=0, template=template(service_account="ghost"))), "service_account_missing"),
        (with_till(short(created=0), quotas=(FULL,)), "cpu_quota_exceeded"),
        (with_till(short(), pending(), nodes=TINY), "insufficient_cpu"),
        (
            with_till(short(), pending(), nodes=(node("node-1", cordoned=True), node("node-2", cordoned=True))),
            "node_cordoned",
        ),
        (
            with_till(
                short(template=ASKS_8081),
                pod(
                    template=ASKS_8081,
                    conditions=NOT_READY,
                    containers=(ContainerState(name="app", state="running"),),
                ),
            ),
            "readiness_probe_wrong_port",
        ),
    ],
)
def test_what_is_asked_for_and_what_is_there_tell_it_once_the_events_are_gone(cluster: Cluster, meant: str) -> None:
    found = first(cluster)
    assert (found.name, "event" in found.looks) == (meant, False)


def test_two_services_on_one_broken_quota_are_found_alike() -> None:
    other = well().workloads[1].model_copy(update={"created": 0, "ready": 0, "available": 0})
    cluster = well(workloads=(short(created=0), other), pods=(), quotas=(FULL,), checks=())
    assert {each.service for each in findings(cluster) if each.name == "cpu_quota_exceeded"} == {"till", "store"}


# --- jobs ------------------------------------------------------------------------------------------------------------


def failed_job(reason: str = "BackoffLimitExceeded", **more: Any) -> Job:
    failed = Condition(
        type="Failed", status="True", reason=reason, message="Job has reached the specified backoff limit"
    )
    fields: dict[str, Any] = {"name": "nightly-1", "service": "till", "failed": 7, "age": 900.0, "ended": 300.0}
    return Job(**(fields | {"conditions": (failed,)} | more))


def batch(**more: Any) -> Cluster:
    """Till is what runs by a schedule alone."""
    others = well()
    fields: dict[str, Any] = {"workloads": others.workloads[1:], "pods": others.pods[1:], "services": ()}
    return well(**(fields | {"checks": ()} | more))


@pytest.mark.parametrize(
    "reason, more, meant",
    [
        ("BackoffLimitExceeded", {}, "job_backoff_exceeded"),
        ("DeadlineExceeded", {"deadline": 600}, "job_deadline_exceeded"),
        ("PodFailurePolicy", {}, "job_failed"),
    ],
)
def test_why_a_job_failed(reason: str, more: dict[str, Any], meant: str) -> None:
    ended = ContainerState(name="app", state="terminated", reason="OOMKilled", exit_code=137)
    last = pod("nightly-1", phase="Failed", containers=(ended,), conditions=NOT_READY)
    store = well().pods[1]
    found = first(batch(jobs=(failed_job(reason, **more),), pods=(last, store)))
    assert (found.name, found.service, found.object) == (meant, "till", "Job/nightly-1")
    assert found.what == "OOMKilled, exit 137"
    assert found.since == 300.0


@pytest.mark.parametrize(
    "jobs",
    [
        (Job(name="nightly-2", service="till", made_by="nightly", age=60.0), failed_job(made_by="nightly")),
        (failed_job(ended=90_000.0),),
        (Job(name="once", service="till", active=1, age=60.0),),
        (Job(name="nightly-2", service="till", made_by="nightly", suspended=True),),
    ],
    ids=["a later run went well", "long ago", "under way", "held with its schedule"],
)
def test_a_job_that_is_no_trouble(jobs: tuple[Job, ...]) -> None:
    assert findings(batch(jobs=jobs)) == ()


def test_a_run_under_way_does_not_answer_for_the_one_that_failed() -> None:
    again = Job(name="nightly-2", service="till", made_by="nightly", active=1, age=60.0)
    assert first(batch(jobs=(again, failed_job(made_by="nightly")))).name == "job_backoff_exceeded"


@pytest.mark.parametrize(
    "reason, meant",
    [
        ("MissSchedule", "cron_job_missed"),
        ("TooManyMissedTimes", "cron_job_missed"),
        ("UnknownTimeZone", "cron_job_unusable"),
    ],
)
def test_a_schedule_that_does_not_run(reason: str, meant: str) -> None:
    said = event(reason, "Missed scheduled time to start a job", name="nightly", kind="CronJob", last=30.0)
    schedule = CronJob(name="nightly", service="till", schedule="0 3 * * *", last=90_000.0)
    assert first(batch(cron_jobs=(schedule,), events=(said,))).name == meant
    ran_since = schedule.model_copy(update={"last": 10.0})
    assert findings(batch(cron_jobs=(ran_since,), events=(said,))) == ()


def test_a_job_beside_a_service_that_serves_is_told_and_blames_weakly() -> None:
    found = first(well(jobs=(failed_job(),)))
    assert (found.name, found.strength, found.what) == ("side_job", 0.4, "Job/nightly-1 BackoffLimitExceeded")

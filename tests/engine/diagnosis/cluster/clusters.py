"""Builds the state of a small cluster that is well, and breaks it in one place."""

from typing import Any

from engine.cluster.facts import (
    Check,
    Cluster,
    ClusterService,
    Condition,
    Container,
    ContainerState,
    Endpoint,
    Event,
    Node,
    Pod,
    Port,
    Probe,
    Revision,
    ServicePort,
    Taint,
    Template,
    Workload,
)

READ = (
    "configmaps",
    "deployments",
    "endpointslices",
    "events",
    "networkpolicies",
    "nodes",
    "persistentvolumeclaims",
    "persistentvolumes",
    "pods",
    "replicasets",
    "resourcequotas",
    "secrets",
    "serviceaccounts",
    "services",
    "storageclasses",
)
READY = (Condition(type="PodScheduled", status="True"), Condition(type="Ready", status="True"))
NOT_READY = (Condition(type="PodScheduled", status="True"), Condition(type="Ready", status="False"))
UNSCHEDULED = (Condition(type="PodScheduled", status="False", reason="Unschedulable"),)
GIB = 2.0**30


def probe(kind: str = "liveness", **more: Any) -> Probe:
    return Probe.model_validate({"kind": kind, "action": "http", "port": "8080", "path": "/healthz", **more})


def container(**more: Any) -> Container:
    fields: dict[str, Any] = {
        "name": "app",
        "image": "registry.example.com/till:1.8.0",
        "ports": (Port(number=8080, name="http"),),
        "env": {"PORT": "8080", "STORE_ADDR": "store:5432"},
        "requests": {"cpu": 0.1, "memory": GIB / 4},
        "limits": {"memory": GIB / 2},
        "probes": (probe("liveness"), probe("readiness")),
    }
    return Container(**(fields | more))


def template(name: str = "till", **more: Any) -> Template:
    fields: dict[str, Any] = {"labels": {"app": name}, "service_account": "default", "containers": (container(),)}
    return Template(**(fields | more))


def workload(name: str = "till", **more: Any) -> Workload:
    fields: dict[str, Any] = {
        "kind": "Deployment",
        "name": name,
        "service": name,
        "template": template(name),
        "desired": 1,
        "created": 1,
        "ready": 1,
        "available": 1,
        "revisions": (Revision(number=1, name=f"{name}-1", images=("registry.example.com/till:1.8.0",), replicas=1),),
    }
    return Workload(**(fields | more))


def short(name: str = "till", **more: Any) -> Workload:
    return workload(name, **({"ready": 0, "available": 0} | more))


def pod(owner: str = "till", **more: Any) -> Pod:
    fields: dict[str, Any] = {
        "name": f"{owner}-1-abc",
        "owner": owner,
        "template": template(owner),
        "phase": "Running",
        "node": "node-1",
        "ip": "10.0.0.7",
        "conditions": READY,
        "containers": (ContainerState(name="app", ready=True, state="running"),),
        "age": 3_600.0,
    }
    return Pod(**(fields | more))


def waiting(reason: str, message: str = "", owner: str = "till", **more: Any) -> Pod:
    state = ContainerState(name="app", state="waiting", reason=reason, message=message)
    fields: dict[str, Any] = {"phase": "Pending", "conditions": NOT_READY, "containers": (state,), "age": 300.0}
    return pod(owner, **(fields | more))


def pending(owner: str = "till", **more: Any) -> Pod:
    fields: dict[str, Any] = {
        "phase": "Pending",
        "conditions": UNSCHEDULED,
        "containers": (),
        "age": 300.0,
        "node": "",
        "ip": "",
    }
    return pod(owner, **(fields | more))


def front(name: str = "till", **more: Any) -> ClusterService:
    fields: dict[str, Any] = {
        "name": name,
        "service": name,
        "selector": {"app": name},
        "ports": (ServicePort(port=80, target="8080"),),
        "endpoints": (Endpoint(ip="10.0.0.7", pod=f"{name}-1-abc"),),
    }
    return ClusterService(**(fields | more))


def node(name: str = "node-1", **more: Any) -> Node:
    fields: dict[str, Any] = {
        "name": name,
        "conditions": (Condition(type="Ready", status="True", reason="KubeletReady"),),
        "allocatable": {"cpu": 8.0, "memory": 16 * GIB},
    }
    return Node(**(fields | more))


def event(reason: str, message: str, name: str = "till-1-abc", kind: str = "Pod", **more: Any) -> Event:
    fields = {"kind": kind, "name": name, "reason": reason, "message": message, "type": "Warning", "last": 10.0}
    return Event.model_validate({"first": 240.0, "count": 3, **fields, **more})


def well(**more: Any) -> Cluster:
    """Till calls store; both run and are ready. Beside the nodes that work stands one of the control plane."""
    plane = node("plane", control_plane=True, cordoned=True, taints=(Taint(key="unfit", effect="NoSchedule"),))
    store = workload("store", template=template("store", containers=(container(env={}, probes=()),)))
    fields: dict[str, Any] = {
        "namespace": "shop",
        "read": READ,
        "workloads": (workload(), store),
        "pods": (pod(), pod("store", template=store.template, ip="10.0.0.8")),
        "services": (front(), front("store", ports=(ServicePort(port=5432, target="8080"),))),
        "nodes": (plane, node(), node("node-2")),
        "service_accounts": ("default",),
        "checks": (Check(name="till", port=80, reached=True),),
    }
    return Cluster(**(fields | more))


def with_till(broken: Workload, *pods: Pod, **more: Any) -> Cluster:
    """The same, with another till and its pods."""
    others = well()
    return well(workloads=(broken, others.workloads[1]), pods=(*pods, others.pods[1]), **({"checks": ()} | more))

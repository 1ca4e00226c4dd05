"""Finds quotas that are used up, and what a namespace may no longer have because of them."""

import re
from collections.abc import Iterator

from engine.cluster.facts import Quota, Workload
from engine.cluster.quantities import written
from engine.diagnosis.cluster.finding import Finding, Look, spec, status
from engine.diagnosis.cluster.scene import Scene, began, cut, told, wrote

EXCEEDED = re.compile(r"exceeded quota: (\S+?), requested: (\S+?), used: (\S+?), limited: (\S+)")
FAMILIES: tuple[tuple[str, str], ...] = (
    ("storage", "storage_quota_exceeded"),
    ("persistentvolumeclaims", "storage_quota_exceeded"),
    ("memory", "memory_quota_exceeded"),
    ("cpu", "cpu_quota_exceeded"),
    ("pods", "pod_quota_exceeded"),
    ("services", "service_quota_exceeded"),
)
LOADED = "services.loadbalancers"


def family(resource: str) -> str:
    """The finding a resource's quota belongs to."""
    return next((name for part, name in FAMILIES if part in resource), "object_quota_exceeded")


def quotas(scene: Scene) -> Iterator[Finding]:
    """What the API refused for a quota, and what is absent while the quota for its like is used up."""
    for workload in scene.cluster.workloads:
        if scene.lacks_pods(workload):
            yield from _refused(scene, workload)
    yield from _absent_services(scene)
    yield from _absent_claims(scene)


def _refused(scene: Scene, workload: Workload) -> Iterator[Finding]:
    events = [each for each in scene.creating(workload) if EXCEEDED.search(each.message)]
    failed = [each for each in workload.conditions if each.type == "ReplicaFailure" and EXCEEDED.search(each.message)]
    words = [*(each.message for each in events), *(each.message for each in failed)]
    found = next((match for each in words if (match := EXCEEDED.search(each))), None)
    if found is None:
        if not scene.creating(workload):
            yield from _no_room(scene, workload)
        return
    named = next((each for each in scene.cluster.quotas if each.name == found[1]), None)
    short = f"{workload.created or 0} of {workload.desired or 0} pods were made"
    for part in found[2].split(","):
        resource, _, asked = part.partition("=")
        if not asked:
            continue
        looks: list[Look] = [told(each) for each in events[:2]]
        looks.append(status(f"{workload.kind} {workload.name}: {short}"))
        looks += [status(_line(named, resource))] if named else []
        looks += [spec(f"{workload.kind} {workload.name}: a pod asks for {resource} {asked}")]
        yield _finding(scene, workload.service, family(resource), resource, found[1], looks, 0.95, began(events))


def _no_room(scene: Scene, workload: Workload) -> Iterator[Finding]:
    """The same without a word of the API, because events last an hour: what a pod asks for would not fit any more."""
    asked = {
        **{name: workload.template.requested("cpu") for name in ("requests.cpu", "cpu")},
        **{name: workload.template.requested("memory") for name in ("requests.memory", "memory")},
        **dict.fromkeys(("pods", "count/pods"), 1.0),
    }
    for each in scene.cluster.quotas:
        for resource, hard in each.hard.items():
            more = asked.get(resource, 0.0)
            if more > 0 and each.used.get(resource, 0.0) + more > hard:
                looks = [
                    status(_line(each, resource)),
                    spec(f"{workload.kind} {workload.name}: a pod asks for {resource} {written(more, resource)}"),
                ]
                yield _finding(scene, workload.service, family(resource), resource, each.name, looks, 0.8, None)


def _line(found: Quota, resource: str) -> str:
    used, hard = found.used.get(resource, 0.0), found.hard.get(resource, 0.0)
    return f"quota {found.name}: {resource} {written(used, resource)} of {written(hard, resource)}"


def _full(scene: Scene, part: str, more: float = 1.0) -> tuple[Quota, str] | None:
    """A quota on a resource of this kind under which not even `more` of it fits."""
    for each in scene.cluster.quotas:
        for resource, hard in each.hard.items():
            if part in resource and resource != LOADED and each.used.get(resource, 0.0) + more > hard:
                return each, resource
    return None


def _absent_services(scene: Scene) -> Iterator[Finding]:
    """Services that others call, or that manifests ask for, but that are not there while no further one may be made."""
    full = _full(scene, "services")
    if full is None or "services" not in scene.cluster.read:
        return
    there = {each.name for each in scene.cluster.services}
    wanted = {each.name for each in scene.cluster.declared if each.kind == "Service"}
    called = {
        value.partition(":")[0].partition(".")[0]
        for each in scene.cluster.workloads
        for container in each.template.containers
        for value in container.env.values()
    }
    fronted = {each.service for each in scene.cluster.services}
    for workload in scene.cluster.workloads:
        name = next((each for each in (workload.name, workload.service) if each in wanted | called), "")
        if not name or name in there or workload.service in fronted:
            continue
        looks = [status(_line(*full)), status(f"no Service {name} in namespace {scene.cluster.namespace}")]
        looks += [spec(f"the manifest of {workload.name} asks for a Service {name}")] if name in wanted else []
        looks += [spec(f"others call {name} by name")] if name in called else []
        looks += [wrote(each) for each in scene.complaints(name, most=2)]
        sure = 0.9 if name in wanted or len({each.kind for each in looks}) > 2 else 0.7
        yield _finding(scene, workload.service, "service_quota_exceeded", full[1], full[0].name, looks, sure, None)


def _absent_claims(scene: Scene) -> Iterator[Finding]:
    """Volume claims that pods wait for and that are not there while a quota leaves no room for them."""
    there = {each.name for each in scene.cluster.claims}
    asked = {each.name: each for each in scene.cluster.declared if each.kind == "PersistentVolumeClaim"}
    for workload in scene.cluster.workloads:
        for each in workload.template.references:
            if each.kind != "PersistentVolumeClaim" or each.name in there or not scene.is_short(workload):
                continue
            wanted = asked.get(each.name)
            size = wanted.requests.get("storage", 0.0) if wanted else 0.0
            full = _full(scene, "storage", size) if size else None
            full = full or _full(scene, "persistentvolumeclaims")
            if full is None:
                continue
            looks = [status(_line(*full)), status(f"no PersistentVolumeClaim {each.name}")]
            looks += [spec(f"the manifest asks for {each.name} with {written(size, 'storage')}")] if size else []
            waiting = [
                one
                for pod in scene.pods_of(workload)
                for one in scene.events("Pod", pod.name, "FailedScheduling")
                if f'"{each.name}" not found' in one.message
            ]
            if not waiting and "persistentvolumeclaims" not in scene.cluster.read:
                continue
            looks += [told(one) for one in waiting[:1]]
            sure = 0.95 if size else 0.75
            name = "storage_quota_exceeded"
            yield _finding(scene, workload.service, name, full[1], full[0].name, looks, sure, began(waiting))


def _finding(
    scene: Scene,
    service: str,
    name: str,
    resource: str,
    named: str,
    looks: list[Look],
    sure: float,
    since: float | None,
) -> Finding:
    namespace = scene.cluster.namespace or "default"
    return Finding(
        name=name,
        service=service,
        scope="namespace",
        blamed=namespace,
        object=f"ResourceQuota/{named}",
        seen=tuple(Look(kind=each.kind, line=cut(each.line)) for each in looks),
        strength=sure,
        what=f"{resource} ({named})",
        since=since,
    )

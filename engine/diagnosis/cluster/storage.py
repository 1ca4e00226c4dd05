"""Finds why a volume claim is not bound, and why a volume does not reach its pod."""

import re
from collections.abc import Callable, Iterator, Sequence

from engine.cluster.facts import Claim, Cluster, Event, Reference, Volume, Workload
from engine.cluster.quantities import written
from engine.diagnosis.cluster.finding import Finding, Look, of_workload, spec, status
from engine.diagnosis.cluster.scene import Scene, began, cut, told
from engine.diagnosis.cluster.selection import matches

FREE = frozenset({"", "Available"})
WAITS = "WaitForFirstConsumer"
NO_CLASS = re.compile(r'storageclass\S* "([^"]+)" not found', re.IGNORECASE)
ATTACHED = re.compile(r"Multi-Attach error|already exclusively attached|already used by", re.IGNORECASE)


def storage(scene: Scene) -> Iterator[Finding]:
    """One finding per claim that pods wait for, and per workload whose volumes cannot be attached or mounted."""
    for workload in scene.cluster.workloads:
        if not scene.is_short(workload):
            continue
        for name in dict.fromkeys(each.name for each in _needed(scene, workload)):
            claim = next((each for each in scene.cluster.claims if each.name == name), None)
            if claim is None:
                yield from _missing(scene, workload, name)
            elif claim.phase not in ("Bound", ""):
                yield from _unbound(scene, workload, claim)
        yield from _unmounted(scene, workload)


def _needed(scene: Scene, workload: Workload) -> Iterator[Reference]:
    """The claims of a workload and of its pods (those of a StatefulSet are the pods' own)."""
    templates = [workload.template, *(each.template for each in scene.pods_of(workload))]
    for each in (one for template in templates for one in template.references):
        if each.kind == "PersistentVolumeClaim":
            yield each


def _missing(scene: Scene, workload: Workload, name: str) -> Iterator[Finding]:
    waiting = [
        each
        for pod in scene.pods_of(workload)
        for each in scene.events("Pod", pod.name, "FailedScheduling")
        if f'"{name}" not found' in each.message
    ]
    if not waiting and "persistentvolumeclaims" not in scene.cluster.read:
        return
    looks = [*(told(each) for each in waiting[:1]), status(f"no PersistentVolumeClaim {name}")]
    looks.append(spec(f"{workload.kind} {workload.name}: mounts claim {name}"))
    yield _finding(workload, "claim_missing", f"PersistentVolumeClaim/{name}", looks, 0.85, name, waiting)


def _unbound(scene: Scene, workload: Workload, claim: Claim) -> Iterator[Finding]:
    events = scene.events("PersistentVolumeClaim", claim.name)
    if events and events[0].reason == WAITS:
        return
    failed = [each for each in events if each.reason in ("FailedBinding", "ProvisioningFailed")]
    name, lines = _why(scene.cluster, claim, " ".join(each.message for each in failed))
    looks: list[Look] = [*(told(each) for each in failed[:1]), status(f"claim {claim.name} is {claim.phase}"), *lines]
    sure = 0.95 if name not in ("no_volume_available", "volume_provisioning_failed") else 0.8
    yield _finding(workload, name, f"PersistentVolumeClaim/{claim.name}", looks, sure, claim.name, failed)


def _why(cluster: Cluster, claim: Claim, words: str) -> tuple[str, list[Look]]:
    """Which of a claim's demands no free volume meets: the one but for which a volume would do."""
    tests: tuple[tuple[str, Callable[[Volume], bool]], ...] = (
        ("claim_class_mismatch", lambda each: claim.storage_class is None or each.storage_class == claim.storage_class),
        ("volume_occupied", lambda each: _free(each, cluster, claim)),
        ("claim_access_mode_mismatch", lambda each: set(claim.access) <= set(each.access)),
        ("claim_selector_mismatch", lambda each: matches(claim.selector, each.labels)),
        ("claim_capacity_mismatch", lambda each: (each.capacity or 0.0) >= (claim.requested or 0.0)),
    )
    absent = NO_CLASS.search(words)
    classes = {each.name for each in cluster.storage_classes}
    if absent or (claim.storage_class and "storageclasses" in cluster.read and claim.storage_class not in classes):
        there = ", ".join(sorted(classes | {each.storage_class for each in cluster.volumes if each.storage_class}))
        return "claim_class_mismatch", [
            spec(f"claim {claim.name}: storageClassName {absent[1] if absent else claim.storage_class}"),
            status(f"storage classes that are there: {there or 'none'}"),
        ]
    failing = [(each, [name for name, passes in tests if not passes(each)]) for each in cluster.volumes]
    near = sorted((each for each in failing if each[1]), key=lambda each: (len(each[1]), each[0].name))
    if near:
        volume, names = near[0]
        return names[0], [*_compared(claim, volume, names[0])]
    if "ProvisioningFailed" in words or "provision" in words.lower():
        return "volume_provisioning_failed", []
    return "no_volume_available", [status(f"persistent volumes that are there: {len(cluster.volumes)}")]


def _free(volume: Volume, cluster: Cluster, claim: Claim) -> bool:
    return volume.claim in ("", f"{cluster.namespace}/{claim.name}") and volume.phase in FREE


def _compared(claim: Claim, volume: Volume, name: str) -> Iterator[Look]:
    match name:
        case "claim_class_mismatch":
            yield spec(f"claim {claim.name}: storageClassName {claim.storage_class!r}")
            yield status(f"volume {volume.name}: storageClassName {volume.storage_class!r}")
        case "volume_occupied":
            yield spec(f"claim {claim.name} fits volume {volume.name}")
            yield status(f"volume {volume.name} is {volume.phase}, held by {volume.claim or 'nobody'}")
        case "claim_access_mode_mismatch":
            yield spec(f"claim {claim.name}: accessModes {', '.join(claim.access)}")
            yield status(f"volume {volume.name}: accessModes {', '.join(volume.access)}")
        case "claim_selector_mismatch":
            wanted = ", ".join(f"{each.key} {each.operator} {' '.join(each.values)}" for each in claim.selector)
            yield spec(f"claim {claim.name}: selector {wanted}")
            labels = ", ".join(f"{key}={value}" for key, value in volume.labels.items())
            yield status(f"volume {volume.name}: labels {labels or 'none'}")
        case _:
            yield spec(f"claim {claim.name} asks for {written(claim.requested or 0.0, 'storage')}")
            yield status(f"volume {volume.name} has {written(volume.capacity or 0.0, 'storage')}")


def _unmounted(scene: Scene, workload: Workload) -> Iterator[Finding]:
    for pod in scene.pods_of(workload):
        events = [] if pod.ready else scene.events("Pod", pod.name, "FailedAttachVolume", "FailedMount")
        # Secrets and config maps are mounted too; that they are absent is found elsewhere.
        events = [each for each in events if "secret" not in each.message and "configmap" not in each.message]
        if not events:
            continue
        name = "volume_attached_elsewhere" if ATTACHED.search(events[0].message) else "volume_not_mounted"
        yield _finding(workload, name, f"Pod/{pod.name}", [told(events[0])], 0.8, pod.name, events)
        return


def _finding(
    workload: Workload,
    name: str,
    object: str,
    looks: Sequence[Look],
    sure: float,
    what: str,
    events: Sequence[Event],
) -> Finding:
    seen = [Look(kind=each.kind, line=cut(each.line)) for each in looks]
    found = of_workload(workload, name, seen, sure, what, began(events))
    return found.model_copy(update={"object": object})

"""Finds containers that do not run: killed for memory, crashing, not started, evicted."""

import re
from collections.abc import Iterator

from engine.cluster.facts import ContainerState, Event, Pod, Workload
from engine.cluster.quantities import written
from engine.diagnosis.cluster.finding import Finding, Look, of_workload, spec, status
from engine.diagnosis.cluster.scene import Scene, began, cut, told, wrote

OOM = re.compile(r"OOM-?killed|OOMKill|out of memory: kill", re.IGNORECASE)
NOT_STARTED = frozenset(
    {"CreateContainerError", "RunContainerError", "StartError", "ContainerCannotRun", "PostStartHookError"}
)
SANDBOX = "FailedCreatePodSandBox"
NETWORK = re.compile(r"network plugin|setup network|cni|failed to assign an IP|no IP addresses", re.IGNORECASE)
RUNTIME = re.compile(
    r"containerd\.sock|container runtime is down|runtime service|cri-o|connection error", re.IGNORECASE
)
IN_USE = re.compile(r"address already in use|EADDRINUSE|port is already allocated", re.IGNORECASE)
LATELY = 1_800.0
"""Seconds: what ended before has nothing to do with now."""
CRASHES = 2
"""Restarts from which on a program that ends with an error is called crashing."""


def running(scene: Scene) -> Iterator[Finding]:
    """At most one finding of each kind per workload."""
    seen: set[tuple[str, str]] = set()
    for workload, pod in scene.troubled():
        for found in _of_pod(scene, workload, pod):
            if (workload.name, found.name) not in seen:
                seen.add((workload.name, found.name))
                yield found
    for workload in scene.cluster.workloads:
        yield from _evicted(scene, workload)


def _of_pod(scene: Scene, workload: Workload, pod: Pod) -> Iterator[Finding]:
    sandbox = [] if pod.ready else scene.events("Pod", pod.name, SANDBOX)
    for state in pod.containers:
        if out := _out_of_memory(scene, workload, pod, state, sandbox):
            yield out
        elif state.reason in NOT_STARTED or state.last_reason in NOT_STARTED:
            looks = [status(cut(f"pod {pod.name}: {state.reason} {state.message or state.last_message}"))]
            events = scene.events("Pod", pod.name, "Failed")
            looks += [told(each) for each in events[:1]]
            yield of_workload(workload, "container_not_started", looks, 0.85, state.reason, began(events))
        elif state.reason == "CrashLoopBackOff" or (state.restarts >= CRASHES and state.last_exit and _lately(state)):
            yield _crashing(scene, workload, pod, state)
    if sandbox and not any(OOM.search(each.message) for each in sandbox):
        yield _no_sandbox(workload, sandbox)


def _out_of_memory(
    scene: Scene, workload: Workload, pod: Pod, state: ContainerState, sandbox: list[Event]
) -> Finding | None:
    container = scene.container(pod, state.name)
    limit = container.limits.get("memory") if container else None
    looks: list[Look] = []
    if state.reason == "OOMKilled" or (state.last_reason == "OOMKilled" and (_lately(state) or not state.ready)):
        code = state.exit_code if state.reason == "OOMKilled" else state.last_exit
        looks.append(status(f"pod {pod.name}: container {state.name} ended OOMKilled, exit {code}"))
    told_of = [
        each
        for each in (*scene.events("Pod", pod.name), *(scene.events("Node", pod.node) if looks else []))
        if OOM.search(f"{each.reason} {each.message}") and (pod.name in each.message or each.kind == "Pod")
    ]
    if not looks and not any(each in sandbox for each in told_of):
        return None
    looks += [told(each) for each in told_of[:2]]
    if limit is not None:
        looks.append(spec(f"container {state.name}: memory limit {written(limit, 'memory')}"))
    # The kernel counts; the limit alone only says where it stops.
    sure = 0.95 if limit is not None or told_of else 0.85
    what = written(limit, "memory") if limit is not None else "—"
    return of_workload(workload, "oom_killed", looks, sure, what, began(told_of))


def _lately(state: ContainerState) -> bool:
    """Whether its previous run ended lately; where nobody can tell, it did."""
    return state.last_ago is None or state.last_ago <= LATELY


def _crashing(scene: Scene, workload: Workload, pod: Pod, state: ContainerState) -> Finding:
    backing = scene.events("Pod", pod.name, "BackOff")
    last = f"{state.last_reason} exit {state.last_exit}" if state.last_exit is not None else state.reason
    looks = [status(cut(f"pod {pod.name}: started again {state.restarts} times, last {last} {state.last_message}"))]
    looks += [told(each) for each in backing[:1]]
    own = [line for line in scene.lines if line.service == workload.service and IN_USE.search(line.message)]
    if own or IN_USE.search(state.last_message):
        looks += [wrote(each) for each in own[:1]]
        return of_workload(workload, "port_in_use", looks, 0.85, "", began(backing))
    code = state.last_exit if state.last_exit is not None else "—"
    found = of_workload(workload, "crash_loop", looks, 0.6, f"{code}", began(backing))
    return found.model_copy(update={"symptom": _killed_by_probe(scene, pod)})


def _killed_by_probe(scene: Scene, pod: Pod) -> bool:
    """Whether the kubelet ended it because a probe failed; then the probe is what to look at."""
    return any("probe" in each.message for each in scene.events("Pod", pod.name, "Killing"))


def _no_sandbox(workload: Workload, events: list[Event]) -> Finding:
    words = events[0].message
    name = "pod_network_failed" if NETWORK.search(words) else "container_not_started"
    if RUNTIME.search(words):
        name = "container_runtime_failed"
    return of_workload(workload, name, [told(events[0])], 0.75, SANDBOX, began(events))


def _evicted(scene: Scene, workload: Workload) -> Iterator[Finding]:
    gone = [each for each in scene.cluster.pods if each.owner == workload.name and each.reason == "Evicted"]
    if gone and scene.is_short(workload):
        looks = [status(cut(f"pod {each.name} on {each.node}: Evicted, {each.message}")) for each in gone[:2]]
        yield of_workload(workload, "pods_evicted", looks, 0.7, gone[0].node)

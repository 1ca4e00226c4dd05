"""Finds probes that ask wrongly, and tells them from programs that are rightly called ill.

A probe that fails proves only that its question was not answered. The question itself is at fault where it goes to a
port nobody listens on, speaks another protocol than the port does, asks for a page that does not exist, or gives up
before the program has had the time to start.
"""

import re
from collections.abc import Iterator, Sequence

from engine.cluster.facts import Container, ContainerState, Event, Pod, Probe, Workload
from engine.diagnosis.cluster.finding import Finding, Look, of_workload, spec, status
from engine.diagnosis.cluster.scene import RECENT, Scene, began, cut, told

FAILED = re.compile(r"^(Liveness|Readiness|Startup) probe (failed|errored)", re.IGNORECASE)
FOREIGN = re.compile(
    r"malformed HTTP|transport connection broken|HTTP response to HTTPS|does not look like a TLS"
    r"|Unimplemented|unknown service grpc|error reading server preface|http2: frame|unexpected HTTP/1|EOF"
    r"|connection reset",
    re.IGNORECASE,
)
NO_ANSWER = re.compile(
    r"connection refused|deadline exceeded|timeout|timed out|failed to connect|no route to host", re.IGNORECASE
)
STATUS = re.compile(r"statuscode: (\d{3})")
NAMES_PORT = re.compile(r"(^|_)PORT$")
STARTING = 90.0
"""Seconds that many programs need to start; a probe that waited longer was patient."""


def probes(scene: Scene) -> Iterator[Finding]:
    """At most one finding per workload and kind of probe."""
    seen: set[tuple[str, str]] = set()
    for workload, pod in scene.troubled():
        for container in pod.template.containers:
            state = next((each for each in pod.containers if each.name == container.name), None)
            for probe in container.probes:
                if state is None or (workload.name, probe.kind) in seen:
                    continue
                found = _finding(scene, workload, pod, container, state, probe)
                if found is not None:
                    seen.add((workload.name, probe.kind))
                    yield found


def failures(scene: Scene, pod: Pod, probe: Probe) -> list[Event]:
    """What the kubelet said of this kind of probe failing."""
    events = scene.events("Pod", pod.name, "Unhealthy", "ProbeError")
    return [each for each in events if (m := FAILED.match(each.message)) and m[1].lower() == probe.kind]


def _finding(
    scene: Scene, workload: Workload, pod: Pod, container: Container, state: ContainerState, probe: Probe
) -> Finding | None:
    events = failures(scene, pod, probe)
    if not events and _not_yet(pod, state, probe):
        seen = [status(f"pod {pod.name}: runs, not ready"), spec(f"{probe.kind} probe: {_written(probe)}")]
        return of_workload(workload, f"{probe.kind}_probe_wrong_timing", seen, 0.7, _written(probe), pod.age)
    if not events:
        return _deaf(scene, workload, pod, container, state, probe)
    if not _still(pod, state, probe, events):
        return None
    words = " ".join(each.message for each in events)
    name, lines, sure = _fault(scene, pod, container, state, probe, words)
    looks: list[Look] = [told(each) for each in events[:2]]
    looks += [told(each) for each in scene.events("Pod", pod.name, "Killing")[:1] if "probe" in each.message]
    if state.restarts:
        looks.append(status(f"pod {pod.name}: started again {state.restarts} times"))
    elif not pod.ready:
        looks.append(status(f"pod {pod.name}: not ready"))
    seen = [*looks, *(spec(cut(each)) for each in lines)]
    found = of_workload(workload, f"{probe.kind}_probe_{name}", seen, sure, _written(probe), began(events))
    return found.model_copy(update={"symptom": name == "failing"})


def _deaf(
    scene: Scene, workload: Workload, pod: Pod, container: Container, state: ContainerState, probe: Probe
) -> Finding | None:
    """A probe that asks a port nobody listens on, of a pod that is ill accordingly, once the events of it are gone."""
    name, lines, _ = _fault(scene, pod, container, state, probe, "")
    ill = not pod.ready if probe.kind == "readiness" else state.restarts > 0
    if name != "wrong_port" or not ill or scene.events("Pod", pod.name):
        return None
    looks = [status(f"pod {pod.name}: ready {pod.ready}, started again {state.restarts} times")]
    seen = [*looks, *(spec(cut(each)) for each in lines)]
    return of_workload(workload, f"{probe.kind}_probe_{name}", seen, 0.75, _written(probe), pod.age)


def _not_yet(pod: Pod, state: ContainerState, probe: Probe) -> bool:
    """Whether a running container has not even been asked whether it is ready, because the probe waits so long."""
    patient = probe.delay > STARTING or probe.period > STARTING
    runs = state.state == "running" and not state.restarts
    waits = pod.age is not None and pod.age < probe.delay + probe.period * 2
    return probe.kind == "readiness" and patient and runs and waits and not pod.ready


def _still(pod: Pod, state: ContainerState, probe: Probe, events: Sequence[Event]) -> bool:
    """Whether it matters now: what failed while a pod that is well was starting is history."""
    if probe.kind == "readiness":
        return not pod.ready
    recent = any(each.last is not None and each.last <= max(RECENT, 3 * probe.period) for each in events)
    return not pod.ready or (state.restarts > 0 and recent)


def _fault(
    scene: Scene, pod: Pod, container: Container, state: ContainerState, probe: Probe, words: str
) -> tuple[str, list[str], float]:
    asked = [f"{probe.kind} probe of container {container.name}: {_written(probe)}"]
    listening = _listening(container)
    number = _number(container, probe.port)
    declared = ", ".join(sorted(listening, key=int))
    if probe.action != "exec" and number not in listening and listening:
        return "wrong_port", [*asked, f"container {container.name} listens on {declared or 'no port it names'}"], 0.95
    other = next((each for each in container.probes if _contradicts(scene, pod, container, each, probe)), None)
    answer = STATUS.search(words)
    if answer and answer[1] in ("404", "405", "400", "401", "403", "301", "302", "307"):
        return "wrong_path", [*asked, f"the answer is {answer[1]}"], 0.9
    if other is not None and not answer:
        return "wrong_protocol", [*asked, f"{other.kind} probe of the same port: {_written(other)}"], 0.95
    if FOREIGN.search(words) and probe.action != "exec":
        return "wrong_protocol", asked, 0.9
    if _impatient(state, probe, pod) and (NO_ANSWER.search(words) or answer):
        return "wrong_timing", [*asked, _patience(probe, state)], 0.85
    return "failing", asked, 0.5


def _contradicts(scene: Scene, pod: Pod, container: Container, other: Probe, probe: Probe) -> bool:
    """Whether another probe speaks another protocol on the same port, and is answered."""
    same = _number(container, other.port) == _number(container, probe.port)
    differs = {other.action, probe.action} <= {"http", "https", "grpc"} and other.action != probe.action
    return other is not probe and same and differs and not failures(scene, pod, other)


def _listening(container: Container) -> frozenset[str]:
    """The ports a container says it listens on, in its spec and in its environment."""
    named = (value for name, value in container.env.items() if NAMES_PORT.search(name.upper()) and value.isdigit())
    return frozenset({*(str(each.number) for each in container.ports), *named})


def _number(container: Container, port: str) -> str:
    """A port's number; its name where the container has none of that name."""
    return next((str(each.number) for each in container.ports if each.name == port and each.name), port)


def _impatient(state: ContainerState, probe: Probe, pod: Pod) -> bool:
    """Whether containers are stopped, time and again, about as soon as the probe has given up, without ever having been
    ready; and that is soon."""
    allowed = probe.delay + probe.period * probe.failures + probe.timeout
    if probe.kind == "readiness" or not state.restarts or allowed > STARTING:
        return False
    lived = state.last_seconds
    if lived is None and pod.age is not None:
        lived = pod.age / (state.restarts + 1)
    return lived is not None and lived <= allowed + max(10.0, 0.5 * allowed)


def _patience(probe: Probe, state: ContainerState) -> str:
    given = probe.delay + probe.period * probe.failures
    lived = f"; the last one lived {state.last_seconds:.0f} s" if state.last_seconds is not None else ""
    return f"it gives up after {given:.0f} s (delay {probe.delay:.0f}, {probe.failures} × {probe.period:.0f}){lived}"


def _written(probe: Probe) -> str:
    where = f":{probe.port}{probe.path}" if probe.port else ""
    timing = (
        f"delay {probe.delay:.0f}s timeout {probe.timeout:.0f}s period {probe.period:.0f}s failures {probe.failures}"
    )
    return f"{probe.action}{where} {timing}"

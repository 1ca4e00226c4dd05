"""Finds why pods get no node: of everything that keeps a pod off the nodes it asks for, what is decisive.

A selector is somebody's intent: as long as any node fulfils it, it is taken as right, and what keeps the pod off those
nodes is the trouble. Nodes of the control plane keep pods off by design and count only where there are no others.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from engine.cluster.facts import Condition, Event, Node, Pod, Template, Workload
from engine.cluster.quantities import written
from engine.diagnosis.cluster.finding import Finding, Look, of_workload, spec, status
from engine.diagnosis.cluster.scene import Scene, began, cut, told
from engine.diagnosis.cluster.selection import near_enough, room, selected, together, untolerated

RESOURCES = ("cpu", "memory")
AT_ONCE = 15.0
"""Seconds within which a pod may well get its node yet."""
AVAILABLE = re.compile(r"^\d+/\d+ nodes are available: (.*?)(?: preemption: .*)?$", re.DOTALL)
PIECES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("claims", r"unbound immediate PersistentVolumeClaims|persistentvolumeclaim .* not found"),
        ("volume_elsewhere", r"volume node affinity conflict"),
        ("node_selector_mismatch", r"didn't match (Pod's )?node (affinity|selector)"),
        ("pod_anti_affinity_conflict", r"anti-affinity"),
        ("pod_affinity_unsatisfied", r"didn't match pod affinity"),
        ("topology_spread_unsatisfied", r"topology spread"),
        ("node_not_ready", r"node.kubernetes.io/(not-ready|unreachable|disk-pressure|memory-pressure)"),
        ("node_cordoned", r"were unschedulable|node.kubernetes.io/unschedulable"),
        ("untolerated_taint", r"untolerated taint|had taint"),
        ("insufficient_cpu", r"Insufficient cpu"),
        ("insufficient_memory", r"Insufficient memory"),
        ("too_many_pods", r"Too many pods"),
        ("host_port_conflict", r"free ports"),
        ("insufficient_resource", r"Insufficient \S+"),
    )
)


def scheduling(scene: Scene) -> Iterator[Finding]:
    """One finding per workload with pods that wait for a node."""
    for workload in scene.cluster.workloads:
        waiting = [each for each in scene.pods_of(workload) if each.phase == "Pending" and not each.node]
        waiting = [each for each in waiting if each.age is None or each.age >= AT_ONCE]
        if waiting:
            found = _why(scene, workload, waiting)
            if found is not None:
                yield found


def _why(scene: Scene, workload: Workload, waiting: Sequence[Pod]) -> Finding | None:
    pod = waiting[0]
    events = scene.events("Pod", pod.name, "FailedScheduling")
    unscheduled = [each for each in pod.conditions if each.type == "PodScheduled" and each.status == "False"]
    newest = next((each.message for each in events if AVAILABLE.match(each.message)), "")
    message = newest or next((each.message for each in unscheduled), "")
    pieces = _pieces(message)
    if not unscheduled and not events:
        return _unseen(scene, workload, pod)
    if "claims" in pieces:
        return None  # What is wrong with the claim is found there.
    name, lines = _decisive(scene, pod.template, pieces)
    if not name:
        return None
    looks: list[Look] = [told(each) for each in _telling(events, newest)]
    looks.append(
        status(f"{len(waiting)} of {workload.desired or len(waiting)} pods of {workload.name} wait for a node")
    )
    looks += lines
    agreed = name in pieces or (name == "node_affinity_mismatch" and "node_selector_mismatch" in pieces)
    seen = [Look(kind=each.kind, line=cut(each.line)) for each in looks]
    if name == "node_not_ready":
        return _node_lost(scene, workload, seen, began(events, pod.age))
    found = of_workload(
        workload, name, seen, 0.95 if agreed else 0.6, _what(pod.template, name), began(events, pod.age)
    )
    return found if agreed or not pieces else found.model_copy(update={"against": (cut(message),)})


def _node_lost(scene: Scene, workload: Workload, seen: list[Look], since: float | None) -> Finding:
    """A node that takes no pods because it is ill is what has to be mended, not the pods."""
    ill = [each.name for each in scene.cluster.nodes if any(_is_ill(one) for one in each.conditions)]
    found = of_workload(workload, "node_not_ready", seen, 0.8, "", since)
    blamed = {"scope": "node", "blamed": ill[0], "object": f"Node/{ill[0]}"} if ill else {}
    return found.model_copy(update=blamed)


def _is_ill(condition: Condition) -> bool:
    return condition.type == "Ready" and condition.status != "True"


def _telling(events: Sequence[Event], newest: str) -> list[Event]:
    return [each for each in events if each.message == newest][:1] or list(events[:1])


def _pieces(message: str) -> Counter[str]:
    """How many nodes each reason keeps the pod off, as the scheduler counted."""
    found = AVAILABLE.match(message.strip())
    counted: Counter[str] = Counter()
    for part in re.split(r",\s(?=\d)|\.\s", found[1] if found else message):
        kind = next((name for name, pattern in PIECES if pattern.search(part)), "")
        digits = re.match(r"\s*(\d+)", part)
        if kind:
            counted[kind] += int(digits[1]) if digits else 1
    return counted


def _decisive(scene: Scene, template: Template, pieces: Counter[str]) -> tuple[str, list[Look]]:
    nodes = [each for each in scene.cluster.nodes if not each.control_plane] or list(scene.cluster.nodes)
    if not nodes:
        return _by_count(template, pieces), []
    if not any(selected(template, each) for each in nodes):
        return "node_selector_mismatch", [*_labelled(template, nodes)]
    if not any(near_enough(template, each) for each in nodes):
        return "node_affinity_mismatch", [*_terms(template, nodes)]
    wanted = [each for each in nodes if selected(template, each) and near_enough(template, each)]
    if not wanted:
        return "node_affinity_mismatch", [*_terms(template, nodes)]
    blocked: Counter[str] = Counter(_first_block(scene, template, each, pieces) for each in wanted)
    blocked.pop("", None)
    if not blocked:
        return _by_count(template, pieces), []
    name = max(blocked, key=lambda each: (blocked[each], -_order(each)))
    return name, [*_blocked_lines(name, template, wanted)]


def _order(name: str) -> int:
    return next((place for place, (known, _) in enumerate(PIECES) if known == name), len(PIECES))


def _first_block(scene: Scene, template: Template, node: Node, pieces: Counter[str]) -> str:
    """What keeps a pod off a node it asks for, in the order in which the scheduler looks; resources as the scheduler
    counted them, because it knows pods of other namespaces too."""
    if any(_is_ill(each) for each in node.conditions):
        return "node_not_ready"
    if node.cordoned:
        return "node_cordoned"
    if untolerated(template, node):
        return "untolerated_taint"
    homes = {each.name: each for each in scene.cluster.nodes}
    others = [(each.template, homes[each.node]) for each in scene.cluster.pods if each.node in homes]
    if together(template, node, others):
        return "pod_anti_affinity_conflict"
    counted = [each for each in RESOURCES if f"insufficient_{each}" in pieces]
    if not pieces:
        return next((f"insufficient_{each}" for each in RESOURCES if not room(template, node, each)), "")
    lacking = [each for each in counted if not room(template, node, each)] or counted
    if lacking:
        return f"insufficient_{lacking[0]}"
    rest = [each for each in pieces if each not in ("node_selector_mismatch", "node_cordoned", "untolerated_taint")]
    return rest[0] if len(rest) == 1 else ""


def _by_count(template: Template, pieces: Counter[str]) -> str:
    """Without nodes to look at: what the scheduler counted most, the pod's own selector last among equals, a single
    node that takes no pods (the usual control plane) not at all while there is anything else."""
    counted = Counter(pieces)
    if counted["node_cordoned"] == 1 and len(counted) > 1:
        del counted["node_cordoned"]
    if len(counted) > 1:
        del counted["node_selector_mismatch"]
    if not counted:
        return ""
    name = max(counted, key=lambda each: (counted[each], -_order(each)))
    if name == "node_selector_mismatch" and not template.node_selector:
        return "node_affinity_mismatch"  # The scheduler words both alike.
    return name


def _labelled(template: Template, nodes: Sequence[Node]) -> Iterator[Look]:
    wanted = ", ".join(f"{key}={value}" for key, value in template.node_selector.items())
    yield spec(f"nodeSelector {wanted}")
    for key in template.node_selector:
        there = sorted({each.labels[key] for each in nodes if key in each.labels})
        yield status(f"label {key} on nodes: {', '.join(there[:5]) or 'none has it'}")


def _terms(template: Template, nodes: Sequence[Node]) -> Iterator[Look]:
    for term in template.node_terms[:2]:
        wanted = ", ".join(f"{each.key} {each.operator} {' '.join(each.values)}".strip() for each in term)
        yield spec(f"required node affinity {wanted}")
        for key in sorted({each.key for each in term})[:3]:
            there = sorted({each.labels[key] for each in nodes if key in each.labels})
            yield status(f"label {key} on nodes: {', '.join(there[:5]) or 'none has it'}")


def _blocked_lines(name: str, template: Template, wanted: Sequence[Node]) -> Iterator[Look]:
    for each in wanted[:3]:
        if name == "node_cordoned" and each.cordoned:
            yield status(f"node {each.name} is cordoned (unschedulable)")
        elif name == "untolerated_taint":
            for taint in untolerated(template, each)[:1]:
                yield status(f"node {each.name} has taint {taint.key}={taint.value}:{taint.effect}, not tolerated")
        elif name.startswith("insufficient_"):
            resource = name.removeprefix("insufficient_")
            there = each.allocatable.get(resource)
            if there is not None:
                yield status(f"node {each.name} has {written(there, resource)} {resource} to give at most")
    if name.startswith("insufficient_"):
        resource = name.removeprefix("insufficient_")
        yield spec(f"a pod asks for {written(template.requested(resource), resource)} {resource}")
    if name == "pod_anti_affinity_conflict":
        for rule in template.apart[:1]:
            who = ", ".join(f"{each.key} {each.operator} {' '.join(each.values)}" for each in rule.selector)
            yield spec(f"required pod anti-affinity to {who} within one {rule.topology}")


def _what(template: Template, name: str) -> str:
    if name == "node_selector_mismatch":
        return ", ".join(f"{key}={value}" for key, value in template.node_selector.items())
    if name in ("insufficient_cpu", "insufficient_memory"):
        resource = name.removeprefix("insufficient_")
        return written(template.requested(resource), resource)
    return ""


def _unseen(scene: Scene, workload: Workload, pod: Pod) -> Finding | None:
    """Pods that nobody tried to place: the scheduler does not do its work."""
    if "events" not in scene.cluster.read or pod.age is None:
        return None
    return Finding(
        name="scheduler_silent",
        service=workload.service,
        scope="node",
        blamed=next((each.name for each in scene.cluster.nodes if each.control_plane), workload.service),
        object=f"{workload.kind}/{workload.name}",
        seen=(status(f"pod {pod.name} is Pending without a node for {pod.age:.0f} s; no scheduler said why"),),
        strength=0.6,
        since=pod.age,
    )

"""Finds everything that is wrong in a cluster's state, roots before symptoms."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from engine.cluster.facts import Cluster
from engine.cluster.surroundings import calls
from engine.diagnosis.cluster.finding import Finding, Look, spec, status
from engine.diagnosis.cluster.images import images
from engine.diagnosis.cluster.jobs import jobs
from engine.diagnosis.cluster.network import network
from engine.diagnosis.cluster.nodes import nodes
from engine.diagnosis.cluster.probes import probes
from engine.diagnosis.cluster.quotas import quotas
from engine.diagnosis.cluster.references import references
from engine.diagnosis.cluster.rollout import rollout
from engine.diagnosis.cluster.running import running
from engine.diagnosis.cluster.said import said
from engine.diagnosis.cluster.scene import Scene
from engine.diagnosis.cluster.scheduling import scheduling
from engine.diagnosis.cluster.storage import storage
from engine.model import LogLine

FINDERS: tuple[Callable[[Scene], Iterator[Finding]], ...] = (
    images,
    references,
    quotas,
    scheduling,
    storage,
    probes,
    running,
    network,
    nodes,
    rollout,
    jobs,
    said,
)
"""Who looks for what. To find another kind of trouble, add a finder."""

ROOT = 0.6
"""From this strength on a finding explains others."""
EFFECTS = frozenset(
    {
        "crash_loop",
        "container_not_started",
        "service_unreachable",
        "pods_evicted",
        "env_address_mismatch",
        "service_missing",
        "claim_missing",
    }
)
"""What may be somebody else's doing: of the service's own configuration, or of a service it calls."""
PLAIN = 0.8
"""From this strength on a finding is taken to hurt those who call."""
DEEPEST = 3
WEAKER = 0.5
"""What is left of the strength of a finding that another one explains."""


def findings(cluster: Cluster, lines: Sequence[LogLine] = ()) -> tuple[Finding, ...]:
    """All findings, roots first, then by strength and by how many who looked agree."""
    scene = Scene(cluster, lines)
    found = list(_explained(scene, [each for finder in FINDERS for each in finder(scene)]))
    return tuple(sorted([*found, *_cut_off(scene, found)], key=_order))


def _order(each: Finding) -> tuple[bool, float, int, str, str, str]:
    return (each.symptom, -each.strength, -len(each.looks), each.blamed, each.name, each.object)


def _explained(scene: Scene, found: Sequence[Finding]) -> Iterator[Finding]:
    """The findings, with those marked that follow from another one: of the same service, of a node its pods are on, or
    of a service it calls."""
    roots = [each for each in found if not each.symptom and each.strength >= ROOT and each.name not in EFFECTS]
    callees = calls(scene.cluster)
    for each in found:
        cause = next((root for root in roots if _explains(root, each, callees)), None)
        if cause is None:
            yield each
            continue
        weaker = each.strength if each.symptom else round(each.strength * WEAKER, 2)
        yield each.model_copy(update={"symptom": True, "because": cause.name, "strength": weaker})


def _explains(root: Finding, each: Finding, callees: Mapping[str, frozenset[str]]) -> bool:
    if root is each or not (each.symptom or each.name in EFFECTS):
        return False
    if root.service == each.service:
        return True
    return each.name in EFFECTS and root.service in callees.get(each.service, frozenset())


def _cut_off(scene: Scene, found: Sequence[Finding]) -> Iterator[Finding]:
    """What the trouble of one service does to those who call it, and to their callers: everybody on the way to a
    Service behind which nobody is ready, or whose service is plainly broken."""
    troubled: dict[str, list[Look]] = {}
    for each in scene.cluster.services:
        if each.selector and each.endpoints is not None and not any(one.ready for one in each.endpoints):
            troubled.setdefault(each.service, [status(f"Service {each.name}: no ready endpoint")])
    for root in found:
        if root.strength >= PLAIN and not root.symptom and len(root.looks) > 1:
            troubled.setdefault(root.service, list(root.seen[:1]))
    callers: dict[str, set[str]] = {}
    for caller, callees in calls(scene.cluster).items():
        for callee in callees:
            callers.setdefault(callee, set()).add(caller)
    for service, looks in sorted(troubled.items()):
        for caller, callee in _ways_to(service, callers):
            yield _follows(caller, callee, service, looks)


def _ways_to(service: str, callers: Mapping[str, set[str]]) -> Iterator[tuple[str, str]]:
    """Every call that leads to a service, nearest first, at most DEEPEST calls away."""
    edge, seen = [service], {service}
    for _ in range(DEEPEST):
        further = []
        for callee in edge:
            for caller in sorted(callers.get(callee, set()) - seen):
                yield caller, callee
                further.append(caller)
        seen |= set(further)
        edge = list(dict.fromkeys(further))


def _follows(caller: str, callee: str, service: str, looks: Sequence[Look]) -> Finding:
    return Finding(
        name="dependency_unready",
        service=caller,
        peer=callee,
        blamed=service,
        object=f"service/{service}",
        seen=(spec(f"{caller} has the address of {callee} in its environment"), *looks),
        strength=0.5,
        what=service if service == callee else f"{callee} → {service}",
        symptom=True,
    )

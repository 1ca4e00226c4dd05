"""Finds nodes that are ill, and the services of a node's own that do not run."""

from collections.abc import Iterator

from engine.cluster.facts import Condition, Node
from engine.diagnosis.cluster.finding import Finding, Look, probed, status
from engine.diagnosis.cluster.scene import Scene, cut, told

PRESSURES = {
    "MemoryPressure": "node_memory_pressure",
    "DiskPressure": "node_disk_pressure",
    "PIDPressure": "node_pid_pressure",
    "NetworkUnavailable": "node_network_unavailable",
}
WARNINGS = ("NodeNotReady", "KubeletNotReady", "ContainerRuntimeUnhealthy", "SystemOOM", "Rebooted")
LATELY = 600.0
MOST_SERVICES = 6


def nodes(scene: Scene) -> Iterator[Finding]:
    """Findings about each node, for the services with pods there."""
    for node in scene.cluster.nodes:
        yield from _conditions(scene, node)
    for component in scene.cluster.components:
        if not component.active:
            looks = [probed(cut(f"{component.name} on {component.node}: {component.said or 'not running'}"))]
            looks += [status(line) for line in _not_ready(scene, component.node)]
            name = "node_component_stopped"
            yield from _findings(scene, component.node, name, looks, 0.95, component.name)


def _conditions(scene: Scene, node: Node) -> Iterator[Finding]:
    lately = [each for each in scene.events("Node", node.name, *WARNINGS) if (each.last or 0.0) <= LATELY]
    for condition in node.conditions:
        looks = [status(_line(node, condition)), *(told(each) for each in lately[:1])]
        if condition.type == "Ready" and condition.status != "True":
            yield from _findings(scene, node.name, "node_not_ready", looks, 0.9, condition.reason)
        elif condition.type in PRESSURES and condition.status == "True":
            yield from _findings(scene, node.name, PRESSURES[condition.type], looks, 0.8, condition.reason)


def _line(node: Node, condition: Condition) -> str:
    return cut(f"node {node.name}: {condition.type}={condition.status} {condition.reason} {condition.message}".strip())


def _not_ready(scene: Scene, name: str) -> list[str]:
    return [
        _line(node, each)
        for node in scene.cluster.nodes
        if node.name == name
        for each in node.conditions
        if each.type == "Ready" and each.status != "True"
    ]


def _findings(scene: Scene, node: str, name: str, looks: list[Look], sure: float, what: str) -> Iterator[Finding]:
    """One for each service with pods on the node: they suffer alike. A node nobody is on suffers by itself."""
    there = sorted({scene.service_of(each) for each in scene.cluster.pods if each.node == node})
    for service in there[:MOST_SERVICES] or [node]:
        yield Finding(
            name=name,
            service=service,
            scope="node",
            blamed=node,
            object=f"Node/{node}",
            seen=tuple(looks),
            strength=sure,
            what=what,
        )

"""Decides what the scheduler decides: whether labels match, taints are tolerated, and a pod fits on a node."""

from collections.abc import Iterable, Mapping, Sequence

from engine.cluster.facts import Expression, Node, Taint, Template, Toleration

BLOCKING = frozenset({"NoSchedule", "NoExecute"})
HOST = "kubernetes.io/hostname"
BY_NODE_STATE = "node.kubernetes.io/"
"""Prefix of taints that the platform sets itself for the state of a node."""


def matches(expressions: Iterable[Expression], labels: Mapping[str, str]) -> bool:
    """Whether labels fulfil all of these conditions."""
    return all(_holds(each, labels) for each in expressions)


def _holds(each: Expression, labels: Mapping[str, str]) -> bool:
    value = labels.get(each.key)
    match each.operator:
        case "In":
            return value in each.values
        case "NotIn":
            return value not in each.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt":
            return _compares(each, value)
        case _:
            return False


def _compares(each: Expression, value: str | None) -> bool:
    try:
        own, bound = int(value or ""), int(each.values[0])
    except (ValueError, IndexError):
        return False
    return own > bound if each.operator == "Gt" else own < bound


def selected(template: Template, node: Node) -> bool:
    """Whether a node has the labels of the pod's node selector."""
    return template.node_selector.items() <= _labels(node).items()


def _labels(node: Node) -> dict[str, str]:
    """A node's labels; the kubelet gives it its name as host name, and puts that back where somebody takes it off."""
    return {HOST: node.name, **node.labels}


def near_enough(template: Template, node: Node) -> bool:
    """Whether a node fulfils one of the pod's node affinity terms; none asked for is fulfilled."""
    labels = {**_labels(node), "metadata.name": node.name}
    return not template.node_terms or any(bool(term) and matches(term, labels) for term in template.node_terms)


def untolerated(template: Template, node: Node) -> list[Taint]:
    """The taints of people's own that keep the pod off the node."""
    own = (each for each in node.taints if each.effect in BLOCKING and not each.key.startswith(BY_NODE_STATE))
    return [each for each in own if not any(_tolerates(one, each) for one in template.tolerations)]


def _tolerates(toleration: Toleration, taint: Taint) -> bool:
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.operator == "Exists":
        return toleration.key in ("", taint.key)
    return toleration.key == taint.key and toleration.value == taint.value


def room(template: Template, node: Node, resource: str) -> bool:
    """Whether the node has as much of a resource left as the pod reserves; what is not known is taken to be there."""
    wanted, there = template.requested(resource), node.allocatable.get(resource)
    return there is None or wanted <= 0 or wanted + node.requested.get(resource, 0.0) <= there + 1e-6


def together(template: Template, node: Node, neighbours: Sequence[tuple[Template, Node]]) -> bool:
    """Whether a pod on this node would break a rule about who may not share a topology with it."""
    for rule in template.apart:
        place = node.labels.get(rule.topology)
        for other, where in neighbours:
            shares = where.labels.get(rule.topology) == place if place is not None else where.name == node.name
            if shares and matches(rule.selector, other.labels):
                return True
    return False

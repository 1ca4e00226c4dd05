"""Condenses what a namespace stands on: nodes, quotas, storage and network policies."""

from collections.abc import Mapping

from engine.cluster.facts import (
    Claim,
    Condition,
    LimitRange,
    NetworkPolicy,
    Node,
    Quota,
    StorageClass,
    Taint,
    Volume,
)
from engine.cluster.quantities import quantity
from engine.cluster.templates import selector
from engine.cluster.values import Raw, labels, quantities, rows, table, text, word, words

DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
ROLE = "kubernetes.io/role"


def _meta(raw: Raw) -> Raw:
    return table(raw.get("metadata"))


def node(raw: Raw, reserved: Mapping[str, float]) -> Node:
    """A node, with what its pods have reserved."""
    spec, status, own = table(raw.get("spec")), table(raw.get("status")), labels(_meta(raw).get("labels"))
    taints = tuple(
        Taint(key=word(each.get("key")), value=word(each.get("value")), effect=word(each.get("effect")))
        for each in rows(spec.get("taints"))
    )
    by_label = own.get(ROLE) in ("master", "control-plane") or any(role in own for role in CONTROL_PLANE)
    return Node(
        name=word(_meta(raw).get("name")),
        labels=own,
        taints=taints,
        cordoned=spec.get("unschedulable") is True,
        control_plane=by_label or any(each.key in CONTROL_PLANE for each in taints),
        conditions=tuple(
            Condition(
                type=word(each.get("type")),
                status=word(each.get("status")),
                reason=word(each.get("reason")),
                message=text(each.get("message")),
            )
            for each in rows(status.get("conditions"))
        ),
        allocatable=quantities(status.get("allocatable")),
        requested=dict(reserved),
        version=word(table(status.get("nodeInfo")).get("kubeletVersion")),
    )


def quota(raw: Raw) -> Quota:
    """A ResourceQuota as its controller last counted it."""
    status, spec = table(raw.get("status")), table(raw.get("spec"))
    return Quota(
        name=word(_meta(raw).get("name")),
        hard=quantities(status.get("hard")) or quantities(spec.get("hard")),
        used=quantities(status.get("used")),
    )


def limit_range(raw: Raw) -> LimitRange:
    """The bounds for each container; those for pods and claims go in beside them."""
    items = rows(table(raw.get("spec")).get("limits"))
    return LimitRange(
        name=word(_meta(raw).get("name")),
        least={key: value for each in items for key, value in quantities(each.get("min")).items()},
        most={key: value for each in items for key, value in quantities(each.get("max")).items()},
    )


def claim(raw: Raw) -> Claim:
    """A PersistentVolumeClaim. No class at all leaves it to the cluster; "" asks for a volume without one."""
    spec = table(raw.get("spec"))
    wanted = spec.get("storageClassName")
    return Claim(
        name=word(_meta(raw).get("name")),
        phase=word(table(raw.get("status")).get("phase")),
        storage_class=word(wanted) if isinstance(wanted, str) else None,
        requested=quantity(table(table(spec.get("resources")).get("requests")).get("storage")),
        access=words(spec.get("accessModes")),
        selector=selector(spec.get("selector")),
        volume=word(spec.get("volumeName")),
    )


def volume(raw: Raw) -> Volume:
    """A PersistentVolume."""
    spec = table(raw.get("spec"))
    held = table(spec.get("claimRef"))
    return Volume(
        name=word(_meta(raw).get("name")),
        phase=word(table(raw.get("status")).get("phase")),
        storage_class=word(spec.get("storageClassName")),
        capacity=quantity(table(spec.get("capacity")).get("storage")),
        access=words(spec.get("accessModes")),
        labels=labels(_meta(raw).get("labels")),
        claim=f"{word(held.get('namespace'))}/{word(held.get('name'))}" if held else "",
    )


def storage_class(raw: Raw) -> StorageClass:
    """A StorageClass."""
    return StorageClass(
        name=word(_meta(raw).get("name")),
        provisioner=word(raw.get("provisioner")),
        default=labels(_meta(raw).get("annotations")).get(DEFAULT_CLASS) == "true",
    )


def network_policy(raw: Raw) -> NetworkPolicy:
    """A NetworkPolicy. It denies a way where it governs it and names no peer at all."""
    spec = table(raw.get("spec"))
    kinds = words(spec.get("policyTypes"))
    governs_in = "Ingress" in kinds or not kinds
    governs_out = "Egress" in kinds or (not kinds and "egress" in spec)
    return NetworkPolicy(
        name=word(_meta(raw).get("name")),
        selector=selector(spec.get("podSelector")),
        denies_ingress=governs_in and not rows(spec.get("ingress")),
        denies_egress=governs_out and not rows(spec.get("egress")),
        ingress=governs_in,
        egress=governs_out,
    )

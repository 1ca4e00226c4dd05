"""Turns what kubectl printed into observations of the cluster, as the live Kubernetes source brings them."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import yaml

from bot.evaluation import describe
from bot.evaluation.objects import Object, described, moment
from engine.cluster.facts import Check, Cluster, Component, Declared, Event
from engine.cluster.objects import cluster
from engine.cluster.values import quantities, rows, table, text, word
from engine.model import Observation, Window

ALIASES = {
    "po": "pods",
    "pod": "pods",
    "svc": "services",
    "service": "services",
    "deploy": "deployments",
    "deployment": "deployments",
    "rs": "replicasets",
    "replicaset": "replicasets",
    "sts": "statefulsets",
    "statefulset": "statefulsets",
    "ds": "daemonsets",
    "daemonset": "daemonsets",
    "node": "nodes",
    "no": "nodes",
    "ep": "endpoints",
    "quota": "resourcequotas",
    "resourcequota": "resourcequotas",
    "pvc": "persistentvolumeclaims",
    "persistentvolumeclaim": "persistentvolumeclaims",
    "pv": "persistentvolumes",
    "persistentvolume": "persistentvolumes",
    "sc": "storageclasses",
    "storageclass": "storageclasses",
    "sa": "serviceaccounts",
    "serviceaccount": "serviceaccounts",
    "cm": "configmaps",
    "configmap": "configmaps",
    "secret": "secrets",
    "netpol": "networkpolicies",
    "networkpolicy": "networkpolicies",
    "event": "events",
}
"""Short and singular names that kubectl takes."""

CLUSTER_WIDE = frozenset({"nodes", "persistentvolumes", "storageclasses"})
KINDS = {
    "pods": "Pod",
    "deployments": "Deployment",
    "replicasets": "ReplicaSet",
    "statefulsets": "StatefulSet",
    "daemonsets": "DaemonSet",
    "services": "Service",
    "nodes": "Node",
    "persistentvolumeclaims": "PersistentVolumeClaim",
    "persistentvolumes": "PersistentVolume",
}
FROM_MANIFEST = ("affinity", "imagePullSecrets", "topologySpreadConstraints")
"""What a description of a pod leaves out and its manifest has."""
REACHED, RUNNING = "succeeded", "active (running)"
MOST_TEXT = 2 * 1024 * 1024


class Command(NamedTuple):
    """A kubectl command that was run, with what it printed."""

    verb: str
    kind: str
    name: str
    namespace: str
    printed: str


def observe(recorded: Mapping[str, Any], window: Window) -> Sequence[Observation]:
    """The observation of a recorded cluster: `state`, `manifests`, `probes`, `cluster`; each may be missing."""
    read = facts(recorded, window)
    if not read.read:
        return ()
    return (
        Observation(
            source="recording",
            kind="state",
            service=read.namespace or "cluster",
            query="kubectl get and describe",
            window=window,
            state={"cluster": read.model_dump(mode="json", exclude_defaults=True)},
            count=len(read.pods) + len(read.workloads) + len(read.services),
        ),
    )


def facts(recorded: Mapping[str, Any], window: Window) -> Cluster:
    """The facts of a recorded cluster."""
    commands = list(_commands(table(recorded.get("state"))))
    namespace = _namespace(commands)
    mine = [each for each in commands if each.namespace == namespace or each.kind in CLUSTER_WIDE]
    manifests = list(_manifests(table(recorded.get("manifests"))))
    objects: dict[str, list[Object]] = {each.kind: [] for each in mine if each.verb == "get" and each.kind != "events"}
    for each in mine:
        found = described(each.kind, each.printed) if each.verb == "describe" else None
        if found is not None:
            objects.setdefault(each.kind, []).append(found)
    _add_manifests(objects, manifests)
    now = _newest(mine) or window.end
    _add_ages(objects, mine, now)
    read = cluster(objects, namespace, now)
    return read.model_copy(
        update={
            "events": tuple(_events(mine)),
            "read": tuple(sorted({*read.read, "events"})) if objects else (),
            "checks": tuple(_checks(table(recorded.get("probes")))),
            "components": tuple(_components(table(recorded.get("probes")))),
            "declared": tuple(_declared(manifests)),
        }
    )


def _commands(state: Mapping[str, Any]) -> Iterator[Command]:
    for typed, printed in state.items():
        parts = typed.split("|")[0].split()
        if len(parts) < 3 or parts[0] != "kubectl" or not isinstance(printed, str):
            continue
        kind = ALIASES.get(parts[2].lower(), parts[2].lower())
        name = parts[3] if len(parts) > 3 and not parts[3].startswith("-") else ""
        flags = dict(pairwise(parts))
        namespace = flags.get("-n") or flags.get("--namespace") or ""
        yield Command(parts[1], kind, name, namespace, printed[:MOST_TEXT])


def _namespace(commands: Sequence[Command]) -> str:
    """The namespace most of the commands were about."""
    named = [each.namespace for each in commands if each.namespace]
    return max(sorted(set(named)), key=named.count, default="")


def _manifests(manifests: Mapping[str, Any]) -> Iterator[Object]:
    for written in manifests.values():
        try:
            documents = list(yaml.safe_load_all(written[:MOST_TEXT])) if isinstance(written, str) else []
        except yaml.YAMLError:
            continue
        yield from (each for each in documents if isinstance(each, dict))


def _key(raw: Object) -> tuple[str, str]:
    return word(raw.get("kind")), word(table(raw.get("metadata")).get("name"))


def _add_manifests(objects: Mapping[str, list[Object]], manifests: Sequence[Object]) -> None:
    """Fill in what descriptions leave out; what they do say stands, because it is what is."""
    written = {_key(each): each for each in manifests}
    for plural, listed in objects.items():
        for each in listed:
            manifest = written.get((KINDS.get(plural, ""), _key(each)[1]))
            if plural == "persistentvolumeclaims" and manifest is not None:
                each["spec"] = {**table(manifest.get("spec")), **each["spec"]}
            elif plural in ("deployments", "statefulsets", "daemonsets") and manifest is not None:
                _fill(each["spec"]["template"]["spec"], manifest)
    for pod in objects.get("pods", ()):
        manifest = _manifest_of(pod, written)
        if manifest is not None:
            _fill(pod["spec"], manifest)


def _fill(spec: Object, manifest: Object) -> None:
    template = table(table(table(manifest.get("spec")).get("template")).get("spec"))
    spec |= {key: template[key] for key in FROM_MANIFEST if key in template}
    names = {word(each.get("name")): rows(each.get("ports")) for each in rows(template.get("containers"))}
    for container in spec.get("containers", []):
        # Descriptions print ports without their names.
        known = {each.get("containerPort"): word(each.get("name")) for each in names.get(container["name"], [])}
        for port in container["ports"]:
            port["name"] = known.get(port["containerPort"], "")


def _manifest_of(pod: Object, written: Mapping[tuple[str, str], Object]) -> Object | None:
    owner = next((word(each.get("name")) for each in rows(table(pod.get("metadata")).get("ownerReferences"))), "")
    suffix = "-" + word(table(table(pod.get("metadata")).get("labels")).get("pod-template-hash"))
    names = (owner, owner.removesuffix(suffix) if len(suffix) > 1 else owner)
    kinds = ("Deployment", "StatefulSet", "DaemonSet")
    return next((written[kind, name] for name in names for kind in kinds if (kind, name) in written), None)


_PRINTED = re.compile(r"\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} [+-]\d{4}")


def _newest(commands: Sequence[Command]) -> datetime | None:
    """The newest time that was printed: about when the commands were run, because nodes renew their leases."""
    printed = (found for each in commands for found in _PRINTED.findall(each.printed))
    return max((at for each in printed if (at := moment(each)) is not None), default=None)


def _add_ages(objects: Mapping[str, list[Object]], commands: Sequence[Command], now: datetime) -> None:
    """When pods were made, from the list of pods."""
    ages: dict[str, float] = {}
    for each in commands:
        if each.verb == "get" and each.kind == "pods":
            for cells in describe.table(each.printed.splitlines()):
                age = describe.seconds(cells[4]) if len(cells) > 4 else None
                ages |= {cells[0]: age} if age is not None else {}
    for pod in objects.get("pods", ()):
        name = pod["metadata"]["name"]
        if name in ages:
            pod["metadata"]["creationTimestamp"] = (now - timedelta(seconds=ages[name])).isoformat()


def _events(commands: Sequence[Command]) -> Iterator[Event]:
    seen: set[tuple[str, str, str, str]] = set()
    for each in commands:
        told = _described_events(each) if each.verb == "describe" else _listed_events(each)
        for event in told:
            key = (event.kind, event.name, event.reason, event.message)
            if key not in seen:
                seen.add(key)
                yield event


def _described_events(command: Command) -> Iterator[Event]:
    for each in describe.events(command.printed):
        yield Event(
            kind=KINDS.get(command.kind, command.kind),
            name=command.name,
            reason=each.reason,
            message=text(each.message),
            type=each.type,
            count=each.count,
            first=each.first,
            last=each.last,
        )


_LISTED = re.compile(r"^(\S+(?: \(x\d+ over \S+\))?)\s+(Normal|Warning)\s+(\S+)\s+([\w.-]+)/(\S+)\s+(.*)$")


def _listed_events(command: Command) -> Iterator[Event]:
    """The rows of `kubectl get events`: last seen, type, reason, object, message."""
    for line in command.printed.splitlines() if command.kind == "events" else ():
        found = _LISTED.match(line.strip())
        if found:
            age = describe.seconds(found[1].split()[0])
            kind = ALIASES.get(found[4].lower(), f"{found[4].lower()}s")
            yield Event(
                kind=KINDS.get(kind, found[4]),
                name=found[5],
                reason=found[3],
                message=text(found[6]),
                type=found[2],
                first=age,
                last=age,
            )


_CONNECTIVITY = re.compile(r"^\w*Connectivity-(?:[\w.]+)-(.+)-(\d+)$")


def _arguments(typed: str) -> tuple[str, Mapping[str, Any]]:
    """What was checked, with its arguments as an object."""
    what, mark, written = typed.partition(":")
    try:
        given = json.loads(written) if mark else {}
    except ValueError:
        given = {}
    return what, table(given)


def _checks(probes: Mapping[str, Any]) -> Iterator[Check]:
    for typed, printed in probes.items():
        what, given = _arguments(typed)
        short = _CONNECTIVITY.match(what)
        name = word(given.get("service_name")) or (short[1] if short else "")
        port = word(given.get("port")) or (short[2] if short else "")
        if "connectivity" in what.lower() and name and port.isdigit():
            said = text(printed)
            yield Check(name=name, port=int(port), reached=REACHED in said.lower(), said=said[-200:])


def _components(probes: Mapping[str, Any]) -> Iterator[Component]:
    for typed, printed in probes.items():
        what, given = _arguments(typed)
        node, name = word(given.get("node_name")), word(given.get("service_name"))
        if "status" in what.lower() and node and name and isinstance(printed, str):
            line = next((each.strip() for each in printed.splitlines() if each.strip().startswith("Active:")), "")
            active = RUNNING in printed or not line
            yield Component(node=node, name=name, active=active, said=text(line))


def _declared(manifests: Sequence[Object]) -> Iterator[Declared]:
    for each in manifests:
        kind, name = _key(each)
        if kind and name:
            resources = table(table(each.get("spec")).get("resources"))
            yield Declared(kind=kind, name=name, requests=quantities(resources.get("requests")))

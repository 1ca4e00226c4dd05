"""Turns descriptions that kubectl printed back into the objects of the Kubernetes API they were printed from."""

import re
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from bot.evaluation.describe import NONE, Entry, notes, pairs, tree

Object = dict[str, Any]

_PORT = re.compile(r"^(?:(\S+)\s+)?(\S+?)/(TCP|UDP|SCTP)$")
_TIMING = re.compile(r"delay=(\d+)s timeout=(\d+)s period=(\d+)s #success=\d+ #failure=(\d+)")
_HTTP = re.compile(r"^http-get (https?)://[^/]*?:([^/\s]+)?(/\S*)?")
_GRPC = re.compile(r"^grpc \S*?:(\d+)")
_TCP = re.compile(r"^tcp-socket \S*?:(\S+)")
_REPLICAS = re.compile(r"(\d+) (desired|updated|total|available|unavailable|current)")
_OF_NODES = re.compile(r"(\d+)")
_SET_TO = re.compile(r"^<set to the key '([^']*)' (?:in|of) (secret|config map) '([^']*)'>(?:\s+Optional: (\w+))?")
_TAINT = re.compile(r"^([^=:\s]+)(?:=([^:]*))?:(\w+)$")
_TOLERATION = re.compile(r"^([^=:\s]*)(?:=([^:\s]*))?(?::(\w+))?(?:\s+op=(\w+))?")
_CELLS = re.compile(r"\s{2,}|(?<=\S)\s+(?=(?:True|False|Unknown)\b)")
_TRUE = frozenset({"true", "True"})


def described(kind: str, text: str) -> Object | None:
    """The object of one description; None where the kind says nothing to us or the text is none."""
    about = tree(text)
    read = READERS.get(kind)
    name = about.text("Name")
    if read is None or not name:
        return None
    found = read(about)
    meta = found.setdefault("metadata", {})
    meta |= {"name": name, "labels": pairs(about.all("Labels")), "annotations": notes(about.all("Annotations"))}
    return found


def _workload(about: Entry) -> Object:
    counts = {what: int(number) for number, what in _REPLICAS.findall(about.text("Replicas"))}
    template = about.find("Pod Template") or Entry("", 0)
    desired = counts.get("desired")
    return {
        "spec": {
            "replicas": desired,
            "selector": {"matchLabels": pairs(about.all("Selector"))},
            "template": {"metadata": {"labels": pairs(template.all("Labels"))}, "spec": _pod_spec(template)},
        },
        "status": {
            "replicas": counts.get("total", counts.get("current")),
            "updatedReplicas": counts.get("updated"),
            "availableReplicas": counts.get("available"),
            "readyReplicas": counts.get("available"),
            "conditions": _conditions(about),
        },
    }


def _daemon_set(about: Entry) -> Object:
    def count(key: str) -> int | None:
        found = _OF_NODES.search(about.text(key))
        return int(found[1]) if found else None

    body = _workload(about)
    body["status"] = {
        "desiredNumberScheduled": count("Desired Number of Nodes Scheduled"),
        "currentNumberScheduled": count("Current Number of Nodes Scheduled"),
        "numberAvailable": count("Number of Nodes Scheduled with Available Pods"),
        "numberReady": count("Number of Nodes Scheduled with Available Pods"),
    }
    return body


def _replica_set(about: Entry) -> Object:
    running = re.search(r"(\d+) current / (\d+) desired", about.text("Replicas"))
    status = re.search(r"(\d+) Running", about.text("Pods Status"))
    body = _workload(about)
    body["spec"]["replicas"] = int(running[2]) if running else None
    body["status"] = {
        "replicas": int(running[1]) if running else None,
        "readyReplicas": int(status[1]) if status else None,
        "conditions": _conditions(about),
    }
    body["metadata"] = _owned(about)
    return body


def _owned(about: Entry) -> Object:
    kind, _, owner = about.text("Controlled By").partition("/")
    return {"ownerReferences": [{"kind": kind, "name": owner, "controller": True}]} if owner else {}


def _pod(about: Entry) -> Object:
    node = about.text("Node").partition("/")[0]
    status: Object = {
        "phase": about.text("Status").partition(" ")[0],
        "reason": about.text("Reason"),
        "message": about.text("Message"),
        "podIP": about.text("IP"),
        "conditions": _conditions(about),
    }
    for key, name in (("Init Containers", "initContainerStatuses"), ("Containers", "containerStatuses")):
        holder = about.find(key)
        status[name] = [_container_status(each) for each in holder.below] if holder else []
    spec = _pod_spec(about) | {"nodeName": "" if node in NONE else node}
    meta = _owned(about)
    if about.text("Status").startswith("Terminating"):
        meta["deletionTimestamp"] = "now"
    return {"metadata": meta, "spec": spec, "status": status}


def _pod_spec(about: Entry) -> Object:
    spec: Object = {
        "serviceAccountName": about.text("Service Account"),
        "nodeSelector": pairs(about.all("Node-Selectors")),
        "tolerations": [_toleration(each) for each in about.all("Tolerations")],
        "volumes": [_volume(each) for each in (about.find("Volumes") or Entry("", 0)).below],
    }
    for key, name in (("Init Containers", "initContainers"), ("Containers", "containers")):
        holder = about.find(key)
        spec[name] = [_container(each) for each in holder.below] if holder else []
    return spec


def _toleration(line: str) -> Object:
    found = _TOLERATION.match(line)
    if found is None:
        return {}
    operator = found[4] or ("Equal" if found[2] is not None else "Exists")
    return {"key": found[1] or "", "value": found[2] or "", "effect": found[3] or "", "operator": operator}


def _volume(about: Entry) -> Object:
    kind = about.text("Type").partition(" ")[0]
    optional = about.text("Optional") in _TRUE
    match kind:
        case "PersistentVolumeClaim":
            return {"name": about.key, "persistentVolumeClaim": {"claimName": about.text("ClaimName")}}
        case "Secret":
            return {"name": about.key, "secret": {"secretName": about.text("SecretName"), "optional": optional}}
        case "ConfigMap":
            return {"name": about.key, "configMap": {"name": about.text("Name"), "optional": optional}}
        case _:
            return {"name": about.key}


def _container(about: Entry) -> Object:
    ports = [found for value in about.all("Port") + about.all("Ports") for found in _ports(value)]
    found: Object = {
        "name": about.key,
        "image": about.text("Image"),
        "ports": ports,
        "env": [_variable(each) for each in (about.find("Environment") or Entry("", 0)).below],
        "envFrom": [_all_of(each) for each in (about.find("Environment Variables from") or Entry("", 0)).below],
        "resources": {
            key: {each.key: each.value for each in (about.find(title) or Entry("", 0)).below}
            for key, title in (("limits", "Limits"), ("requests", "Requests"))
        },
    }
    for title, key in (("Liveness", "livenessProbe"), ("Readiness", "readinessProbe"), ("Startup", "startupProbe")):
        if about.text(title):
            found[key] = _probe(about.text(title))
    return found


def _ports(value: str) -> Iterator[Object]:
    for part in value.split(","):
        found = _PORT.match(part.strip())
        if found and found[2].isdigit() and found[2] != "0":
            yield {"containerPort": int(found[2]), "protocol": found[3]}


def _variable(about: Entry) -> Object:
    found = _SET_TO.match(about.value)
    if found is None:
        return {"name": about.key, "value": about.value}
    kind = "secretKeyRef" if found[2] == "secret" else "configMapKeyRef"
    source = {kind: {"name": found[3], "key": found[1], "optional": found[4] in _TRUE}}
    return {"name": about.key, "valueFrom": source}


def _all_of(about: Entry) -> Object:
    kind = "secretRef" if about.value.startswith("Secret") else "configMapRef"
    return {kind: {"name": about.key, "optional": "Optional: true" in about.value}}


def _probe(line: str) -> Object:
    found: Object = {}
    if timing := _TIMING.search(line):
        keys = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "failureThreshold")
        found |= {key: int(value) for key, value in zip(keys, timing.groups(), strict=True)}
    if http := _HTTP.match(line):
        found["httpGet"] = {"scheme": http[1].upper(), "port": http[2] or "", "path": http[3] or "/"}
    elif grpc := _GRPC.match(line):
        found["grpc"] = {"port": int(grpc[1])}
    elif tcp := _TCP.match(line):
        found["tcpSocket"] = {"port": tcp[1]}
    else:
        found["exec"] = {}
    return found


def _container_status(about: Entry) -> Object:
    restarts = about.text("Restart Count")
    return {
        "name": about.key,
        "ready": about.text("Ready") in _TRUE,
        "restartCount": int(restarts) if restarts.isdigit() else 0,
        "state": _state(about.find("State")),
        "lastState": _state(about.find("Last State")),
    }


def _state(about: Entry | None) -> Object:
    if about is None or not about.value:
        return {}
    code = about.text("Exit Code")
    detail: Object = {
        "reason": about.text("Reason"),
        "message": about.text("Message"),
        "exitCode": int(code) if code.lstrip("-").isdigit() else None,
        "startedAt": _iso(about.text("Started")),
        "finishedAt": _iso(about.text("Finished")),
    }
    return {about.value.lower(): detail}


def moment(printed: str) -> datetime | None:
    """A time as kubectl prints it: `Fri, 20 Nov 2026 19:50:19 +0800`."""
    try:
        return parsedate_to_datetime(printed)
    except (ValueError, TypeError, IndexError):
        return None


def _iso(printed: str) -> str:
    at = moment(printed)
    return at.isoformat() if at else ""


def _conditions(about: Entry) -> list[Object]:
    """The table below `Conditions`, which stands as rows without keys."""
    holder = about.find("Conditions")
    if holder is None:
        return []
    found = []
    for line in holder.lines:
        cells = _CELLS.split(line.strip())
        if len(cells) < 2 or cells[1] not in ("True", "False", "Unknown"):
            continue
        # Nodes print two times before the reason.
        reason, message = ([*cells[4:], "", ""] if len(cells) > 4 else [*cells[2:], "", ""])[:2]
        found.append({"type": cells[0], "status": cells[1], "reason": reason, "message": message})
    return found


def _service(about: Entry) -> Object:
    ports, target = [], iter([each.value for each in about.below if each.key == "TargetPort"])
    for each in about.below:
        found = _PORT.match(each.value) if each.key == "Port" else None
        if found and found[2].isdigit():
            leads = next(target, "").rpartition("/")[0]
            name = "" if (found[1] or "") in NONE else found[1] or ""
            port: Object = {"name": name, "port": int(found[2]), "protocol": found[3]}
            ports.append(port | {"targetPort": int(leads) if leads.isdigit() else leads})
    spec = {"type": about.text("Type"), "clusterIP": about.text("IP"), "selector": pairs(about.all("Selector"))}
    return {"spec": spec | {"ports": ports}}


def _endpoints(about: Entry) -> Object:
    subsets: list[Object] = []
    for each in (about.find("Subsets") or Entry("", 0)).below:
        ready, waiting = each.key == "Addresses", each.key == "NotReadyAddresses"
        listed = [{"ip": ip} for ip in each.value.split(",") if ip and ip not in NONE]
        if ready or waiting:
            subsets.append({"addresses" if ready else "notReadyAddresses": listed})
    return {"subsets": subsets}


def _node(about: Entry) -> Object:
    taints = [found for value in about.all("Taints") if (found := _TAINT.match(value))]
    return {
        "spec": {
            "unschedulable": about.text("Unschedulable") in _TRUE,
            "taints": [{"key": each[1], "value": each[2] or "", "effect": each[3]} for each in taints],
        },
        "status": {
            "allocatable": {each.key: each.value for each in (about.find("Allocatable") or Entry("", 0)).below},
            "conditions": _conditions(about),
            "nodeInfo": {"kubeletVersion": about.text("System Info", "Kubelet Version")},
        },
    }


def _quota(about: Entry) -> Object:
    used, hard = {}, {}
    for line in about.values:
        cells = line.split()
        if len(cells) == 3 and cells[0] not in ("Resource", "--------"):
            used[cells[0]], hard[cells[0]] = cells[1], cells[2]
    return {"status": {"used": used, "hard": hard}}


def _claim(about: Entry) -> Object:
    spec: Object = {"volumeName": about.text("Volume")}
    if about.find("StorageClass") is not None:
        spec["storageClassName"] = about.text("StorageClass")
    if about.text("Access Modes"):
        spec["accessModes"] = _modes(about.text("Access Modes"))
    return {"spec": spec, "status": {"phase": about.text("Status")}}


MODES = {"RWO": "ReadWriteOnce", "ROX": "ReadOnlyMany", "RWX": "ReadWriteMany", "RWOP": "ReadWriteOncePod"}


def _modes(value: str) -> list[str]:
    return [MODES.get(each.strip(), each.strip()) for each in value.split(",")]


def _volume_object(about: Entry) -> Object:
    namespace, _, name = about.text("Claim").partition("/")
    spec: Object = {
        "storageClassName": about.text("StorageClass"),
        "capacity": {"storage": about.text("Capacity")},
        "accessModes": _modes(about.text("Access Modes")),
    }
    if name:
        spec["claimRef"] = {"namespace": namespace, "name": name}
    return {"spec": spec, "status": {"phase": about.text("Status")}}


def _storage_class(about: Entry) -> Object:
    return {"provisioner": about.text("Provisioner")}


def _named(about: Entry) -> Object:
    return {}


READERS = {
    "deployments": _workload,
    "statefulsets": _workload,
    "daemonsets": _daemon_set,
    "replicasets": _replica_set,
    "pods": _pod,
    "services": _service,
    "endpoints": _endpoints,
    "nodes": _node,
    "resourcequotas": _quota,
    "persistentvolumeclaims": _claim,
    "persistentvolumes": _volume_object,
    "storageclasses": _storage_class,
    "serviceaccounts": _named,
    "configmaps": _named,
    "secrets": _named,
}
"""What each kind's description is read by."""

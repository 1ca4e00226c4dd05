"""Condenses the JSON of the Kubernetes API into the facts of a cluster."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from engine.cluster.facts import (
    Cluster,
    ClusterService,
    ContainerState,
    Endpoint,
    Event,
    Pod,
    Revision,
    ServicePort,
    Workload,
)
from engine.cluster.jobs import NAME_LABELS, called, conditions, cron_job, job
from engine.cluster.resources import claim, limit_range, network_policy, node, quota, storage_class, volume
from engine.cluster.templates import template
from engine.cluster.values import LONGEST_NAME, Raw, ago, labels, moment, number, rows, table, text, word

RESTARTED = "kubectl.kubernetes.io/restartedAt"
CONTROLLERS = frozenset({"kube-controller-manager", "kube-scheduler", "kubelet", "kube-apiserver"})
WORKLOADS = {"deployments": "Deployment", "statefulsets": "StatefulSet", "daemonsets": "DaemonSet"}
REVISION = "deployment.kubernetes.io/revision"
CAUSE = "kubernetes.io/change-cause"
MOST_REVISIONS = 10
NO_ONE: Mapping[str, str] = MappingProxyType({})

Objects = Mapping[str, Sequence[Raw]]
"""The objects of a namespace by kind, as the API names it in addresses: pods, deployments, …"""


def cluster(objects: Objects, namespace: str, now: datetime, known: Mapping[str, str] = NO_ONE) -> Cluster:
    """The facts in these objects. `known` says what the catalogue calls somebody, by the names they may bear: a
    workload's own, or the value of one of its usual labels."""
    sets = objects.get("replicasets", ())
    workloads = [
        _workload(each, kind, sets if kind == "Deployment" else objects.get("controllerrevisions", ()), known)
        for plural, kind in WORKLOADS.items()
        for each in objects.get(plural, ())
    ]
    owners = {_name(each): _owner(each) or _name(each) for each in sets}
    pods = tuple(_pod(each, owners, now) for each in objects.get("pods", ()))
    reserved = _reserved(pods)
    schedules = {each.name: each for each in (cron_job(raw, now, known) for raw in objects.get("cronjobs", ()))}
    return Cluster(
        namespace=word(namespace),
        read=tuple(sorted(objects)),
        workloads=tuple(workloads),
        jobs=tuple(job(each, now, known, schedules) for each in objects.get("jobs", ())),
        cron_jobs=tuple(schedules.values()),
        pods=pods,
        services=tuple(_service(each, workloads, objects, known) for each in objects.get("services", ())),
        nodes=tuple(node(each, reserved.get(_name(each), {})) for each in objects.get("nodes", ())),
        quotas=tuple(quota(each) for each in objects.get("resourcequotas", ())),
        limit_ranges=tuple(limit_range(each) for each in objects.get("limitranges", ())),
        claims=tuple(claim(each) for each in objects.get("persistentvolumeclaims", ())),
        volumes=tuple(volume(each) for each in objects.get("persistentvolumes", ())),
        storage_classes=tuple(storage_class(each) for each in objects.get("storageclasses", ())),
        service_accounts=_names(objects, "serviceaccounts"),
        config_maps=_names(objects, "configmaps"),
        secrets=_names(objects, "secrets"),
        policies=tuple(network_policy(each) for each in objects.get("networkpolicies", ())),
        events=tuple(event(each, now) for each in objects.get("events", ())),
    )


def _meta(raw: Raw) -> Raw:
    return table(raw.get("metadata"))


def _name(raw: Raw) -> str:
    return word(_meta(raw).get("name"))


def _names(objects: Objects, kind: str) -> tuple[str, ...]:
    return tuple(sorted(_name(each) for each in objects.get(kind, ())))


def _owner(raw: Raw) -> str:
    owners = rows(_meta(raw).get("ownerReferences"))
    return next((word(each.get("name")) for each in owners if each.get("controller") is True), "")


def _workload(raw: Raw, kind: str, sets: Iterable[Raw], known: Mapping[str, str]) -> Workload:
    spec, status = table(raw.get("spec")), table(raw.get("status"))
    body = table(spec.get("template"))
    pods = template(body.get("spec"), table(body.get("metadata")).get("labels"))
    daemon = kind == "DaemonSet"
    wanted = number(status.get("desiredNumberScheduled")) if daemon else number(spec.get("replicas"))
    available = number(status.get("numberAvailable" if daemon else "availableReplicas"))
    changed = _changed(raw)
    return Workload(
        kind=kind,
        name=_name(raw),
        service=called(_name(raw), {**pods.labels, **labels(_meta(raw).get("labels"))}, known),
        labels=labels(_meta(raw).get("labels")),
        selector=labels(table(spec.get("selector")).get("matchLabels")),
        template=pods,
        desired=1 if wanted is None and not daemon else wanted,
        created=number(status.get("currentNumberScheduled" if daemon else "replicas")) or 0,
        updated=number(status.get("updatedNumberScheduled" if daemon else "updatedReplicas")) or 0,
        ready=number(status.get("numberReady" if daemon else "readyReplicas")) or 0,
        available=available or 0,
        conditions=conditions(status.get("conditions")),
        revisions=_revisions(each for each in sets if _owner(each) == _name(raw)),
        changed_at=changed[0],
        changed_by=changed[1],
        paused=spec.get("paused") is True,
    )


def _revisions(sets: Iterable[Raw]) -> tuple[Revision, ...]:
    """The rollout history, newest first."""
    found = [_revision(each) for each in sets]
    return tuple(sorted(found, key=lambda each: each.number, reverse=True)[:MOST_REVISIONS])


def _changed(raw: Raw) -> tuple[datetime | None, str]:
    """When somebody last wrote the template of a workload's pods, and with which tool."""
    written = [
        (at, word(each.get("manager")))
        for each in rows(_meta(raw).get("managedFields"))
        if word(each.get("manager")) not in CONTROLLERS
        and "f:template" in table(table(each.get("fieldsV1")).get("f:spec"))
        and (at := moment(each.get("time"))) is not None
    ]
    return max(written, default=(None, ""), key=lambda each: each[0])


def _revision(raw: Raw) -> Revision:
    """A ReplicaSet; or the ControllerRevision of another workload, which keeps the template as data."""
    notes, status = table(_meta(raw).get("annotations")), table(raw.get("status"))
    spec = table(table(raw.get("data")).get("spec")) or table(raw.get("spec"))
    written = word(notes.get(REVISION)) or word(raw.get("revision"))
    body = table(spec.get("template"))
    pods = template(body.get("spec"))
    return Revision(
        number=int(written) if written.isdigit() else 0,
        name=_name(raw),
        images=tuple(each.image for each in pods.containers if not each.init),
        replicas=number(spec.get("replicas")) or 0,
        ready=number(status.get("readyReplicas")) or 0,
        at=moment(_meta(raw).get("creationTimestamp")),
        cause=text(notes.get(CAUSE)),
        restarted=word(table(table(body.get("metadata")).get("annotations")).get(RESTARTED)),
    )


def _pod(raw: Raw, owners: Mapping[str, str], now: datetime) -> Pod:
    meta, spec, status = _meta(raw), table(raw.get("spec")), table(raw.get("status"))
    owner = _owner(raw)
    states = (*rows(status.get("initContainerStatuses")), *rows(status.get("containerStatuses")))
    return Pod(
        name=_name(raw),
        owner=owners.get(owner, _without_hash(owner, meta)),
        template=template(spec, meta.get("labels")),
        phase=word(status.get("phase")),
        reason=word(status.get("reason")),
        message=text(status.get("message")),
        node=word(spec.get("nodeName")),
        ip=word(status.get("podIP")),
        conditions=conditions(status.get("conditions")),
        containers=tuple(_state(each, now) for each in states),
        age=ago(meta.get("creationTimestamp"), now),
        deleting=bool(meta.get("deletionTimestamp")),
    )


def _without_hash(owner: str, meta: Raw) -> str:
    """A ReplicaSet's name without the hash of its template is its Deployment's name."""
    suffix = "-" + word(table(meta.get("labels")).get("pod-template-hash"))
    return owner.removesuffix(suffix) if len(suffix) > 1 else owner


def _state(raw: Raw, taken: datetime) -> ContainerState:
    now, last = table(raw.get("state")), table(table(raw.get("lastState")).get("terminated"))
    waiting, running, ended = (table(now.get(key)) for key in ("waiting", "running", "terminated"))
    current = waiting or ended
    started, finished = moment(last.get("startedAt")), moment(last.get("finishedAt"))
    return ContainerState(
        name=word(raw.get("name")),
        ready=raw.get("ready") is True,
        restarts=number(raw.get("restartCount")) or 0,
        state="waiting" if waiting else "terminated" if ended else "running" if "running" in now or running else "",
        reason=word(current.get("reason")),
        message=text(current.get("message")),
        exit_code=number(ended.get("exitCode")),
        last_reason=word(last.get("reason")),
        last_exit=number(last.get("exitCode")),
        last_message=text(last.get("message")),
        last_seconds=(finished - started).total_seconds() if started and finished else None,
        last_ago=ago(last.get("finishedAt"), taken),
    )


def _service(raw: Raw, workloads: Sequence[Workload], objects: Objects, known: Mapping[str, str]) -> ClusterService:
    spec, name = table(raw.get("spec")), _name(raw)
    wanted = labels(spec.get("selector"))
    own = labels(_meta(raw).get("labels"))
    return ClusterService(
        name=name,
        service=_front_of(name, wanted, own, workloads, known),
        labels=own,
        selector=wanted,
        type=word(spec.get("type")),
        ports=tuple(_service_port(each) for each in rows(spec.get("ports"))),
        headless=spec.get("clusterIP") == "None",
        endpoints=_endpoints(name, objects),
    )


def _front_of(
    name: str,
    wanted: Mapping[str, str],
    own: Mapping[str, str],
    workloads: Sequence[Workload],
    known: Mapping[str, str],
) -> str:
    """Whose Service this is: of whom it selects, else of who bears its name, else its own."""
    for each in workloads:
        if wanted and wanted.items() <= each.template.labels.items():
            return each.service
    for candidate in (name, called(name, own, known), *(own.get(label, "") for label in NAME_LABELS)):
        for each in workloads:
            if candidate and candidate in (each.name, each.service):
                return each.service
    return called(name, own, known)


def _service_port(raw: Raw) -> ServicePort:
    port = number(raw.get("port")) or 0
    return ServicePort(
        port=port,
        target=word(raw.get("targetPort")) or str(port),
        name=word(raw.get("name")),
        protocol=word(raw.get("protocol")) or "TCP",
    )


def _endpoints(service: str, objects: Objects) -> tuple[Endpoint, ...] | None:
    """The addresses behind a Service, from slices or from the older Endpoints object; None where neither was read."""
    if "endpointslices" not in objects and "endpoints" not in objects:
        return None
    slices = (each for each in objects.get("endpointslices", ()) if _slice_of(each) == service)
    older = (each for each in objects.get("endpoints", ()) if _name(each) == service)
    both = [*(one for each in slices for one in _in_slice(each)), *(one for each in older for one in _in_subsets(each))]
    found: dict[str, Endpoint] = {}
    for each in both:
        found.setdefault(each.ip, each)
    return tuple(found.values())


def _slice_of(raw: Raw) -> str:
    return labels(_meta(raw).get("labels")).get("kubernetes.io/service-name", "")


def _in_slice(raw: Raw) -> Iterator[Endpoint]:
    for each in rows(raw.get("endpoints")):
        ready = table(each.get("conditions")).get("ready") is not False
        for ip in _addresses(each.get("addresses")):
            yield _endpoint(ip, ready, each)


def _in_subsets(raw: Raw) -> Iterator[Endpoint]:
    for subset in rows(raw.get("subsets")):
        for key, ready in (("addresses", True), ("notReadyAddresses", False)):
            for each in rows(subset.get(key)):
                yield _endpoint(word(each.get("ip")), ready, each)


def _addresses(value: object) -> list[str]:
    return [word(each) for each in value[:100]] if isinstance(value, list) else []


def _endpoint(ip: str, ready: bool, raw: Raw) -> Endpoint:
    return Endpoint(ip=ip, ready=ready, pod=word(table(raw.get("targetRef")).get("name")))


def _reserved(pods: Iterable[Pod]) -> dict[str, dict[str, float]]:
    """What the pods seen reserve on each node; pods of other namespaces are not seen, so this is at least."""
    found: dict[str, dict[str, float]] = {}
    for pod in pods:
        if pod.node and pod.phase not in ("Succeeded", "Failed"):
            here = found.setdefault(pod.node, {})
            for resource in ("cpu", "memory"):
                here[resource] = here.get(resource, 0.0) + pod.template.requested(resource)
    return found


def event(raw: Raw, now: datetime) -> Event:
    """An event of either API: v1, or events.k8s.io with its newer names."""
    about = table(raw.get("involvedObject") or raw.get("regarding"))
    series = table(raw.get("series"))
    first = raw.get("firstTimestamp") or raw.get("deprecatedFirstTimestamp") or raw.get("eventTime")
    last = series.get("lastObservedTime") or raw.get("lastTimestamp") or raw.get("deprecatedLastTimestamp") or first
    count = number(series.get("count")) or number(raw.get("count")) or number(raw.get("deprecatedCount"))
    return Event(
        kind=word(about.get("kind")),
        name=word(about.get("name"))[:LONGEST_NAME],
        reason=word(raw.get("reason")),
        message=text(raw.get("message") or raw.get("note")),
        type=word(raw.get("type")),
        count=max(1, count or 1),
        first=ago(first, now),
        last=ago(last, now),
    )

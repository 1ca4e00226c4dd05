"""Names the nouns of a Kubernetes cluster's state, condensed: what is asked for, what runs, and what was said of it.

Numbers are cores, bytes and counts; ages are seconds before the moment the picture was taken. What could not be read
is absent, and `Cluster.read` tells "there is none" from "nobody looked".
"""

from datetime import datetime
from typing import Literal

from engine.model import Value

Labels = dict[str, str]


class Expression(Value):
    """One condition on labels: In, NotIn, Exists, DoesNotExist, Gt or Lt."""

    key: str
    operator: str = "In"
    values: tuple[str, ...] = ()


class Toleration(Value):
    """What a pod puts up with; an empty key with Exists puts up with everything."""

    key: str = ""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""


class Together(Value):
    """A required rule about other pods: those with these labels must (or must not) be in the same topology."""

    selector: tuple[Expression, ...] = ()
    topology: str = ""


class Port(Value):
    """A port a container declares."""

    number: int
    name: str = ""
    protocol: str = "TCP"


class Probe(Value):
    """How the kubelet asks a container whether it lives or is ready; `port` is a number or a name."""

    kind: Literal["liveness", "readiness", "startup"]
    action: Literal["http", "https", "grpc", "tcp", "exec"]
    port: str = ""
    path: str = ""
    delay: float = 0.0
    timeout: float = 1.0
    period: float = 10.0
    failures: int = 3


class Reference(Value):
    """Something a pod needs that must exist: a Secret, ConfigMap or PersistentVolumeClaim."""

    kind: str
    name: str
    optional: bool = False


class Container(Value):
    """A container as it is asked for. Of the environment only values that can be addresses or ports are kept."""

    name: str
    image: str = ""
    ports: tuple[Port, ...] = ()
    env: dict[str, str] = {}
    references: tuple[Reference, ...] = ()
    requests: dict[str, float] = {}
    limits: dict[str, float] = {}
    probes: tuple[Probe, ...] = ()
    init: bool = False


class Template(Value):
    """What a workload asks every pod to be."""

    labels: Labels = {}
    service_account: str = ""
    node_selector: Labels = {}
    node_terms: tuple[tuple[Expression, ...], ...] = ()
    apart: tuple[Together, ...] = ()
    near: tuple[Together, ...] = ()
    tolerations: tuple[Toleration, ...] = ()
    pull_secrets: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    containers: tuple[Container, ...] = ()
    node_name: str = ""

    def requested(self, resource: str) -> float:
        """What the pod reserves on a node; init containers run before the others and reserve the larger of both."""
        mains = sum(each.requests.get(resource, 0.0) for each in self.containers if not each.init)
        return max([mains, *(each.requests.get(resource, 0.0) for each in self.containers if each.init)])


class ContainerState(Value):
    """How a container is, and how its previous run ended: why, after how many seconds, and how many seconds ago."""

    name: str
    ready: bool = False
    restarts: int = 0
    state: Literal["", "waiting", "running", "terminated"] = ""
    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    last_reason: str = ""
    last_exit: int | None = None
    last_message: str = ""
    last_seconds: float | None = None
    last_ago: float | None = None


class Condition(Value):
    """A condition of a pod, workload or node, as its controller set it."""

    type: str
    status: str
    reason: str = ""
    message: str = ""


class Pod(Value):
    """A pod; `owner` is the name of its workload."""

    name: str
    owner: str = ""
    template: Template = Template()
    phase: str = ""
    reason: str = ""
    message: str = ""
    node: str = ""
    ip: str = ""
    conditions: tuple[Condition, ...] = ()
    containers: tuple[ContainerState, ...] = ()
    age: float | None = None
    deleting: bool = False

    @property
    def ready(self) -> bool:
        """Whether it may take traffic."""
        return any(each.type == "Ready" and each.status == "True" for each in self.conditions)


class Revision(Value):
    """One entry of a workload's rollout history; `restarted` is set where somebody only had the pods started again."""

    number: int
    name: str
    images: tuple[str, ...] = ()
    replicas: int = 0
    ready: int = 0
    at: datetime | None = None
    cause: str = ""
    restarted: str = ""


class Workload(Value):
    """A Deployment, StatefulSet or DaemonSet.

    `service` is what people call what it runs; `changed_at` and `changed_by`: when its template was last written, and
    with which tool."""

    kind: str
    name: str
    service: str
    labels: Labels = {}
    selector: Labels = {}
    template: Template = Template()
    desired: int | None = None
    created: int | None = None
    updated: int | None = None
    ready: int | None = None
    available: int | None = None
    conditions: tuple[Condition, ...] = ()
    revisions: tuple[Revision, ...] = ()
    changed_at: datetime | None = None
    changed_by: str = ""
    paused: bool = False


class CronJob(Value):
    """A CronJob: when it runs, and how many seconds ago it last did, and last did well (None: never)."""

    name: str
    service: str
    schedule: str = ""
    zone: str = ""
    suspended: bool = False
    active: int = 0
    last: float | None = None
    succeeded: float | None = None
    age: float | None = None


class Job(Value):
    """A Job; `made_by` is the CronJob it is of, `limit` how many failed pods it puts up with, `deadline` how many
    seconds it may take, `ended` how many seconds ago it did."""

    name: str
    service: str
    made_by: str = ""
    wanted: int = 1
    succeeded: int = 0
    failed: int = 0
    active: int = 0
    limit: int = 6
    deadline: int | None = None
    suspended: bool = False
    conditions: tuple[Condition, ...] = ()
    age: float | None = None
    ended: float | None = None


class ServicePort(Value):
    """A port of a Service and where it leads: a number or a container port's name."""

    port: int
    target: str = ""
    name: str = ""
    protocol: str = "TCP"


class Endpoint(Value):
    """An address behind a Service."""

    ip: str
    ready: bool = True
    pod: str = ""


class ClusterService(Value):
    """A Service object; `endpoints` is None where nobody could look. Callers of a headless one speak to its pods
    themselves, by whatever port these have."""

    name: str
    service: str
    labels: Labels = {}
    selector: Labels = {}
    type: str = ""
    ports: tuple[ServicePort, ...] = ()
    headless: bool = False
    endpoints: tuple[Endpoint, ...] | None = None


class Taint(Value):
    """What keeps pods off a node unless they tolerate it."""

    key: str
    value: str = ""
    effect: str = ""


class Node(Value):
    """A node; `requested` is what its pods have reserved together."""

    name: str
    labels: Labels = {}
    taints: tuple[Taint, ...] = ()
    cordoned: bool = False
    control_plane: bool = False
    conditions: tuple[Condition, ...] = ()
    allocatable: dict[str, float] = {}
    requested: dict[str, float] = {}
    version: str = ""


class Quota(Value):
    """A ResourceQuota: what a namespace may use of each resource, and uses."""

    name: str
    hard: dict[str, float] = {}
    used: dict[str, float] = {}


class LimitRange(Value):
    """Bounds that a namespace sets for each container or pod: resource to (least, most)."""

    name: str
    least: dict[str, float] = {}
    most: dict[str, float] = {}


class Claim(Value):
    """A PersistentVolumeClaim; `storage_class` None leaves the choice to the cluster."""

    name: str
    phase: str = ""
    storage_class: str | None = None
    requested: float | None = None
    access: tuple[str, ...] = ()
    selector: tuple[Expression, ...] = ()
    volume: str = ""


class Volume(Value):
    """A PersistentVolume; `claim` is "namespace/name" of who holds it."""

    name: str
    phase: str = ""
    storage_class: str = ""
    capacity: float | None = None
    access: tuple[str, ...] = ()
    labels: Labels = {}
    claim: str = ""


class StorageClass(Value):
    """A StorageClass."""

    name: str
    provisioner: str = ""
    default: bool = False


class NetworkPolicy(Value):
    """A NetworkPolicy, as far as it can cut somebody off: whom it is for, and which ways nobody at all may go."""

    name: str
    selector: tuple[Expression, ...] = ()
    denies_ingress: bool = False
    denies_egress: bool = False
    ingress: bool = False
    egress: bool = False


class Event(Value):
    """What a component of the cluster said of an object, how often, and how many seconds ago first and last."""

    kind: str
    name: str
    reason: str
    message: str = ""
    type: str = ""
    count: int = 1
    first: float | None = None
    last: float | None = None


class Check(Value):
    """Whether a Service's port could be reached from inside the cluster."""

    name: str
    port: int
    reached: bool
    said: str = ""


class Component(Value):
    """A service of a node's own (kubelet, containerd, kube-proxy, …) and whether it runs."""

    node: str
    name: str
    active: bool
    said: str = ""


class Declared(Value):
    """What the manifests ask for: an object that ought to be there, with what it would take."""

    kind: str
    name: str
    requests: dict[str, float] = {}


class Cluster(Value):
    """The state of one namespace and of the nodes below it. `read` names the kinds that were listed (plural, lower
    case, as the API has them); `refused` those that could not be, with the reason."""

    namespace: str = ""
    read: tuple[str, ...] = ()
    refused: dict[str, str] = {}
    workloads: tuple[Workload, ...] = ()
    jobs: tuple[Job, ...] = ()
    cron_jobs: tuple[CronJob, ...] = ()
    pods: tuple[Pod, ...] = ()
    services: tuple[ClusterService, ...] = ()
    nodes: tuple[Node, ...] = ()
    quotas: tuple[Quota, ...] = ()
    limit_ranges: tuple[LimitRange, ...] = ()
    claims: tuple[Claim, ...] = ()
    volumes: tuple[Volume, ...] = ()
    storage_classes: tuple[StorageClass, ...] = ()
    service_accounts: tuple[str, ...] = ()
    config_maps: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    policies: tuple[NetworkPolicy, ...] = ()
    events: tuple[Event, ...] = ()
    checks: tuple[Check, ...] = ()
    components: tuple[Component, ...] = ()
    declared: tuple[Declared, ...] = ()

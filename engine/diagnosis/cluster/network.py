"""Finds Services that lead nowhere, and callers that look for them in the wrong place."""

from collections.abc import Iterator
from difflib import SequenceMatcher

from engine.cluster.facts import ClusterService, Container, NetworkPolicy, ServicePort, Template, Workload
from engine.diagnosis.cluster.finding import Finding, Look, of_workload, probed, spec, status
from engine.diagnosis.cluster.scene import Scene, cut, wrote
from engine.diagnosis.cluster.selection import matches

LOCAL = (".svc", ".cluster.local")
ALIKE = 0.75
"""How much of a name must be like another's to be taken for a misspelling of it."""
EXTERNAL = "ExternalName"


def network(scene: Scene) -> Iterator[Finding]:
    """What is wrong between callers and those they call."""
    for each in scene.cluster.services:
        yield from _of_service(scene, each)
    for workload in scene.cluster.workloads:
        yield from _addresses(scene, workload)
    yield from _missing(scene)
    yield from _policies(scene)


def _of_service(scene: Scene, service: ClusterService) -> Iterator[Finding]:
    if not service.selector or service.type == EXTERNAL:
        return
    templates = scene.behind(service)
    if not templates:
        yield from _selects_nothing(scene, service)
        return
    for port in service.ports:
        found = _mapping(scene, service, port, templates)
        if found is not None:
            yield found
            return
    yield from _nobody_ready(scene, service)


def _selects_nothing(scene: Scene, service: ClusterService) -> Iterator[Finding]:
    meant = next((each for each in scene.cluster.workloads if each.service == service.service), None)
    if meant is None and ("pods" not in scene.cluster.read or not scene.cluster.workloads):
        return
    wanted = ", ".join(f"{key}={value}" for key, value in service.selector.items())
    looks = [spec(f"Service {service.name}: selector {wanted}")]
    if meant is not None:
        there = ", ".join(f"{key}={value}" for key, value in meant.template.labels.items())
        looks.append(spec(cut(f"{meant.kind} {meant.name}: its pods are labelled {there or 'with nothing'}")))
    looks += _nobody(service)
    looks += _unreached(scene, service, None)
    # A second Service may stand ready for a release that is not there yet: as long as another one leads there, and
    # nobody complains, nobody is cut off. The one that bears the workload's own name is no such spare.
    spare = meant is not None and meant.name != service.name and _led_to(scene, service, meant)
    spare = spare and not {"probe", "log"} & {each.kind for each in looks}
    sure = 0.35 if spare else 0.95 if meant else 0.5
    yield _finding(service, "service_selector_mismatch", looks, sure, wanted)


def _led_to(scene: Scene, service: ClusterService, meant: Workload) -> bool:
    """Whether another Service selects the pods this one was meant for."""
    others = (each for each in scene.cluster.services if each is not service and each.selector)
    return any(each.selector.items() <= meant.template.labels.items() for each in others)


def _nobody(service: ClusterService) -> list[Look]:
    if service.endpoints is None or any(each.ready for each in service.endpoints):
        return []
    return [status(f"Service {service.name}: no ready endpoint")]


def _unreached(scene: Scene, service: ClusterService, port: ServicePort | None) -> list[Look]:
    """Checks of the Service that failed, and what callers wrote of it."""
    checks = (scene.check(service, each.port) for each in ([port] if port else service.ports))
    failed = [each for each in checks if each is not None and not each.reached]
    looks = [probed(cut(f"{each.name}:{each.port} not reached: {each.said}")) for each in failed[:1]]
    texts = [f"{service.name}:{each.port}" for each in service.ports]
    return [*looks, *(wrote(each) for each in scene.complaints(*texts, most=1))]


def _mapping(scene: Scene, service: ClusterService, port: ServicePort, templates: list[Template]) -> Finding | None:
    """What is wrong with one port: where it leads, or the protocol it is carried by."""
    containers = [each for one in templates for each in one.containers if not each.init]
    declared = [each for container in containers for each in container.ports]
    if not declared:
        return None
    fitting = [each for each in declared if port.target in (str(each.number), each.name)]
    there = ", ".join(dict.fromkeys(f"{each.number}/{each.protocol} {each.name}".strip() for each in declared))
    looks = [
        spec(f"Service {service.name}: port {port.port}/{port.protocol} leads to {port.target}"),
        spec(cut(f"its pods listen on {there}")),
    ]
    check = scene.check(service, port.port)
    if not fitting:
        return _told(scene, service, port, "service_port_mismatch", looks, check is not None and check.reached)
    if all(each.protocol != port.protocol for each in fitting):
        return _told(scene, service, port, "service_protocol_mismatch", looks, check is not None and check.reached)
    return None


def _told(
    scene: Scene, service: ClusterService, port: ServicePort, name: str, looks: list[Look], reached: bool
) -> Finding:
    looks = [*looks, *_unreached(scene, service, port)]
    # A port that is only not declared may be listened on all the same; a name or a protocol may not.
    sure = 0.95 if len({each.kind for each in looks}) > 1 or not port.target.isdigit() else 0.55
    against = (f"{service.name}:{port.port} was reached",) if reached else ()
    what = f"{port.port}/{port.protocol} → {port.target}"
    return _finding(service, name, looks, 0.2 if reached else sure, what).model_copy(update={"against": against})


def _nobody_ready(scene: Scene, service: ClusterService) -> Iterator[Finding]:
    looks = _nobody(service)
    if looks:
        found = _finding(service, "no_endpoints", [*looks, *_unreached(scene, service, None)], 0.4, service.name)
        yield found.model_copy(update={"symptom": True})
    elif service.endpoints:
        failed = [each for each in _unreached(scene, service, None) if each.kind == "probe"]
        ready = len([each for each in service.endpoints if each.ready])
        if failed:
            looks = [*failed, status(f"Service {service.name}: {ready} ready endpoints")]
            yield _finding(service, "service_unreachable", looks, 0.45, service.name)


def _addresses(scene: Scene, workload: Workload) -> Iterator[Finding]:
    """Variables that name a Service, or a port of one, that is not there."""
    if "services" not in scene.cluster.read:
        return
    for container in workload.template.containers:
        for variable, value in container.env.items():
            host, _, port = value.partition(":")
            name = _local(host, scene.cluster.namespace)
            if not name or not port:
                continue
            found = _address(scene, workload, container, variable, value, name, int(port))
            if found is not None:
                yield found


def _runs(scene: Scene, name: str) -> bool:
    return any(name in (each.name, each.service) for each in scene.cluster.workloads)


def _missing(scene: Scene) -> Iterator[Finding]:
    """Workloads whose name others call while no Service bears it."""
    if "services" not in scene.cluster.read:
        return
    for workload in scene.cluster.workloads:
        if scene.named(workload.name) or workload.desired == 0:
            continue
        callers = [
            f"{each.kind} {each.name}: {variable}={value}"
            for each in scene.cluster.workloads
            for container in each.template.containers
            for variable, value in container.env.items()
            if each is not workload and _local(value.partition(":")[0], scene.cluster.namespace) == workload.name
        ]
        if callers:
            looks = [status(f"no Service {workload.name} in namespace {scene.cluster.namespace}"), spec(callers[0])]
            looks += [wrote(each) for each in scene.complaints(workload.name, most=2)]
            yield Finding(
                name="service_missing",
                service=workload.service,
                blamed=workload.service,
                object=f"Service/{workload.name}",
                seen=tuple(looks),
                strength=0.85,
                what=workload.name,
            )


def _local(host: str, namespace: str) -> str:
    """The Service a host name means in this namespace; "" for any other host."""
    name, _, rest = host.partition(".")
    if rest and not (rest == namespace or rest.startswith(f"{namespace}.")):
        return ""
    return "" if name in ("localhost", "") or name.replace(".", "").isdigit() else name


def _address(
    scene: Scene, workload: Workload, container: Container, variable: str, value: str, name: str, port: int
) -> Finding | None:
    service = scene.named(name)
    if service is None and _runs(scene, name):
        return None  # The address is right; what it leads to has no Service.
    if service is not None and (_takes(service, port) or service.type == EXTERNAL):
        return None
    own = scene.complaints(value, name, of=workload.service)
    if service is not None:
        there = ", ".join(str(each.port) for each in service.ports)
        looks = [status(f"Service {name} has port {there}")]
        sure = 0.9
    else:
        near = max(scene.cluster.services, key=lambda each: _likeness(each.name, name), default=None)
        alike = near is not None and _likeness(near.name, name) >= ALIKE
        looks = [status(f"no Service {name} in namespace {scene.cluster.namespace}")]
        looks += [status(f"there is a Service {near.name}")] if near is not None and alike else []
        # Many programs carry addresses of parts that nobody installed: absence alone is no trouble yet.
        sure = 0.3 + (0.5 if own else 0.0) + (0.15 if alike else 0.0)
    looks += [spec(f"{workload.kind} {workload.name}: {variable}={value}"), *(wrote(each) for each in own[:2])]
    return of_workload(workload, "env_address_mismatch", looks, sure, f"{variable}={value}")


def _takes(service: ClusterService, port: int) -> bool:
    return service.headless or port in {each.port for each in service.ports}


def _likeness(one: str, other: str) -> float:
    if one and (other.startswith(one) or one.startswith(other)):
        return 0.9
    return SequenceMatcher(a=one, b=other).ratio()


def _policies(scene: Scene) -> Iterator[Finding]:
    """Network policies under which nobody at all may come in, or go out, of pods that others call or that call."""
    for policy in scene.cluster.policies:
        for workload in scene.cluster.workloads:
            if (policy.denies_ingress or policy.denies_egress) and matches(policy.selector, workload.template.labels):
                yield from _denied(scene, policy, workload)


def _denied(scene: Scene, policy: NetworkPolicy, workload: Workload) -> Iterator[Finding]:
    if scene.is_short(workload):
        return
    way = "ingress" if policy.denies_ingress else "egress"
    granted = any(
        each is not policy
        and (each.ingress if way == "ingress" else each.egress)
        and not (each.denies_ingress if way == "ingress" else each.denies_egress)
        and matches(each.selector, workload.template.labels)
        for each in scene.cluster.policies
    )
    fronts = [each for each in scene.cluster.services if each.service == workload.service]
    if granted or (way == "ingress" and not fronts):
        return
    looks = [spec(f"NetworkPolicy {policy.name} lets nobody {'in' if way == 'ingress' else 'out'}")]
    looks += [look for each in fronts for look in _unreached(scene, each, None)][:2]
    sure = 0.85 if len(looks) > 1 else 0.4
    yield Finding(
        name="network_policy_blocks",
        service=workload.service,
        blamed=workload.service,
        object=f"NetworkPolicy/{policy.name}",
        seen=tuple(looks),
        strength=sure,
        what=policy.name,
    )


def _finding(service: ClusterService, name: str, looks: list[Look], sure: float, what: str) -> Finding:
    return Finding(
        name=name,
        service=service.service,
        blamed=service.service,
        object=f"Service/{service.name}",
        seen=tuple(looks),
        strength=sure,
        what=what,
    )

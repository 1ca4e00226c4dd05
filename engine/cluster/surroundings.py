"""Cuts a cluster's state down to what concerns some services: themselves, whom they call, and what those stand on."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from engine.cluster.facts import Cluster, ClusterService, Pod, Workload

DEEPEST = 4
MOST_PODS = 300


def calls(cluster: Cluster) -> dict[str, frozenset[str]]:
    """Who calls whom, by the addresses in the environment."""
    fronts = {each.name: each.service for each in cluster.workloads}
    fronts |= {each.name: each.service for each in cluster.services}
    found: dict[str, set[str]] = {}
    for each in cluster.workloads:
        found.setdefault(each.service, set()).update(_called(each, fronts))
    return {name: frozenset(callees - {name}) for name, callees in found.items()}


def _called(workload: Workload, fronts: Mapping[str, str]) -> Iterator[str]:
    return (fronts[host] for host in _hosts(workload) if host in fronts)


def _hosts(workload: Workload) -> Iterator[str]:
    for container in workload.template.containers:
        for value in container.env.values():
            yield value.partition(":")[0].partition(".")[0]


def _is_behind(pod: Pod, fronts: Iterable[ClusterService]) -> bool:
    """Whether one of these Services selects the pod, whatever made it."""
    own = pod.template.labels.items()
    return any(bool(each.selector) and each.selector.items() <= own for each in fronts)


def named(cluster: Cluster) -> frozenset[str]:
    """Every service that anything runs of, all the time or now and then."""
    found = {each.service for each in cluster.workloads} | {each.service for each in cluster.jobs}
    return frozenset(found | {each.service for each in cluster.cron_jobs})


def around(cluster: Cluster, services: Collection[str]) -> Cluster:
    """The part of a cluster's state that concerns these services. All of it where none of them has a workload: then
    nobody can tell what concerns them."""
    concerned = set(services) & named(cluster)
    if not concerned:
        return cluster
    graph, edge = calls(cluster), concerned
    for _ in range(DEEPEST):
        edge = {callee for name in edge for callee in graph.get(name, ())} - concerned
        concerned = concerned | edge
    workloads = tuple(each for each in cluster.workloads if each.service in concerned)
    jobs = tuple(each for each in cluster.jobs if each.service in concerned)
    schedules = tuple(each for each in cluster.cron_jobs if each.service in concerned)
    names = {each.name for each in workloads} | {each.name for each in jobs} | {each.name for each in schedules}
    called = {host for each in workloads for host in _hosts(each)}
    fronts = tuple(each for each in cluster.services if each.service in concerned or each.name in called)
    pods = [each for each in cluster.pods if each.owner in names or _is_behind(each, fronts)]
    kept = tuple(sorted(pods, key=lambda each: (each.ready, each.name))[:MOST_PODS])
    spoken_of = names | {each.name for each in kept} | {one.name for each in workloads for one in each.revisions}
    others = {each.name for each in cluster.pods} | {each.name for each in cluster.workloads}
    others |= {each.name for each in cluster.jobs} | {each.name for each in cluster.cron_jobs}
    others |= {one.name for each in cluster.workloads for one in each.revisions}
    events = tuple(each for each in cluster.events if each.name in spoken_of or each.name not in others)
    running = {"workloads": workloads, "jobs": jobs, "cron_jobs": schedules, "pods": kept}
    return cluster.model_copy(update={**running, "services": fronts, "events": events})

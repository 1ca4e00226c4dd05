"""Cuts a cluster's state down to what concerns some services: themselves, whom they call, and what those stand on."""

from collections.abc import Collection, Iterator, Mapping

from engine.cluster.facts import Cluster, Workload

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
    for container in workload.template.containers:
        for value in container.env.values():
            host = value.partition(":")[0].partition(".")[0]
            if host in fronts:
                yield fronts[host]


def around(cluster: Cluster, services: Collection[str]) -> Cluster:
    """The part of a cluster's state that concerns these services. All of it where none of them has a workload: then
    nobody can tell what concerns them."""
    known = {each.service for each in cluster.workloads}
    concerned = set(services) & known
    if not concerned:
        return cluster
    graph, edge = calls(cluster), concerned
    for _ in range(DEEPEST):
        edge = {callee for name in edge for callee in graph.get(name, ())} - concerned
        concerned = concerned | edge
    workloads = tuple(each for each in cluster.workloads if each.service in concerned)
    names = {each.name for each in workloads}
    pods = [each for each in cluster.pods if each.owner in names]
    kept = tuple(sorted(pods, key=lambda each: (each.ready, each.name))[:MOST_PODS])
    fronts = tuple(each for each in cluster.services if each.service in concerned or each.service not in known)
    spoken_of = names | {each.name for each in kept} | {one.name for each in workloads for one in each.revisions}
    others = {each.name for each in cluster.pods} | {each.name for each in cluster.workloads}
    others |= {one.name for each in cluster.workloads for one in each.revisions}
    events = tuple(each for each in cluster.events if each.name in spoken_of or each.name not in others)
    return cluster.model_copy(update={"workloads": workloads, "pods": kept, "services": fronts, "events": events})

"""Looks things up in a cluster's state: whose pod is it, what was said of it, and does that still hold."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from engine.cluster.facts import Check, Cluster, ClusterService, Container, Event, Pod, Template, Workload
from engine.diagnosis.cluster.finding import Look
from engine.model import LogLine

LONGEST_LINE = 300
RECENT = 120.0
"""Seconds after which something said of a pod that is well again is history."""
AGAIN = 60.0
"""Seconds within which two failures are of the same round of trying."""
DONE = frozenset({"Succeeded"})


@dataclass(frozen=True)
class Scene:
    """A cluster's state with what the programs in it wrote."""

    cluster: Cluster
    lines: Sequence[LogLine] = field(default=())

    @cached_property
    def workloads(self) -> dict[str, Workload]:
        """Workloads by name."""
        return {each.name: each for each in self.cluster.workloads}

    @cached_property
    def _events(self) -> dict[tuple[str, str], list[Event]]:
        found: dict[tuple[str, str], list[Event]] = {}
        for each in self.cluster.events:
            found.setdefault((each.kind.lower(), each.name), []).append(each)
        return found

    def service_of(self, pod: Pod) -> str:
        """What people call what this pod runs."""
        owner = self.workloads.get(pod.owner)
        return owner.service if owner else pod.owner or pod.name

    def pods_of(self, workload: Workload) -> list[Pod]:
        """Its pods that are neither done nor going."""
        return [
            each
            for each in self.cluster.pods
            if each.owner == workload.name and not each.deleting and each.phase not in DONE
        ]

    def events(self, kind: str, name: str, *reasons: str) -> list[Event]:
        """What was said of an object, newest first; of these reasons, or any."""
        found = self._events.get((kind.lower(), name), [])
        chosen = [each for each in found if not reasons or each.reason in reasons]
        return sorted(chosen, key=lambda each: (each.last is None, each.last or 0.0))

    def creating(self, workload: Workload) -> list[Event]:
        """What was said when its pods could not be made. Only of the revision that is wanted now: what a revision of
        yesterday met is history."""
        sets = [each.name for each in workload.revisions if each.replicas > 0]
        names = sets or [each.name for each in workload.revisions[:1]]
        found = [one for name in names for one in self.events("ReplicaSet", name, "FailedCreate")]
        found += self.events(workload.kind, workload.name, "FailedCreate")
        newest = min((each.last for each in found if each.last is not None), default=None)
        # The controller tries again and again: what it no longer meets is over.
        return [each for each in found if newest is None or each.last is None or each.last <= newest + AGAIN]

    def is_short(self, workload: Workload) -> bool:
        """Whether fewer of it serve than should."""
        return (workload.available or 0) < (workload.desired or 0)

    def lacks_pods(self, workload: Workload) -> bool:
        """Whether there are fewer pods than should be, ready or not."""
        created = workload.created if workload.created is not None else len(self.pods_of(workload))
        return created < (workload.desired or 0)

    def troubled(self) -> Iterator[tuple[Workload, Pod]]:
        """Pods that do not serve, or were started again, with their workloads."""
        for workload in self.cluster.workloads:
            for pod in self.pods_of(workload):
                if not pod.ready or any(each.restarts for each in pod.containers):
                    yield workload, pod

    def container(self, pod: Pod, name: str) -> Container | None:
        """A container as the pod's spec asks for it."""
        return next((each for each in pod.template.containers if each.name == name), None)

    def check(self, service: ClusterService, port: int) -> Check | None:
        """The check of a Service's port, where one was made."""
        return next((each for each in self.cluster.checks if each.name == service.name and each.port == port), None)

    def named(self, name: str) -> ClusterService | None:
        """The Service of this name."""
        return next((each for each in self.cluster.services if each.name == name), None)

    def behind(self, service: ClusterService) -> list[Template]:
        """What the pods are asked to be that a Service selects: of workloads, else of pods that run without one."""
        wanted = service.selector.items()
        if not wanted:
            return []
        found = [each.template for each in self.cluster.workloads if wanted <= each.template.labels.items()]
        return found or [each.template for each in self.cluster.pods if wanted <= each.template.labels.items()]

    def complaints(self, *texts: str, of: str = "", most: int = 3) -> list[LogLine]:
        """Log lines that name any of these as a whole word; of one service, or of any."""
        sought = [re.compile(rf"(?<![\w.-]){re.escape(each)}(?![\w-])") for each in texts if each]
        heard = (line for line in self.lines if of in ("", line.service))
        found = (line for line in heard if any(each.search(line.message) for each in sought))
        return [line for line, _ in zip(found, range(most), strict=False)]


def told(event: Event) -> Look:
    """An event as something that was seen."""
    often = f" ×{event.count}" if event.count > 1 else ""
    return Look(kind="event", line=cut(f"{event.kind}/{event.name} {event.reason}{often}: {event.message}"))


def wrote(line: LogLine) -> Look:
    """A log line as something that was seen."""
    return Look(kind="log", line=cut(f"{line.service}: {line.message}"))


def cut(text: str) -> str:
    """At most LONGEST_LINE characters."""
    return text if len(text) <= LONGEST_LINE else text[: LONGEST_LINE - 1] + "…"


def began(events: Iterable[Event], *ages: float | None) -> float | None:
    """How many seconds ago it began: the first of these events, else the youngest of these ages."""
    firsts = [each.first for each in events if each.first is not None]
    known = [each for each in ages if each is not None]
    return max(firsts) if firsts else min(known) if known else None

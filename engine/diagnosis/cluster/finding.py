"""Says what a finding in a cluster's state is: what is wrong, with which object, who saw it, and how sure that is."""

from collections.abc import Sequence
from typing import Literal

from engine.cluster.facts import Workload
from engine.model import Value

Kind = Literal["spec", "status", "event", "probe", "log"]
Scope = Literal["service", "namespace", "node"]


class Look(Value):
    """One thing that was seen, and by whom.

    spec: what was asked for, as people wrote it · status: what a controller or the kubelet keeps as the state now ·
    event: what a component said when it tried · probe: what answered, or not, when somebody called · log: what the
    program itself wrote. They are written by different parts of a system at different times: where two of them agree,
    that is more than one of them said twice.
    """

    kind: Kind
    line: str


class Finding(Value):
    """Something wrong.

    `service` is who suffers, by the name people use; `peer` whom it calls, where that is what fails; `blamed` is what
    has to be mended: the service, its namespace, or a node, as `scope` says. `what` is the detail that a sentence about
    it names. `strength` is 0…1. `since` is how many seconds ago it began. `symptom`: it follows from something else
    that was found, which `because` names."""

    name: str
    service: str
    peer: str = ""
    object: str
    blamed: str
    scope: Scope = "service"
    seen: tuple[Look, ...]
    against: tuple[str, ...] = ()
    strength: float
    what: str = ""
    since: float | None = None
    symptom: bool = False
    because: str = ""

    @property
    def looks(self) -> frozenset[Kind]:
        """Who saw it: the kinds that agree."""
        return frozenset(each.kind for each in self.seen)


def spec(line: str) -> Look:
    """Something somebody asked for."""
    return Look(kind="spec", line=line)


def status(line: str) -> Look:
    """Something a controller keeps."""
    return Look(kind="status", line=line)


def probed(line: str) -> Look:
    """Something that answered, or did not."""
    return Look(kind="probe", line=line)


def of_workload(
    workload: Workload, name: str, looks: Sequence[Look], sure: float, what: str = "", since: float | None = None
) -> Finding:
    """A finding that blames a workload for itself."""
    return Finding(
        name=name,
        service=workload.service,
        blamed=workload.service,
        object=f"{workload.kind}/{workload.name}",
        seen=tuple(looks),
        strength=round(sure, 2),
        what=what,
        since=since,
    )

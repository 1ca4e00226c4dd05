"""Says findings as evidence, and how much of platform state speaks with more than one voice."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from pydantic import ValidationError

from engine.cluster.facts import Cluster
from engine.diagnosis.cluster.finding import Finding
from engine.diagnosis.cluster.findings import ROOT, findings
from engine.diagnosis.silences import nothing
from engine.model import Evidence, LogLine, Observation, Phrase

KEY = "cluster"
"""Where an observation's state holds a cluster."""

WEAKEST = 0.4
"""Below this strength a finding is no trouble by itself."""
MOST = 24
MOST_LINES = 6
SCALE = 10.0
LEAST, FULL = 0.5, 2.0
"""What platform state weighs among the kinds of evidence that must agree: half where one component alone says it, and
at most as much as two kinds."""


def has_cluster(observation: Observation) -> bool:
    """Whether this is the state of a cluster, not a platform's own few fields."""
    return isinstance(observation.state.get(KEY), Mapping)


def look(observations: Sequence[Observation]) -> list[Evidence]:
    """Evidence of every cluster among these observations; the log lines among them may bear its findings out."""
    lines = [line for each in observations for line in each.lines]
    return [found for each in observations if has_cluster(each) for found in _of(each, lines)]


def weight(evidence: Iterable[Evidence]) -> float:
    """How many kinds of evidence platform state is worth.

    A component that keeps a state may be wrong, or late: alone it is half a kind. But what somebody asked for (spec),
    what a controller made of it (status), what a component said when it tried (event) and what answered a call (probe)
    are written by different hands at different times. Where two of them say the same of one object, each of them
    counts as a kind of its own, and two kinds are what a cause needs. What a program wrote is a kind already.
    """
    voices = [len(set(each.details.get("looks", ())) - {"log"}) for each in evidence if each.kind == "state"]
    return min(FULL, max(LEAST, float(max(voices, default=0))))


def _cluster(observation: Observation) -> Cluster | None:
    try:
        return Cluster.model_validate(observation.state[KEY])
    except ValidationError:
        return None


def _of(observation: Observation, lines: Sequence[LogLine]) -> Iterator[Evidence]:
    cluster = _cluster(observation)
    if cluster is None:
        yield nothing(observation, "state")
        return
    serious = [each for each in findings(cluster, lines) if each.strength >= WEAKEST]
    yield from (_evidence(observation, each) for each in serious[:MOST])
    troubled = {each.service for each in serious}
    if observation.service not in troubled:
        yield _calm(observation, cluster)


def _calm(observation: Observation, cluster: Cluster) -> Evidence:
    """That a service stands as it should is evidence too."""
    values = {"service": observation.service}
    ready = sum(each.ready for each in cluster.pods)
    return nothing(observation, "state").model_copy(
        update={"count": max(1, ready), "summary": Phrase(word="evidence.state.good", values={**values})}
    )


def _evidence(observation: Observation, finding: Finding) -> Evidence:
    since = None if finding.since is None else observation.window.end - timedelta(seconds=finding.since)
    return Evidence(
        id="",
        kind="state",
        source=observation.source,
        service=finding.service,
        # What follows from something else is a state to be in, not a cause to name.
        signal="state" if finding.symptom and not finding.peer else finding.name,
        query=observation.query,
        window=observation.window,
        summary=summary(finding),
        abnormal=True,
        peer=finding.peer,
        onset=since,
        unusual=round(SCALE * finding.strength, 2),
        count=len(finding.seen),
        link=observation.link,
        excerpt=tuple(each.line for each in finding.seen[:MOST_LINES]),
        details={
            "finding": finding.name,
            "object": finding.object,
            "blamed": finding.blamed,
            "scope": finding.scope,
            "looks": sorted(finding.looks),
            "strength": finding.strength,
            "symptom": finding.symptom,
            "because": finding.because,
            "against": list(finding.against),
            "decisive": finding.strength >= ROOT and not finding.symptom,
        },
    )


def summary(finding: Finding) -> Phrase:
    """A finding in one sentence."""
    gaps = {"service": finding.service, "what": finding.what or "—", "object": finding.object}
    return Phrase(word=f"evidence.cluster.{finding.name}", values={**gaps, "blamed": finding.blamed})

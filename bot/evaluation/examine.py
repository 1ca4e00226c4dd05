"""Lets the engine look at one case on the path of a live incident, and puts what it said beside the truth."""

import time
from collections.abc import Collection
from dataclasses import dataclass, replace

from bot.evaluation.case import Case, Inputs
from bot.evaluation.names import Names, candidates, hidden, named
from bot.evaluation.observing import Scene, scene
from engine.diagnosis.parameters import Parameters
from engine.diagnosis.sweeping import Sight, explain, look, suspect
from engine.model import Diagnosis, EvidenceKind, Hypothesis, Observation, Sweep

NO_KIND: frozenset[EvidenceKind] = frozenset({"sli", "change"})


@dataclass(frozen=True)
class Verdict:
    """What a diagnosis blames, under real names; where it is not conclusive, what it would blame first."""

    conclusive: bool
    service: str
    category: str
    change: str
    confidence: float


@dataclass(frozen=True)
class Examined:
    """One case as the engine saw it. `ranking` is (name, probability), most suspicious first.

    `kinds`: how many kinds of evidence there were to see; `seconds`: the engine's time alone.
    """

    case: Case
    names: Names
    scene: Scene
    sight: Sight
    sweep: Sweep
    diagnosis: Diagnosis
    seconds: float

    @property
    def ranking(self) -> tuple[tuple[str, float], ...]:
        """Everybody under real names, with probabilities."""
        return tuple((self.names.real(each.service), each.probability) for each in self.sweep.suspects)

    @property
    def kinds(self) -> int:
        """How many kinds of evidence this case has, changes and the alert's own series aside."""
        return len({each.kind for each in self.scene.observations} - NO_KIND)

    @property
    def verdict(self) -> Verdict:
        """What the diagnosis says."""
        first = self.diagnosis.hypotheses[0] if self.diagnosis.hypotheses else None
        if first is None:
            return Verdict(False, "", "", "", 0.0)
        change = first.change.id if first.change else ""
        told = self.diagnosis.verdict == "conclusive"
        named = blamed(first, self.scene.candidates, self.sweep)
        return Verdict(told, self.names.real(named), first.category, change, first.confidence)

    @property
    def is_right(self) -> bool:
        """Whether the verdict blames the right one: the service, or the very change that brought it."""
        truth = self.case.truth
        return truth.service == self.verdict.service or (bool(truth.commit) and truth.commit == self.verdict.change)


def examine(case: Case, salt: str = "") -> Examined:
    """One case under hidden names."""
    names = Names((*candidates(case.inputs), *named(case.inputs)), salt)
    staged = scene(hidden(case.inputs, names))
    return _examined(case, names, staged)


def _examined(case: Case, names: Names, staged: Scene) -> Examined:
    begun = time.perf_counter()
    sight = look(staged.observations, staged.window, staged.services, staged.candidates)
    sweep = suspect(sight)
    diagnosis = explain(sweep, staged.services, staged.service)
    seconds = time.perf_counter() - begun
    return Examined(case, names, staged, sight, sweep, diagnosis, seconds)


def again(seen: Examined, fitted: Parameters) -> Examined:
    """The same case judged with other parameters."""
    sweep = suspect(seen.sight, fitted=fitted)
    return replace(seen, sweep=sweep, diagnosis=explain(sweep, seen.scene.services, seen.scene.service))


def light(seen: Examined) -> Examined:
    """The same without what was recorded: a few hundred recordings would not fit into memory. It can be judged again,
    but not looked at again."""
    bare: dict[str, object] = {"lines": (), "spans": (), "points": (), "state": {}}
    told = tuple(each.model_copy(update=bare) for each in seen.scene.observations)
    return replace(
        seen,
        case=replace(seen.case, inputs=Inputs(system=seen.case.inputs.system)),
        scene=replace(seen.scene, observations=told),
        sight=replace(seen.sight, observations=told),
    )


def without_proof(seen: Examined) -> Examined:
    """The same case without the observations that its first hypothesis cites."""
    first = seen.diagnosis.hypotheses[0]
    ids = {id for claim in first.supporting for id in claim.evidence_ids}
    cited = [each for each in seen.sweep.evidence if each.id in ids]
    about = {(each.kind, each.service) for each in cited} | {(each.kind, first.service) for each in cited}
    states = {each.query for each in cited if each.kind == "state"}
    kept = [
        _stripped(each, about)
        for each in seen.scene.observations
        if (each.kind, each.service) not in about and not (each.kind == "state" and each.query in states)
    ]
    return _examined(seen.case, seen.names, replace(seen.scene, observations=tuple(kept)))


def _stripped(each: Observation, about: set[tuple[EvidenceKind, str]]) -> Observation:
    """An observation of several services without the lines and spans of those that are to be left out."""
    lines = tuple(line for line in each.lines if ("log", line.service) not in about)
    spans = tuple(span for span in each.spans if ("trace", span.service) not in about)
    return each.model_copy(update={"lines": lines, "spans": spans})


def blamed(hypothesis: Hypothesis, candidates: Collection[str], sweep: Sweep) -> str:
    """Where a hypothesis puts the cause: with the namespace or node its evidence blames, or with the peer where that is
    one of the system's own."""
    cited = {id for claim in hypothesis.supporting[:1] for id in claim.evidence_ids}
    ground = (each.details for each in sweep.evidence if each.id in cited)
    named = next((str(each["blamed"]) for each in ground if each.get("scope") in ("namespace", "node")), "")
    return named or (hypothesis.peer if hypothesis.peer in candidates else hypothesis.service)

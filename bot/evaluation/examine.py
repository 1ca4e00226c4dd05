"""Lets the engine look at one case on the path of a live incident, and puts what it said beside the truth."""

import time
from dataclasses import dataclass

from bot.evaluation.case import Case
from bot.evaluation.names import Names, candidates, hidden, named
from bot.evaluation.observing import Scene, scene
from engine.diagnosis.sweeping import explain, weigh
from engine.model import Diagnosis, Hypothesis, Suspect, Sweep

STATED = ("dependency_timeout", "dependency_down")
"""Patterns whose cause lies with the peer."""


@dataclass(frozen=True)
class Verdict:
    """What a diagnosis blames, under real names; `conclusive` False: nobody."""

    conclusive: bool
    service: str
    category: str
    change: str
    confidence: float


@dataclass(frozen=True)
class Examined:
    """One case as the engine saw it. `ranking` is (name, probability), most suspicious first."""

    case: Case
    ranking: tuple[tuple[str, float], ...]
    verdict: Verdict
    kinds: int
    seconds: float
    scene: Scene
    sweep: Sweep
    diagnosis: Diagnosis


def examine(case: Case, salt: str = "") -> Examined:
    """One case under hidden names. `seconds` is the engine's time alone: reading a file is no diagnosis."""
    names = Names((*candidates(case.inputs), *named(case.inputs)), salt)
    staged = scene(hidden(case.inputs, names))
    begun = time.perf_counter()
    sweep = weigh(staged.observations, (), staged.window, staged.services, staged.candidates)
    diagnosis = explain(sweep, staged.services, staged.service)
    seconds = time.perf_counter() - begun
    return Examined(
        case=case,
        ranking=tuple((names.real(each.service), each.probability) for each in sweep.suspects),
        verdict=_verdict(diagnosis, names, sweep.suspects),
        kinds=len({each.kind for each in sweep.evidence if each.abnormal and each.kind != "sli"}),
        seconds=seconds,
        scene=staged,
        sweep=sweep,
        diagnosis=diagnosis,
    )


def _verdict(diagnosis: Diagnosis, names: Names, suspects: tuple[Suspect, ...]) -> Verdict:
    first = diagnosis.hypotheses[0] if diagnosis.hypotheses else None
    if first is None:
        confidence = suspects[0].probability if suspects else 0.0
        return Verdict(False, names.real(suspects[0].service) if suspects else "", "", "", confidence)
    change = first.change.id if first.change else ""
    return Verdict(
        diagnosis.verdict == "conclusive", names.real(blamed(first)), first.category, change, first.confidence
    )


def blamed(hypothesis: Hypothesis) -> str:
    """Where a hypothesis puts the cause: with the peer where the pattern is about one."""
    return hypothesis.peer if hypothesis.category in STATED and hypothesis.peer else hypothesis.service

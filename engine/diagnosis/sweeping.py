"""Turns what the sources answered into a sweep: bounded evidence, everybody by suspicion; and that into a diagnosis."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from engine.diagnosis.assurance import assured
from engine.diagnosis.cluster.suspects import with_state
from engine.diagnosis.diagnose import diagnose
from engine.diagnosis.located import CATEGORY as PLACE
from engine.diagnosis.located import is_background, located, specified
from engine.diagnosis.own_signals import better, calmed, without
from engine.diagnosis.parameters import Parameters, parameters
from engine.diagnosis.patterns import PATTERNS
from engine.diagnosis.patterns.of_team import of_team
from engine.diagnosis.ranking import Lineup, line_up, rank
from engine.diagnosis.signals import chosen, judged
from engine.diagnosis.testimony import judged_alone, testify
from engine.model import Diagnosis, Evidence, Observation, Silence, Sweep, Window
from engine.team import Fault, Service

MOST_SHOWN = 5


@dataclass(frozen=True)
class Sight:
    """What there is to see in the answers of one round, before anybody is suspected."""

    observations: tuple[Observation, ...]
    window: Window
    evidence: tuple[Evidence, ...]
    lineup: Lineup


def weigh(
    seen: Sequence[Observation],
    silent: Sequence[Silence],
    window: Window,
    services: Mapping[str, Service],
    candidates: Collection[str] = (),
) -> Sweep:
    """Judge and rank all observations of a round. `candidates`: who may be to blame; by default everybody seen."""
    sweep = suspect(look(seen, window, services, candidates), silent)
    return sweep.model_copy(update={"evidence": assured(sweep.evidence, seen)})


def look(
    seen: Sequence[Observation], window: Window, services: Mapping[str, Service], candidates: Collection[str] = ()
) -> Sight:
    """All there is to see in the observations of a round."""
    judgement = judged(seen, window)
    calm = better(judgement, services)
    evidence = calmed(judgement, calm)
    lineup = line_up(without(seen, calm), evidence, window, services, candidates or everybody(seen))
    return Sight(tuple(seen), window, tuple(evidence), lineup)


def suspect(sight: Sight, silent: Sequence[Silence] = (), fitted: Parameters | None = None) -> Sweep:
    """The sweep of what was seen; `fitted` are other parameters than the shipped ones."""
    used = fitted or parameters()
    suspects = with_state(rank(sight.lineup, used), sight.evidence, sight.lineup.names)
    evidence = chosen(sight.evidence)
    evidence, suspects = testify(sight.lineup, suspects, used.weights, evidence, sight.observations, sight.window)
    return Sweep(window=sight.window, evidence=evidence, suspects=suspects, silent=tuple(silent))


def explain(sweep: Sweep, services: Mapping[str, Service], service: str, faults: Sequence[Fault] = ()) -> Diagnosis:
    """The diagnosis of a sweep about `service`, with its suspects. `faults` are those the team knows of its own."""
    patterns = (*of_team(faults), *PATTERNS)
    found = diagnose(judged_alone(sweep.evidence), sweep.silent, services, service, sweep.window, patterns)
    found = located(found, sweep)
    if found.cause is not None and found.cause.category == PLACE:
        seen = [each for each in sweep.evidence if not is_background(each, sweep)]
        there = diagnose(seen, sweep.silent, services, found.cause.service, sweep.window, patterns)
        found = specified(found, there)
    return found.model_copy(update={"suspects": sweep.suspects[:MOST_SHOWN]})


def everybody(seen: Sequence[Observation]) -> frozenset[str]:
    """Every service that was asked about, called, or seen at work."""
    names = {name for each in seen for name in (each.service, each.peer)}
    names |= {name for each in seen for span in each.spans for name in (span.service, span.peer)}
    return frozenset(names - {""})

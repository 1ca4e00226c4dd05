"""Turns what the sources answered into a sweep: bounded evidence, everybody by suspicion; and that into a diagnosis."""

from collections.abc import Collection, Mapping, Sequence

from engine.diagnosis.cluster.suspects import with_state
from engine.diagnosis.diagnose import diagnose
from engine.diagnosis.parameters import parameters
from engine.diagnosis.ranking import line_up, rank
from engine.diagnosis.signals import chosen, judged
from engine.model import Diagnosis, Observation, Silence, Sweep, Window
from engine.team import Service

MOST_SHOWN = 5


def weigh(
    seen: Sequence[Observation],
    silent: Sequence[Silence],
    window: Window,
    services: Mapping[str, Service],
    candidates: Collection[str] = (),
) -> Sweep:
    """Judge and rank all observations of a round. `candidates`: who may be to blame; by default everybody seen."""
    among = candidates or everybody(seen)
    evidence = judged(seen, window)
    suspects = rank(line_up(seen, evidence, window, services, among), parameters().weights)
    suspects = with_state(suspects, evidence, among)
    return Sweep(window=window, evidence=chosen(evidence), suspects=suspects, silent=tuple(silent))


def explain(sweep: Sweep, services: Mapping[str, Service], service: str) -> Diagnosis:
    """The diagnosis of a sweep about `service`, with its suspects."""
    found = diagnose(sweep.evidence, sweep.silent, services, service, sweep.window)
    return found.model_copy(update={"suspects": sweep.suspects[:MOST_SHOWN]})


def everybody(seen: Sequence[Observation]) -> frozenset[str]:
    """Every service that was asked about, called, or seen at work."""
    names = {name for each in seen for name in (each.service, each.peer)}
    names |= {name for each in seen for span in each.spans for name in (span.service, span.peer)}
    return frozenset(names - {""})

"""Says who may be to blame: the service itself, and whoever it calls, as deep as the evidence reaches."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from engine.diagnosis.clues import Suspicion, called
from engine.diagnosis.roles import HARM
from engine.diagnosis.signals import began, cried
from engine.model import Evidence, Window
from engine.team import Service

DEEPEST = 3
MOST_CHANGES = 3
LATE_STEPS, LATE_SHARE = 3.0, 0.1
"""Trouble that began later than so many steps, or this share of the time after the split, is no cause of the first."""

Graph = Mapping[str, frozenset[str]]


def graph(evidence: Sequence[Evidence], services: Mapping[str, Service]) -> Graph:
    """Who calls whom: the catalogue, and what evidence shows beyond it."""
    calls: dict[str, set[str]] = {name: set(service.dependencies) for name, service in services.items()}
    known = {each.service for each in evidence} | set(services)
    known |= {host for each in evidence if each.abnormal for host in each.details.get("hosts", ())}
    for each in evidence:
        calls.setdefault(each.service, set()).update({each.peer} - {"", each.service})
        for caller, callee in each.details.get("calls", ()):
            calls.setdefault(caller, set()).add(callee)
        if each.signal in ("error_span", "slow_span"):
            for caller in each.details.get("path", ()):
                if caller != each.service and len(each.details["path"]) == 1:
                    calls.setdefault(caller, set()).add(each.service)
        else:
            calls[each.service].update(called(each) & known)
    return {name: frozenset(found) for name, found in calls.items()}


def suspicions(
    evidence: Sequence[Evidence], services: Mapping[str, Service], service: str, window: Window
) -> Iterator[Suspicion]:
    """Everybody who may be to blame, nearest first, each with its own onset, changes and peers not yet bound; last
    those who call the service: they may ask more of it than it can give."""
    calls = graph(evidence, services)
    first = _suspicion(service, calls.get(service, frozenset()), evidence)
    patience = max(LATE_STEPS * first.slack, LATE_SHARE * (window.end - window.split).total_seconds())
    reached, edge = {service: first}, [service]
    while edge:
        here = reached[edge.pop(0)]
        yield here
        for peer in sorted(here.peers - reached.keys()):
            if here.depth < DEEPEST:
                there = _suspicion(peer, calls.get(peer, frozenset()), evidence)
                late = _seconds(first.onset, there.onset) > patience
                led = any(_leads(each, here.service, peer) for each in evidence) or (_ails(peer, evidence) and not late)
                reached[peer] = replace(there, depth=here.depth + 1, linked=here.linked and led, late=late)
                edge.append(peer)
    for caller in sorted(name for name, peers in calls.items() if service in peers and name not in reached):
        there = _suspicion(caller, calls[caller], evidence)
        led = any(_leads(each, caller, service) for each in evidence)
        yield replace(there, linked=led, late=_seconds(first.onset, there.onset) > patience, calls_it=True)


def _ails(name: str, evidence: Sequence[Evidence]) -> bool:
    """Whether a service that is called says in errors that it has trouble of its own."""
    return cried(each for each in evidence if each.service == name) is not None


def _leads(each: Evidence, caller: str, peer: str) -> bool:
    """Whether unusual evidence shows calls from one service to the other going wrong."""
    through = each.service == peer and caller in each.details.get("path", ())
    return each.abnormal and (through or (each.service == caller and peer in called(each)))


def _seconds(earlier: datetime | None, later: datetime | None) -> float:
    return (later - earlier).total_seconds() if earlier is not None and later is not None else 0.0


def _suspicion(name: str, peers: frozenset[str], evidence: Sequence[Evidence]) -> Suspicion:
    own = [each for each in evidence if each.service == name]
    onset, slack = began(own)
    settled = max((each.onset for each in own if each.abnormal and each.signal in HARM and each.onset), default=None)
    if onset is None:
        told = [each for each in own if each.kind == "state" and each.abnormal and each.onset]
        watched = [each for each in own if each.kind == "sli" and each.abnormal] or told
        onset = min((each.onset for each in watched if each.onset), default=None)
        settled = max((each.onset for each in watched if each.onset), default=None)
        slack = max((float(each.details.get("step", 0.0)) for each in watched), default=0.0)
    if onset is None:
        onset = settled = cried(own)
    return Suspicion(service=name, onset=onset, settled=settled, slack=slack, peers=peers)

"""Marks suspects by what they stopped doing within requests, less what others they depend on explain."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from engine.diagnosis.graph import Reach
from engine.diagnosis.marks import Mark, onsets
from engine.diagnosis.templates import readable
from engine.diagnosis.visits import Break, Visits, broken, visits
from engine.model import EvidenceKind, Gaps, LogLine, Phrase, Quantity, Span, Window

EXPLAINED = 0.9
"""How much of a break another one explains that came first in the same requests…"""
AS_CLEAR = 0.5
"""…and is at least half as clear."""
CHANCE = 1.0
"""What the clearest of many rules reaches by chance."""
NOW = 0.5
"""The later part of the time after the split, in which trouble that is still there shows."""
FEWEST = 3
AS_MUCH = 10.0
"""Strength of a service that fails in every request that comes by."""


def step_marks(lines: Sequence[LogLine], spans: Sequence[Span], window: Window, reach: Reach) -> Iterator[Mark]:
    """What the steps of requests say of the services they came through."""
    seen = visits(lines, spans)
    starts = onsets(window.split.timestamp(), window.end.timestamp()).tolist()
    rules = {name: found for name, each in seen.items() if (found := broken(each, starts))}
    for name, found in rules.items():
        others = [other[0] for peer, other in rules.items() if peer != name]
        for rule in found:
            explained = max((_explains(rule, other, seen, reach) for other in others), default=0.0)
            left = rule.strength - explained - CHANCE
            yield _mark(rule, "steps", left)
            yield _mark(rule, "steps_explained", explained)
            if rule.attested is not None:
                values: Gaps = {"service": name, "count": rule.visits, "given": readable(rule.given.what)}
                phrase = Phrase(word="suspect.came_by", values=values)
                yield Mark(name, "came_by", left, phrase, "steps", rule.onset, kind=rule.attested)
    yield from _failing(seen, window)


def _failing(seen: Mapping[str, Visits], window: Window) -> Iterator[Mark]:
    """Who is first to fail within requests, as a share of the requests that came by, less what was so before."""
    since = {name: each.fails for name, each in seen.items()}
    first: dict[str, str] = {}
    for name, fails in sorted(since.items()):
        for trace, at in fails.items():
            if trace not in first or at < since[first[trace]][trace]:
                first[trace] = name
    last = max((each.begun[-1] for each in seen.values() if len(each.begun)), default=0.0)
    late = window.split.timestamp() + NOW * (last - window.split.timestamp())
    for name, each in seen.items():
        failed = np.array([first.get(trace) == name for trace in each.traces])
        now, before = failed[each.begun >= late], failed[each.begun < window.split.timestamp()]
        if len(now) >= FEWEST:
            surplus = float(now.mean()) - (float(before.mean()) if len(before) >= FEWEST else 0.0)
            share = Quantity(value=float(now.mean()), unit="ratio")
            phrase = Phrase(word="suspect.failing", values={"service": name, "share": share})
            kind: EvidenceKind = "log" if any(step.failure and step.kind == "log" for step in each.steps) else "trace"
            yield Mark(name, "failing", AS_MUCH * max(surplus, 0.0), phrase, "failing", late, kind=kind)


def _explains(rule: Break, other: Break, seen: Mapping[str, Visits], reach: Reach) -> float:
    """How much of a break is explained by another one: a callee's that came before it, or a caller's that did."""
    shared = EXPLAINED * min(rule.strength, other.strength / AS_CLEAR)
    if reach.calls(rule.service, other.service):
        return shared if not _precedes(rule, seen[other.service]) else 0.0
    if reach.calls(other.service, rule.service):
        return shared if _precedes(other, seen[rule.service]) else 0.0
    return 0.0


def _precedes(rule: Break, other: Visits) -> bool:
    """Whether the step that broke is usually taken before the same request comes to the other service."""
    arrivals = other.start
    apart = [at - arrivals[trace] for trace, at in rule.when.items() if trace in arrivals]
    return bool(apart) and float(np.median(apart)) < 0.0


def _mark(rule: Break, feature: str, strength: float) -> Mark:
    now, usual = Quantity(value=rule.now, unit="ratio"), Quantity(value=rule.usual, unit="ratio")
    values: Gaps = {
        "service": rule.service,
        "given": readable(rule.given.what),
        "expected": readable(rule.expected.what),
        "usual": usual,
        "now": now,
    }
    word = "suspect.step_fails" if rule.expected.failure else "suspect.step_silent"
    return Mark(
        service=rule.service,
        feature=feature,
        strength=max(strength, 0.0),
        phrase=Phrase(word=word, values=values),
        signal="steps",
        onset=rule.onset,
        kind=rule.expected.kind,
        before=usual,
        after=now,
    )

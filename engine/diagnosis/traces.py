"""Turns spans into evidence: where errors begin, and which work became slow by itself."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from engine.diagnosis.coverage import Coverage, coverage
from engine.diagnosis.silences import nothing
from engine.diagnosis.templates import topics
from engine.model import Evidence, Gaps, Observation, Phrase, Quantity, Span, Window

FEWEST = 3
FEWEST_SLOW = 5
SURGE = 3.0
SLOWER = 2.0
SLOWER_BY_S = 0.05
DEEPEST = 64
MOST_ORIGINS = 5
MOST_CALLS = 100

Place = tuple[str, str, str]
"""Where work happens: service, operation, and the peer it calls ("" for none)."""


@dataclass(frozen=True)
class Forest:
    """The spans of one answer or several, each once, with what lies above and below."""

    spans: dict[str, Span]
    children: dict[str, list[Span]]

    def above(self, span: Span) -> list[Span]:
        """The spans above, nearest first; a chain that bites its tail is cut."""
        chain: list[Span] = []
        parent = self.spans.get(_name(span.trace_id, span.parent_id))
        while parent is not None and len(chain) < DEEPEST:
            chain.append(parent)
            parent = self.spans.get(_name(parent.trace_id, parent.parent_id))
        return chain

    def origins(self) -> list[Span]:
        """Error spans with no error anywhere below them."""
        failed = [span for span in self.spans.values() if span.error]
        carriers = {_name(up.trace_id, up.span_id) for span in failed for up in self.above(span)}
        return [span for span in failed if _name(span.trace_id, span.span_id) not in carriers]

    def calls(self) -> list[tuple[str, str]]:
        """Who calls whom, sorted."""
        found = {(span.service, span.peer) for span in self.spans.values() if span.peer}
        for span in self.spans.values():
            parent = self.spans.get(_name(span.trace_id, span.parent_id))
            if parent is not None:
                found.add((parent.service, span.service))
        return sorted((one, other) for one, other in found if one and other and one != other)

    def self_time(self, span: Span) -> float:
        """Seconds of a span that none of its direct children explains."""
        start, end = span.start.timestamp(), span.start.timestamp() + span.duration
        inside = 0.0
        for child in self.children.get(_name(span.trace_id, span.span_id), []):
            first = max(child.start.timestamp(), start)
            inside += max(0.0, min(child.start.timestamp() + child.duration, end) - first)
        return max(0.0, span.duration - inside)


def _name(trace: str, span: str) -> str:
    return f"{trace}/{span}"


def _forest(spans: Iterable[Span]) -> Forest:
    known = {_name(span.trace_id, span.span_id): span for span in spans}
    children: dict[str, list[Span]] = defaultdict(list)
    for span in known.values():
        children[_name(span.trace_id, span.parent_id)].append(span)
    return Forest(known, children)


def trace(observations: Sequence[Observation], window: Window, names: Collection[str]) -> list[Evidence]:
    """Evidence of all trace answers together: one trace may come in parts."""
    empty = [nothing(each, "error_span") for each in observations if not each.spans]
    filled = [each for each in observations if each.spans]
    if not filled:
        return empty
    forest = _forest(span for each in filled for span in each.spans)
    home = {_name(span.trace_id, span.span_id): each for each in reversed(filled) for span in each.spans}
    times = [span.start.timestamp() for span in forest.spans.values()]
    covered = coverage(times, filled, window)
    found = [
        *_errors(forest, home, covered, names),
        *_slow(forest, home, covered, names),
    ]
    told = [*(found or [_usual(each, forest) for each in filled]), *empty]
    calls = {"calls": [list(call) for call in forest.calls()[:MOST_CALLS]]}
    return [told[0].model_copy(update={"details": {**told[0].details, **calls}}), *told[1:]]


def _grouped(spans: Iterable[Span], covered: Coverage) -> dict[Place, tuple[list[Span], list[Span]]]:
    """Spans by place, those before apart from those after, in order of time."""
    groups: dict[Place, tuple[list[Span], list[Span]]] = defaultdict(lambda: ([], []))
    for span in sorted(spans, key=lambda span: (span.start, span.span_id)):
        at = span.start.timestamp()
        if covered.start <= at <= covered.end:
            groups[span.service, span.operation, span.peer][at >= covered.split].append(span)
    return groups


def _errors(forest: Forest, home: dict[str, Observation], covered: Coverage, names: Collection[str]) -> list[Evidence]:
    found = []
    for place, (before, after) in _grouped(forest.origins(), covered).items():
        surge = covered.surge(len(before), len(after))
        if len(after) < FEWEST or (before and surge < SURGE):
            continue
        path = {up.service for span in after for up in forest.above(span)}
        message = next((span.message for span in after if span.message), "")
        values: Gaps = {"operation": place[1], "count": len(after), "before": len(before), "text": message[:120]}
        found.append(
            _evidence(home[_name(after[0].trace_id, after[0].span_id)], "error_span", place, values).model_copy(
                update={
                    "before": Quantity(value=len(before), unit="count"),
                    "after": Quantity(value=len(after), unit="count"),
                    "onset": after[0].start,
                    "unusual": round(min(surge, 100.0), 2),
                    "count": len(after),
                    "excerpt": tuple(sorted({span.message[:300] for span in after if span.message}))[:3],
                    "details": _details(place, path, message, names, covered),
                }
            )
        )
    return sorted(found, key=lambda each: (-each.count, each.service, each.peer))[:MOST_ORIGINS]


def _slow(forest: Forest, home: dict[str, Observation], covered: Coverage, names: Collection[str]) -> list[Evidence]:
    found = []
    for place, (before, after) in _grouped(forest.spans.values(), covered).items():
        if min(len(before), len(after)) < FEWEST_SLOW:
            continue
        usual, now = _tail([s.duration for s in before]), _tail([s.duration for s in after])
        own, own_now = _tail([forest.self_time(s) for s in before]), _tail([forest.self_time(s) for s in after])
        if now < SLOWER * usual + SLOWER_BY_S or own_now < SLOWER * own + SLOWER_BY_S:
            continue
        path = {up.service for span in after for up in forest.above(span)}
        quantities = {"before": Quantity(value=usual, unit="seconds"), "after": Quantity(value=now, unit="seconds")}
        values: Gaps = {"operation": place[1], "count": len(after), **quantities}
        draft = _evidence(home[_name(after[0].trace_id, after[0].span_id)], "slow_span", place, values)
        found.append(
            draft.model_copy(
                update={
                    **quantities,
                    "onset": _slow_since(after, usual),
                    "unusual": round(min(now / max(usual, 1e-3), 100.0), 2),
                    "count": len(after),
                    "details": {**_details(place, path, "", names, covered), "before_is": "p90", "after_is": "p90"},
                }
            )
        )
    return sorted(found, key=lambda each: (-each.unusual, each.service, each.peer))[:MOST_ORIGINS]


def _tail(seconds: Sequence[float]) -> float:
    return float(np.quantile(np.asarray(seconds), 0.9))


def _slow_since(after: Sequence[Span], usual: float) -> datetime:
    return next((span.start for span in after if span.duration > SLOWER * usual + SLOWER_BY_S), after[0].start)


def _details(
    place: Place, path: set[str], message: str, names: Collection[str], covered: Coverage
) -> dict[str, object]:
    return {
        "operation": place[1],
        "path": sorted(path - {place[0]}),
        "topics": list(topics(f"{message} {place[1]}", names)),
        "before_since": covered.start,
        "split": covered.split,
    }


def _evidence(observation: Observation, signal: str, place: Place, values: Gaps) -> Evidence:
    word = f"evidence.trace.{signal}_to_peer" if place[2] else f"evidence.trace.{signal}"
    gaps: Gaps = {"service": place[0], **values}
    if place[2]:
        gaps["peer"] = place[2]
    return Evidence(
        id="",
        kind="trace",
        source=observation.source,
        service=place[0],
        signal=signal,
        query=observation.query,
        window=observation.window,
        summary=Phrase(word=word, values=gaps),
        abnormal=True,
        peer=place[2],
        link=observation.link,
    )


def _usual(observation: Observation, forest: Forest) -> Evidence:
    mine = [span for span in forest.spans.values() if span.service == observation.service]
    values: Gaps = {"service": observation.service, "spans": len(mine)}
    return nothing(observation, "error_span").model_copy(
        update={"count": len(mine), "summary": Phrase(word="evidence.trace.usual", values=values)}
    )

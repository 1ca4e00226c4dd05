"""Marks suspects by their spans: work that became slower by itself, ways that grew, and where errors begin."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from engine.diagnosis.marks import Mark, onsets
from engine.diagnosis.ranking_calls import Call, way
from engine.diagnosis.ranking_series import Floats, Moved, moved
from engine.model import Gaps, Phrase, Quantity, Span, Window

FEWEST = 10
LEAST = 0.005
"""Seconds by which work must become slower to count as one spread."""
FEWEST_ERRORS = 2
FEWEST_WAYS = 3
FAR = 4.0
"""How many times as long as others a way must take to count as one spread."""

Key = tuple[str, str]


class Calls:
    """The spans of one round, each with its parent and its children."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self.spans = {(span.trace_id, span.span_id): span for span in spans}
        self.children: Mapping[Key, list[Span]] = defaultdict(list)
        for span in self.spans.values():
            if span.parent_id:
                self.children[span.trace_id, span.parent_id].append(span)

    def below(self, span: Span) -> list[Span]:
        """The direct children of a span."""
        return self.children.get((span.trace_id, span.span_id), [])

    def callee(self, span: Span) -> Span | None:
        """The other end of a call: the only child of a span, at work in another service."""
        inner = self.below(span)
        return inner[0] if len(inner) == 1 and inner[0].service != span.service else None

    def own(self, span: Span) -> float:
        """Seconds of a span that no child explains."""
        start, end = span.start.timestamp(), span.start.timestamp() + span.duration
        covered, reached = 0.0, start
        for first, last in sorted(
            (child.start.timestamp(), child.start.timestamp() + child.duration) for child in self.below(span)
        ):
            covered += max(0.0, min(last, end) - max(first, reached))
            reached = max(reached, min(last, end))
        return max(0.0, span.duration - covered)


def edges(spans: Sequence[Span]) -> dict[str, set[str]]:
    """Who calls whom, as the spans show it."""
    calls = Calls(spans)
    found: dict[str, set[str]] = defaultdict(set)
    for span in calls.spans.values():
        parent = calls.spans.get((span.trace_id, span.parent_id))
        if parent is not None and parent.service != span.service:
            found[parent.service].add(span.service)
    return found


def span_marks(spans: Sequence[Span], window: Window) -> tuple[list[Mark], list[Call]]:
    """What the spans of one round say of the services at work, and of the ways between them."""
    calls = Calls(spans)
    own, ways = _points(calls)
    starts = onsets(window.split.timestamp(), window.end.timestamp())
    moved_ways = [
        way(*ends, found, "trace") for ends, points in ways.items() if (found := _moved(points, starts)) is not None
    ]
    slow = [mark for (service, operation), points in own.items() for mark in _slow(service, operation, points, starts)]
    late = window.split.timestamp()
    long = (*_long_ways(ways, late), *_suddenly_long(ways, late))
    return [*slow, *long, *_error_marks(calls, late)], moved_ways


Points = dict[Key, list[tuple[float, float]]]


def _points(calls: Calls) -> tuple[Points, Points]:
    """When and how long services worked by themselves, by operation, and how long ways took, by caller and callee."""
    own: dict[Key, list[tuple[float, float]]] = defaultdict(list)
    ways: dict[Key, list[tuple[float, float]]] = defaultdict(list)
    for span in calls.spans.values():
        at, callee = span.start.timestamp(), calls.callee(span)
        if callee is not None:
            ways[span.service, callee.service].append((at, max(0.0, span.duration - callee.duration)))
        else:
            own[span.service, span.operation].append((at, calls.own(span)))
    return own, ways


def _long_ways(ways: Points, late: float) -> Iterator[Mark]:
    """Ways that take far longer than others do at the same time: what can be said where spans have no before."""
    now = {ends: [seconds for at, seconds in points if at >= late] for ends, points in ways.items()}
    spent = {ends: float(np.median(each)) for ends, each in now.items() if len(each) >= FEWEST // 2}
    if len(spent) < FEWEST_WAYS:
        return
    usual = max(float(np.median(list(spent.values()))), LEAST)
    for (caller, peer), longest in spent.items():
        quantities = {"usual": Quantity(value=usual, unit="seconds"), "after": Quantity(value=longest, unit="seconds")}
        phrase = Phrase(word="suspect.long_way", values={"service": caller, "peer": peer, **quantities})
        yield Mark(peer, "long_way", longest / usual / FAR, phrase, "way", kind="trace")


def _suddenly_long(ways: Points, late: float) -> Iterator[Mark]:
    """Ways taken too seldom for a middle to be told, of which all that came last took far longer than any before."""
    for (caller, peer), points in ways.items():
        taken = sorted(points)
        for place in range(FEWEST // 2, len(taken)):
            longest = max(LEAST, *(seconds for _, seconds in taken[:place]))
            shortest = min(seconds for _, seconds in taken[place:])
            if taken[place][0] >= late and shortest > FAR * longest:
                before, after = Quantity(value=longest, unit="seconds"), Quantity(value=shortest, unit="seconds")
                values: Gaps = {"service": caller, "peer": peer, "before": before, "after": after}
                phrase = Phrase(word="suspect.way", values=values)
                onset = taken[place][0]
                yield Mark(peer, "long_way", shortest / longest / FAR, phrase, "way", onset, kind="trace")


def _slow(service: str, operation: str, points: Sequence[tuple[float, float]], starts: Floats) -> Iterator[Mark]:
    found = _moved(points, starts)
    if found is not None:
        phrase = Phrase(
            word="suspect.own_time", values={"service": service, "operation": operation[:120], **_quantities(found)}
        )
        size = found.after - found.before
        yield Mark(service, "own_time", found.rise, phrase, "slow_span", found.onset, size, kind="trace")


def _quantities(found: Moved) -> Gaps:
    return {
        "before": Quantity(value=found.before, unit="seconds"),
        "after": Quantity(value=found.after, unit="seconds"),
    }


def _moved(points: Sequence[tuple[float, float]], starts: Floats) -> Moved | None:
    if len(points) < FEWEST:
        return None
    table = np.array(sorted(points))
    return moved(table[:, 0], table[:, 1], starts, LEAST, FEWEST // 2)


def _error_marks(calls: Calls, split: float) -> Iterator[Mark]:
    """Where errors begin: failed spans with none failed below them, against how many failed before."""
    counts: dict[str, list[float]] = defaultdict(list)
    before: dict[str, int] = defaultdict(int)
    for span in calls.spans.values():
        if not span.error or any(child.error for child in calls.below(span)):
            continue
        where = span.peer if span.peer and not calls.below(span) else span.service
        if span.start.timestamp() >= split:
            counts[where].append(span.start.timestamp())
        else:
            before[where] += 1
    for service, times in counts.items():
        if len(times) >= FEWEST_ERRORS:
            surplus = len(times) / (1.0 + before[service])
            values: Gaps = {"service": service, "count": len(times)}
            yield Mark(
                service,
                "error_origin",
                surplus,
                Phrase(word="suspect.error_origin", values=values),
                "error_span",
                min(times),
                kind="trace",
            )

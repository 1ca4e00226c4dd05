"""Marks suspects by the calls between services: ways that grew, callees that answer late, calls made no longer."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.diagnosis.marks import Mark, onsets
from engine.diagnosis.measures import what
from engine.diagnosis.ranking_series import (
    AMONG,
    BY_CALLEE,
    BY_CALLER,
    FEWEST_BEFORE,
    RELATIVE,
    Floats,
    Moved,
    Row,
    family,
    moved,
    moves,
    name_of,
    rows,
    words_of,
)
from engine.model import EvidenceKind, Observation, Phrase, Quantity, Window

FEWEST = 2
"""Other calls of a caller that must be measured before they can tell its own trouble from the callee's."""
MISSED = 2.5
"""Samples in a row that must be missing before a series has stopped."""
NAMES = {"way": ("gap", "gap_out")}
"""Features of callee and caller where they are not called after what was measured."""


@dataclass(frozen=True)
class Call:
    """How much what was measured of the calls from one service to another rose; `phrase` says it."""

    caller: str
    callee: str
    kind: str
    moved: Moved
    phrase: Phrase
    seen_in: EvidenceKind = "metric"


def way(caller: str, callee: str, found: Moved, seen_in: EvidenceKind = "metric") -> Call:
    """What calls take beyond what their callee needs."""
    before, after = Quantity(value=found.before, unit="seconds"), Quantity(value=found.after, unit="seconds")
    phrase = Phrase(word="suspect.way", values={"service": caller, "peer": callee, "before": before, "after": after})
    return Call(caller, callee, "way", found, phrase, seen_in)


def call_marks(observations: Sequence[Observation], ways: Sequence[Call], window: Window) -> Iterator[Mark]:
    """What the calls of one round say of their two ends; `ways` are those that spans showed."""
    series = rows(each for each in observations if each.peer)
    starts = onsets(window.split.timestamp(), window.end.timestamp())
    pairs, rest = _pairs(series)
    calls = [*ways, *_ways(pairs, starts), *_calls(rest, starts)]
    for kind in sorted({call.kind for call in calls}):
        of_callee, of_caller = NAMES.get(kind, (f"called_{kind}", f"calling_{kind}"))
        yield from _ends([call for call in calls if call.kind == kind], of_callee, of_caller)
    yield from _stops(series, window)


def _ends(calls: Sequence[Call], of_callee: str, of_caller: str) -> Iterator[Mark]:
    """A callee is marked by how much more calls to it rose than those the same caller makes to others; a caller by how
    much all of its calls rose."""
    leaving: dict[str, dict[str, float]] = defaultdict(dict)
    for call in calls:
        leaving[call.caller][call.callee] = max(call.moved.rise, leaving[call.caller].get(call.callee, 0.0))
    for call in calls:
        others = [rise for callee, rise in leaving[call.caller].items() if callee != call.callee]
        usual = float(np.median(others)) if len(others) >= FEWEST else 0.0
        yield _mark(call, call.callee, of_callee, call.moved.rise - usual)
    for caller, rises in leaving.items():
        if len(rises) > FEWEST:
            middle = float(np.median(list(rises.values())))
            own = [call for call in calls if call.caller == caller]
            yield _mark(min(own, key=lambda call: abs(call.moved.rise - middle)), caller, of_caller, middle)


def _mark(call: Call, service: str, feature: str, strength: float) -> Mark:
    size = call.moved.after - call.moved.before
    return Mark(service, feature, max(strength, 0.0), call.phrase, call.kind, call.moved.onset, size, kind=call.seen_in)


def _pairs(series: Sequence[Row]) -> tuple[list[tuple[Row, Row]], list[Row]]:
    """The calls that are timed at both ends, caller first; and all series but the callers' of these."""
    ends: dict[tuple[str, str, frozenset[str]], dict[str, Row]] = defaultdict(dict)
    rest = []
    for row in series:
        words = words_of(name_of(row.observation))
        side = "caller" if words & BY_CALLER else "callee" if words & BY_CALLEE else ""
        if side and family(words) == "latency":
            ends[row.observation.service, row.observation.peer, words - BY_CALLER - BY_CALLEE][side] = row
        else:
            rest.append(row)
    pairs = [(pair["caller"], pair["callee"]) for pair in ends.values() if len(pair) == 2]
    alone = [row for pair in ends.values() for side, row in pair.items() if side == "callee" or len(pair) == 1]
    return pairs, [*rest, *alone]


def _ways(pairs: Sequence[tuple[Row, Row]], starts: Floats) -> Iterator[Call]:
    """Where both ends of a call are timed, what grows between them is the way."""
    among = AMONG * float(np.median([np.median(one.values) for one, _ in pairs])) if pairs else 0.0
    for one, other in pairs:
        times, here, there = np.intersect1d(one.times, other.times, return_indices=True)
        if len(times) <= FEWEST_BEFORE:
            continue
        floor = max(among, RELATIVE * float(np.median(one.values)))
        found = moved(times, one.values[here] - other.values[there], starts, floor)
        if found is not None:
            yield way(one.observation.service, one.observation.peer, found)


def _calls(series: Sequence[Row], starts: Floats) -> Iterator[Call]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in series:
        groups[name_of(row.observation)].append(row)
    for name, group in groups.items():
        kind = family(words_of(name))
        for row, found in zip(group, moves(group, starts), strict=True):
            if found is not None and kind != "traffic":
                seen, unit = row.observation, row.observation.unit
                before, after = Quantity(value=found.before, unit=unit), Quantity(value=found.after, unit=unit)
                phrase = Phrase(word="suspect.series", values={"what": what(seen), "before": before, "after": after})
                yield Call(seen.service, seen.peer, kind, found, phrase)


def _stops(series: Sequence[Row], window: Window) -> Iterator[Mark]:
    """Calls that are made no longer while the caller still makes others: the caller took another way."""
    silent: dict[str, dict[str, tuple[float, float]]] = defaultdict(dict)
    going: set[str] = set()
    for row in series:
        pause = _pause(row.times, window)
        if pause is None:
            going.add(row.observation.service)
        else:
            silent[row.observation.service][row.observation.peer] = pause
    for caller in sorted(silent.keys() & going):
        yield _stop(caller, silent[caller])


def _stop(caller: str, silent: Mapping[str, tuple[float, float]]) -> Mark:
    phrase = Phrase(word="suspect.calls_stop", values={"service": caller, "peers": ", ".join(sorted(silent))[:200]})
    missed, since = sum(each for each, _ in silent.values()), min(at for _, at in silent.values())
    return Mark(caller, "calls_stop", missed, phrase, "calls", since)


def _pause(times: Floats, window: Window) -> tuple[float, float] | None:
    """How many samples in a row are missing after the split, and since when; None where a series goes on."""
    if len(times) <= 2 * FEWEST_BEFORE:
        return None
    step = float(np.median(np.diff(times)))
    ends = np.append(times, window.end.timestamp())
    late = np.flatnonzero((ends[1:] > window.split.timestamp()) & (np.diff(ends) > MISSED * step))
    early = np.diff(times[times < window.split.timestamp()])
    if not len(late) or step <= 0 or np.max(early, initial=0.0) > MISSED * step:
        return None
    place = int(late[np.argmax(np.diff(ends)[late])])
    return float(np.diff(ends)[place] / step - 1.0), float(ends[place])

"""Compares what requests did inside each service, before against after: what always followed and no longer does.

A visit is one request inside one service; its steps are the statements it logged and the operations it ran. From before
it is known how often one step follows another. Where that rule breaks, the code took another way: a step fell silent,
or an error stands in its place. How many requests come, and which kinds, does not matter: a rule speaks only of
requests that took its first step.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.diagnosis.levels import LOUD
from engine.diagnosis.templates import template
from engine.model import EvidenceKind, LogLine, Span

Floats = NDArray[np.float64]

FEWEST = 3
"""Visits on either side of the onset below which nothing is said."""
FEWEST_STEPS = 4
MOST_STEPS = 120
MOST_VISITS = 3000
LONGEST_STEP = 110
LEAST_AFTER = 0.3
"""Share of visits in which an error must stand before it counts as taking the place of what was usual."""

NEARLY = 0.05
CLEAR = 0.5
ATTESTED = 0.8
"""Share of requests that must be seen in another kind of evidence as well."""
KINDS: tuple[EvidenceKind, ...] = ("log", "trace")

FAILING = re.compile(r"(?i)error|exception|fail|fallback|panic")
PLACE = re.compile(r"\b[A-Za-z_$][\w$]*(?:#|\.(?:go|py|java|js|ts|cs|rb|cc|cpp|rs|kt|scala|php):)\d+\b")
"""Where in the code a statement stands; its number tells statements apart and is no detail."""
TRACE = re.compile(r"(?i)\btrace[_-]?id[\"'=: ]+([0-9a-f]{16,32})\b")


class Step(NamedTuple):
    """What was done, where that was seen, and whether it is a failure."""

    what: str
    kind: EvidenceKind
    failure: bool


@dataclass(frozen=True)
class Visits:
    """All visits of one service, in order of time. `first[v, s]` is when visit v took step s first; NaN: never."""

    service: str
    traces: tuple[str, ...]
    begun: Floats
    steps: tuple[Step, ...]
    first: Floats

    @property
    def start(self) -> dict[str, float]:
        """When each trace came to this service."""
        return dict(zip(self.traces, self.begun.tolist(), strict=True))

    @property
    def fails(self) -> dict[str, float]:
        """When each trace that failed here first did."""
        bad = [place for place, step in enumerate(self.steps) if step.failure]
        if not bad:
            return {}
        first = np.where(np.isnan(self.first[:, bad]), np.inf, self.first[:, bad]).min(axis=1)
        return {trace: float(at) for trace, at in zip(self.traces, first, strict=True) if np.isfinite(at)}


@dataclass(frozen=True)
class Break:
    """A rule of a service that broke: after `given` comes `expected`; where that is a failure, never.

    `strength` is the log likelihood ratio, less for partial breaks; `usual` and `now` are shares of visits.
    """

    service: str
    given: Step
    expected: Step
    usual: float
    now: float
    visits: int
    onset: float
    strength: float
    when: Mapping[str, float]
    """When the visits that took the expected step took it, by trace."""
    attested: EvidenceKind | None
    """The other kind of evidence that shows that these requests did come by; None where none does."""


def visits(lines: Iterable[LogLine], spans: Iterable[Span]) -> dict[str, Visits]:
    """The visits of every service, by its name. Lines that belong to no request are left out."""
    taken: dict[str, dict[str, dict[Step, float]]] = defaultdict(lambda: defaultdict(dict))
    for line in lines:
        trace = traced(line)
        if trace:
            step = Step(statement(line.message), "log", line.level in LOUD)
            _note(taken[line.service][trace], step, line.at.timestamp())
    for span in spans:
        failed = span.error or bool(FAILING.search(span.operation))
        step = Step(span.operation[:LONGEST_STEP], "trace", failed)
        _note(taken[span.service][span.trace_id], step, span.start.timestamp())
    return {service: _stacked(service, traces) for service, traces in taken.items()}


def statement(message: str) -> str:
    """A line as the statement that wrote it: its place in the code where it tells one, then its template."""
    place = PLACE.search(message[:160])
    return f"{place.group()} {template(message)}"[:LONGEST_STEP] if place else template(message)[:LONGEST_STEP]


def traced(line: LogLine) -> str:
    """The request a line belongs to; empty where it tells none."""
    if line.trace_id:
        return line.trace_id
    found = TRACE.search(line.message)
    return found.group(1).lower() if found else ""


def _note(steps: dict[Step, float], step: Step, at: float) -> None:
    steps[step] = min(at, steps.get(step, at))


def _stacked(service: str, traces: Mapping[str, Mapping[Step, float]]) -> Visits:
    ordered = sorted(((min(steps.values()), trace) for trace, steps in traces.items()), key=lambda pair: pair)
    ordered = ordered[-MOST_VISITS:]
    counts = Counter(step for _, trace in ordered for step in traces[trace])
    common = [step for step, count in counts.most_common(MOST_STEPS) if count >= FEWEST_STEPS]
    first = np.full((len(ordered), len(common)), np.nan)
    place = {step: number for number, step in enumerate(sorted(common))}
    for row, (_, trace) in enumerate(ordered):
        for step, at in traces[trace].items():
            if step in place:
                first[row, place[step]] = at
    begun = np.array([at for at, _ in ordered])
    return Visits(service, tuple(trace for _, trace in ordered), begun, tuple(sorted(common)), first)


def broken(seen: Visits, onsets: Sequence[float]) -> tuple[Break, ...]:
    """The rules that broke most clearly at any of the possible onsets, at most one of statements and one of operations;
    the clearest first. None where every rule held."""
    if not seen.steps:
        return ()
    taken = ~np.isnan(seen.first)
    failure = np.array([step.failure for step in seen.steps])
    offsets = np.array([np.median(column[~np.isnan(column)]) for column in (seen.first - seen.begun[:, None]).T])
    follows = offsets[None, :] > offsets[:, None]
    best: dict[EvidenceKind, Break] = {}
    for onset in onsets:
        split = int(np.searchsorted(seen.begun, onset))
        if min(split, len(taken) - split) < FEWEST:
            continue
        shares = _strengths(taken[:split].astype(float), taken[split:].astype(float), failure, follows)
        for kind in KINDS:
            of_kind = np.array([step.kind == kind for step in seen.steps])
            found = _clearest(seen, taken, shares, of_kind, offsets, onset)
            if found is not None and (kind not in best or found.strength > best[kind].strength):
                best[kind] = found
    return tuple(sorted(best.values(), key=lambda each: -each.strength))


def _clearest(
    seen: Visits,
    taken: NDArray[np.bool_],
    shares: tuple[Floats, Floats, Floats],
    of_kind: NDArray[np.bool_],
    offsets: Floats,
    onset: float,
) -> Break | None:
    strength, usual, now = shares
    clear = strength.max(axis=0) * of_kind
    found = float(clear.max())
    if found <= 0:
        return None
    # What breaks first takes what comes after it along.
    expected = int(np.argmin(np.where(clear >= CLEAR * found, offsets, np.inf)))
    given = int(np.argmax(strength[:, expected]))
    rows = np.flatnonzero(taken[:, expected])
    return Break(
        service=seen.service,
        given=seen.steps[given],
        expected=seen.steps[expected],
        usual=float(usual[given, expected]),
        now=float(now[given, expected]),
        visits=int(taken[seen.begun >= onset, given].sum()),
        onset=onset,
        strength=found,
        when={seen.traces[row]: float(seen.first[row, expected]) for row in rows},
        attested=_attested(seen, taken, taken[:, given] & (seen.begun >= onset), seen.steps[expected].kind),
    )


def _attested(
    seen: Visits, taken: NDArray[np.bool_], late: NDArray[np.bool_], kind: EvidenceKind
) -> EvidenceKind | None:
    other: EvidenceKind = "trace" if kind == "log" else "log"
    steps = np.array([step.kind == other for step in seen.steps])
    shown = np.asarray(taken[late][:, steps].any(axis=1), dtype=np.float64)
    return other if shown.size and float(shown.mean()) >= ATTESTED else None


def _strengths(
    before: Floats, after: Floats, failure: NDArray[np.bool_], follows: NDArray[np.bool_]
) -> tuple[Floats, Floats, Floats]:
    """For each pair (given, expected): how clearly the rule broke, and the shares before and after."""
    both, both_now = before.T @ before, after.T @ after
    total, total_now = np.diag(both)[:, None], np.diag(both_now)[:, None]
    usual, now = both / np.maximum(total, 1.0), both_now / np.maximum(total_now, 1.0)
    apart = _likelihood(both, total) + _likelihood(both_now, total_now)
    ratio = apart - _likelihood(both + both_now, total + total_now)
    lost = np.clip(1.0 - now / np.maximum(usual, 1e-9), 0.0, 1.0)
    silent = ~failure[None, :] * lost**2 * np.sqrt(usual)
    failing = failure[None, :] * np.clip(1.0 - usual / np.maximum(now, 1e-9), 0.0, 1.0) ** 2 * (now >= LEAST_AFTER)
    # What leads to a step is what it is usually seen with; where that comes less often too, other requests came.
    leads = np.where(failure[None, :], _leads(both_now, follows), _leads(both, follows))
    enough = (total >= FEWEST) & (total_now >= FEWEST)
    strength = ratio * np.maximum(silent, failing) * enough
    agreed = np.where(leads & ~failure[None, :], strength, np.inf).min(axis=0)
    return np.where(leads, np.minimum(strength, agreed[None, :]), 0.0), usual, now


def _leads(both: Floats, follows: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """For each step the earlier ones that are seen with it and without it least often apart."""
    total = np.diag(both)
    shared = both / np.maximum(total[:, None] + total[None, :] - both, 1.0) * follows
    return np.asarray(shared >= np.maximum(shared.max(axis=0) - NEARLY, 1e-9)[None, :], dtype=np.bool_)


def _likelihood(hits: Floats, total: Floats) -> Floats:
    """Log likelihood of so many hits at their own rate."""
    return _xlogx(hits) + _xlogx(total - hits) - _xlogx(total)


def _xlogx(count: Floats) -> Floats:
    return np.asarray(count * np.log(np.maximum(count, 1e-300)), dtype=np.float64)

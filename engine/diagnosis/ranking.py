"""Ranks everybody who may be where the trouble comes from, by all that was observed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from engine.diagnosis.graph import Reach
from engine.diagnosis.marks import Mark, Marks, loudest
from engine.diagnosis.parameters import Parameters
from engine.diagnosis.ranking_calls import call_marks
from engine.diagnosis.ranking_evidence import evidence_marks
from engine.diagnosis.ranking_explained import explained
from engine.diagnosis.ranking_logs import complaint_marks
from engine.diagnosis.ranking_peers import peer_marks
from engine.diagnosis.ranking_series import series_marks
from engine.diagnosis.ranking_spans import edges, span_marks
from engine.diagnosis.ranking_steps import step_marks
from engine.model import Evidence, Observation, Span, Suspect, Window
from engine.team import Service

INNER = frozenset(
    [
        "cpu",
        "memory",
        "starts",
        "pressure",
        "steps",
        "own_time",
        "gap",
        "gap_out",
        "error_origin",
        "complaints",
        "calls_stop",
        "state",
        "change",
    ]
)
"""Features that tell what goes on in a service itself; the others tell how it is felt, by its callers or by those it
calls."""
LEAST_INNER = 0.3
"""Share of a score that must come from inside before the ranking is as sure as it may be."""
MOST_REASONS = 4
MOST_EXPLAINED = 12

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Lineup:
    """Everybody who may be to blame, and what speaks for each: one row of `table` a suspect, one column a feature."""

    names: tuple[str, ...]
    features: tuple[str, ...]
    table: Floats
    marks: Marks

    def weighed(self, weights: Mapping[str, float]) -> Floats:
        """What each feature adds to the score of each suspect."""
        factors: Floats = np.array([weights.get(feature, 0.0) for feature in self.features], dtype=np.float64)
        return np.asarray(self.table * factors, dtype=np.float64)


def rank(lineup: Lineup, parameters: Parameters) -> tuple[Suspect, ...]:
    """Everybody in the line-up, most suspicious first; their probabilities sum to 1. Names say nothing."""
    if not lineup.names:
        return ()
    weighed = lineup.weighed(parameters.weights)
    scores, inner = weighed.sum(axis=1), weighed[:, [name in INNER for name in lineup.features]].sum(axis=1)
    # Who is only felt to fail may be let down by somebody nobody watches.
    known = np.minimum(inner / np.maximum(LEAST_INNER * scores, 1e-9), 1.0)
    highest = max(float(scores.max()), parameters.nobody)
    odds = np.exp(scores - highest)
    total, nobody = float(odds.sum()), float(np.exp(parameters.nobody - highest))
    order = sorted(range(len(lineup.names)), key=lambda row: (-scores[row], lineup.names[row]))
    return tuple(
        _suspect(
            lineup,
            lineup.names[row],
            parameters.weights if place < MOST_EXPLAINED else {},
            Suspect(
                service="",
                probability=float(odds[row]) / total,
                confidence=float(known[row] * odds[row]) / (total + nobody),
            ),
        )
        for place, row in enumerate(order)
    )


def speaking(lineup: Lineup, name: str, weights: Mapping[str, float]) -> list[tuple[float, Mark]]:
    """What speaks for a suspect, weightiest first, with what it adds to the score."""
    own = [mark for (service, _, _), mark in lineup.marks.items() if service == name]
    said = [(mark.weight * weights.get(mark.feature, 0.0), mark) for mark in own]
    return sorted((pair for pair in said if pair[0] > 0), key=lambda pair: (-pair[0], pair[1].feature, pair[1].kind))


def _suspect(lineup: Lineup, name: str, weights: Mapping[str, float], shares: Suspect) -> Suspect:
    said = [mark for _, mark in speaking(lineup, name, weights)] if weights else []
    onset = next((mark.onset for mark in said if mark.onset is not None), None)
    return shares.model_copy(
        update={
            "service": name,
            "signal": said[0].signal if said else "",
            "onset": None if onset is None else datetime.fromtimestamp(onset, UTC),
            "reasons": tuple(mark.phrase for mark in said[:MOST_REASONS]),
        }
    )


def line_up(
    observations: Sequence[Observation],
    evidence: Sequence[Evidence],
    window: Window,
    services: Mapping[str, Service],
    candidates: Collection[str],
) -> Lineup:
    """Everybody among `candidates`, with all that was observed turned into marks on them."""
    spans = [span for each in observations for span in each.spans]
    lines = [line for each in observations for line in each.lines]
    reach = Reach(_calls(observations, services, spans))
    by_spans, ways = span_marks(spans, window)
    seen = [
        *series_marks(observations, window),
        *call_marks(observations, ways, window),
        *by_spans,
        *step_marks(lines, spans, window, reach),
        *peer_marks(lines, spans, window),
        *complaint_marks(lines, window, candidates),
        *evidence_marks(evidence),
    ]
    marks = explained(loudest(seen), reach)
    names = tuple(sorted(candidates))
    place = {name: row for row, name in enumerate(names)}
    features = tuple(sorted({feature for _, feature, _ in marks}))
    column = {feature: number for number, feature in enumerate(features)}
    table = np.zeros((len(names), len(features)))
    for (name, feature, _), mark in marks.items():
        if name in place:
            cell = (place[name], column[feature])
            table[cell] = max(table[cell], mark.weight)
    return Lineup(names, features, table, marks)


def _calls(
    observations: Sequence[Observation], services: Mapping[str, Service], spans: Sequence[Span]
) -> dict[str, set[str]]:
    """Who calls whom: the catalogue, what spans show, and whose calls were measured."""
    calls = edges(spans)
    for name, service in services.items():
        calls.setdefault(name, set()).update(service.dependencies)
    for each in observations:
        if each.peer and each.kind == "metric":
            calls.setdefault(each.service, set()).add(each.peer)
    return calls

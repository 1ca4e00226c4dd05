"""Ranks everybody who may be where the trouble comes from, by all that was observed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from engine.diagnosis.graph import Reach
from engine.diagnosis.marks import Mark, loudest
from engine.diagnosis.ranking_calls import call_marks
from engine.diagnosis.ranking_evidence import evidence_marks
from engine.diagnosis.ranking_explained import explained
from engine.diagnosis.ranking_logs import complaint_marks
from engine.diagnosis.ranking_series import series_marks
from engine.diagnosis.ranking_spans import edges, span_marks
from engine.diagnosis.ranking_steps import step_marks
from engine.model import Evidence, Observation, Span, Suspect, Window
from engine.team import Service

MOST_REASONS = 4
MOST_EXPLAINED = 12

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Lineup:
    """Everybody who may be to blame, and what speaks for each: one row of `table` a suspect, one column a feature."""

    names: tuple[str, ...]
    features: tuple[str, ...]
    table: Floats
    marks: Mapping[tuple[str, str], Mark]


def rank(lineup: Lineup, weights: Mapping[str, float]) -> tuple[Suspect, ...]:
    """Everybody in the line-up, most suspicious first; their probabilities sum to 1. Names say nothing."""
    if not lineup.names:
        return ()
    weighed = lineup.table * np.array([weights.get(feature, 0.0) for feature in lineup.features])
    scores = weighed.sum(axis=1)
    shares = np.exp(scores - scores.max())
    shares = shares / shares.sum()
    order = sorted(range(len(lineup.names)), key=lambda row: (-shares[row], lineup.names[row]))
    return tuple(
        _suspect(lineup, row, float(shares[row]), weighed[row] if place < MOST_EXPLAINED else None)
        for place, row in enumerate(order)
    )


def _suspect(lineup: Lineup, row: int, share: float, weighed: Floats | None) -> Suspect:
    name = lineup.names[row]
    if weighed is None:
        return Suspect(service=name, probability=share)
    columns = [column for column in np.argsort(-weighed, kind="stable") if weighed[column] > 0][:MOST_REASONS]
    found = [
        lineup.marks[name, lineup.features[column]]
        for column in columns
        if (name, lineup.features[column]) in lineup.marks
    ]
    onset = next((mark.onset for mark in found if mark.onset is not None), None)
    return Suspect(
        service=name,
        probability=share,
        signal=found[0].signal if found else "",
        onset=None if onset is None else datetime.fromtimestamp(onset, UTC),
        reasons=tuple(mark.phrase for mark in found),
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
        *complaint_marks(lines, window, candidates),
        *evidence_marks(evidence),
    ]
    marks = explained(loudest(seen), reach)
    names = tuple(sorted(candidates))
    place = {name: row for row, name in enumerate(names)}
    features = tuple(sorted({feature for _, feature in marks}))
    table = np.zeros((len(names), len(features)))
    for (name, feature), mark in marks.items():
        if name in place:
            table[place[name], features.index(feature)] = mark.weight
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

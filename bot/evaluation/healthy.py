"""Cuts healthy windows out of recorded incidents: the time before the first fault of a file, told as if it were one."""

from collections.abc import Mapping
from dataclasses import replace

from bot.evaluation.case import Case, Rows
from bot.evaluation.files import Points, number

MARGIN = 5.0
"""Seconds left out right before the first fault."""
SHORTEST = 120.0
LATEST_ALERT = 120.0


def healthy(case: Case) -> Case | None:
    """The case up to the first fault of its file, with an alert shortly before; None where that is too short."""
    if not case.truth.injections or not case.inputs.metrics:
        return None
    end = min(case.truth.injections) - MARGIN
    times = [at for points in case.inputs.metrics.values() for at, _ in points if at <= end]
    if not times or len(set(times)) < 4:
        return None
    first, last = min(times), max(times)
    # Recordings may pause for hours between what was healthy and what was not.
    alert = last - LATEST_ALERT
    if alert - first < SHORTEST:
        return None
    inputs = replace(
        case.inputs,
        alert_time=alert,
        end_time=last,
        metrics=_until(case.inputs.metrics, last),
        edges=_until(case.inputs.edges, last),
        sli=_until(case.inputs.sli, last),
        logs=_rows(case.inputs.logs, "ts", last),
        spans=_rows(case.inputs.spans, "start", last),
        alerts=(),
    )
    return replace(case, inputs=inputs)


def _until(columns: Mapping[str, Points], end: float) -> Mapping[str, Points]:
    return {name: tuple(point for point in points if point[0] <= end) for name, points in columns.items()}


def _rows(rows: Rows, name: str, end: float) -> Rows:
    return tuple(row for row in rows if (at := number(row.get(name))) is not None and at <= end)

"""Checks that a team's own signal counts as trouble only when it moves the way the team calls worse."""

import pytest

from engine.diagnosis.sweeping import weigh
from engine.model import Evidence, Observation
from engine.team import Service, Signal
from tests.contracts.source import question

WINDOW = question().window


def swept(before: float, after: float, worse: str, role: str = "queue_depth") -> Evidence:
    start, split, end = (at.timestamp() for at in (WINDOW.start, WINDOW.split, WINDOW.end))
    points = [(start + 30 * n, before) for n in range(int((split - start) // 30))]
    points += [(split + 30 * n, after) for n in range(int((end - split) // 30))]
    seen = Observation(
        source="prometheus",
        kind="metric",
        service="pay",
        query="q",
        window=WINDOW,
        role=role,
        unit="count",
        points=tuple(points),
        count=len(points),
    )
    signal = Signal.model_validate({"name": "queue_depth", "expression": "q", "unit": "count", "worse": worse})
    sweep = weigh([seen], [], WINDOW, {"pay": Service(name="pay", signals=(signal,))})
    (found,) = [each for each in sweep.evidence if each.kind == "metric" and each.signal == role]
    return found


@pytest.mark.parametrize(
    "before, after, worse, abnormal",
    [(10, 500, "rises", True), (500, 10, "rises", False), (500, 10, "falls", True), (10, 500, "falls", False)],
)
def test_which_way_is_worse(before: float, after: float, worse: str, abnormal: bool) -> None:
    assert swept(before, after, worse).abnormal is abnormal


def test_other_series_are_judged_as_ever() -> None:
    assert swept(500, 10, "rises", role="something_else").abnormal

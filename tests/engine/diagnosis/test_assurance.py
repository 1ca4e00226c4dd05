"""Checks that a piece of evidence is trusted as far as its samples, its clearness and its source's answer reach."""

from datetime import timedelta
from typing import Any

import pytest

from engine.diagnosis.assurance import assured
from engine.diagnosis.signals import judge
from engine.diagnosis.sweeping import explain, suspect, weigh
from engine.diagnosis.sweeping import look as looked
from engine.diagnosis.testimony import TESTIFIES
from engine.model import Change, Evidence, LogLine, Phrase, Quantity, Window
from tests.engine.diagnosis.scenes import BEGIN, SERVICES, Scene, pool_leak

WINDOW = Window(start=BEGIN, split=BEGIN + timedelta(minutes=5), end=BEGIN + timedelta(minutes=8))


def one(scene: Scene) -> Evidence:
    """The only piece of evidence of a scene, as a sweep holds it."""
    (found,) = weigh(scene.observations, (), scene.window, SERVICES).evidence
    return found


def doubts(found: Evidence) -> list[str]:
    return [doubt.word.rpartition(".")[2] for doubt in found.doubts]


def made(**fields: Any) -> Evidence:
    """Evidence judged alone, whatever made it."""
    values: dict[str, Any] = {
        "id": "ev_1",
        "kind": "log",
        "source": "loki",
        "service": "till",
        "signal": "new_error_log",
        "query": "q",
        "window": WINDOW,
        "summary": Phrase(word="evidence.nothing"),
    }
    (found,) = assured([Evidence(**(values | fields))], ())
    return found


def test_a_clear_and_whole_measurement_is_trusted() -> None:
    for faulty in (0.5, None):
        found = one(Scene().series("error_ratio", 0.001, faulty))
        assert (found.confidence, found.doubts) == ("high", ()), found.summary


def test_an_answer_in_part_takes_away_from_it() -> None:
    cut = one(Scene().series("error_ratio", 0.001, 0.5, truncated=True))
    assert (cut.confidence, doubts(cut)) == ("medium", ["partial"])
    scene = Scene().series("error_ratio", 0.001, 0.5, source="prometheus")
    scene.add(kind="state", role="partial", source="prometheus", state={"lines": ["one store is away"]}, query="up")
    series, note = weigh(scene.observations, (), scene.window, SERVICES).evidence
    assert doubts(series) == ["partial"]
    assert (note.confidence, note.doubts) == ("", ()), "a note proves nothing"


def test_few_samples_and_none_on_one_side_are_said_with_their_number() -> None:
    few = one(Scene(before=30, after=4, fault=0).series("error_ratio", 0.001, 0.5))
    assert (few.confidence, doubts(few)) == ("medium", ["few"])
    assert few.doubts[0].values == {"n": 4}
    for scene in (Scene(before=0, after=20), Scene(before=20, after=0)):
        bare = one(scene.series("traffic", 50.0))
        assert (bare.confidence, doubts(bare)) == ("low", ["one_side"])


def test_what_hardly_differs_from_usual_is_no_sure_finding() -> None:
    near = one(Scene().series("latency_p95", 0.2, 0.4))
    assert near.abnormal
    assert (near.confidence, doubts(near)) == ("medium", ["close"])
    almost = one(Scene().series("latency_p95", 0.2, 0.3))
    assert not almost.abnormal
    assert (almost.confidence, doubts(almost)) == ("medium", ["close"])


def test_lines_are_trusted_by_their_number() -> None:
    def said(times: int) -> Evidence:
        scene = Scene(step=10.0)
        lines = tuple(
            LogLine(at=scene.moment(1 + place), service="till", level="error", message="cannot open the drawer")
            for place in range(times)
        )
        found = weigh([*scene.add(kind="log", lines=lines, count=times).observations], (), scene.window, SERVICES)
        return next(each for each in found.evidence if each.abnormal)

    assert said(12).confidence == "high"
    assert (said(3).confidence, doubts(said(3))) == ("medium", ["few"])


@pytest.mark.parametrize(
    "fields, confidence, why",
    [
        ({"abnormal": True, "count": 9, "unusual": 100.0}, "high", []),
        (
            {"abnormal": True, "count": 9, "unusual": 4.0, "before": Quantity(value=3, unit="count")},
            "medium",
            ["close"],
        ),
        (
            {"abnormal": True, "count": 3, "unusual": 4.0, "before": Quantity(value=1, unit="count")},
            "low",
            ["few", "close"],
        ),
        ({"signal": "slow_span", "kind": "trace", "abnormal": True, "count": 9, "unusual": 2.5}, "medium", ["close"]),
        ({"count": 2, "before": Quantity(value=9, unit="count")}, "high", []),
        ({}, "low", ["empty"]),
        ({"kind": "change"}, "high", []),
        ({"kind": "state", "signal": "state", "count": 1}, "high", []),
        ({"kind": "probe", "signal": "health_check", "count": 1}, "low", ["unclear"]),
        ({"kind": "probe", "signal": "availability", "details": {"state": {"tries": 2}}}, "medium", ["few"]),
        ({"kind": "probe", "signal": "availability", "details": {"state": {"tries": 3}}}, "high", []),
        ({"details": {TESTIFIES: True}, "abnormal": True, "unusual": 2.0}, "low", ["compared", "close"]),
        ({"details": {TESTIFIES: True}, "abnormal": True, "unusual": 9.0}, "medium", ["compared"]),
    ],
)
def test_each_kind_of_evidence_has_doubts_of_its_own(fields: dict[str, Any], confidence: str, why: list[str]) -> None:
    found = made(**fields)
    assert (found.confidence, doubts(found)) == (confidence, why)


@pytest.mark.parametrize("kind, confidence", [("merge", "medium"), ("release", "medium"), ("deploy", "high")])
def test_what_was_only_published_may_be_live_at_another_time(kind: str, confidence: str) -> None:
    change = Change(id="1", service="till", kind=kind, at=WINDOW.split)
    assert made(kind="change", signal="change", change=change, count=1).confidence == confidence


def test_nothing_that_ranks_or_judges_reads_it() -> None:
    scene = pool_leak()
    trusted = weigh(scene.observations, (), scene.window, SERVICES)
    bare = suspect(looked(scene.observations, scene.window, SERVICES))
    assert all(each.confidence for each in trusted.evidence)
    assert (trusted.suspects, explain(trusted, SERVICES, "till")) == (bare.suspects, explain(bare, SERVICES, "till"))
    assert [each.model_copy(update={"confidence": "", "doubts": ()}) for each in trusted.evidence] == [*bare.evidence]


def test_evidence_from_before_anybody_judged_that_is_read_as_it_was() -> None:
    scene = pool_leak()
    (first, *_) = judge(scene.observations, scene.window)
    old = first.model_dump(mode="json", exclude={"confidence", "doubts"})
    assert Evidence.model_validate(old) == first

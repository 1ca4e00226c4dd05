"""Checks that evidence is bounded, named, ordered, and says how its figures come about."""

import statistics
from datetime import timedelta

import pytest

from engine.diagnosis.signals import MOST_ABNORMAL, MOST_NORMAL
from engine.model import Change, Evidence, Quantity, Span
from tests.engine.diagnosis.scenes import PACES, Scene, false_alarm, pool_leak, stalled_peer


@pytest.mark.parametrize("pace", PACES, ids=("seconds", "minutes"))
def test_every_figure_can_be_recomputed_from_its_own_definition(pace: dict):
    scene = stalled_peer(**pace)
    points = {each.query: each.points for each in scene.observations}
    measured = [each for each in scene.evidence() if each.points and each.before and each.after]
    assert len(measured) > 10
    for each in measured:
        early = [value for at, value in points[each.query] if at < each.details["split"]]
        late = [value for at, value in points[each.query] if at >= each.details["split"]]
        width = each.details["width"]
        rolled = [statistics.median(late[at : at + width]) for at in range(len(late) - width + 1)]
        after = {
            "median": statistics.median(late),
            "max_rolling_median": max(rolled),
            "min_rolling_median": min(rolled),
        }
        shown = [figure.value for figure in (each.before, each.after) if figure]
        assert shown == pytest.approx([statistics.median(early), after[each.details["after_is"]]])


def test_ids_are_unique_by_kind_and_do_not_depend_on_the_order_of_answers():
    scene = pool_leak()
    judged = scene.evidence()
    assert len({each.id for each in judged}) == len(judged)
    assert {"ev_sli_1", "ev_metric_1", "ev_log_1", "ev_trace_1", "ev_change_1"} <= {each.id for each in judged}
    scene.observations.reverse()
    assert scene.evidence() == judged


def test_abnormal_evidence_comes_first_and_there_is_never_too_much():
    scene = pool_leak()
    for number in range(200):
        scene.series("traffic", 10.0, 90.0 if number % 2 else None, service=f"other-{number}")
    judged = scene.evidence()
    assert len(judged) <= MOST_ABNORMAL + MOST_NORMAL
    abnormal = [each.abnormal for each in judged]
    assert abnormal == sorted(abnormal, reverse=True)
    kinds = {each.kind for each in judged if each.abnormal}
    assert {"metric", "log", "trace", "change"} <= kinds


def test_charts_stay_small_and_keep_both_ends():
    judged = Scene(step=15.0, before=600, after=300).series("error_ratio", 0.0, 0.3).evidence()
    assert len(judged[0].points) == 240
    assert judged[0].count == 900
    assert judged[0].points[-1][0] - judged[0].points[0][0] == 899 * 15


def test_an_empty_answer_shows_query_window_and_count():
    scene = Scene()
    for kind in ("metric", "log", "trace", "change", "state"):
        scene.add(kind=kind, query=f"find {kind}")
    judged = scene.evidence()
    assert len(judged) == 5
    for each in judged:
        assert (each.abnormal, each.count) == (False, 0)
        assert each.summary.values["count"] == 0
        assert each.summary.values["query"] == f"find {each.kind}"
        assert {"start", "end", "length"} <= each.summary.values.keys()


def test_a_change_after_the_trouble_began_is_not_unusual():
    scene = Scene().series("error_ratio", 0.0, 0.3)
    early, late = scene.released(-3, "v2"), scene.released(9, "v3")
    changes = {each.change.version: each for each in scene.changes(early, late).evidence() if each.change}
    assert changes["v2"].abnormal
    assert changes["v2"].details["seconds_before_onset"] == 7.0
    assert not changes["v3"].abnormal


def test_changes_of_last_week_are_no_change():
    scene = Scene()
    old = Change(id="d", service="till", kind="rollout", at=scene.window.start - timedelta(days=7), version="v1")
    (found,) = scene.changes(old).evidence()
    assert (found.change, found.count, found.summary.values["older"]) == (None, 0, 1)


def test_errors_are_traced_to_where_they_begin():
    judged = [each for each in stalled_peer().evidence() if each.kind == "trace" and each.abnormal]
    assert [(each.signal, each.service, each.details["path"]) for each in judged] == [
        ("error_span", "vouchers", ["shop", "till"])
    ]


def test_work_that_is_slow_by_itself_is_told_from_work_that_waits():
    scene = Scene()
    spans = []
    for index in range(scene.before + scene.after):
        at = scene.window.start + timedelta(seconds=scene.step * index)
        slow = 2.0 if index >= scene.before + scene.fault else 0.0
        chain = (("shop", 0.03 + slow), ("till", 0.02 + slow), ("vouchers", 0.01 + slow))
        spans += [
            Span(
                trace_id=f"t{index}",
                span_id=str(depth),
                parent_id=str(depth - 1) if depth else "",
                service=service,
                operation="serve",
                start=at,
                duration=seconds,
            )
            for depth, (service, seconds) in enumerate(chain)
        ]
    (found,) = scene.add(kind="trace", spans=tuple(spans)).evidence()
    assert (found.signal, found.service, found.onset) == ("slow_span", "vouchers", scene.moment(scene.fault))
    assert (found.before, found.after) == (Quantity(value=0.01, unit="seconds"), Quantity(value=2.01, unit="seconds"))


def test_a_platform_that_lacks_replicas_is_bad_and_a_full_one_is_good():
    scene = Scene()
    scene.add(kind="state", state={"ready": 1, "replicas": 2, "reasons": ["OOMKilled"]}, query="a")
    scene.add(kind="state", state={"ready": 2, "replicas": 2}, query="b")
    bad, good = scene.evidence()
    assert (bad.abnormal, bad.details["troubles"]) == (True, ["ready 1/2", "OOMKilled"])
    assert not good.abnormal


def test_evidence_survives_a_trip_through_json():
    for each in (*pool_leak().evidence(), *false_alarm().evidence()):
        assert Evidence.model_validate_json(each.model_dump_json()) == each

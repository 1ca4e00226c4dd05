"""Checks what charts of evidence say: what is usual and promised, which moments are marked, in which unit."""

from datetime import timedelta
from typing import Any

import pytest

from cards.model import Chart
from cards.views import charts
from cards.views.scene import Scene
from cards.words import Words
from engine.model import Change, Evidence, Quantity, Sweep, Unit
from engine.team import Objective
from tests.cards.factory import DEPLOYED, START, TEAM, WINDOW, Story, found, measured, said, series, worked_example

EN = Words("en")


def scene(*evidence: Evidence, language: str = "en", upto: str = "hypothesis.generated") -> Scene:
    state = worked_example(language).fold(upto)
    if evidence:
        state = state.model_copy(update={"sweep": Sweep(window=WINDOW, evidence=evidence)})
    return Scene(state, Words(language), TEAM)


def errors(**more: Any) -> Evidence:
    return measured("ev_metric_1", said("went up"), "unavailable_ratio", "ratio", 0.002, 0.182, **more)


def changed(kind: str, seconds: float, service: str = "payment-service", version: str = "v2.3.1") -> Evidence:
    at = DEPLOYED + timedelta(seconds=seconds)
    change = Change(id=f"{kind}{seconds}{service}", service=service, kind=kind, at=at, version=version)
    return found(f"ev_change_{seconds}", "change", "deploys", "change", said("x"), change=change, service=service)


def drawn(*evidence: Evidence, **more: Any) -> Chart:
    first = evidence[0]
    (one,) = charts.charts(scene(*evidence, **more), [first])
    return one


def test_what_is_usual_comes_from_before_and_is_said_with_its_figures() -> None:
    band = drawn(errors()).band
    assert band is not None
    assert 0.18 < band.low <= band.high < 0.22
    assert band.text == "usually 0.2 %"


def test_what_is_usual_is_not_taken_from_trouble_that_began_before_the_alert() -> None:
    points = tuple((at, 0.5 if at > (DEPLOYED - timedelta(minutes=10)).timestamp() else 0.01) for at, _ in series(0, 0))
    band = drawn(errors(points=points, onset=DEPLOYED - timedelta(minutes=10))).band
    assert band is not None
    assert band.high == pytest.approx(1.0)


def test_of_too_little_nothing_is_called_usual() -> None:
    assert drawn(errors(points=series(0.002, 0.182)[-20:])).band is None


def test_the_service_promises_and_the_alert_has_its_threshold() -> None:
    promised = drawn(errors()).limit
    assert promised is not None
    assert promised.value == pytest.approx(2.0)
    assert promised.text == "promised: at most 2 %"
    slow = measured("ev_metric_2", said("slow"), "latency_p95", "seconds", 0.12, 2.4)
    late = drawn(slow).limit
    assert late is not None
    assert late.value == pytest.approx(0.5)
    assert drawn(measured("ev_metric_3", said("pool"), "pool_use", "connections", 3, 10)).limit is None


def test_the_threshold_of_the_alert_stands_on_what_it_watches() -> None:
    sli = errors().model_copy(update={"signal": "sli", "kind": "sli"})
    here = scene(sli)
    alert = here.incident.alert
    assert alert is not None
    linked = alert.model_copy(update={"generator_url": "http://p/graph?g0.expr=sum(a)/sum(b) > 0.05"})
    state = here.incident.model_copy(update={"alerts": {alert.fingerprint: linked}})
    (one,) = charts.charts(Scene(state, EN, TEAM), [sli])
    assert one.limit is not None
    assert one.limit.value == pytest.approx(5.0)
    assert one.limit.text == "alert fires at > 5 %"


def test_every_kind_of_change_is_marked_by_its_name_and_others_by_their_service() -> None:
    marks = drawn(
        errors(), changed("deploy", 0), changed("rollback", 200, version="v2.3.0"), changed("config", 5, "mysql", "")
    ).marks
    assert [mark.text for mark in marks] == [
        "deploy v2.3.1",
        "configuration change (mysql)",
        "onset",
        "rollback v2.3.0",
    ]
    assert [mark.tone for mark in marks] == ["warning", "warning", "bad", "good"]


def test_a_restart_is_marked() -> None:
    restart = found("ev_state_1", "state", "kubernetes", "restarts", said("x"), onset=START, service="payment-service")
    assert [mark.text for mark in drawn(errors(), restart).marks] == ["onset", "restart"]


def test_the_same_change_from_two_sources_is_one_mark() -> None:
    marks = drawn(errors(), changed("deploy", 0), changed("deploy", 1.5)).marks
    assert [mark.text for mark in marks] == ["deploy v2.3.1", "onset"]


def test_of_very_many_changes_those_near_the_onset_stay_and_the_onset_always() -> None:
    many = [changed("deploy", -60.0 * n, version=f"v{n}") for n in range(1, 12)]
    marks = drawn(errors(), *many).marks
    assert len(marks) == charts.MOST_MARKS
    assert "onset" in {mark.text for mark in marks}
    assert "deploy v1" in {mark.text for mark in marks}
    assert "deploy v11" not in {mark.text for mark in marks}


def test_our_own_change_is_marked_afterwards() -> None:
    end = START + timedelta(minutes=2)
    item = errors(window=WINDOW.model_copy(update={"end": end}))
    assert "rollback_canary" in {mark.text for mark in drawn(item, upto="").marks}


@pytest.mark.parametrize(
    "unit, value, shown, top",
    [
        ("ratio", 0.5, "%", 50.0),
        ("seconds", 0.25, "ms", 250.0),
        ("seconds", 2.5, "s", 2.5),
        ("per_second", 40.0, "/s", 40.0),
        ("bytes", 4.1e8, "MB", 410.0),
        ("bytes", 2.5e9, "GB", 2.5),
        ("bytes", 12.0, "B", 12.0),
        ("count", 7.0, "", 7.0),
    ],
)
def test_series_are_in_the_unit_a_person_reads(unit: Unit, value: float, shown: str, top: float) -> None:
    made = charts.chart("x", series(value, value), unit, EN, WINDOW)
    assert made.unit == shown
    assert max(value for _, value in made.points) == pytest.approx(top, rel=0.06)


def test_a_long_name_keeps_its_ends_and_the_id() -> None:
    title = drawn(errors(service=f"checkout-{'x' * 80}-eu-west")).title
    assert title.endswith("-eu-west [ev_metric_1]")
    assert len(title) < 90


def test_figures_that_are_none_are_left_out() -> None:
    points = ((float("nan"), 1.0), *series(0.1, 0.1), (WINDOW.end.timestamp(), float("inf")))
    made = charts.chart("x", points, "ratio", EN, WINDOW)
    assert len(made.points) == 60
    assert made.band is not None
    assert "nan" not in made.band.text


def test_what_nobody_promised_is_no_limit() -> None:
    assert charts.promise(None, "error_ratio", EN) is None
    assert charts.promise(Objective(error_ratio=0.0), "error_ratio", EN) is None
    assert charts.promise(Objective(), "traffic", EN) is None


def test_sizes_are_said_as_sizes() -> None:
    assert EN.quantity(Quantity(value=4.2e8, unit="bytes")) == "420 MB"
    assert EN.quantity(Quantity(value=13_584_098.0, unit="per_second")) == "13.6M/s"
    assert EN.quantity(Quantity(value=1e300, unit="count")) == "1.00e+300"


def test_the_story_is_told_in_chinese_as_well() -> None:
    first = Story("zh")
    assert first.language == "zh"
    marks = drawn(errors(), changed("deploy", 0), language="zh").marks
    assert [mark.text for mark in marks] == ["发布 v2.3.1", "异常开始"]

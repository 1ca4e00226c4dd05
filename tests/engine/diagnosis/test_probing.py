"""Checks what a health check proves: gone, unwell, well, nothing, and a certificate that ran out."""

from datetime import timedelta
from typing import Any

import pytest

from cards.words import Words
from engine.diagnosis.probing import probed
from engine.diagnosis.signals import judge
from engine.diagnosis.sweeping import weigh
from engine.model import Evidence, Observation
from tests.contracts.source import question
from tests.engine.diagnosis.scenes import SERVICES, Scene

WINDOW = question().window
WELL = {"tries": 3, "answered": 3, "well": 3, "unwell": 0, "status": 200, "seconds": 0.02, "reason": "", "failing": []}
GONE = WELL | {"answered": 0, "well": 0, "status": 0, "reason": "timeout"}


def seen(**state: Any) -> Observation:
    said = WELL | {"certificate_until": ""} | state
    return Observation(
        source="probes", kind="probe", service="pay", query="GET http://pay", window=WINDOW, state=said, count=1
    )


def one(**state: Any) -> Evidence:
    (found,) = probed(seen(**state), {"pay", "db"})
    for language in ("zh", "en"):
        sentence = Words(language).say(found.summary)
        assert "[" not in sentence, sentence
        assert "{" not in sentence, sentence
    return found


@pytest.mark.parametrize(
    "state, signal, abnormal, says",
    [
        ({}, "availability", False, "pay answers its health check: HTTP 200 in 20 ms, 3 times."),
        (GONE, "availability", True, "pay does not answer its health check, 3 times: no answer in time."),
        (GONE | {"reason": "untrusted"}, "health_check", False, "is not trusted from here"),
        (GONE | {"reason": "expired"}, "availability", True, "its certificate ran out"),
        ({"well": 0, "unwell": 3, "status": 503}, "health_check", True, "HTTP 503"),
        ({"well": 0, "unwell": 3, "status": 503, "failing": ["db", "x"]}, "health_check", True, "db, x not working"),
        ({"answered": 1, "well": 1, "reason": "refused"}, "health_check", True, "1 of 3 times: connection refused"),
        ({"well": 0, "status": 404}, "health_check", False, "HTTP 404"),
    ],
)
def test_what_a_health_check_shows(state: dict[str, Any], signal: str, abnormal: bool, says: str) -> None:
    found = one(**state)
    assert (found.kind, found.signal, found.abnormal) == ("probe", signal, abnormal)
    assert says in Words("en").say(found.summary)
    assert found.onset is None


def test_what_patterns_read_of_it() -> None:
    gone = one(**GONE)
    assert (gone.details["direction"], gone.details["topics"]) == ("down", ["timeout"])
    unwell = one(well=0, unwell=3, status=503, failing=["db", "pay", "stranger"])
    assert unwell.details["mentions"] == ["db"]


@pytest.mark.parametrize("hours, abnormal", [(-2, True), (0, True), (50, False)])
def test_a_certificate_that_ran_out_began_to_hurt_at_that_moment(hours: int, abnormal: bool) -> None:
    until = WINDOW.end + timedelta(hours=hours)
    _, found = probed(seen(certificate_until=until.isoformat()), ())
    assert (found.signal, found.abnormal, found.onset) == ("cert_expiry", abnormal, until if abnormal else None)
    assert "[" not in Words("zh").say(found.summary) + Words("en").say(found.summary)


def test_it_is_numbered_among_the_rest() -> None:
    (found,) = judge([seen(**GONE)], WINDOW)
    assert (found.id, found.signal) == ("ev_probe_1", "availability")


def suspected(*checks: Observation) -> tuple[str, float]:
    """Who is suspected most, and how surely, where the alerted service fails and these checks were made."""
    scene = Scene(step=15.0).series("error_ratio", 0.0, 0.3).series("latency_p95", 0.1, 0.3).series("traffic", 50.0)
    scene.series("traffic", 20.0, service="vouchers").changes().changes(service="vouchers")
    made = [each.model_copy(update={"window": scene.window}) for each in checks]
    first = weigh([*scene.observations, *made], (), scene.window, SERVICES).suspects[0]
    return first.service, first.confidence


def of(service: str, **state: Any) -> Observation:
    return seen(**state).model_copy(update={"service": service})


def test_a_neighbour_that_answers_no_check_is_suspected_before_the_one_that_feels_it() -> None:
    assert suspected()[0] == "till"
    service, confidence = suspected(of("till"), of("vouchers", **GONE))
    assert (service, confidence > 0.5) == ("vouchers", True)


def test_a_service_that_calls_its_neighbour_unwell_is_not_blamed_for_that() -> None:
    own = suspected(of("till", well=0, unwell=3, status=503))
    named = suspected(of("till", well=0, unwell=3, status=503, failing=["vouchers"]))
    assert own[1] > 0.9
    assert named[1] < 0.1

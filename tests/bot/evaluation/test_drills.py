"""Tests that drills really vary and hold no fault but the one they name, and that what is said of them is counted."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.evaluation.drilling import Judged, Played, judged
from bot.evaluation.drills import CARRIED_RPS, LEAKING, Drill, draw
from bot.evaluation.verdicts import lines, sort, tree
from cards.words import Words
from engine.model import Diagnosis, Entry, Hypothesis, Phrase

SEEDS = st.text("0123456789abcdef", min_size=1, max_size=8)


@settings(max_examples=25)
@given(SEEDS, st.integers(0, 200))
def test_a_fault_free_drill_holds_nothing_that_hurts(seed: str, first: int) -> None:
    (drill,) = draw(seed, 1, 0, first)
    assert drill.fault is None
    assert drill.alarms
    for move in drill.moves:
        assert move.lever in ("traffic", "release", "settings", "log")
        if move.lever == "traffic":
            assert 0 < move.body["rps"] <= CARRIED_RPS[move.body["service"]]
        if move.lever == "release":
            assert move.body["version"] != LEAKING
    assert all(one.at <= other.at for one, other in pairwise(drill.moves))


@settings(max_examples=25)
@given(SEEDS)
def test_the_same_seed_draws_the_same(seed: str) -> None:
    assert draw(seed, 3, 2) == draw(seed, 3, 2)
    assert draw(seed, 2, 0, first=1) == draw(seed, 3, 0)[1:]


def test_drills_vary() -> None:
    drills = draw("4711", 60, 12)
    quiet = [drill for drill in drills if drill.fault is None]
    assert len(quiet) == 60
    assert [drill.fault.name for drill in drills if drill.fault] == ["leak", "stuck neighbour", "rate limit"] * 4
    assert {alarm.service for drill in quiet for alarm in drill.alarms} == {
        "payment-service",
        "order-service",
        "coupon-service",
    }
    assert len({alarm.text for drill in quiet for alarm in drill.alarms}) > 30
    assert len({alarm.severity for drill in quiet for alarm in drill.alarms}) == 6
    releases = [[move.body["kind"] for move in drill.moves if move.lever == "release"] for drill in quiet]
    assert {kind for kinds in releases for kind in kinds} == {"rollout", "canary", "restart", "rollback"}
    assert {len(kinds) for kinds in releases} >= {0, 1, 2, 3}
    peaks = [max(drill.peaks.values()) for drill in quiet]
    assert min(peaks) == 1.0
    assert max(peaks) > 3.0
    assert sum(bool(drill.surged) for drill in quiet) > 30


def named(category: str, service: str, peer: str = "") -> Diagnosis:
    cause = Hypothesis(category=category, service=service, peer=peer, title=Phrase(word="x"), confidence=0.9)
    return Diagnosis(verdict="conclusive", hypotheses=(cause,))


QUIET = Diagnosis(verdict="inconclusive", quiet=True)
(CALM, BROKEN) = draw("4712", 1, 1)
STUCK = next(drill for drill in draw("4713", 0, 3) if drill.fault and drill.fault.name == "stuck neighbour")


def played(
    drill: Drill, service: str, *said: Diagnosis, stood_still: float = 0.0, glimpse: Diagnosis | None = None
) -> Played:
    return Played(drill, (Judged("inc_00000001", service, "alert", glimpse, said),), stood_still)


def test_any_cause_counts_where_nothing_was_wrong() -> None:
    calm, surging = replace(CALM, peaks={"till": 1.2}), replace(CALM, peaks={"till": 2.0})
    found = sort(
        [
            played(calm, "till", QUIET),
            played(calm, "till", QUIET, named("bad_release", "till")),
            played(calm, "till", QUIET, glimpse=named("bad_release", "till")),
            played(calm, "till", named("traffic_surge", "till")),
            played(surging, "till", named("traffic_surge", "till")),
            played(surging, "door", named("traffic_surge", "till")),
            played(calm, "till", named("bad_release", "till"), stood_still=0.5),
        ]
    )
    assert (len(found.quiet), len(found.named), len(found.false), len(found.starved)) == (6, 5, 4, 1)


def test_a_fault_is_named_right_or_somebody_else_is_blamed() -> None:
    right = named("dependency_timeout", "payment-service", "coupon-service")
    found = sort(
        [
            played(STUCK, "payment-service", QUIET, right),
            played(STUCK, "payment-service", named("service_fault", "coupon-service")),
            played(STUCK, "order-service", named("dependency_timeout", "order-service", "payment-service")),
            played(STUCK, "payment-service", QUIET),
        ]
    )
    assert (len(found.faulty), len(found.right), len(found.wrong)) == (4, 1, 1)
    assert "named right in 1" in list(lines(found, Words("en")))[1]
    assert tree("4713", found)["right"] == 1


def test_what_a_timeline_says_of_its_incident() -> None:
    def entry(seq: int, kind: str, body: dict[str, object]) -> Entry:
        at = datetime(2026, 5, 1, tzinfo=UTC)
        return Entry(incident="inc_1", seq=seq, key=str(seq), kind=kind, actor="", at=at, body=body, digest="")

    told = judged(
        "inc_1",
        [
            entry(1, "incident.created", {"service": "till", "title": "High"}),
            entry(2, "evidence.first_look", {"diagnosis": QUIET.model_dump(mode="json")}),
            entry(3, "hypothesis.generated", named("bad_release", "till").model_dump(mode="json")),
        ],
    )
    assert (told.service, told.alert, told.glimpse) == ("till", "High", QUIET)
    assert [cause.category for cause in told.causes] == ["bad_release"]

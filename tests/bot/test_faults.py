"""Checks the faults a team writes down: they are found like ours, taken up at once, and refused in one sentence."""

from pathlib import Path

import pytest

from bot.teams import TeamFiles, read_team
from cards.words import Words
from engine.diagnosis.diagnose import diagnose
from engine.diagnosis.patterns import PATTERNS
from engine.diagnosis.patterns.of_team import of_team
from engine.errors import SettingsError
from engine.model import Diagnosis
from tests.engine.diagnosis.scenes import SERVICES, Scene

GOOD = """
month_end_lock:
  title: the month-end job holds the ledger
  needs:
    - {metric: latency_p95, is: up}
    - {log: "month.?end .{0,20}lock"}
  supports:
    - {metric: batch_rows, is: up}
  contradicts:
    - {metric: traffic, is: up}
  explains: [lock_contention, slow_query]
  helps: [restart]
  look_at: ["Is the month-end job still running?"]
"""


def write(folder: Path, text: str) -> Path:
    team = folder / "teams" / "trade"
    team.mkdir(parents=True, exist_ok=True)
    (team / "team.yaml").write_text("name: Trade\n")
    (team / "patterns.yaml").write_text(text)
    return team


def held(message: str = "waiting for month end job lock {n}", **more: float) -> Scene:
    scene = Scene().healthy(but=("latency_p95", *more)).series("latency_p95", 0.04, 2.0).says(message, 20)
    for role, faulty in more.items():
        scene.series(role, 21.0, faulty)
    return scene.changes()


def verdict(folder: Path, scene: Scene, text: str = GOOD) -> Diagnosis:
    patterns = (*of_team(read_team(write(folder, text)).team.faults), *PATTERNS)
    return diagnose(scene.evidence(), (), SERVICES, scene.service, scene.window, patterns)


def test_a_fault_of_the_teams_own_is_found(tmp_path: Path) -> None:
    found = verdict(tmp_path, held())
    assert found.cause
    assert found.cause.category == "month_end_lock"
    words = Words("en")
    assert words.say(found.cause.title) == "the month-end job holds the ledger (till, since 12:00:34 UTC)"
    assert [words.say(step) for step in found.next_steps] == [
        "Restart till (needs approval); it buys time, and the cause stays.",
        "Is the month-end job still running?",
    ]
    assert all("[" not in words.say(claim.phrase) for claim in found.cause.supporting)


def test_it_gives_way_like_any_other(tmp_path: Path) -> None:
    against = verdict(tmp_path, held(traffic=90.0))
    assert against.cause is None or against.cause.category != "month_end_lock"
    other = verdict(tmp_path, held("cannot parse order {n}"))
    assert other.cause is None
    missing = [each for each in other.why_inconclusive if each.word == "diagnosis.objection.missing"]
    assert not missing or "month.?end" in Words("en").say(missing[0])


def test_it_may_be_bound_to_services(tmp_path: Path) -> None:
    elsewhere = verdict(tmp_path, held(), GOOD.replace("  needs:", "  services: [ledger]\n  needs:"))
    assert elsewhere.cause is None or elsewhere.cause.category != "month_end_lock"


def test_a_change_is_taken_up_and_a_mistake_keeps_the_old_version(tmp_path: Path) -> None:
    team = write(tmp_path, GOOD)
    files = TeamFiles(tmp_path / "teams")
    assert files.reload() == ()
    assert [fault.title for fault in files.team("trade").faults] == ["the month-end job holds the ledger"]
    write(tmp_path, GOOD.replace("holds the ledger", "locks the ledger"))
    assert files.reload() == ()
    assert files.team("trade").faults[0].title == "the month-end job locks the ledger"
    write(tmp_path, GOOD.replace("{metric: traffic, is: up}", "{metric: traffic, is: sideways}"))
    (problem,) = files.reload()
    assert problem.team == "trade"
    said = Words("en").say(problem.error.phrase)
    assert "trade/patterns.yaml" in said
    assert "month_end_lock.contradicts.0.is" in said
    assert files.team("trade").faults[0].title == "the month-end job locks the ledger"
    (team / "patterns.yaml").unlink()
    assert files.reload() == ()
    assert files.team("trade").faults == ()


@pytest.mark.parametrize(
    "text, key, why",
    [
        ("bad_release: {title: x, needs: [{topic: lock}], supports: [{metric: traffic}]}", "bad_release", "already"),
        ("Odd Name: {title: x, needs: [{topic: lock}], supports: [{metric: traffic}]}", "Odd Name", "no name"),
        ("abc: {title: x, needs: [{topic: sunshine}], supports: [{metric: traffic}]}", "needs.0.topic", "sunshine"),
        ("abc: {title: x, needs: [{log: '(a+)+b'}], supports: [{metric: traffic}]}", "needs.0.log", "repeated"),
        ("abc: {title: x, needs: [{log: '('}], supports: [{metric: traffic}]}", "needs.0.log", "regular expression"),
        ("abc: {title: x, needs: [{log: a, topic: lock}]}", "needs.0", "one of metric, log, topic and change"),
        ("abc: {title: x, needs: [{}]}", "needs.0", "one of metric, log, topic and change"),
        ("abc: {title: x, needs: [{topic: lock}]}", "abc", "two kinds"),
        ("abc: {title: x, needs: []}", "needs", "at least 1"),
        ("abc: {needs: [{topic: lock}], supports: [{metric: traffic}]}", "title", ""),
        (
            "abc: {title: x, needs: [{topic: lock}], supports: [{metric: traffic}], explains: [moon]}",
            "patterns",
            "moon",
        ),
        ("abc: {title: x, needs: [{topic: lock}], supports: [{metric: traffic}], helps: [pray]}", "helps.0", ""),
        ("abc: {title: x, needs: [{topic: lock}], wants: 1}", "wants", ""),
        ("[]", "patterns", ""),
    ],
)
def test_a_mistake_is_one_sentence_that_names_the_key(tmp_path: Path, text: str, key: str, why: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        read_team(write(tmp_path, text))
    said = Words("en").say(wrong.value.phrase)
    assert "trade/patterns.yaml" in said
    assert key in said or key == "patterns"
    assert why in said
    assert "[" not in said.split("trade/patterns.yaml")[0]

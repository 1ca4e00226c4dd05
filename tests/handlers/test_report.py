"""Checks the report of an incident: posted once into its thread, kept up to date, and true."""

import pytest

from cards import views
from cards.words import Words
from engine.model import Recovery
from tests.cards.factory import TEAM, worked_example
from tests.handlers.house import Scene

BOTH = pytest.mark.parametrize("language", ["zh", "en"])


@BOTH
async def test_a_report_is_posted_once_and_brought_up_to_date(language: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    word = "复盘" if language == "zh" else "postmortem"
    assert "report" not in views.slots(await scene.state(incident))
    for _ in range(3):
        assert incident in scene.heard(await scene.type("rita", incident, word))
    assert len(await scene.entries(incident, "report.posted")) == 1
    assert scene.desk.shown.count((incident, "report")) == 3
    state = await scene.state(incident)
    assert views.slots(state).count("report") == 1
    await scene.type("rita", incident, "resolve: rolled back by hand")
    card = views.draw(await scene.state(incident), "report", scene.words, scene.team)
    assert "rolled back by hand" in str(card)
    assert "rolled back by hand" in str(views.draw(await scene.state(incident), "closing", scene.words, scene.team))


@BOTH
async def test_who_may_only_look_sees_it_and_posts_nothing(language: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    for answer in (
        await scene.type("vic", incident, "report"),
        await scene.press("vic", "report", incident),
        await scene.say("alice", incident, "report?", mentions_bot=True),
    ):
        assert incident in str(answer.card)
    assert not await scene.entries(incident, "report.posted")
    assert (incident, "report") not in scene.desk.shown


@BOTH
async def test_it_says_who_did_what_and_what_is_left(language: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    await scene.later(2)
    await scene.type("alice", incident, "ack")
    await scene.type("alice", incident, "escalate bob: needs the payment lead")
    await scene.type("rita", incident, "status refunds fail")
    await scene.say("rita", incident, "do not restart")
    request = await scene.asked(incident)
    await scene.type("alice", incident, "handover rita look at the pool")
    await scene.approve("bob", incident, request)
    await scene.executed(incident, request)
    recovered = {"plan": request.plan.id, "recovery": Recovery(verdict="recovered").model_dump(mode="json")}
    await scene.write(incident, "1/recovery", "recovery.verified", recovered)
    await scene.type("rita", incident, "report")
    text = str(views.draw(await scene.state(incident), "report", scene.words, scene.team))
    for part in ("Alice", "Bob", "Rita", "refunds fail", "rollback_canary payment", "do not restart"):
        assert part in text, part
    for key in ("[report", "[column", "[recovery", "[decision", "[fact", "[step", "[status"):
        assert key not in text, key
    assert scene.words.text("report.result.done") in text


@BOTH
def test_the_worked_example_reads_as_a_report(language: str) -> None:
    state = worked_example(language).fold("").model_copy(update={"reported_by": "lin"})
    words = Words(language)
    text = str(views.draw(state, "report", words, TEAM))
    assert state.diagnosis is not None
    assert state.diagnosis.cause is not None
    assert words.say(state.diagnosis.cause.title) in text
    assert "[report" not in text
    for claim in state.diagnosis.cause.supporting:
        assert claim.evidence_ids[0] in text


@BOTH
async def test_an_incident_nobody_diagnosed_reports_that(language: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    card = (await scene.type("vic", incident, "report")).card
    assert scene.words.text("handover.no_diagnosis") in str(card)
    assert scene.words.text("report.no_action") in str(card)

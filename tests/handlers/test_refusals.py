"""Checks that every approval that must fail does so with a clear word to the person and an audit entry."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model import Request
from handlers.inbound import Answer
from handlers.refusals import FEW, SPAN, Refusals
from tests.fakes.clock import START
from tests.handlers.house import Scene

Try = Callable[[Scene, str, Request], Awaitable[Answer]]


def said(who: str, text: str, **kind: Any) -> Try:
    async def run(scene: Scene, incident: str, request: Request) -> Answer:
        return await scene.say(who, incident, text.replace("{id}", request.id), **kind)

    return run


def sent(who: str, word: str, **value: str) -> Try:
    async def run(scene: Scene, incident: str, request: Request) -> Answer:
        given = {"incident": incident, "approval": request.id, "digest": request.digest} | value
        return await scene.send(who, "approve", given, word=word)

    return run


async def of_another_incident(scene: Scene, incident: str, request: Request) -> Answer:
    other = await scene.asked(await scene.incident())
    return await scene.say("alice", incident, f"approve {other.id} CONFIRM_EXECUTE")


async def expired(scene: Scene, incident: str, request: Request) -> Answer:
    await scene.later(31)
    return await scene.approve("alice", incident, request)


async def held(scene: Scene, incident: str, request: Request) -> Answer:
    await scene.say("rita", incident, "先不要回滚")
    return await scene.approve("alice", incident, request)


CASES: dict[str, Try] = {
    "confirmed": said("alice", "confirmed"),
    "确认": said("alice", "确认"),
    "not yet": said("alice", "not CONFIRM_EXECUTE yet"),
    "not yet, with id": said("alice", "approve {id} not CONFIRM_EXECUTE yet"),
    "lower case": said("alice", "approve {id} confirm_execute"),
    "lower case, zh": said("alice", "批准 {id} confirm_execute"),
    "full width": said("alice", "approve {id} ＣＯＮＦＩＲＭ＿ＥＸＥＣＵＴＥ"),
    "zero width": said("alice", "approve {id} CONFIRM_\u200bEXECUTE"),
    "the word alone": said("alice", "CONFIRM_EXECUTE"),
    "in the quote": said("alice", "+1", quoted="approve {id} CONFIRM_EXECUTE"),
    "edited": said("alice", "approve {id} CONFIRM_EXECUTE", edited=True),
    "forwarded": said("alice", "approve {id} CONFIRM_EXECUTE", forwarded=True),
    "form: lower case": sent("alice", "confirm_execute"),
    "form: empty": sent("alice", ""),
    "form: another card": sent("alice", "CONFIRM_EXECUTE", digest="0" * 64),
    "form: another approval": sent("alice", "CONFIRM_EXECUTE", approval="approval_deadbeef"),
    "may not": sent("vic", "CONFIRM_EXECUTE"),
    "may not, responder": said("rita", "approve {id} CONFIRM_EXECUTE"),
    "not linked": sent("stranger", "CONFIRM_EXECUTE"),
    "of another incident": of_another_incident,
    "expired": expired,
    "held": held,
}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", CASES)
async def test_does_not_count(name: str, language: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    request = await scene.asked(incident)
    answer = await CASES[name](scene, incident, request)
    assert answer.tone == "refused"
    assert scene.heard(answer)
    assert not await scene.entries(incident, "approval.resolved")
    refused = await scene.entries(incident, "approval.refused")
    assert len(refused) == 1
    assert refused[0].body["to"] == refused[0].actor
    assert refused[0].body["attempt"]
    assert (incident, f"say:{refused[0].key}") in scene.desk.shown


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_requester_cannot_approve(language: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    request = await scene.asked(incident, requester="alice")
    answer = await scene.approve("alice", incident, request)
    assert answer.tone == "refused"
    assert scene.heard(answer)
    assert await scene.entries(incident, "approval.refused")
    assert (await scene.approve("bob", incident, request)).tone == "ok"


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_second_use_and_a_flip_are_refused(language: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    request = await scene.asked(incident)
    assert (await scene.approve("alice", incident, request)).tone == "ok"
    again = await scene.approve("bob", incident, request)
    value = {"incident": incident, "approval": request.id, "digest": request.digest}
    flipped = await scene.send("bob", "reject", value, reason="no")
    assert [again.tone, flipped.tone] == ["refused", "refused"]
    assert scene.heard(again) != scene.heard(flipped)
    decisions = await scene.entries(incident, "approval.resolved")
    assert [entry.actor for entry in decisions] == ["alice"]
    assert len(await scene.entries(incident, "approval.refused")) == 2


async def test_a_stranger_of_another_team_is_refused_and_written_down() -> None:
    scene = Scene()
    incident = await scene.incident()
    request = await scene.asked(incident)
    for answer in (
        await scene.approve("eve", incident, request),
        await scene.say("eve", incident, f"approve {request.id} CONFIRM_EXECUTE"),
        await scene.press("eve", "ack", incident),
        await scene.type("eve", "", f"show {incident}"),
        await scene.type("eve", incident, "timeline"),
    ):
        assert answer.tone == "refused"
        assert answer.card is None
        assert "no incident" in scene.heard(answer)
    state = await scene.state(incident)
    assert (state.status, state.acknowledged_by) == ("awaiting_approval", "")
    assert len(await scene.entries(incident, "request.refused")) == 5
    listed = await scene.type("eve", "", "incidents")
    assert listed.incidents == ()


async def test_what_was_refused_stays_refused_when_it_is_delivered_again() -> None:
    scene = Scene()
    incident = await scene.incident()
    request = await scene.asked(incident)
    await scene.say("rita", incident, "do not roll back")
    assert (await scene.approve("alice", incident, request, id="once")).tone == "refused"
    await scene.press("rita", "lift", incident)
    assert (await scene.approve("alice", incident, request, id="once")).tone == "refused"
    assert not await scene.entries(incident, "approval.resolved")
    assert (await scene.approve("alice", incident, request)).tone == "ok"


async def test_the_button_says_at_once_what_no_form_could_mend() -> None:
    scene = Scene()
    incident = await scene.incident()
    request = await scene.asked(incident)
    assert (await scene.press("vic", "approve", incident, approval=request.id)).form is None
    await scene.say("rita", incident, "do not roll back")
    held = await scene.press("alice", "approve", incident, approval=request.id)
    assert held.form is None
    assert held.tone == "refused"
    unknown = await scene.press("alice", "approve", incident, approval="approval_00000000")
    assert unknown.tone == "refused"
    await scene.press("alice", "lift", incident)
    form = (await scene.press("alice", "approve", incident, approval=request.id)).form
    assert form is not None
    assert [field.name for field in form.fields] == ["word", "reason"]
    assert form.value["digest"] == request.digest


async def test_what_was_tried_is_written_down_without_its_secrets() -> None:
    scene = Scene()
    incident = await scene.incident()
    await scene.type("vic", incident, "ack password=hunter2hunter2")
    (refused,) = await scene.entries(incident, "request.refused")
    assert "hunter2" not in str(refused.body)
    assert "password" in refused.body["attempt"]


async def test_what_a_stranger_tries_again_and_again_is_counted_in_one_entry() -> None:
    scene = Scene()
    incident = await scene.incident()
    other = await scene.incident()
    for _ in range(200):
        assert (await scene.press("eve", "close", incident)).tone == "refused"
    await scene.press("eve", "close", other)
    await scene.press("mallory", "close", incident)
    await scene.door.count_refusals()
    assert len(await scene.entries(incident, "request.refused")) == FEW + 1
    assert len(await scene.entries(other, "request.refused")) == 1, "each incident counts by itself"

    await scene.later(11)
    for _ in range(2):
        await scene.door.count_refusals()
    *_, counted = await scene.entries(incident, "request.refused")
    assert (counted.body["more"], counted.actor) == (200 - FEW, "console:eve")
    assert len(await scene.entries(incident, "request.refused")) == FEW + 2

    await scene.press("eve", "close", incident)
    assert len(await scene.entries(incident, "request.refused")) == FEW + 3, "later ones are written again"


@pytest.mark.parametrize(
    "tries",
    [said("rita", "approve {id} CONFIRM_EXECUTE"), sent("vic", "CONFIRM_EXECUTE"), sent("stranger", "CONFIRM_EXECUTE")],
)
async def test_who_may_not_decide_and_tries_again_and_again_is_answered_and_counted(tries: Try) -> None:
    scene = Scene()
    incident = await scene.incident()
    request = await scene.asked(incident)
    answers = [await tries(scene, incident, request) for _ in range(50)]
    assert {(answer.tone, scene.heard(answer)) for answer in answers} == {("refused", scene.heard(answers[0]))}
    refused = await scene.entries(incident, "approval.refused")
    assert len(refused) == FEW
    said = [slot for of, slot in scene.desk.shown if of == incident and slot.startswith("say:")]
    assert said == [f"say:{entry.key}" for entry in refused], "the thread hears no more of it than is written"
    await scene.later(11)
    await scene.door.count_refusals()
    (counted,) = await scene.entries(incident, "request.refused")
    assert (counted.body["more"], counted.actor) == (50 - FEW, refused[0].actor)
    assert (await scene.approve("alice", incident, request)).tone == "ok"


async def test_presses_of_who_may_not_decide_are_counted_and_no_form_opens() -> None:
    scene = Scene()
    incident = await scene.incident()
    request = await scene.asked(incident)
    for _ in range(50):
        pressed = await scene.press("vic", "approve", incident, approval=request.id)
        assert (pressed.tone, pressed.form) == ("refused", None)
    assert len(await scene.entries(incident, "approval.refused")) == FEW


async def test_every_attempt_of_an_approver_stands_in_the_audit_and_stays_refused() -> None:
    scene = Scene()
    incident = await scene.incident()
    request = await scene.asked(incident)
    await scene.say("rita", incident, "do not roll back")
    for n in range(FEW * 3):
        assert (await scene.approve("alice", incident, request, id=f"held-{n}")).tone == "refused"
    assert len(await scene.entries(incident, "approval.refused")) == FEW * 3
    await scene.press("rita", "lift", incident)
    assert (await scene.approve("alice", incident, request, id=f"held-{FEW * 3 - 1}")).tone == "refused"


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.integers(0, 400)), max_size=60))
def test_every_refusal_is_either_written_or_counted_and_few_are_written(tries: list[tuple[str, str, int]]) -> None:
    refusals, now = Refusals(), START
    written, counted = 0, 0
    for incident, actor, seconds in tries:
        now += timedelta(seconds=seconds)
        counted += sum(each.uncounted for each in refusals.ended(now))
        written += refusals.admits(incident, actor, now)
    counted += sum(each.uncounted for each in refusals.ended(now + SPAN))
    assert written + counted == len(tries)
    spans = int((now - START) / SPAN) + 1
    assert written <= FEW * 4 * spans

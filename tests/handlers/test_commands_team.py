"""Checks what a whole team sees and asks for in a room, in both languages, and that another team sees none of it."""

from typing import Any

import pytest

from cards.model import Buttons, Card
from cards.render.text import render
from handlers.inbound import Answer
from tests.handlers.house import Scene

BOTH = pytest.mark.parametrize("language", ["zh", "en"])


def read(answer: Answer) -> str:
    """What the card of an answer says; no key may be left unsaid."""
    assert answer.card is not None, answer
    text = str(render(answer.card).body)
    for key in ("[overview", "[column", "[button", "[fact", "[command", "[error"):
        assert key not in text, text
    return text


def pressable(card: Card | None) -> list[tuple[str, dict[str, str]]]:
    """Every button on a card, as (action, value)."""
    assert card is not None
    rows = [block for block in card.blocks if isinstance(block, Buttons)]
    return [(b.action, b.value) for row in rows for b in row.buttons if hasattr(b, "action")]


def word(language: str, chinese: str, english: str) -> str:
    return chinese if language == "zh" else english


# --- approvals ---


@BOTH
async def test_what_waits_is_shown_with_its_buttons_to_who_may_decide(language: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    request = await scene.asked(incident)
    answer = await scene.type("bob", "", word(language, "待审批", "approvals"))
    text = read(answer)
    for said in (incident, request.id, "rollback_canary", scene.words.moment(request.expires_at)):
        assert said in text
    value = {"incident": incident, "approval": request.id}
    assert ("approve", value) in pressable(answer.card)
    assert ("reject", value) in pressable(answer.card)
    form = (await scene.press("bob", "approve", **value)).form
    assert form is not None
    await scene.send("bob", "approve", form.value, word="CONFIRM_EXECUTE", reason="")
    assert (await scene.state(incident)).proposals[request.plan.id].decision is not None
    empty = await scene.type("bob", "", "approvals")
    assert scene.words.text("overview.no_approvals") in read(empty)


@BOTH
async def test_who_may_not_decide_sees_what_waits_without_buttons(language: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    await scene.asked(incident, requester="alice")
    for who in ("vic", "rita", "alice"):
        answer = await scene.type(who, "", "approvals")
        assert incident in read(answer)
        assert scene.words.text("overview.none_for_you") in read(answer)
        assert not [action for action, _ in pressable(answer.card) if action in ("approve", "reject")]
    assert "approve" in dict(pressable((await scene.type("bob", "", "approvals")).card))


async def test_a_held_approval_offers_to_lift_the_hold() -> None:
    scene = Scene()
    incident = await scene.incident()
    await scene.asked(incident)
    await scene.type("alice", incident, "hold rollback")
    actions = dict(pressable((await scene.type("bob", "", "approvals")).card))
    assert "lift" in actions
    assert "approve" not in actions


async def test_more_approvals_than_fit_are_counted_and_linked() -> None:
    scene = Scene()
    for _ in range(11):
        await scene.asked(await scene.incident())
    answer = await scene.type("alice", "", "approvals")
    assert len([action for action, _ in pressable(answer.card) if action == "approve"]) == 8
    assert scene.words.text("overview.more_approvals", n=3) in read(answer)


# --- services and home ---


@BOTH
async def test_services_say_what_is_open_about_them(language: str) -> None:
    scene = Scene(language)
    quiet = read(await scene.type("vic", "", word(language, "服务列表", "services")))
    assert "payment" in quiet
    assert scene.words.text("overview.quiet") in quiet
    incident = await scene.incident()
    text = read(await scene.type("vic", "", "services"))
    assert incident in text
    assert "P1" in text


@BOTH
async def test_home_sums_up_and_its_buttons_lead_on(language: str) -> None:
    scene = Scene(language)
    assert scene.words.text("overview.nothing_open") in read(await scene.type("bob", "", "home"))
    incident = await scene.incident()
    request = await scene.asked(incident)
    answer = await scene.type("bob", "", word(language, "总览", "home"))
    text = read(answer)
    for said in (incident, request.id, "payment", "PaymentErrors"):
        assert said in text
    actions = [action for action, _ in pressable(answer.card)]
    assert {"approve", "reject", "home", "approvals", "services"} <= set(actions)
    for action in ("home", "approvals", "services"):
        assert read(await scene.press("vic", action, ""))


@BOTH
@pytest.mark.parametrize("text", ["approvals", "services", "home"])
async def test_another_team_sees_nothing_of_it(language: str, text: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    request = await scene.asked(incident)
    for answer in (await scene.type("eve", "", text), await scene.press("eve", text, "")):
        seen = read(answer)
        for secret in (incident, request.id, "payment", "PaymentErrors"):
            assert secret not in seen
    stranger: Any = await scene.type("mallory", "", text)
    assert incident in read(stranger), "whoever is in the team's room may look"

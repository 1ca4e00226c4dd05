"""Checks what becomes of thumbs under our cards: kept once per person and card, taken back, told at the end."""

from dataclasses import replace
from typing import Any

import pytest

from cards import views
from cards.render.text import render
from cards.words import Words
from engine.feedback import doubted, opinions
from engine.learning.lessons import draft
from engine.team import Account
from handlers.front_door import FrontDoor
from handlers.inbound import ReactionAdded
from tests.handlers.house import Scene

SLOTS = {"m-cause": "diagnosis", "m-evidence": "evidence", "m-header": "header"}
CAUSE = {
    "id": "hyp_1",
    "category": "bad_release",
    "service": "payment",
    "title": {"word": "error.plain", "values": {"text": "the release"}},
    "confidence": 0.9,
}


class Judged:
    """An incident with a cause, and people who put thumbs under its cards."""

    def __init__(self, scene: Scene, incident: str) -> None:
        self.scene = scene
        self.incident = incident
        self.moment = 100.0

        async def slot_at(room: str, message: str) -> str:
            assert room == "console:trade"
            return SLOTS.get(message, "")

        scene.door = FrontDoor(replace(scene.house, slot_at=slot_at))

    async def thumb(self, who: str, name: str, message: str = "m-cause", **more: Any) -> None:
        self.moment += 1
        about: dict[str, Any] = {
            "moment": self.moment,
            "id": self.scene.id(),
            "account": self.scene.account(who),
        } | more
        event = ReactionAdded(at=self.scene.place(who, self.incident), message=message, name=name, **about)
        assert (await self.scene.door.receive(event)).tone == "quiet"

    async def said(self, slot: str = "diagnosis") -> dict[str, bool]:
        return opinions((await self.scene.state(self.incident)).feedback, slot)


@pytest.fixture(params=["en", "zh"])
async def judged(request: pytest.FixtureRequest) -> Judged:
    scene = Scene(request.param)
    incident = await scene.incident()
    body = {"hypotheses": [CAUSE], "verdict": "conclusive", "checks": []}
    await scene.write(incident, "1/diagnosis", "hypothesis.generated", body)
    return Judged(scene, incident)


async def test_each_person_has_one_opinion_per_card_and_may_change_it(judged: Judged) -> None:
    await judged.thumb("alice", "+1")
    await judged.thumb("vic", "👎")
    await judged.thumb("bob", "THUMBSUP", "m-evidence")
    assert await judged.said() == {"alice": True, "vic": False}
    assert await judged.said("evidence") == {"bob": True}
    await judged.thumb("alice", "-1")
    assert await judged.said() == {"alice": False, "vic": False}
    await judged.thumb("alice", "-1", taken_back=True)
    assert await judged.said() == {"alice": True, "vic": False}
    (first, *_) = await judged.scene.entries(judged.incident, "feedback.given")
    assert (first.actor, first.body["about"]) == ("alice", ["bad_release"])


async def test_what_arrives_late_or_twice_changes_nothing(judged: Judged) -> None:
    await judged.thumb("alice", "+1", taken_back=True, moment=20.0)
    await judged.thumb("alice", "+1", moment=10.0)
    assert await judged.said() == {}
    for _ in range(3):
        await judged.thumb("bob", "+1", id="the-same")
    assert await judged.said() == {"bob": True}
    assert len(await judged.scene.entries(judged.incident, "feedback.given")) == 3


async def test_other_emoji_other_cards_and_strangers_say_nothing(judged: Judged) -> None:
    await judged.thumb("alice", "tada")
    await judged.thumb("alice", "+1", "m-header")
    await judged.thumb("alice", "+1", "m-unknown")
    await judged.thumb("x", "+1", account=Account(platform="console", id="nobody", name="Nobody"))
    assert not await judged.scene.entries(judged.incident, "feedback.given")
    await judged.thumb("alice", "eyes", taken_back=True)
    assert not (await judged.scene.state(judged.incident)).acknowledged_by


async def test_the_end_tells_it_and_nothing_is_learned_of_a_wrong_cause(judged: Judged) -> None:
    scene = judged.scene

    async def offered() -> list[str]:
        state = await scene.state(judged.incident)
        entries = await scene.store.timeline.read(judged.incident)
        return [lesson.kind for lesson in draft(state, entries, scene.ids, scene.clock.now()).lessons]

    await judged.thumb("alice", "+1")
    assert "fault_pattern" in await offered()
    await judged.thumb("bob", "-1")
    assert "fault_pattern" in await offered(), "as many for it as against it"
    await judged.thumb("vic", "-1")
    assert await offered() == ["incident_summary"]
    state = await scene.state(judged.incident)
    assert doubted(state.feedback, "diagnosis")
    lessons = draft(state, (), scene.ids, scene.clock.now()).lessons
    assert any(line.word == "lesson.summary.doubted" for line in lessons[0].lines)
    await scene.press("rita", "close", judged.incident, outcome="recovered")
    closed = await scene.state(judged.incident)
    card = views.draw(closed, "closing", Words(scene.words.language), scene.team)
    assert card is not None
    assert scene.words.text("feedback.diagnosis", useful=1, useless=2) in render(card).body
    assert "[" not in scene.words.text("kind.feedback.given")
    # What was thought of this round says nothing of the next one.
    await scene.write(judged.incident, "2/reopened", "incident.reopened", {})
    assert await judged.said() == {}

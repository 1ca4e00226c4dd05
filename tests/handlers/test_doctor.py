"""Checks the doctor card in chat: what is wrong, what broke off, its button on the home card, and who may see it."""

from dataclasses import replace

import pytest

from cards.views.doctor import Health, Part
from engine.model import Phrase
from engine.team import Team
from handlers.front_door import FrontDoor
from tests.handlers.house import Scene
from tests.handlers.test_commands_team import pressable


def with_doctor(language: str = "en") -> tuple[Scene, list[str]]:
    scene, asked = Scene(language), list[str]()

    async def look(team: Team) -> Health:
        asked.append(team.id)
        wrong = (Phrase(word="error.pager_unset", values={"name": "TRADE_PAGER"}),)
        return Health(wrong, (), 7, (Part("loki", False, "TOCSIN_LOKI__URL"), Part("slack", True, "X")))

    scene.house = replace(scene.house, doctor=look)
    scene.door = FrontDoor(scene.house)
    return scene, asked


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_card_says_what_is_wrong_and_what_broke_off(language: str) -> None:
    scene, asked = with_doctor(language)
    incident = await scene.incident()
    await scene.write(incident, "1/stuck/1", "incident.stuck", {"reason": "the disk was full"})
    card = (await scene.type("vic", "", "自检" if language == "zh" else "doctor")).card
    assert card is not None
    for part in ("TRADE_PAGER", "TOCSIN_LOKI__URL", incident, "the disk was full"):
        assert part in str(card), part
    assert "[doctor" not in str(card)
    assert card.tone == "bad"
    resume = dict(pressable(card))["resume"]
    assert (await scene.press("rita", "resume", **resume)).tone == "ok"
    again = (await scene.press("vic", "doctor", "")).card
    assert again is not None
    assert "disk was full" not in str(again)
    assert again.tone == "warning"
    assert set(asked) == {"trade"}


async def test_home_leads_to_it_and_a_neighbour_asks_about_itself() -> None:
    scene, asked = with_doctor()
    home = (await scene.type("vic", "", "home")).card
    assert "doctor" in dict(pressable(home))
    incident = await scene.incident()
    await scene.write(incident, "1/stuck/1", "incident.stuck", {"reason": "x"})
    theirs = await scene.type("eve", "", "doctor")
    assert incident not in str(theirs.card)
    assert asked == ["supply"]


async def test_a_process_that_cannot_look_says_so() -> None:
    scene = Scene()
    assert "tocsin check" in scene.heard(await scene.type("vic", "", "doctor"))

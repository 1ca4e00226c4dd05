"""Checks that the cards a team asks for are shown whole on every chat platform, also on a bad day."""

from dataclasses import replace

import pytest

from bot.doctor import parts
from bot.settings import Settings
from cards.model import Card
from cards.render import feishu, slack, wecom
from cards.views.doctor import Health
from engine.model import Phrase
from engine.team import Team
from handlers.front_door import FrontDoor
from tests.cards.draw_golden import plain_value
from tests.cards.factory import worked_example
from tests.handlers.house import Scene

URL = "https://tocsin.example"


def shed(card: Card) -> dict[str, tuple[str, ...]]:
    """What each platform left out of a card."""
    return {
        "wecom": tuple(wecom.render(card, wecom.Stage(plain_value, URL, "n0nce")).shed),
        "slack": tuple(slack.message(card, slack.Stage(URL, plain_value, {})).shed),
        "feishu": tuple(feishu.card({card.language: card}, feishu.Stage(URL, plain_value)).shed),
    }


async def on_a_bad_day(language: str) -> tuple[Scene, str]:
    """Some incidents, of which one has been through everything, and a set-up with several things wrong."""
    scene = Scene(language)
    incident = await scene.incident()
    told = worked_example(language).entries
    for entry in told[1:]:
        if entry.kind != "incident.closed":
            await scene.write(incident, entry.key, entry.kind, dict(entry.body), entry.actor)
    for _ in range(5):
        await scene.incident()
    for text in ("do not restart", "不要扩容", "do not roll back"):
        await scene.say("rita", incident, text)

    async def look(team: Team) -> Health:
        wrong = tuple(Phrase(word="error.pager_unset", values={"name": f"TRADE_PAGER_{n}"}) for n in range(6))
        return Health(wrong, (), 30, tuple(parts(Settings(), team)))

    scene.house = replace(scene.house, doctor=look)
    scene.door = FrontDoor(scene.house)
    return scene, incident


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("text", ["help", "doctor", "list", "home", "approvals", "services", "digest weekly", "safety"])
async def test_cards_of_a_team_are_shown_whole(text: str, language: str) -> None:
    scene, _ = await on_a_bad_day(language)
    card = (await scene.type("alice", "", text)).card
    assert card is not None
    assert not any(shed(card).values()), shed(card)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("text", ["more", "report", "constraints", "show"])
async def test_cards_of_an_incident_are_shown_whole(text: str, language: str) -> None:
    scene, incident = await on_a_bad_day(language)
    card = (await scene.type("vic", incident, text)).card
    assert card is not None
    assert not any(shed(card).values()), shed(card)

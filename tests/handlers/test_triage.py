"""Checks that a person gets the triage of an incident by word and by button, and only where there is an incident."""

from cards.words import Words
from tests.handlers.house import Scene
from tests.handlers.test_commands_team import BOTH, pressable, read, word


@BOTH
async def test_whoever_may_look_gets_it_in_the_thread_by_word_and_by_button(language: str) -> None:
    scene, words = Scene(language), Words(language)
    incident = await scene.incident()
    typed = read(await scene.type("vic", incident, word(language, "分诊", "triage")))
    assert words.text("triage.no_error_seen") in typed
    assert words.text("severity.P3") in typed or words.text("severity.P1") in typed
    menu = await scene.type("vic", incident, word(language, "更多", "more"))
    assert ("triage", {"incident": incident}) in pressable(menu.card)
    assert read(await scene.press("vic", "triage", incident=incident)) == typed


async def test_outside_of_an_incident_it_is_asked_which() -> None:
    answer = await Scene().type("vic", "", "triage")
    assert answer.phrase is not None
    assert answer.phrase.word == "error.which_incident"

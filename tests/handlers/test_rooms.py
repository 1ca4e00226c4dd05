"""Checks that what a team has is told in its own rooms and to its own people, wherever they speak."""

from dataclasses import replace

import pytest

from engine.team import Account, Person
from handlers.front_door import FrontDoor
from handlers.inbound import Answer, ButtonPressed, CommandTyped, MessageSaid, Place, ReactionAdded
from tests.handlers.house import Scene

HOME, ELSEWHERE = "slack:C-trade", "C-canteen"


def scene_in_slack() -> Scene:
    scene = Scene()
    scene.teams.teams["trade"] = scene.team.model_copy(update={"rooms": (*scene.team.rooms, HOME)})
    supply = scene.teams.teams["supply"]
    both = Person(id="sue", name="Sue", roles=frozenset({"responder"}), accounts={"slack": "U-sue"})
    scene.teams.teams["trade"] = scene.teams.teams["trade"].model_copy(update={"people": (*scene.team.people, both)})
    scene.teams.teams["supply"] = supply.model_copy(
        update={"people": (*supply.people, both), "rooms": ("slack:C-supply",)}
    )
    return scene


async def says(scene: Scene, who: str, room: str, text: str, *, incident: str = "", direct: bool = False) -> Answer:
    place = Place("slack", room, incident=incident, direct=direct)
    event = MessageSaid(scene.id(), place, Account(platform="slack", id=f"U-{who}"), text, mentions_bot=True)
    return await scene.door.receive(event)


@pytest.mark.parametrize("text", ["incidents", "home", "approvals", "services", "show {incident}", "ack {incident}"])
async def test_in_a_room_that_is_no_teams_the_person_alone_is_answered(text: str) -> None:
    scene = scene_in_slack()
    said = text.format(incident=await scene.incident())
    assert (await says(scene, "alice", ELSEWHERE, said)).alone
    assert not (await says(scene, "alice", "C-trade", said)).alone
    assert not (await says(scene, "alice", "D-alice", said, direct=True)).alone


async def test_a_press_and_a_form_far_from_home_are_answered_to_the_person_alone() -> None:
    scene = scene_in_slack()
    incident = await scene.incident()
    request = await scene.asked(incident)
    account = Account(platform="slack", id="U-alice")
    value = {"incident": incident, "approval": request.id}
    for room, alone in ((ELSEWHERE, True), ("C-trade", False)):
        answer = await scene.door.receive(ButtonPressed(scene.id(), Place("slack", room), account, "approve", value))
        assert answer.form is not None
        assert answer.alone is alone


async def test_one_teams_incident_named_in_another_teams_room_is_told_to_the_person_alone() -> None:
    scene = scene_in_slack()
    incident = await scene.incident()
    answer = await says(scene, "sue", "C-supply", f"show {incident}")
    assert answer.card is not None
    assert answer.alone
    assert not (await says(scene, "sue", "C-supply", "incidents")).alone
    stranger = await says(scene, "eve", "C-supply", f"show {incident}")
    assert stranger.card is None


async def test_where_rooms_are_named_it_listens_nowhere_else() -> None:
    scene = scene_in_slack()
    incident = await scene.incident()
    scene.house = replace(scene.house, rooms={"slack": frozenset({"C-war"})})
    scene.door = FrontDoor(scene.house)
    refused = await says(scene, "alice", ELSEWHERE, "incidents")
    assert refused.tone == "refused"
    assert ELSEWHERE in scene.heard(refused)
    assert incident not in str(refused)
    for room, direct in (("C-war", False), ("C-trade", False), ("D-alice", True)):
        assert (await says(scene, "alice", room, "incidents", direct=direct)).card is not None
    far = Place("slack", ELSEWHERE)
    account = Account(platform="slack", id="U-alice")
    talk = MessageSaid(scene.id(), far, account, "incidents")
    look = ReactionAdded(scene.id(), far, account, "m1", "eyes")
    for event in (talk, look):
        assert (await scene.door.receive(event)).tone == "quiet"
    typed = await scene.door.receive(CommandTyped(scene.id(), far, account, "ack"))
    assert typed.tone == "refused"
    assert (await scene.type("alice", "", "incidents")).card is not None, "other platforms are not concerned"


async def test_what_is_said_far_from_home_leaves_no_word_behind_in_silence() -> None:
    scene = scene_in_slack()
    await scene.incident()
    quiet = MessageSaid(scene.id(), Place("slack", ELSEWHERE), Account(platform="slack", id="U-alice"), "lunch?")
    answer = await scene.door.receive(quiet)
    assert (answer.tone, answer.alone) == ("quiet", False)

"""Checks lists with what narrows them, the menu of an incident with its forms, and the overview of one's teams."""

from itertools import chain

import pytest

from cards.model import Ask, Button
from cards.render.text import ANSWERS, command
from engine.intake import SEVERITIES
from engine.policy import Permissions
from engine.team import Service
from handlers import asking, choosing
from handlers.buttons import BUTTONS
from handlers.commands import COMMANDS
from handlers.commands.reading import read
from tests.fakes.silencer import FakeSilencer
from tests.handlers.house import ROLLBACK, Scene, person
from tests.handlers.test_commands_people import ALERT
from tests.handlers.test_commands_team import pressable

BOTH = pytest.mark.parametrize("language", ["zh", "en"])


async def two(scene: Scene) -> tuple[str, str]:
    """A free P1 of payment, and a closed one of coupon that Alice had."""
    one = await scene.incident()
    (other,) = (await scene.type("alice", "", "declare coupon is slow")).incidents
    await scene.type("alice", other, "severity P3")
    await scene.type("alice", other, "ack")
    await scene.type("alice", other, "close recovered")
    return one, other


@pytest.mark.parametrize(
    "text, first, second",
    [
        ("list", True, True),
        ("list open", True, False),
        ("列表 未关闭", True, False),
        ("list closed", False, True),
        ("list P1", True, False),
        ("事件 P1", True, False),
        ("事件 p3 已关闭", False, True),
        ("list severity P3", False, True),
        ("list payment", True, False),
        ("list open payment", True, False),
        ("list free", True, False),
        ("事件列表 无人认领", True, False),
        ("list mine", False, True),
        ("mine", False, False),
        ("我的事件", False, False),
        ("list alice", False, True),
        ("list recovered", False, True),
        ("list console", False, True),
        ("list open P3", False, False),
    ],
)
async def test_a_list_is_narrowed(text: str, first: bool, second: bool) -> None:
    scene = Scene()
    scene.teams.teams["trade"] = scene.team
    one, other = await two(scene)
    answer = await scene.type("alice", "", text)
    assert answer.card is not None
    assert (one in str(answer.card), other in str(answer.card)) == (first, second)
    assert set(answer.incidents) == {id for id, shown in ((one, first), (other, second)) if shown}


@BOTH
async def test_a_list_says_who_has_it_what_caused_it_and_offers_to_take_it(language: str) -> None:
    scene = Scene(language)
    one, other = await two(scene)
    card = (await scene.type("vic", "", "list")).card
    assert card is not None
    assert "[listing" not in str(card)
    for column in ("owner", "cause", "source"):
        assert scene.words.text(f"column.{column}") in str(card)
    assert "Alice" in str(card)
    offered = dict(pressable(card))
    assert offered["take"] == {"incident": one}
    assert "declare" in offered
    assert (await scene.press("rita", "take", **offered["take"])).tone == "ok"
    again = dict(pressable((await scene.type("vic", "", "list")).card))
    assert "take" not in again
    shown = await scene.press("vic", "show", **again["show"])
    assert one in str(shown.card)
    assert other not in str(shown.card)


@BOTH
async def test_a_word_that_narrows_nothing_is_named(language: str) -> None:
    scene = Scene(language)
    answer = await scene.type("vic", "", "list blue")
    assert answer.tone == "refused"
    assert "blue" in scene.heard(answer)


def test_a_choice_names_what_it_means() -> None:
    scene = Scene()
    choice = choosing.understood("open P1 payment mine", scene.team, "alice")
    assert isinstance(choice, choosing.Choice)
    assert choice.names == (("state", "open"), ("severity", "P1"), ("service", "payment"), ("mine", ""))
    assert "P1" in SEVERITIES.values()


@BOTH
async def test_the_menu_offers_what_a_person_may_do(language: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    card = (await scene.press("rita", "more", incident)).card
    assert card is not None
    assert "label='['" not in str(card)
    assert "[menu" not in str(card)
    offered = dict(pressable(card))
    assert set(offered) >= {"assign", "handover", "snooze", "severity", "update", "silence", "resolve", "timeline"}
    assert set(dict(pressable((await scene.press("vic", "more", incident)).card))) == {
        "timeline",
        "triage",
        "replay",
        "report",
    }
    await scene.press("rita", "resolve", incident)
    assert (await scene.state(incident)).outcome == "recovered"
    over = dict(pressable((await scene.type("rita", incident, "更多" if language == "zh" else "more")).card))
    assert "reopen" in over
    assert "assign" not in over
    assert (await scene.press("rita", "reopen", incident)).tone == "ok"
    assert (await scene.state(incident)).episode == 2


FILLED = {
    "assign": ({"person": "bob"}, "incident.assigned"),
    "handover": ({"person": "bob", "note": "look at the pool"}, "shift.handed_over"),
    "snooze": ({"span": "2h"}, "incident.snoozed"),
    "severity": ({"level": "P2", "reason": "half of it works"}, "incident.severity"),
    "update": ({"text": "we look into it"}, "status.updated"),
    "silence": ({"span": "1h", "why": "rollout under way"}, "silence.set"),
}


async def form_of(scene: Scene, who: str, action: str, incident: str) -> Ask:
    form = (await scene.press(who, action, incident)).form
    assert form is not None, action
    assert "[" not in f"{form.question}{form.submit}{[field.label for field in form.fields]}".replace("['", "")
    return form


@BOTH
@pytest.mark.parametrize("action", FILLED)
async def test_a_form_does_what_the_command_does_once(action: str, language: str) -> None:
    scene = Scene(language)
    scene.house = scene.house.__class__(**{**vars(scene.house), "silencer": FakeSilencer()})
    scene.door = scene.door.__class__(scene.house)
    (incident,) = (await scene.alerts(ALERT)).incidents
    form = await form_of(scene, "alice", action, incident)
    assert form.action == action
    fields, kind = FILLED[action]
    assert set(fields) <= {field.name for field in form.fields}
    for _ in range(3):
        answer = await scene.send("alice", action, form.value, id="once", **fields)
    assert len(await scene.entries(incident, kind)) == 1
    assert answer.tone == "quiet"
    refused = await scene.send("vic", action, form.value, **fields)
    assert refused.tone == "refused"
    assert len(await scene.entries(incident, kind)) == 1
    assert (await scene.press("vic", action, incident)).form is None


@BOTH
async def test_an_incident_is_declared_from_a_button(language: str) -> None:
    scene = Scene(language)
    form = await form_of(scene, "rita", "declare", "")
    assert form.value == {}
    assert ("payment", "payment") in form.fields[0].choices
    answer = await scene.send("rita", "declare", form.value, service="payment", what="refunds fail")
    (incident,) = answer.incidents
    state = await scene.state(incident)
    assert (state.service, state.title, state.requester) == ("payment", "refunds fail", "rita")
    assert (await scene.send("rita", "declare", form.value, service="", what="")).tone == "refused"


def test_every_form_can_be_answered_and_every_button_can_be_typed() -> None:
    assert set(asking.FIELDS) == set(asking.TAKERS)
    value = dict.fromkeys(chain.from_iterable(ANSWERS.values()), "payment")
    for action in BUTTONS:
        assert read(command(Button(action, action, value)), COMMANDS, explicit=True) is not None, action


@BOTH
async def test_status_outside_a_thread_shows_everything(language: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    for text in ("状态", "状态怎么样？") if language == "zh" else ("status", "status?"):
        card = (await scene.say("vic", "", text, mentions_bot=True)).card
        assert card is not None, text
        assert incident in str(card)
    assert (await scene.type("vic", "", "status all is well")).tone == "refused"


@BOTH
async def test_home_says_what_may_be_changed_and_what_is_kept(language: str) -> None:
    scene = Scene(language)
    text = str((await scene.type("vic", "", "home")).card)
    assert scene.words.text("overview.looks_only") in text
    assert scene.words.text("overview.flow") in text
    assert "[" not in text.replace("[]", "").replace("['", "")
    allowed = Permissions(execution_enabled=True, allowed_operations=frozenset({ROLLBACK.operation, "drop_tables"}))
    scene.house = scene.house.__class__(**{**vars(scene.house), "permissions": allowed})
    scene.door = scene.door.__class__(scene.house)
    text = str((await scene.type("vic", "", "home")).card)
    assert ROLLBACK.operation in text
    assert "drop_tables" not in text


async def test_home_leads_to_the_other_teams_of_a_person_and_of_nobody_else() -> None:
    scene = Scene()
    rita = person("rita", "responder")
    supply = scene.teams.teams["supply"]
    services = {"stock": Service(name="stock")}
    scene.teams.teams["supply"] = supply.model_copy(update={"people": (*supply.people, rita), "services": services})
    theirs_open, ours = await scene.incident("supply"), await scene.incident()
    card = (await scene.type("rita", "", "home")).card
    teams = [value["team"] for action, value in pressable(card) if action == "home"]
    assert set(teams) == {"trade", "supply"}
    theirs = await scene.press("rita", "home", "", team="supply")
    assert "stock" in str(theirs.card)
    assert theirs_open in str(theirs.card)
    assert ours not in str(theirs.card)
    assert theirs.alone, "it is told in another team's room"
    refused = await scene.press("vic", "home", "", team="supply")
    assert (refused.tone, refused.card) == ("refused", None)
    assert "supply" not in str((await scene.type("vic", "", "home")).card).casefold()

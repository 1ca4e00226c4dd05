"""Checks what people do in a thread, as dialogues: what they say or press, what the bot answers, what is then true."""

from dataclasses import replace

import pytest

from cards.render import wecom
from engine.model import Phrase, Value
from engine.team import Account, Lesson
from handlers.buttons import BUTTONS
from handlers.commands import COMMANDS, GROUPS
from handlers.forms import FORMS
from handlers.inbound import ButtonPressed, CommandTyped, ReactionAdded
from tests.handlers.house import Scene


class Lessons(Value):
    """What the engine writes when it offers lessons."""

    lessons: tuple[Lesson, ...]


async def offered(scene: Scene, incident: str) -> tuple[Lesson, ...]:
    kinds = ("incident_summary", "fault_pattern", "habit", "runbook")
    lessons = tuple(
        Lesson(
            id=scene.ids.draw("les"),
            kind=kind,  # type: ignore[arg-type]
            title=Phrase(word="lesson.summary.no_cause"),
            lines=(Phrase(word="lesson.summary.no_cause"),),
            incident=incident,
            at=scene.clock.now(),
        )
        for kind in kinds
    )
    await scene.write(incident, "1/lessons", "skill.generated", Lessons(lessons=lessons).model_dump(mode="json"))
    return lessons


# --- acknowledging, holding, lifting ---


@pytest.mark.parametrize("text", ["ack", "认领", "/ack", "@tocsin ack", "ACK."])
async def test_acknowledge_by_words(text: str) -> None:
    scene = Scene()
    incident = await scene.incident()
    assert "Alice has it." in scene.heard(await scene.say("alice", incident, text))
    assert (await scene.state(incident)).acknowledged_by == "alice"
    assert "already" in scene.heard(await scene.press("rita", "ack", incident))
    assert (await scene.state(incident)).acknowledged_by == "alice"
    assert len(await scene.entries(incident, "incident.acknowledged")) == 1


@pytest.mark.parametrize(
    "language, text, says",
    [
        ("zh", "先不要回滚。请查证据，判断是不是 v2.3.1 发布导致", "只读"),
        ("en", "do not roll back yet, please", "only read"),
    ],
)
async def test_a_hold_is_promised_kept_and_lifted_and_lifting_asks_for_nothing(
    language: str, text: str, says: str
) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    request = await scene.asked(incident)
    answer = await scene.say("rita", incident, text)
    assert answer.tone == "ok"
    assert scene.heard(answer)
    (notice,) = await scene.entries(incident, "notice.posted")
    promise = scene.words.say(Phrase.model_validate(notice.body["say"]))
    assert says in promise
    assert "7." in promise
    state = await scene.state(incident)
    held = state.holds(request.plan)
    assert held is not None
    assert (held.by, held.operation_class, held.text) == ("rita", "rollback", text)
    assert (incident, f"plan:{request.plan.id}") in scene.desk.shown
    lifted = await scene.press("alice", "lift", incident, constraint=held.id)
    assert lifted.tone == "ok"
    state = await scene.state(incident)
    assert state.holds(request.plan) is None
    assert state.constraints[0].lifted_by == "alice"
    assert not await scene.entries(incident, "approval.resolved")
    assert (await scene.press("alice", "lift", incident, constraint=held.id)).tone == "refused"


async def test_a_question_is_no_hold() -> None:
    scene = Scene()
    incident = await scene.incident()
    answer = await scene.say("rita", incident, "why should we not roll back?")
    assert not (await scene.state(incident)).constraints
    assert scene.heard(answer)


async def test_the_hold_command() -> None:
    scene = Scene()
    incident = await scene.incident()
    assert (await scene.type("rita", incident, "hold restart")).tone == "ok"
    assert (await scene.type("rita", incident, "hold")).tone == "ok"
    assert (await scene.type("rita", incident, "hold on a second")).tone == "refused"
    assert [c.operation_class for c in (await scene.state(incident)).holding] == ["restart", None]


# --- approving ---


@pytest.mark.parametrize(
    "text, dry_run",
    [
        ("批准 {id} CONFIRM_EXECUTE。先 dry-run。", True),
        ("approve {id} CONFIRM_EXECUTE", False),
        ("@tocsin approve {id} CONFIRM_EXECUTE, dry-run first", True),
    ],
)
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_approve_by_text(text: str, dry_run: bool, language: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    request = await scene.asked(incident)
    answer = await scene.say("alice", incident, text.replace("{id}", request.id))
    assert answer.tone == "ok"
    assert scene.heard(answer)
    (decision,) = await scene.entries(incident, "approval.resolved")
    assert decision.actor == "alice"
    assert (decision.body["verdict"], decision.body["dry_run_first"]) == ("approved", dry_run)
    assert decision.key == f"1/approval/{request.id}"


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_approve_by_form(language: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    request = await scene.asked(incident)
    form = (await scene.press("bob", "approve", incident, approval=request.id)).form
    assert form is not None
    for text in (form.question, form.who, form.submit, *(f.label + f.hint for f in form.fields)):
        assert text
        assert "[" not in text
    answer = await scene.send("bob", form.action, form.value, word=" CONFIRM_EXECUTE ", reason="")
    assert answer.tone == "ok"
    assert (await scene.state(incident)).status == "executing"


async def test_a_reject_needs_no_word() -> None:
    scene = Scene()
    incident = await scene.incident()
    request = await scene.asked(incident)
    form = (await scene.press("bob", "reject", incident, approval=request.id)).form
    assert form is not None
    assert [field.name for field in form.fields] == ["reason"]
    assert (await scene.type("alice", incident, "reject too risky at noon")).tone == "ok"
    (decision,) = await scene.entries(incident, "approval.resolved")
    assert (decision.body["verdict"], decision.body["reason"]) == ("rejected", "too risky at noon")


async def test_approve_as_a_command_opens_the_form_and_decides_nothing() -> None:
    scene = Scene()
    incident = await scene.incident()
    request = await scene.asked(incident)
    for answer in (
        await scene.type("alice", incident, "approve"),
        await scene.say("alice", incident, f"approve {request.id}"),
    ):
        assert answer.form is not None
    assert not await scene.entries(incident, "approval.resolved")


# --- delivered twice ---


async def test_the_same_event_a_hundred_times_acts_once() -> None:
    scene = Scene()
    incident = await scene.incident()
    request = await scene.asked(incident)
    for _ in range(100):
        await scene.press("alice", "ack", incident, id="e1")
        await scene.say("rita", incident, "do not restart", id="e2")
        await scene.approve("alice", incident, request, id="e3")
        await scene.type("alice", "", "open payment slow again", id="e4")
        await scene.say("alice", incident, "what is going on", id="e5")
    kinds = [entry.kind for entry in await scene.entries(incident)]
    for kind in ("incident.acknowledged", "constraint.set", "approval.resolved", "notice.posted"):
        assert kinds.count(kind) == 1, kind
    assert kinds.count("message.said") == 2
    assert kinds.count("approval.refused") == 0
    assert len(await scene.store.register.newest("trade")) == 2


async def test_a_word_said_just_before_a_crash_still_counts() -> None:
    """The event was marked as seen, its effect was not written: the platform delivers it again."""
    scene = Scene()
    incident = await scene.incident()
    request = await scene.asked(incident)
    await scene.store.seen.first("console", "e1")
    await scene.store.seen.first("console", "e2")
    await scene.say("rita", incident, "do not restart", id="e1")
    await scene.approve("alice", incident, request, id="e2")
    state = await scene.state(incident)
    assert (len(state.constraints), state.status) == (1, "executing")


async def test_a_nudge_delivered_late_asks_for_no_second_round() -> None:
    scene = Scene()
    incident = await scene.incident()
    await scene.write(incident, "1/handed_over/1", "incident.handed_over", {})
    await scene.press("alice", "look_again", incident, id="e1")
    await scene.write(incident, "1/handed_over/2", "incident.handed_over", {})
    await scene.press("alice", "look_again", incident, id="e1")
    assert [entry.key for entry in await scene.entries(incident, "person.nudged")] == ["1/next/1"]


# --- nudging and ending ---


async def test_looking_again_is_asked_for_once_per_round() -> None:
    scene = Scene()
    incident = await scene.incident()
    assert (await scene.press("alice", "look_again", incident)).tone == "refused"
    await scene.write(incident, "1/handed_over/1", "incident.handed_over", {})
    assert (await scene.press("alice", "look_again", incident)).tone == "ok"
    assert (await scene.say("rita", incident, "look again")).tone == "refused"
    (nudge,) = await scene.entries(incident, "person.nudged")
    assert (nudge.key, nudge.body["what"], nudge.body["by"]) == ("1/next/1", "look_again", "alice")
    assert scene.woken == [incident]


async def test_undo_is_asked_for_by_a_person_who_then_is_its_requester() -> None:
    scene = Scene()
    incident = await scene.incident()
    request = await scene.asked(incident)
    assert (await scene.press("alice", "undo", incident, plan=request.plan.id)).tone == "refused"
    await scene.executed(incident, request)
    form = (await scene.press("alice", "undo", incident, plan=request.plan.id)).form
    assert form is not None
    assert (await scene.send("alice", "undo", form.value, reason="worse")).tone == "ok"
    assert [entry.body["text"] for entry in await scene.entries(incident, "message.said")] == ["worse"]
    (nudge,) = await scene.entries(incident, "person.nudged")
    assert (nudge.body["what"], nudge.body["by"], nudge.body["plan"]["id"]) == ("undo", "alice", request.plan.id)


async def test_a_person_plans_an_operation_of_the_catalogue() -> None:
    scene = Scene()
    incident = await scene.incident()
    await scene.write(incident, "1/handed_over/1", "incident.handed_over", {})
    assert "rollback_canary payment" in scene.heard(await scene.type("rita", incident, "plan format_disk"))
    assert "previous_version" in scene.heard(await scene.type("rita", incident, "plan rollback_canary"))
    assert (await scene.type("rita", incident, "plan rollback_canary payment previous_version=v2.3.0")).tone == "ok"
    (nudge,) = await scene.entries(incident, "person.nudged")
    plan = nudge.body["plan"]
    assert (plan["arguments"], plan["requester"], plan["target"]) == ({"version": "v2.3.0"}, "rita", "payment")


async def test_nobody_closes_while_something_is_being_changed() -> None:
    scene = Scene()
    incident = await scene.incident()
    request = await scene.asked(incident)
    await scene.approve("alice", incident, request)
    assert (await scene.press("rita", "close", incident, outcome="recovered")).tone == "refused"
    assert (await scene.type("rita", incident, "false alarm")).tone == "refused"
    assert len(await scene.entries(incident, "request.refused")) == 2
    assert (await scene.state(incident)).status == "executing"


@pytest.mark.parametrize("text, outcome", [("误报", "false_alarm"), ("close recovered", "recovered")])
async def test_closing_by_words(text: str, outcome: str) -> None:
    scene = Scene()
    incident = await scene.incident()
    assert (await scene.say("rita", incident, text, mentions_bot=True)).tone == "ok"
    state = await scene.state(incident)
    assert (state.status, state.outcome, state.closed_by) == ("closed", outcome, "rita")
    assert "already" in scene.heard(await scene.say("alice", incident, "close"))


async def test_prose_that_begins_like_a_command_is_prose() -> None:
    scene = Scene()
    incident = await scene.incident()
    for text in ("close to the limit, I think", "open the breaker for coupon", "ack from the upstream is missing"):
        answer = await scene.say("rita", incident, text)
        assert scene.heard(answer)
    state = await scene.state(incident)
    assert (state.status, state.acknowledged_by) == ("open", "")
    assert await scene.store.register.newest("trade") == (incident,)
    spoken = await scene.say("rita", incident, "close to the limit, I think", mentions_bot=True)
    assert spoken.tone == "refused"
    assert (await scene.state(incident)).status == "open"


async def test_a_stuck_incident_is_resumed() -> None:
    scene = Scene()
    incident = await scene.incident()
    assert (await scene.press("rita", "resume", incident)).tone == "refused"
    await scene.write(incident, "1/stuck/1", "incident.stuck", {"reason": "broke"})
    assert (await scene.press("rita", "resume", incident)).tone == "ok"
    assert (await scene.state(incident)).stuck == ""
    assert scene.woken == [incident]


# --- lessons ---


async def test_keeping_all_publishes_the_runbook_before_anything_is_remembered() -> None:
    scene = Scene()
    incident = await scene.incident()
    lessons = await offered(scene, incident)
    assert (await scene.press("rita", "drop", incident, lesson=lessons[0].id)).tone == "ok"
    assert "3" in scene.heard(await scene.press("rita", "keep_all", incident))
    kinds = [e.kind for e in await scene.entries(incident) if e.kind in ("skill.published", "memory.learned")]
    assert kinds == ["memory.learned", "skill.published", "memory.learned", "memory.learned"]
    kept = await scene.store.memory.kept("trade")
    assert {lesson.id for lesson in kept} == {lesson.id for lesson in lessons[1:]}
    assert {lesson.taught_by for lesson in kept} == {"rita"}
    assert await scene.store.memory.kept("supply") == ()


async def test_a_lesson_in_a_persons_own_words_and_forgotten_later() -> None:
    scene = Scene()
    incident = await scene.incident()
    lesson = (await offered(scene, incident))[2]
    form = (await scene.press("alice", "edit", incident, lesson=lesson.id)).form
    assert form is not None
    assert form.fields[0].value == scene.words.say(lesson.lines[0])
    assert (await scene.send("alice", "edit", form.value, text="  ")).tone == "refused"
    assert (await scene.send("alice", "edit", form.value, text="Look at the pool first.")).tone == "ok"
    assert [item.text for item in await scene.store.memory.kept("trade")] == ["Look at the pool first."]
    await scene.press("alice", "drop", incident, lesson=lesson.id)
    assert await scene.store.memory.kept("trade") == ()
    assert (await scene.state(incident)).lessons[lesson.id].state == "dropped"


async def test_dropping_an_offer_leaves_the_older_lesson_it_carried_on() -> None:
    scene = Scene()
    incident = await scene.incident()
    lesson = (await offered(scene, incident))[1]
    await scene.store.memory.keep("trade", lesson)
    await scene.press("alice", "drop", incident, lesson=lesson.id)
    assert len(await scene.store.memory.kept("trade")) == 1


# --- who may ---


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_viewer_may_look_and_nothing_else(language: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    await offered(scene, incident)
    lesson = next(iter((await scene.state(incident)).lessons))
    before = len(await scene.entries(incident))
    actions = [name for name, known in BUTTONS.items() if known.role not in (None, "viewer")]
    for action in actions:
        await scene.later(3)  # many in a short while are counted in one entry
        answer = await scene.press("vic", action, incident, lesson=lesson, outcome="recovered")
        assert answer.tone == "refused"
        assert "team.yaml" in scene.heard(answer)
    after = await scene.entries(incident)
    assert {entry.kind for entry in after[before:]} == {"request.refused"}
    assert len(after) - before == len(actions)
    for command in ("show", "timeline", "replay", "incidents", "safety", "help"):
        answer = await scene.type("vic", incident, command)
        assert answer.card is not None, command
        assert "[command" not in str(answer.card)


async def test_an_account_nobody_linked_has_no_role_and_is_told_so() -> None:
    scene = Scene()
    incident = await scene.incident()
    assert (await scene.press("stranger", "ack", incident)).tone == "refused"
    assert (await scene.say("stranger", incident, "不要重启")).tone == "refused"
    refused = await scene.entries(incident, "request.refused")
    assert {entry.actor for entry in refused} == {"console:stranger"}
    assert (await scene.entries(incident, "message.said"))[0].actor == "console:stranger"


async def test_two_incidents_share_nothing() -> None:
    scene = Scene()
    one, two = await scene.incident(), await scene.incident()
    first, second = await scene.asked(one), await scene.asked(two)
    await scene.say("rita", one, "do not roll back")
    await scene.press("alice", "ack", one)
    assert (await scene.approve("alice", two, second)).tone == "ok"
    crossed = {"incident": two, "approval": first.id, "digest": first.digest}
    assert (await scene.send("alice", "approve", crossed, word="CONFIRM_EXECUTE")).tone == "refused"
    a, b = await scene.state(one), await scene.state(two)
    assert (a.acknowledged_by, b.acknowledged_by) == ("alice", "")
    assert (len(a.holding), len(b.holding)) == (1, 0)
    assert (a.status, b.status) == ("awaiting_approval", "executing")
    ids = [e.body["id"] for i in (one, two) for e in await scene.entries(i, "approval.requested")]
    assert len(set(ids)) == 2


# --- plain words ---


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_nobody_is_met_with_silence_in_a_thread(language: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    for text in ("hmm", "支付是不是挂了", "x" * 10_000, "\x00", "/", "<script>alert(1)</script>"):
        assert scene.heard(await scene.say("vic", incident, text))
    request = await scene.asked(incident)
    assert request.id in scene.heard(await scene.say("vic", incident, "so what now"))


async def test_an_unknown_command_gets_a_suggestion() -> None:
    scene = Scene()
    incident = await scene.incident()
    assert "timeline" in scene.heard(await scene.type("vic", incident, "timelime"))
    assert "ack" in scene.heard(await scene.type("alice", incident, "/incident akc"))


async def test_talk_in_a_room_is_none_of_our_business() -> None:
    scene = Scene()
    assert (await scene.say("vic", "", "lunch?")).tone == "quiet"
    assert (await scene.say("vic", "", "incidents")).card is not None
    assert scene.heard(await scene.say("vic", "", "what can you do", mentions_bot=True))
    assert (await scene.type("vic", "", "ack")).tone == "refused"


async def test_a_person_opens_an_incident() -> None:
    scene = Scene()
    answer = await scene.type("rita", "", "/incident open payment refunds fail")
    (incident,) = answer.incidents
    state = await scene.state(incident)
    assert (state.team, state.service, state.title, state.requester) == ("trade", "payment", "refunds fail", "rita")
    assert state.alert is not None
    assert scene.woken == [incident]
    assert (await scene.type("vic", "", "open payment refunds fail")).tone == "refused"


async def test_eyes_acknowledge_and_no_emoji_approves() -> None:
    scene = Scene()
    incident = await scene.incident()
    await scene.asked(incident)
    for name in ("+1", "white_check_mark", "eyes"):
        event = ReactionAdded(scene.id(), scene.place("alice", incident), scene.account("alice"), "m1", name)
        await scene.door.receive(event)
    state = await scene.state(incident)
    assert (state.acknowledged_by, state.status) == ("alice", "awaiting_approval")


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_help_has_every_word_and_a_line_for_each(language: str) -> None:
    scene = Scene(language)
    card = (await scene.type("vic", "", "help")).card
    assert card is not None
    assert "[help" not in str(card)
    for command in COMMANDS[:-1]:
        assert scene.words.has(f"command.help.{command.name}")
        assert command.word(language) in str(card)
        one = await scene.type("vic", "", f"{'帮助' if language == 'zh' else 'help'} {command.word(language)}")
        assert scene.words.text(f"command.help.{command.name}") in str(one.card)
    for name, group in GROUPS.items():
        some = str((await scene.press("vic", "help", "", topic=name)).card)
        assert all(scene.words.text(f"command.help.{command.name}") in some for command in group)
    assert (await scene.type("vic", "", "help me please")).card == card


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_help_fits_the_narrowest_platform(language: str) -> None:
    scene = Scene(language)
    for topic in ("", *GROUPS):
        card = (await scene.press("vic", "help", "", topic=topic)).card
        assert card is not None
        shed = wecom.render(card, wecom.Stage(lambda action, value: action, "https://t.example", "t", "", 4_096)).shed
        assert shed == (), topic


def test_no_two_commands_share_a_word() -> None:
    words = [word for command in COMMANDS for word in command.words]
    assert len(words) == len(set(words))
    assert all(word == word.casefold() for word in words)
    assert set(FORMS) <= set(BUTTONS)


async def test_an_account_of_no_team_anywhere_is_told_how_to_be_known() -> None:
    scene = Scene()
    place = scene.place("vic", "")

    event = CommandTyped("x1", replace(place, room="elsewhere"), Account(platform="console", id="zed"), "incidents")
    assert "team.yaml" in scene.heard(await scene.door.receive(event))


async def test_a_form_is_in_the_language_its_reader_sees() -> None:
    scene = Scene("en")
    incident = await scene.incident()
    request = await scene.asked(incident)
    place = replace(scene.place("alice", incident), language="zh")
    value = {"incident": incident, "approval": request.id}
    event = ButtonPressed(scene.id(), place, scene.account("alice"), "approve", value)
    form = (await scene.door.receive(event)).form
    assert form is not None
    assert (form.submit, form.fields[0].label) == ("执行", "输入 CONFIRM_EXECUTE")

"""Checks what people do about each other in a thread: taking, giving, calling, rating, waiting, taking up again."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cards import views
from cards.words import Words
from engine.model import Phrase
from handlers.people import find
from handlers.statements import duration
from tests.handlers.house import Scene, person, trade

BOTH = pytest.mark.parametrize("language", ["zh", "en"])


def drawn(scene: Scene, state: object, slot: str) -> str:
    """What a card of the incident says."""
    card = views.draw(state, slot, scene.words, scene.team)  # type: ignore[arg-type]
    assert card is not None, slot
    text = str(card)
    assert "[duty" not in text, text
    assert "[handover" not in text, text
    return text


# --- taking and giving ---


@BOTH
async def test_taking_it_sets_who_has_it_and_how_long_it_took(language: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    await scene.later(2)
    scene.heard(await scene.type("alice", incident, "认领" if language == "zh" else "ack"))
    state = await scene.state(incident)
    assert (state.assignee, state.acknowledged_by) == ("alice", "alice")
    header = drawn(scene, state, "header")
    assert scene.words.duration(120) in header
    assert scene.words.text("fact.mtta") in header


@BOTH
@pytest.mark.parametrize("text", ["assign Rita", "指派 rita", "assign @rita", "assign <@U-rita>", "指派给 Rita"])
async def test_it_is_given_to_a_person_who_is_told(language: str, text: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    answer = await scene.type("alice", incident, text)
    assert "Rita" in scene.heard(answer)
    state = await scene.state(incident)
    assert (state.assignee, state.acknowledged_by) == ("rita", "")
    (said,) = state.says
    assert said.to == "rita"
    assert "Alice" in scene.words.say(said.phrase)
    assert "Rita" in drawn(scene, state, "header")
    assert "Rita" in drawn(scene, state, f"say:{said.key}")
    assert "Rita" in scene.heard(await scene.type("alice", incident, "assign rita"))
    assert len(await scene.entries(incident, "incident.assigned")) == 1


async def test_who_takes_it_for_oneself_has_taken_it() -> None:
    scene = Scene()
    incident = await scene.incident()
    assert (await scene.type("rita", incident, "assign me")).tone == "ok"
    state = await scene.state(incident)
    assert (state.assignee, state.acknowledged_by) == ("rita", "rita")
    assert (await scene.type("alice", incident, "assign me")).tone == "ok"
    state = await scene.state(incident)
    assert (state.assignee, state.acknowledged_by) == ("alice", "rita")
    assert not state.says


@BOTH
@pytest.mark.parametrize("text", ["assign zed", "assign", "assign vic", "handover zed", "handover", "escalate zed"])
async def test_nobody_who_is_unknown_or_may_only_look_is_given_anything(language: str, text: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    before = await scene.entries(incident)
    answer = await scene.type("alice", incident, text)
    assert answer.tone == "refused"
    said = scene.heard(answer)
    assert ("vic" in text and "responder" in said) or "rita" in said
    assert await scene.entries(incident) == before


# --- calling ---


@BOTH
async def test_the_next_on_call_is_called_one_after_the_other(language: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    await scene.press("alice", "ack", incident)
    assert "Bob" in scene.heard(await scene.type("alice", incident, "escalate"))
    assert "Rita" in scene.heard(await scene.type("alice", incident, "升级 下一位 支付全挂了"))
    refused = await scene.type("alice", incident, "escalate next")
    assert refused.tone == "refused"
    assert "Trade" in scene.heard(refused)
    state = await scene.state(incident)
    assert [(s.rung, s.to, s.reason, s.by) for s in state.summons] == [
        ("asked", "bob", "", "alice"),
        ("asked", "rita", "支付全挂了", "alice"),
    ]
    assert [said.to for said in state.says] == ["bob", "rita"]
    assert "支付全挂了" in scene.words.say(state.says[1].phrase)
    assert scene.words.text("fact.called") in drawn(scene, state, "header")


async def test_a_person_is_called_by_name_and_a_button_calls_the_next() -> None:
    scene = Scene()
    scene.teams.teams["trade"] = scene.team.model_copy(update={"on_call": ("bob", "nobody", "alice")})
    incident = await scene.incident()
    assert "Rita" in scene.heard(await scene.type("alice", incident, "escalate rita: needs the payment lead"))
    for _ in range(3):
        await scene.press("alice", "escalate", incident, id="once")
    state = await scene.state(incident)
    assert [(s.to, s.reason) for s in state.summons] == [("rita", "needs the payment lead"), ("bob", "")]


@BOTH
async def test_who_is_on_call(language: str) -> None:
    scene = Scene(language)
    for who, incident in (("vic", ""), ("vic", await scene.incident())):
        card = (await scene.type(who, incident, "谁值班" if language == "zh" else "who is on call")).card
        assert card is not None
        assert "[on_call" not in str(card)
        assert str(card).index("Alice") < str(card).index("Bob") < str(card).index("Rita")
        assert "Vic" not in str(card)
    await scene.press("rita", "ack", incident)
    card = (await scene.type("vic", incident, "on-call")).card
    assert incident in str(card)


# --- handing over ---


@BOTH
async def test_a_handover_says_how_it_stands(language: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    await scene.press("alice", "ack", incident)
    request = await scene.asked(incident)
    await scene.type("alice", incident, "status refunds work again")
    answer = await scene.type("alice", incident, "交接 rita 回滚待批" if language == "zh" else "handover rita 回滚待批")
    assert "Rita" in scene.heard(answer)
    state = await scene.state(incident)
    assert (state.assignee, state.acknowledged_by) == ("rita", "alice")
    (handover,) = state.handovers
    slot = f"handover:{handover.key}"
    assert (incident, slot) in scene.desk.shown
    assert slot in views.slots(state)
    card = drawn(scene, state, slot)
    for said in ("Alice", "Rita", "回滚待批", request.id, "refunds work again", scene.words.text("step.plan")):
        assert said in card, said
    assert "Alice" in drawn(scene, state, "header")
    assert (await scene.type("rita", incident, "handover me")).tone == "refused"


async def test_a_handover_names_what_was_tried() -> None:
    scene = Scene()
    incident = await scene.incident()
    request = await scene.asked(incident)
    await scene.approve("alice", incident, request)
    await scene.executed(incident, request)
    await scene.type("alice", incident, "handover bob")
    state = await scene.state(incident)
    card = drawn(scene, state, f"handover:{state.handovers[0].key}")
    assert "rollback_canary payment: done" in card
    assert "No approval waits." in card


# --- how bad, how it stands, wait ---


@BOTH
@pytest.mark.parametrize(
    "text, level", [("severity P3 only staging", "P3"), ("级别 critical", "P1"), ("定级 sev4", "P4")]
)
async def test_a_persons_severity_stands_over_the_alerts(language: str, text: str, level: str) -> None:
    scene = Scene(language)
    (incident,) = (await scene.alerts(ALERT)).incidents
    assert level in scene.heard(await scene.type("alice", incident, text))
    await scene.alerts(ALERT.replace(b"10:00:00", b"10:20:00"))
    state = await scene.state(incident)
    assert (state.severity, state.severity_by) == (level, "alice")
    header = drawn(scene, state, "header")
    assert "Alice" in header
    assert ("only staging" in header) == ("only staging" in text)
    for wrong in ("severity", "severity urgent", "级别 很严重"):
        assert (await scene.type("alice", incident, wrong)).tone == "refused"


ALERT = b"""{"version": "4", "groupKey": "g", "status": "firing", "receiver": "t", "alerts": [{"status": "firing",
 "fingerprint": "f1", "labels": {"alertname": "Errors", "service": "payment", "team": "trade", "severity": "error"},
 "annotations": {}, "startsAt": "2026-03-01T10:00:00Z", "endsAt": "0001-01-01T00:00:00Z", "generatorURL": ""}],
 "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "externalURL": "", "truncatedAlerts": 0}"""


@BOTH
async def test_a_status_is_posted_kept_and_shown_until_the_next(language: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    first = "状态 支付正在恢复" if language == "zh" else 'status "支付正在恢复"'
    assert (await scene.type("alice", incident, first)).tone == "ok"
    state = await scene.state(incident)
    slot = f"update:{state.updates[0].key}"
    assert (incident, slot) in scene.desk.shown
    assert "支付正在恢复" in drawn(scene, state, slot)
    assert "支付正在恢复" in drawn(scene, state, "header")
    await scene.type("rita", incident, "status all paid")
    state = await scene.state(incident)
    assert [update.by for update in state.updates] == ["alice", "rita"]
    assert "all paid" in drawn(scene, state, "header")
    assert "支付正在恢复" not in drawn(scene, state, "header")


async def test_a_status_without_words_only_shows() -> None:
    scene = Scene()
    incident = await scene.incident()
    before = await scene.entries(incident)
    assert (await scene.type("vic", incident, "status")).card is not None
    assert await scene.entries(incident) == before
    assert (await scene.type("vic", incident, "status all fine")).tone == "refused"
    assert not (await scene.state(incident)).updates


@BOTH
async def test_a_snooze_stands_until_it_is_taken_back(language: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    said = "稍后提醒 2 小时" if language == "zh" else "snooze 2h"
    assert "12:00:00" in scene.heard(await scene.type("alice", incident, said))
    state = await scene.state(incident)
    assert state.snooze is not None
    assert state.snooze.until - scene.clock.now() == timedelta(hours=2)
    assert "12:00:00" in drawn(scene, state, "header")
    assert (await scene.type("alice", incident, "snooze off")).tone == "ok"
    assert (await scene.state(incident)).snooze is None
    assert (await scene.type("alice", incident, "snooze off")).tone == "refused"
    for wrong in ("snooze", "snooze a while", "snooze 8d", "snooze 5s", "snooze 99999h"):
        assert (await scene.type("alice", incident, wrong)).tone == "refused"


@given(
    st.integers(0, 6), st.integers(0, 23), st.integers(0, 59), st.sampled_from(["{}d {}h {}m", "{} 天 {}小时{} 分钟"])
)
def test_how_long_is_read_as_it_is_written(days: int, hours: int, minutes: int, form: str) -> None:
    span = timedelta(days=days, hours=hours, minutes=minutes)
    assert duration(form.format(days, hours, minutes)) == (span if span >= timedelta(minutes=1) else None)


@given(st.text(max_size=40))
def test_how_long_never_breaks_on_what_people_type(text: str) -> None:
    span = duration(text)
    assert span is None or timedelta(minutes=1) <= span <= timedelta(days=7)


@given(st.sampled_from(["bob", "Bobby", "bob-lee", "Bob Lee"]), st.sampled_from(["", "@", "<@"]), st.text(max_size=20))
def test_the_longest_name_is_the_one_meant(name: str, before: str, rest: str) -> None:
    people = tuple(
        person(id, "responder").model_copy(update={"name": id}) for id in ("bob", "Bobby", "bob-lee", "Bob Lee")
    )
    team = trade().model_copy(update={"people": people})
    found, said = find(team, f"{before}{name} 。{rest}" if before != "<@" else f"<@U-{name.replace(' ', '')}> 。{rest}")
    if before == "<@" and " " in name:
        assert found is None
    else:
        assert found is not None
        assert found.id == name
        assert said.startswith("。")


# --- ending and taking up again ---


@BOTH
async def test_resolved_by_a_person_and_taken_up_again(language: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    assert (await scene.type("rita", incident, "reopen")).tone == "refused"
    assert (await scene.type("rita", incident, "已恢复" if language == "zh" else "resolve")).tone == "ok"
    state = await scene.state(incident)
    assert (state.status, state.outcome, state.closed_by) == ("closed", "recovered", "rita")
    for late in ("assign rita", "escalate", "handover alice", "severity P1", "snooze 1h", "status fine"):
        answer = await scene.type("alice", incident, late)
        assert answer.tone == "refused", late
        assert incident in scene.heard(answer)
    await scene.later(120)
    assert (await scene.type("alice", incident, "重开 又来了" if language == "zh" else "reopen 又来了")).tone == "ok"
    state = await scene.state(incident)
    assert (state.status, state.episode, state.closed_by) == ("open", 2, "")
    assert scene.woken == [incident]
    (entry,) = await scene.entries(incident, "incident.reopened")
    assert (entry.actor, entry.body["reason"]) == ("alice", "又来了")
    assert await scene.store.register.living() == (incident,)


async def test_what_was_said_of_an_episode_ends_with_it() -> None:
    scene = Scene()
    incident = await scene.incident()
    for text in ("ack", "severity P1", "escalate", "status down", "snooze 1h", "resolve", "reopen"):
        await scene.type("alice", incident, text)
    state = await scene.state(incident)
    assert (state.acknowledged_by, state.severity_by, state.snooze) == ("", "", None)
    assert (state.summons, state.updates) == ((), ())
    assert state.assignee == "alice"
    assert state.began_at == scene.clock.now()


# --- who may, and once ---

DONE = {
    "assign bob": "incident.assigned",
    "escalate bob": "incident.escalated",
    "handover bob": "shift.handed_over",
    "severity P2": "incident.severity",
    "status half of it works": "status.updated",
    "snooze 30m": "incident.snoozed",
    "resolve": "incident.closed",
}


@BOTH
@pytest.mark.parametrize("text", [*DONE, "reopen"])
async def test_who_may_only_look_is_told_so_and_it_is_written_down(language: str, text: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    answer = await scene.type("vic", incident, text)
    assert answer.tone == "refused"
    assert "team.yaml" in scene.heard(answer)
    assert [entry.kind for entry in await scene.entries(incident)][1:] == ["request.refused"]


@pytest.mark.parametrize("text", DONE)
async def test_delivered_ten_times_it_happens_once_and_names_the_actor(text: str) -> None:
    scene = Scene()
    incident = await scene.incident()
    for _ in range(10):
        await scene.type("alice", incident, text, id="again")
        await scene.say("alice", incident, f"@tocsin {text}", id="again")
    (entry,) = await scene.entries(incident, DONE[text])
    assert entry.actor == "alice"


@pytest.mark.parametrize(
    "text", ["escalate bob {}", "handover bob {}", "severity P1 {}", "status {}", "resolve", "reopen {}", "split x {}"]
)
async def test_no_secret_is_kept_with_what_people_say(text: str) -> None:
    scene = Scene()
    incident = await scene.incident()
    if text.startswith("reopen"):
        await scene.type("alice", incident, "resolve")
    before = await scene.entries(incident)
    await scene.type("alice", incident, text.format("the password=hunter2hunter2 and\x00 " + "x" * 9_000))
    for entry in (await scene.entries(incident))[len(before) :]:
        assert "hunter2" not in str(entry.body)
        assert "\x00" not in str(entry.body)
        assert len(str(entry.body)) < 6_000


@BOTH
async def test_every_new_line_of_the_timeline_has_words(language: str) -> None:
    scene = Scene(language)
    for kind in DONE.values():
        assert scene.words.has(f"kind.{kind}"), kind
    assert Words(language).say(Phrase(word="notice.called", values={"by": "A", "incident": "i"}))

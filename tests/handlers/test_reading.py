"""Checks that nothing which acts is run by a question, a denial or mere talk that begins with its word."""

from collections.abc import Sequence

import pytest

from cards.words import Words
from handlers.commands import COMMANDS
from handlers.commands.reading import read
from tests.handlers.house import Scene

ACTING = {
    "ack": ("ack", "认领", "我来", "接手"),
    "approve": ("approve", "批准"),
    "reject": ("reject", "拒绝", "驳回"),
    "lift": ("lift", "解除"),
    "hold": ("hold", "冻结"),
    "constraints": ("constraint", "约束"),
    "undo": ("undo", "撤销"),
    "plan": ("plan", "申请"),
    "look_again": ("look again", "重新诊断"),
    "false_alarm": ("false alarm", "误报"),
    "close": ("close", "关闭"),
    "resume": ("resume", "继续"),
    "keep": ("keep", "保留"),
    "drop": ("drop", "丢弃"),
    "edit": ("edit", "修改"),
    "open": ("open", "declare", "新建", "声明"),
    "demo": ("demo", "演示"),
    "assign": ("assign", "指派"),
    "escalate": ("escalate", "升级"),
    "handover": ("handover", "交接"),
    "severity": ("severity", "级别"),
    "status": ("status", "状态"),
    "snooze": ("snooze", "稍后提醒"),
    "resolve": ("resolve", "resolved", "已恢复", "已解决", "解决"),
    "reopen": ("reopen", "重开"),
    "merge": ("merge", "合并"),
    "split": ("split", "拆分"),
    "unlink": ("unlink", "拆开"),
    "silence": ("silence", "静默"),
    "unsilence": ("unsilence", "取消静默"),
    "remember": ("remember", "记住"),
    "forget": ("forget", "忘记"),
    "report": ("report", "postmortem", "复盘"),
    "depends": ("depends", "依赖"),
    "self_test": ("self-test", "自测"),
    "diag": ("diag", "诊断主机"),
}
"""Every command that acts, with words people use for it."""

QUESTIONS = {
    "zh": (
        "{}了吗",
        "{}了吗？",
        "{}吗?",
        "{}了没有",
        "要{}吗？",
        "谁{}的？",
        "{}怎么做",
        "{} 怎么样？",
        "{}是什么意思",
    ),
    "en": ("{}?", "{} ?", "{} or not?", "should we {}?", "can I {} this?", "{} how?", "{} this, right?", "who did {}"),
}
DENIALS = {
    "zh": ("不要{}", "别{}", "先不{}", "请不要{}", "{} 不用", "{}：不要", "还没{}", "没有{}"),
    "en": ("don't {}", "do not {}", "never {}", "not {}", "please don't {}", "{} not yet", "{}: no", "{}, not yet"),
}
TALK = {
    "ack": ("ack from the upstream is missing", "认领流程改一下", "认领 流程在哪个文档"),
    "approve": ("approve flow is broken", "批准流程太慢"),
    "close": ("close to the limit", "关闭连接池之后好一些", "关闭 连接池"),
    "false_alarm": ("false alarm rate is too high", "误报率很高", "误报 太多"),
    "resolve": ("resolve dns first", "resolved hosts look odd", "解决方案见文档", "已恢复一半", "已解决的问题有两个"),
    "reject": ("rejected by the gateway", "拒绝率上升"),
    "resume": ("resume traffic to b", "继续观察", "继续 观察"),
    "keep": ("keep an eye on it", "保留现场"),
    "look_again": ("look again at the pool", "重新诊断工具在升级"),
    "undo": ("undo button is missing", "撤销按钮在哪"),
    "unlink": ("unlink the socket", "拆开看看"),
    "lift": ("lift and shift is done", "解除告警要一会儿"),
    "reopen": ("reopened tickets look alike", "重开连接池"),
    "escalate": ("escalated by the vendor", "升级版本到 2.3"),
}


def worded(name: str, language: str) -> Sequence[str]:
    return [word for word in ACTING[name] if word.isascii() == (language == "en")]


async def nothing_happens(scene: Scene, incident: str, text: str) -> None:
    """Said in any way a platform may hear it, it changes nothing but is written down, and is answered."""
    before = await scene.store.timeline.read(incident)
    answers = [
        await scene.say("alice", incident, text, mentions_bot=True),
        await scene.type("alice", incident, text),
        await scene.say("alice", "", text, mentions_bot=True),
    ]
    after = (await scene.store.timeline.read(incident))[len(before) :]
    assert [entry.kind for entry in after] == ["message.said"], text
    assert await scene.store.register.newest("trade") == (incident,), text
    assert all(answer.form is None for answer in answers), text
    assert all(answer.card or scene.heard(answer) for answer in answers), text


def test_the_table_names_every_command_that_acts() -> None:
    acting = {command.name for command in COMMANDS if command.follows != "anything"}
    assert acting == set(ACTING)
    judged = {command.name for command in COMMANDS if command.role != "viewer"} - {"help"}
    assert judged <= acting
    for command in COMMANDS:
        assert set(ACTING.get(command.name, ())) <= set(command.words), command.name


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", ACTING)
async def test_a_question_or_a_denial_never_acts(name: str, language: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    for word in worded(name, language):
        for pattern in (*QUESTIONS[language], *DENIALS[language]):
            if not (name == "status" and pattern in DENIALS[language]):
                await nothing_happens(scene, incident, pattern.format(word))


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_nothing_that_waits_is_decided_by_a_question(language: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    request = await scene.asked(incident)
    for name in ("approve", "reject"):
        for word in worded(name, language):
            for pattern in QUESTIONS[language]:
                text = pattern.format(word)
                visible = await scene.say("alice", incident, text, mentions_bot=True)
                assert visible.form is None, text
    (waiting,) = (await scene.state(incident)).proposals.values()
    assert (waiting.request, waiting.decision) == (request, None)


@pytest.mark.parametrize("text", [text for texts in TALK.values() for text in texts])
async def test_talk_that_begins_like_a_command_is_talk(text: str) -> None:
    scene = Scene("en" if text.isascii() else "zh")
    incident = await scene.incident()
    before = await scene.store.timeline.read(incident)
    answer = await scene.say("alice", incident, text, mentions_bot=True)
    assert answer.form is None
    assert scene.heard(answer)
    after = (await scene.store.timeline.read(incident))[len(before) :]
    assert [entry.kind for entry in after] == ["message.said"]


@pytest.mark.parametrize(
    "language, text, outcome, reason",
    [
        ("en", "resolve", "recovered", None),
        ("en", "resolved.", "recovered", None),
        ("en", "please resolve this incident", "recovered", None),
        ("en", "resolve: rolled back by hand", "recovered", "rolled back by hand"),
        ("en", "resolved, it was the cache. Do we know why it filled", "recovered", ...),
        ("en", "close the incident", "needs_human", None),
        ("en", "close needs human: asked the vendor", "needs_human", "asked the vendor"),
        ("en", "false alarm - load test", "false_alarm", "load test"),
        ("zh", "已恢复", "recovered", None),
        ("zh", "已恢复了", "recovered", None),
        ("zh", "请关闭这个事件", "needs_human", None),
        ("zh", "已恢复：手工回滚了", "recovered", "手工回滚了"),
        ("zh", "误报，压测引起，不知道是什么压测", "false_alarm", "压测引起，不知道是什么压测"),
        ("zh", "关闭 误报", "false_alarm", None),
        ("zh", "关闭 已恢复：扩容后好了", "recovered", "扩容后好了"),
    ],
)
async def test_what_is_meant_is_done(language: str, text: str, outcome: str, reason: object) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    assert (await scene.say("alice", incident, text, mentions_bot=True)).tone == "ok"
    (closed,) = await scene.entries(incident, "incident.closed")
    assert closed.body["outcome"] == outcome
    assert reason is ... or closed.body.get("reason") == reason


async def test_typed_as_a_command_plain_words_are_its_reason() -> None:
    scene = Scene()
    incident = await scene.incident()
    assert (await scene.say("alice", incident, "/incident resolve rolled back by hand")).tone == "ok"
    (closed,) = await scene.entries(incident, "incident.closed")
    assert closed.body["reason"] == "rolled back by hand"


@pytest.mark.parametrize(
    "text, kind",
    [
        ("认领", "incident.acknowledged"),
        ("请认领", "incident.acknowledged"),
        ("认领吧", "incident.acknowledged"),
        ("please ack", "incident.acknowledged"),
        ("ack, on it", "incident.acknowledged"),
        ("级别P1", "incident.severity"),
        ("指派rita", "incident.assigned"),
        ("升级 rita：能看一下吗？", "incident.escalated"),
        ("escalate rita: can you look?", "incident.escalated"),
        ("交接 rita 查一下为什么慢", "shift.handed_over"),
        ("状态：大家知道为什么吗？", "status.updated"),
        ("status see https://status.example.com/?a=1", "status.updated"),
        ("状态 还没恢复", "status.updated"),
        ("稍后提醒30分钟", "incident.snoozed"),
    ],
)
async def test_natural_words_still_work(text: str, kind: str) -> None:
    scene = Scene()
    incident = await scene.incident()
    answer = await scene.say("alice", incident, text, mentions_bot=True)
    assert answer.tone == "ok", scene.heard(answer)
    assert len(await scene.entries(incident, kind)) == 1


@pytest.mark.parametrize(
    "language, text, says",
    [("en", "resolved?", "resolve"), ("zh", "已恢复了吗？", "已恢复"), ("zh", "认领了吗", "还没有人认领")],
)
async def test_a_question_is_told_how_it_stands_and_how_to_do_it(language: str, text: str, says: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    said = scene.heard(await scene.say("vic", incident, text, mentions_bot=True))
    assert incident in said
    assert says in said


@pytest.mark.parametrize("text", ["状态怎么样？", "status?", "状态如何", "status, how is it going?"])
async def test_asking_for_the_status_shows_it(text: str) -> None:
    scene = Scene()
    incident = await scene.incident()
    assert (await scene.say("vic", incident, text, mentions_bot=True)).card is not None
    assert not await scene.entries(incident, "status.updated")


async def test_another_incident_is_declared_from_a_thread() -> None:
    scene = Scene("zh")
    incident = await scene.incident()
    for text in ("declare payment refunds fail", "声明 payment 退款失败", "open: payment refunds fail"):
        answer = await scene.say("rita", incident, text, mentions_bot=True)
        assert answer.incidents, text
        assert answer.incidents[0] != incident
    assert "声明" in scene.heard(await scene.say("rita", incident, "open the breaker", mentions_bot=True))


async def test_a_consent_is_never_read_out_of_a_question() -> None:
    scene = Scene()
    incident = await scene.incident()
    request = await scene.asked(incident)
    for text in (f"approve {request.id}?", "批准吗", "approve?"):
        answer = await scene.say("alice", incident, text, mentions_bot=True)
        assert answer.form is None
    assert not await scene.entries(incident, "approval.resolved")


ELSEWHERE = {"remember", "service", "services"}
"""Buttons whose label is the word of another command: they say it under a card about something else."""


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_stands_on_a_button_can_be_typed(language: str) -> None:
    words = Words(language)
    for command in COMMANDS:
        label = words.text(f"button.{command.name}").rstrip("…. ")
        if label.startswith("[") or command.name in ELSEWHERE:
            continue
        found = read(label, COMMANDS)
        assert found is not None, label
        assert (found.command.name, found.doubt) == (command.name, ""), label

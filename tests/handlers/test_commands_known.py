"""Checks that every verb an on-call engineer may think of is known in both languages, and what a slip is met with."""

import time

import pytest

from handlers.commands import COMMANDS
from handlers.commands.reading import read
from handlers.commands.typos import near
from tests.handlers.house import Scene

WORDS = [word for command in COMMANDS for word in command.words]

VERBS = {
    "open": ("declare", "open", "声明", "上报"),
    "ack": ("ack", "认领", "接手", "我来", "我接了"),
    "assign": ("assign bob", "指派 bob", "指派给bob"),
    "escalate": ("escalate", "升级", "升级下一位"),
    "on_call": ("on-call", "who is on call", "谁值班"),
    "handover": ("handover bob", "交接 bob"),
    "severity": ("severity P1", "级别 P1"),
    "status": ("status all fine", "状态 正常"),
    "incidents": ("list", "列表", "事件列表"),
    "show": ("show", "查看"),
    "timeline": ("timeline", "时间线"),
    "evidence": ("evidence", "证据"),
    "why": ("why", "diagnosis", "诊断", "为什么"),
    "query": ("query up", "查询 up"),
    "triage": ("triage", "分诊"),
    "changes": ("changes payment", "最近变更 payment"),
    "plan": ("plan rollback", "申请回滚", "申请 回滚"),
    "approve": ("approve", "批准"),
    "reject": ("reject", "拒绝"),
    "undo": ("undo", "撤销"),
    "constraints": ("constraint", "constraints", "约束", "限制"),
    "silence": ("silence 2h x", "静默 2h x"),
    "snooze": ("snooze 2h", "稍后提醒 2小时"),
    "merge": ("merge inc_00000001", "合并到 inc_00000001"),
    "split": ("split Alert", "拆分 Alert"),
    "unlink": ("unlink", "拆开"),
    "why_merged": ("why merged?", "为什么合并？"),
    "resolve": ("resolve", "已恢复"),
    "reopen": ("reopen", "重开"),
    "close": ("close false alarm", "关闭 误报", "关闭误报", "关闭 已恢复"),
    "replay": ("replay", "回放"),
    "approvals": ("approvals", "待审批"),
    "services": ("services", "服务列表"),
    "monitor": ("monitor payment", "监控 payment", "health payment", "健康 payment"),
    "home": ("home", "总览"),
    "remember": ("remember x", "记住 x"),
    "habits": ("habits", "习惯"),
    "runbooks": ("runbooks", "手册"),
    "digest": ("digest", "摘要"),
    "doctor": ("doctor", "自检"),
    "help": ("help", "帮助"),
}

SLIPS = {
    "认令": "认领",
    "升极": "升级",
    "交节": "交接",
    "自捡": "自检",
    "时间钱": "时间线",
    "akc": "ack",
    "timelime": "timeline",
    "look agian": "look again",
    "sevrity P1": "severity",
    "monitr payment": "monitor",
    "handovr bob": "handover",
    "declair payment is down": "declare",
}


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_is_known_in_both_languages(name: str) -> None:
    for text in VERBS[name]:
        found = read(text, COMMANDS, names=("bob",))
        assert found is not None, text
        assert (found.command.name, found.doubt) == (name, ""), text


def test_every_command_has_a_word_of_each_language() -> None:
    for command in COMMANDS:
        assert any(word.isascii() for word in command.words), command.name
        assert any(not word.isascii() for word in command.words), command.name
        assert command.word("en").isascii(), command.name
        assert not command.word("zh").isascii(), command.name


@pytest.mark.parametrize("typed", SLIPS)
@pytest.mark.parametrize("mention", ["", "@tocsin "])
async def test_a_slip_is_met_with_what_was_meant(typed: str, mention: str) -> None:
    scene = Scene("en" if typed.isascii() else "zh")
    incident = await scene.incident()
    if not mention and len(typed.split()) > 2:
        return
    said = scene.heard(await scene.say("alice", incident, mention + typed))
    assert SLIPS[typed] in said


@pytest.mark.parametrize(
    "text", ["hm", "好的", "你好", "我们先看看日志再说", "thanks everyone, lunch", "ok", "没有问题", ""]
)
def test_talk_is_not_taken_for_a_slip(text: str) -> None:
    assert near(text, WORDS) == ()


async def test_a_long_sentence_is_not_taken_for_a_slip() -> None:
    scene = Scene()
    incident = await scene.incident()
    said = scene.heard(await scene.say("alice", incident, "@tocsin hope it holds until tomorrow"))
    assert "home" not in said


def test_a_guess_is_in_the_script_that_was_typed() -> None:
    for typed in (*SLIPS, "关比", "approv", "vwhy"):
        assert all(word.isascii() == typed.isascii() for word in near(typed, WORDS)), typed


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_what_is_held_is_listed_and_lifted(language: str) -> None:
    scene = Scene(language)
    incident = await scene.incident()
    word = "约束" if language == "zh" else "constraints"
    empty = (await scene.type("vic", incident, word)).card
    assert empty is not None
    assert "[held" not in str(empty)
    await scene.type("rita", incident, "约束 不要回滚" if language == "zh" else "constraint do not roll back")
    await scene.say("alice", incident, "don't touch anything")
    (first, second) = (await scene.state(incident)).holding
    assert (first.operation_class, second.operation_class) == ("rollback", None)
    card = str((await scene.type("vic", incident, word)).card)
    assert "[held" not in card
    assert first.id in card
    assert second.id in card
    assert "Rita" in card
    assert (await scene.press("rita", "lift", incident, constraint=first.id)).tone == "ok"
    assert first.id not in str((await scene.type("vic", incident, word)).card)
    assert (await scene.type("vic", incident, f"{word} 不要重启")).tone == "refused"
    assert (await scene.type("rita", incident, f"{word} xyz")).tone == "refused"


@pytest.mark.parametrize(
    "text", ["申请回滚", "申请 回滚 payment", "plan rollback", "plan rollback_canary previous_version=v2.3.0"]
)
async def test_an_operation_is_asked_for_by_what_it_does(text: str) -> None:
    scene = Scene()
    incident = await scene.incident()
    more = "" if "=" in text else " previous_version=v2.3.0"
    await scene.write(incident, "1/handed", "incident.handed_over", {})
    answer = await scene.type("rita", incident, text + more)
    assert answer.tone == "ok", scene.heard(answer)
    (nudged,) = await scene.entries(incident, "person.nudged")
    assert nudged.body["plan"]["operation"] == "rollback_canary"


async def test_an_operation_that_is_not_offered_lists_those_that_are() -> None:
    scene = Scene("zh")
    incident = await scene.incident()
    assert "rollback_canary payment" in scene.heard(await scene.type("rita", incident, "申请重启"))


async def test_a_person_may_be_named_right_behind_the_word() -> None:
    scene = Scene("zh")
    incident = await scene.incident()
    lin = scene.team.people[1].model_copy(update={"id": "lin", "name": "小林"})
    scene.teams.teams["trade"] = scene.team.model_copy(update={"people": (*scene.team.people, lin)})
    assert (await scene.say("alice", incident, "@tocsin 升级小林：数据库连不上")).tone == "ok"
    assert (await scene.say("alice", incident, "@tocsin 交接给小林 先看连接池")).tone == "ok"
    assert (await scene.state(incident)).assignee == "lin"


@pytest.mark.parametrize("word", ["changes", "query", "topology", "silence", "diag web-1", "service", "open", "help"])
async def test_no_command_takes_long_however_much_stands_behind_it(word: str) -> None:
    """Everybody else waits meanwhile; a pattern that is tried at every blank of 40,000 takes half a minute."""
    scene = Scene()
    incident = await scene.incident()
    began = time.process_time()
    for text in (f"{word} x{' ' * 40_000}y", f"{word} {' x' * 20_000}"):
        await scene.type("alice", incident, text)
    assert time.process_time() - began < 3

"""Chats from a terminal with a bot that runs behind real HTTP."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable

import pytest

from bot.platforms.terminal_chat import chat
from cards.model import Ask, Card, Field, Prose
from engine.errors import InputError, WorldError
from engine.model import Phrase
from handlers.inbound import Answer, FormSent, MessageSaid
from tests.bot.pages.stage import Stage, open_stage
from tests.cards.factory import INCIDENT


class Paper(io.StringIO):
    """A terminal that can be waited on."""

    def __init__(self) -> None:
        super().__init__()
        self.changed = asyncio.Event()

    def write(self, text: str) -> int:
        self.changed.set()
        return super().write(text)

    async def until(self, wanted: Callable[[str], bool]) -> None:
        async with asyncio.timeout(5):
            while not wanted(self.getvalue()):
                self.changed.clear()
                await self.changed.wait()


async def test_a_person_opens_a_thread_reads_and_speaks() -> None:
    async with open_stage() as stage:
        stage.inbox.answers["为什么?"] = Answer(phrase=Phrase(word="error.plain", values={"text": "看第 3 张卡"}))
        stage.inbox.answers["总览"] = Answer(
            card=Card("支付 · 总览", "支付 · 总览", blocks=(Prose("没有未关闭的事件"),))
        )
        stage.inbox.answers["approve"] = Answer(form=FORM)
        stage.inbox.answers["FormSent:approve"] = Answer(phrase=Phrase(word="error.plain", values={"text": "已批准"}))
        stage.inbox.answers["reject"] = Answer(
            tone="refused", phrase=Phrase(word="error.plain", values={"text": "不行"})
        )
        await stage.tell("incident.created")
        await stage.tell("hypothesis.generated")
        paper = Paper()
        assert await chat(stage.url, stage.url + await stage.link("lin"), "zh", typing(stage, paper), paper) == 0
        told = paper.getvalue()
        for seen in (
            "林晓",
            INCIDENT,
            "先不要回滚",
            "ev_metric_1",
            "✓ 看第 3 张卡",
            "› 林晓: 为什么?",
            "✕ 不行",
            "支付 · 总览",
            "在 payment 上执行回滚？",
            "1  30 分钟",
            "✓ 已批准",
            "没有发送",
            "已离开话题",
        ):
            assert seen in told, seen
        assert told.count("ev_metric_1 [") == 1
        assert "rollback_canary" in told.partition("为什么?")[2], "what happens later is printed as it happens"
        assert await stage.said() == ["总览", "为什么?", "approve", "approve", "reject", "总览"]
        (sent,) = [event for event in stage.inbox.events if isinstance(event, FormSent)]
        assert sent.action == "approve"
        assert sent.value == FORM.value
        assert sent.fields == {"word": "CONFIRM_EXECUTE", "span": "30m", "reason": ""}
        assert (sent.at.room, sent.at.incident) == ("payments", INCIDENT)
        said = [event for event in stage.inbox.events if isinstance(event, MessageSaid)]
        assert [event.at.thread != "" for event in said] == [False, True, True, True, True, False]


FORM = Ask(
    "在 payment 上执行回滚？",
    "审批人",
    None,
    "approve",
    "执行",
    {"incident": INCIDENT, "approval": "approval_1a2b3c4d", "digest": "9f2c"},
    (
        Field("word", "输入 CONFIRM_EXECUTE"),
        Field("span", "多久", choices=(("30m", "30 分钟"), ("2h", "2 小时"))),
        Field("reason", "原因", required=False),
    ),
)


async def typing(stage: Stage, paper: Paper) -> AsyncIterator[str]:
    yield "总览\n"
    yield "/list\n"
    yield "/open inc_none\n"
    yield f"/open {INCIDENT}\n"
    await paper.until(lambda told: "ev_metric_1" in told)
    yield "为什么?\n"
    await paper.until(lambda told: "› 林晓: 为什么?" in told)
    await stage.tell("approval.requested")
    await paper.until(lambda told: "rollback_canary" in told.partition("为什么?")[2])
    yield "\n"
    yield "approve\n"
    await paper.until(lambda told: "在 payment 上执行回滚？" in told)
    yield "\n"
    yield "CONFIRM_EXECUTE\n"
    yield "1\n"
    yield "\n"
    yield "approve\n"
    yield "/cancel\n"
    yield "reject\n"
    yield "/leave\n"
    yield "总览\n"
    yield "/quit\n"
    yield "never reached\n"


async def nothing() -> AsyncIterator[str]:
    for line in list[str]():
        yield line


async def test_without_a_bot_or_a_link_one_sentence_says_so() -> None:
    with pytest.raises(WorldError) as unreachable:
        await chat("http://127.0.0.1:9", "http://127.0.0.1:9/sign-in?token=x", "en", nothing(), Paper())
    assert unreachable.value.phrase.word == "chat.unreachable"
    with pytest.raises(InputError) as linkless:
        await chat("http://127.0.0.1:9", "", "en", nothing(), Paper())
    assert linkless.value.phrase.word == "chat.needs_link"
    with pytest.raises(InputError) as wrong:
        await chat("http://127.0.0.1:9", "http://127.0.0.1:9/", "en", nothing(), Paper())
    assert wrong.value.phrase.word == "chat.bad_link"


async def test_a_link_that_was_used_is_refused_with_the_bots_own_words() -> None:
    async with open_stage() as stage:
        link = await stage.link("lin")
        assert await chat(stage.url, link, "en", nothing(), Paper()) == 0
        with pytest.raises(WorldError) as used:
            await chat(stage.url, link, "en", nothing(), Paper())
        assert used.value.phrase.word == "chat.refused"
        assert "used already" in str(used.value.phrase.values["reason"])

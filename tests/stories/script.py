"""Holds the stories that every room tells alike: what people do there and what they see, whatever the platform."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from cards.words import Words
from tests.stories.stage import Story


class Room(Protocol):
    """One chat room with the story in it, as the people of the trade team have it before them."""

    story: Story
    language: str

    async def sees(self, *texts: str) -> None:
        """Wait until one message shows all of this; AssertionError where none ever does."""
        ...

    async def says(self, who: str, text: str) -> None:
        """Write to the bot where the incident is."""
        ...

    async def presses(self, who: str, label: str) -> None:
        """Press the newest button of this name, once there is one."""
        ...

    async def approves(self, who: str, word: str) -> None:
        """Press the button that asks for the word, and type this."""
        ...


class Said(NamedTuple):
    """What a person types in each language, and the kind of entry that comes of it; "" for what only shows."""

    who: str
    en: str
    zh: str
    kind: str = ""
    shows: tuple[str, ...] = ()

    def text(self, language: str) -> str:
        """In the language of the room."""
        return self.zh if language == "zh" else self.en


HOLD = Said("lin", "Do not roll back yet. Look at the evidence first.", "先不要回滚，请先查证据。", "constraint.set")

SHIFT = (
    Said("chen", "ack", "认领", "incident.acknowledged", ("Chen",)),
    Said("lin", "who is on call", "谁值班", shows=("Lin", "Chen")),
    Said("lin", "severity P2: checkout is slow", "级别 P2：结账变慢", "incident.severity", ("P2",)),
    Said("chen", "status refunds are paused", "状态 退款已暂停", "status.updated"),
    Said("chen", "assign lin", "指派 lin", "incident.assigned", ("Lin",)),
    Said("lin", "handover chen: pool is watched", "交接 chen：连接池在观察", "shift.handed_over"),
    Said("chen", "escalate lin: database is down", "升级 lin：数据库不可用", "incident.escalated"),
    Said("chen", "snooze 30m", "稍后提醒 30m", "incident.snoozed"),
    Said("lin", "evidence", "证据", shows=("ev_metric_1",)),
    Said("lin", "why", "为什么", shows=("v2.3.1",)),
    Said("lin", "timeline", "时间线", shows=("alert.normalized",)),
    Said("lin", "resolve: pool was raised", "已恢复：连接池已调大", "incident.closed"),
    Said("chen", "reopen: it is back", "重开：又出现了", "incident.reopened"),
    Said("lin", "close false_alarm", "关闭 误报", "incident.closed"),
)
"""What a shift does in a thread, one after the other."""


async def tell_the_worked_example(room: Room) -> None:
    """Alert, hold, cause, lifted, a wrong word, the right one, cured, kept, closed."""
    story, words = room.story, Words(room.language)
    story.world.release_leaks()
    await story.alert()
    await room.sees("PaymentHigh503", "P1")
    await room.says(HOLD.who, HOLD.text(room.language))
    proposal = await story.asked()
    request = proposal.request
    assert request is not None
    await room.sees(words.text("plan_state.held"), request.id)
    await room.presses("lin", "lift")
    await story.until(lambda state: not state.holding)

    for wrong in ("confirm_execute", "CONFIRM_EXECUTE please"):
        await room.approves("chen", wrong)
    await room.says("guest", f"approve {request.id} CONFIRM_EXECUTE")
    assert story.world.target.done == []
    await room.approves("chen", "CONFIRM_EXECUTE")
    state = await story.status("recovered")
    assert [order.approval for order in story.world.target.done] == [request.id]
    decision = state.proposals[proposal.plan.id].decision
    assert decision is not None
    assert decision.by == "chen"
    await room.sees("receipt_1")

    await room.presses("lin", "keep_all")
    await story.until(lambda state: state.lessons and all(taught.state == "kept" for taught in state.lessons.values()))
    await room.says("lin", "close" if room.language == "en" else "关闭")
    state = await story.status("closed")
    assert (state.outcome, state.closed_by) == ("recovered", "lin")


async def tell_a_shift(room: Room, shift: Sequence[Said] = SHIFT) -> None:
    """Everything people do about an incident besides curing it, by words, each with its entry and its message."""
    story = room.story
    story.world.release_leaks()
    await story.alert()
    await story.asked()
    for said in shift:
        before = len(await story.entries(said.kind)) if said.kind else 0
        await room.says(said.who, said.text(room.language))
        if said.kind:
            await _written(story, said, before)
        for text in said.shows:
            await room.sees(text)
    refused = len(await story.entries("request.refused"))
    await room.says("guest", "reopen" if room.language == "en" else "重开")
    await _written(story, Said("guest", "reopen", "重开", "request.refused"), refused)
    assert story.world.target.done == []


async def _written(story: Story, said: Said, before: int) -> None:
    for _ in range(600):
        entries = await story.entries(said.kind)
        if len(entries) > before:
            assert entries[-1].actor == said.who, said
            return
        await story.house.tools.clock.sleep(0.5)
    raise AssertionError(f"{said.text('en')!r} came to nothing: {[e.kind for e in await story.entries()][-6:]}")

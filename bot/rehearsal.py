"""Plays the operator of a headless demo: reads the thread as a person would, and answers through the same doors."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.desk import ChatDesk
from cards.words import Words
from engine.errors import TocsinError
from engine.incident import Incident, Proposal
from engine.model import Phrase
from engine.ports import Clock, Register
from engine.team import Account
from handlers.front_door import FrontDoor
from handlers.inbound import Answer, ButtonPressed, FormSent, Inbound, MessageSaid, Place

PAUSE = 0.2
READING = 1.5
"""Seconds a person takes to read a card before answering it."""

LOOKS = 3

LINES = {
    "zh": {
        "hold": "先不要回滚。请查证据，判断是不是这次发布导致",
        "approve": "批准 {approval} CONFIRM_EXECUTE。先 dry-run。",
    },
    "en": {
        "hold": "Do not roll back yet. Look at the evidence first: was it the release?",
        "approve": "approve {approval} CONFIRM_EXECUTE. dry-run first.",
    },
}


class RehearsalFailed(TocsinError):
    """The rehearsal did not come to its end."""


@dataclass
class Operator:
    """A scripted on-call engineer; `holds` makes them say "do not roll back" at first, and lift it later."""

    desk: ChatDesk
    register: Register
    front_door: FrontDoor
    clock: Clock
    account: Account
    room: str
    language: str
    holds: bool
    echo: Callable[[str, str], None]
    transcript: list[Inbound] = field(default_factory=list)
    _sent: int = 0
    _done: set[str] = field(default_factory=set)

    async def wait_for_incident(self, seconds: float) -> str:
        """The first incident's id. RehearsalFailed when none came within this many seconds."""
        for _ in range(int(seconds / PAUSE)):
            if newest := await self.register.newest(limit=1):
                return newest[0]
            await self.clock.sleep(PAUSE)
        raise RehearsalFailed(Phrase(word="cli.demo_no_alert", values={"seconds": seconds}))

    async def see_through(self, incident: str, seconds: float) -> Incident:
        """Answer whatever the thread asks until the incident is closed; returns its last state."""
        if self.holds:
            await self._say(incident, LINES[self.language]["hold"])
        for _ in range(int(seconds / PAUSE)):
            state = await self.desk.state(incident)
            if state.status == "closed":
                return state
            await self._answer(state)
            await self.clock.sleep(PAUSE)
        raise RehearsalFailed(Phrase(word="cli.demo_not_ended", values={"incident": incident, "seconds": seconds}))

    async def _answer(self, state: Incident) -> None:
        if not state.acknowledged_by:
            await self._press(state, "ack", once="ack")
        if state.proposals:
            for constraint in state.holding:
                await self.clock.sleep(READING)
                await self._press(state, "lift", once=constraint.id, constraint=constraint.id)
        for proposal in state.proposals.values():
            await self._answer_proposal(state, proposal)
        if state.status == "recovered" and state.lessons:
            await self._press(state, "keep_all", once="keep_all")
            await self._press(state, "close", once="close", outcome="recovered")
        elif state.status == "needs_human":
            await self._answer_waiting(state)

    async def _answer_proposal(self, state: Incident, proposal: Proposal) -> None:
        request = proposal.request
        if request is None or proposal.decision is not None or state.holds(proposal.plan):
            return
        if request.id in self._done:
            return
        self._done.add(request.id)
        await self.clock.sleep(READING)
        if request.judgement.needs_word:
            await self._say(state.id, LINES[self.language]["approve"].format(approval=request.id))
        else:
            await self._approve_with_form(state, request.id)

    async def _approve_with_form(self, state: Incident, approval: str) -> None:
        self.echo(self.account.name, f"[{self._label('approve')}]")
        answer = await self._send(
            ButtonPressed(
                self._id(), self._place(state.id), self.account, "approve", self._value(state, approval=approval)
            )
        )
        if answer.form is not None:
            await self._send(
                FormSent(self._id(), self._place(state.id), self.account, answer.form.action, answer.form.value, {})
            )

    async def _answer_waiting(self, state: Incident) -> None:
        if state.diagnosis is not None and state.diagnosis.quiet:
            await self._press(state, "false_alarm", once="false_alarm")
        elif state.diagnosis is not None and state.diagnosis.cause is None and state.turn < LOOKS:
            await self.clock.sleep(4.0)
            await self._press(state, "look_again", once=f"look_again {state.turn}")
        else:
            await self._press(state, "close", once="close", outcome="needs_human")

    async def _press(self, state: Incident, action: str, *, once: str, **value: str) -> None:
        if once not in self._done:
            self._done.add(once)
            self.echo(self.account.name, f"[{self._label(action)}]")
            event = ButtonPressed(self._id(), self._place(state.id), self.account, action, self._value(state, **value))
            await self._send(event)

    async def _say(self, incident: str, text: str) -> None:
        self.echo(self.account.name, text)
        await self._send(MessageSaid(self._id(), self._place(incident), self.account, text, mentions_bot=True))

    async def _send(self, event: Inbound) -> Answer:
        self.transcript.append(event)
        return await self.front_door.receive(event)

    def _label(self, action: str) -> str:
        return Words(self.language).text(f"button.{action}")

    def _place(self, incident: str) -> Place:
        return Place(platform=self.account.platform, room=self.room, thread=incident, incident=incident)

    def _value(self, state: Incident, **value: str) -> dict[str, str]:
        return {"incident": state.id, **value}

    def _id(self) -> str:
        self._sent += 1
        return f"rehearsal-{self._sent}"

"""Makes each named step of an incident happen once across crashes, on one rule: the first write of a key wins."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

from engine.errors import ExecutorRefused, ExecutorUnclear
from engine.model import Execution, Phrase, Receipt, Value
from engine.ports import Clock, Desk, Draft, Ids, Probe, Timeline

Shape = TypeVar("Shape", bound=Value)

BOT = "tocsin"
"""The actor of everything the engine does by itself."""


def nothing() -> None:
    """What to do at rest where nobody wants to know."""


class Due(Value):
    """When a rest ends."""

    at: datetime


class Journal:
    """The six verbs of one run of one incident. Keys are prefixed with the episode, so that a re-opened incident
    lives its steps anew; `writes` happen at once, never in the background."""

    def __init__(
        self,
        incident: str,
        episode: int,
        timeline: Timeline,
        desk: Desk,
        clock: Clock,
        ids: Ids,
        at_rest: Callable[[], None] = nothing,
    ) -> None:
        self.incident = incident
        self._prefix = f"{episode}/"
        self._timeline = timeline
        self._desk = desk
        self._clock = clock
        self._ids = ids
        self._at_rest = at_rest
        self.unbroken = asyncio.Lock()
        """Held while a change is under way; whoever ends the run takes it first, so that no change is cut in two."""

    def key(self, name: str) -> str:
        """The timeline key under which the step `name` of this episode stands."""
        return self._prefix + name

    async def tell(self, slot: str) -> None:
        """Say something to people at least once; said again, the desk finds its own card and edits it."""
        await self._desk.show(self.incident, slot)

    async def find(self, name: str, kind: str, shape: type[Shape], do: Callable[[], Awaitable[Shape]]) -> Shape:
        """Read or think, once: asked again after a crash, afterwards always the remembered answer."""
        known = await self._timeline.find(self.incident, self.key(name))
        if known is None:
            return await self.settle(name, kind, await do())
        return shape.model_validate(known.body)

    async def settle(self, name: str, kind: str, value: Shape) -> Shape:
        """Decide something that depends on configuration or the moment: what was written first stands."""
        entry = await self._timeline.write(self.incident, self._draft(name, kind, value))
        return type(value).model_validate(entry.body)

    async def hear(self, name: str, kind: str, deadline: datetime | None, otherwise: Shape) -> Shape:
        """Wait for a person until the deadline, which then writes `otherwise` under the same key: the first decides.
        Without a deadline it waits for ever."""
        self._at_rest()
        if deadline is None:
            entry = await self._timeline.wait(self.incident, self.key(name))
            return type(otherwise).model_validate(entry.body)
        async with asyncio.TaskGroup() as group:
            heard = group.create_task(self._timeline.wait(self.incident, self.key(name)))
            alarm = group.create_task(self._expire(name, kind, deadline, otherwise))
            entry = await heard
            alarm.cancel()
        return type(otherwise).model_validate(entry.body)

    async def rest(self, name: str, seconds: float) -> None:
        """Wait for time; the due time is written once, so that a restart sleeps only what is left."""
        due = Due(at=self._clock.now() + timedelta(seconds=seconds))
        settled = await self.settle(name, "time.rested", due)
        self._at_rest()
        await self._clock.sleep(max(0.0, (settled.at - self._clock.now()).total_seconds()))

    async def change(
        self,
        name: str,
        plan: str,
        attempt: int,
        do: Callable[[], Awaitable[Receipt]],
        probe: Callable[[], Awaitable[Probe]],
    ) -> Execution:
        """Alter the world at most once, ever. The intent is written first; only the very call that wrote it may run
        `do`. Whoever finds an intent already standing asks `probe`; if nobody can tell, the result is `unknown`."""
        async with self.unbroken:
            return await self._change(name, plan, attempt, do, probe)

    async def _change(
        self,
        name: str,
        plan: str,
        attempt: int,
        do: Callable[[], Awaitable[Receipt]],
        probe: Callable[[], Awaitable[Probe]],
    ) -> Execution:
        known = await self._timeline.find(self.incident, self.key(name))
        if known is not None:
            return Execution.model_validate(known.body)
        intent = Intent(plan=plan, attempt=attempt, token=self._ids.draw("try"))
        standing = await self.settle(f"{name}/intent", "action.intended", intent)
        if standing.token == intent.token:
            result = await self._run(plan, attempt, do, probe)
        else:
            result = await self._ask(plan, attempt, probe)
        return await self.settle(name, "action.executed", result)

    async def _run(
        self, plan: str, attempt: int, do: Callable[[], Awaitable[Receipt]], probe: Callable[[], Awaitable[Probe]]
    ) -> Execution:
        try:
            receipt = await do()
        except ExecutorRefused as refusal:
            return Execution(plan=plan, attempt=attempt, result="refused", reason=refusal.phrase)
        except (ExecutorUnclear, TimeoutError):
            return await self._ask(plan, attempt, probe)
        return Execution(plan=plan, attempt=attempt, result="done", receipt=receipt)

    async def _ask(self, plan: str, attempt: int, probe: Callable[[], Awaitable[Probe]]) -> Execution:
        try:
            answer = await probe()
        except (ExecutorRefused, ExecutorUnclear, TimeoutError):
            answer = Probe(state="unknown")
        if answer.state == "done":
            return Execution(plan=plan, attempt=attempt, result="done", receipt=answer.receipt)
        if answer.state == "not_done" and answer.fenced:
            reason = Phrase(word="execution.not_done_fenced")
            return Execution(plan=plan, attempt=attempt, result="failed", reason=reason)
        return Execution(plan=plan, attempt=attempt, result="unknown", reason=Phrase(word="execution.unknown"))

    async def _expire(self, name: str, kind: str, deadline: datetime, otherwise: Value) -> None:
        await self._clock.sleep(max(0.0, (deadline - self._clock.now()).total_seconds()))
        await self._timeline.write(self.incident, self._draft(name, kind, otherwise))

    def _draft(self, name: str, kind: str, value: Value) -> Draft:
        body = value.model_dump(mode="json")
        return Draft(key=self.key(name), kind=kind, actor=BOT, at=self._clock.now(), body=body)


class Intent(Value):
    """That a change is about to be made. `token` is drawn anew at each try: only who drew it may act on it."""

    plan: str
    attempt: int
    token: str

"""Names every touch of the outside world, and ends (or freezes) the process at the one that was chosen."""

import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from bot.platforms.contract import Inbox, Pace, Platform
from bot.wiring import OpenStore
from cards.model import Card
from engine.model import Checkpoint, DryRun, Entry, Observation, OperationClass, Plan, Receipt
from engine.ports import (
    Admitted,
    Clock,
    Decide,
    Draft,
    Executor,
    Ids,
    Memory,
    Order,
    Placed,
    Probe,
    Question,
    RawCall,
    Register,
    Sighting,
    Source,
    Tells,
    Timeline,
    Weave,
)
from engine.team import Lesson
from store.rooms import Post, Posts, Seen
from store.sqlite import SqliteStore, open_sqlite

Quiet = Callable[[], Awaitable[None]]


class Points:
    """Counts how often each point is reached. `chosen` is (label, how many-th time), `sign` what is sent then to this
    very process: SIGKILL, which nothing can catch, or SIGSTOP."""

    def __init__(self, chosen: tuple[str, int] | None = None, sign: signal.Signals = signal.SIGKILL) -> None:
        self.reached: Counter[str] = Counter()
        self._chosen = chosen
        self._sign = sign

    def reach(self, label: str) -> None:
        """Be at a point; the chosen one does not return."""
        self.reached[label] += 1
        if self._chosen == (label, self.reached[label]):
            os.kill(os.getpid(), self._sign)

    def before(self, what: str) -> None:
        self.reach(f"before {what}")

    def after(self, what: str) -> None:
        self.reach(f"after {what}")


async def at_once() -> None:
    """Wait for nothing."""


class PointedTimeline(Timeline):
    """A timeline whose writes are points. `quiet` is awaited before each: with everything said by then, one run has
    the same points as the next."""

    def __init__(self, real: Timeline, points: Points) -> None:
        self._real = real
        self._points = points
        self.quiet: Quiet = at_once

    async def write(self, incident: str, draft: Draft) -> Entry:
        if known := await self._real.find(incident, draft.key):
            return known
        await self.quiet()
        self._points.before(f"write {draft.kind}")
        entry = await self._real.write(incident, draft)
        self._points.after(f"write {draft.kind}")
        return entry

    async def read(self, incident: str, after: int = 0) -> Sequence[Entry]:
        return await self._real.read(incident, after)

    async def find(self, incident: str, key: str) -> Entry | None:
        return await self._real.find(incident, key)

    async def wait(self, incident: str, key: str) -> Entry:
        return await self._real.wait(incident, key)


class ForgetfulTimeline(PointedTimeline):
    """Takes the rule of "at most once" away: whoever writes an intent is told that it is his own, also where another
    one's stands already."""

    async def write(self, incident: str, draft: Draft) -> Entry:
        entry = await super().write(incident, draft)
        return entry.model_copy(update={"body": draft.body}) if draft.kind == "action.intended" else entry


class PointedRegister(Register):
    """A register whose writes of the intake are points."""

    def __init__(self, real: Register, points: Points) -> None:
        self._real = real
        self._points = points

    async def place(
        self,
        sightings: Sequence[Sighting],
        decide: Decide,
        call: RawCall | None = None,
        admitted: Admitted | None = None,
    ) -> Sequence[Placed]:
        self._points.before("place")
        placed = await self._real.place(sightings, decide, call, admitted)
        self._points.after("place")
        return placed

    async def admit(self, sightings: Sequence[Sighting], call: RawCall) -> Sequence[str]:
        return await self._real.admit(sightings, call)

    async def admitted(self, limit: int) -> Sequence[Admitted]:
        return await self._real.admitted(limit)

    async def open(self, team: str, drafts: Sequence[Draft]) -> str:
        return await self._real.open(team, drafts)

    async def together(self, incidents: Sequence[str], weave: Weave) -> str:
        return await self._real.together(incidents, weave)

    async def team_of(self, incident: str) -> str:
        return await self._real.team_of(incident)

    async def living(self) -> Sequence[str]:
        return await self._real.living()

    async def newest(self, team: str | None = None, limit: int = 50) -> Sequence[str]:
        return await self._real.newest(team, limit)

    async def keep_raw(self, ref: str, source: str, body: bytes, reason: str = "") -> None:
        await self._real.keep_raw(ref, source, body, reason)

    async def forget_raw(self, before: datetime) -> int:
        return await self._real.forget_raw(before)

    async def beat(self, team: str, name: str, at: datetime) -> None:
        await self._real.beat(team, name, at)

    async def beats(self) -> Mapping[tuple[str, str], datetime]:
        return await self._real.beats()


class PointedPosts(Posts):
    """What is to be shown; that it is wanted and that it is sent are points."""

    def __init__(self, real: Posts, points: Points) -> None:
        self._real = real
        self._points = points

    async def want(self, room: str, incident: str, slots: Sequence[str]) -> None:
        what = f"want {' '.join(part(slot) for slot in slots)}"
        self._points.before(what)
        await self._real.want(room, incident, slots)
        self._points.after(what)

    async def due(self, room: str) -> Sequence[Post]:
        return await self._real.due(room)

    async def rooms_due(self) -> Sequence[str]:
        return await self._real.rooms_due()

    async def sent(self, post: Post, message: str, shown: str) -> None:
        self._points.before(f"sent {part(post.slot)}")
        await self._real.sent(post, message, shown)
        self._points.after(f"sent {part(post.slot)}")

    async def of(self, incident: str) -> Sequence[Post]:
        return await self._real.of(incident)

    async def by_message(self, room: str, message: str) -> Post | None:
        return await self._real.by_message(room, message)


class PointedSeen(Seen):
    """What came in already; that something is remembered is a point."""

    def __init__(self, real: Seen, points: Points) -> None:
        self._real = real
        self._points = points

    async def first(self, scope: str, id: str) -> bool:
        what = f"seen {id.partition('-')[0]}"
        self._points.before(what)
        answer = await self._real.first(scope, id)
        self._points.after(what)
        return answer

    async def prune(self, before: datetime) -> int:
        return await self._real.prune(before)


class PointedMemory(Memory):
    """A memory in which keeping a lesson is a point."""

    def __init__(self, real: Memory, points: Points) -> None:
        self._real = real
        self._points = points

    async def keep(self, team: str, lesson: Lesson) -> None:
        self._points.before(f"keep {lesson.kind}")
        await self._real.keep(team, lesson)
        self._points.after(f"keep {lesson.kind}")

    async def drop(self, team: str, lesson: str) -> None:
        await self._real.drop(team, lesson)

    async def recall(
        self, team: str, service: str, alert: str = "", category: str = "", limit: int = 6
    ) -> Sequence[Lesson]:
        return await self._real.recall(team, service, alert, category, limit)

    async def kept(self, team: str, kind: str = "") -> Sequence[Lesson]:
        return await self._real.kept(team, kind)


class PointedPlatform(Platform):
    """A platform whose posts and edits are points, named by the part of the thread they show."""

    def __init__(self, real: Platform, points: Points) -> None:
        self._real = real
        self._points = points
        self._slots: dict[str, str] = {}

    @property
    def name(self) -> str:
        return self._real.name

    @property
    def pace(self) -> Pace:
        return self._real.pace

    async def post(self, room: str, thread: str, card: Card, key: str) -> str:
        slot = part(key.partition("/")[2])
        self._points.before(f"post {slot}")
        message = await self._real.post(room, thread, card, key)
        self._points.after(f"post {slot}")
        self._slots[message] = slot
        return message

    async def edit(self, room: str, message: str, card: Card) -> str:
        slot = self._slots.get(message, message)
        self._points.before(f"edit {slot}")
        shown = await self._real.edit(room, message, card)
        self._points.after(f"edit {slot}")
        return shown

    async def run(self, inbox: Inbox) -> None:
        await self._real.run(inbox)


class PointedSource(Source):
    """A source that is asked at a point."""

    def __init__(self, real: Source, points: Points) -> None:
        self._real = real
        self._points = points

    @property
    def name(self) -> str:
        return self._real.name

    @property
    def tells(self) -> Tells:
        return self._real.tells

    async def ask(self, question: Question) -> Sequence[Observation]:
        self._points.before(f"ask {self.name}")
        seen = await self._real.ask(question)
        self._points.after(f"ask {self.name}")
        return seen


class PointedExecutor(Executor):
    """An executor each of whose calls is a point."""

    def __init__(self, real: Executor, points: Points) -> None:
        self._real = real
        self._points = points

    @property
    def name(self) -> str:
        return self._real.name

    @property
    def operations(self) -> Mapping[str, OperationClass]:
        return self._real.operations

    async def checkpoint(self, target: str, id: str, at: datetime) -> Checkpoint:
        self._points.before("checkpoint")
        taken = await self._real.checkpoint(target, id, at)
        self._points.after("checkpoint")
        return taken

    async def dry_run(self, plan: Plan) -> DryRun:
        self._points.before("dry-run")
        tried = await self._real.dry_run(plan)
        self._points.after("dry-run")
        return tried

    async def run(self, order: Order) -> Receipt:
        self._points.before("change")
        receipt = await self._real.run(order)
        self._points.after("change")
        return receipt

    async def probe(self, order: Order) -> Probe:
        self._points.before("probe")
        answer = await self._real.probe(order)
        self._points.after("probe")
        return answer

    def undo(self, plan: Plan, checkpoint: Checkpoint) -> Plan | None:
        return self._real.undo(plan, checkpoint)


def pointed(points: Points, *, forgetful: bool) -> OpenStore:
    """The real store, with points at whatever it is asked to keep."""

    @asynccontextmanager
    async def open_store(path: Path, clock: Clock, ids: Ids) -> AsyncIterator[SqliteStore]:
        async with open_sqlite(path, clock, ids) as store:
            timeline = ForgetfulTimeline if forgetful else PointedTimeline
            wrapped = {
                "timeline": timeline(store.timeline, points),
                "register": PointedRegister(store.register, points),
                "memory": PointedMemory(store.memory, points),
                "posts": PointedPosts(store.posts, points),
                "seen": PointedSeen(store.seen, points),
            }
            vars(store).update(wrapped)
            yield store

    return open_store


def part(slot: str) -> str:
    """What part of the thread a slot is, without ids: they differ from run to run."""
    kind, _, rest = slot.partition(":")
    return f"{kind} {rest.partition(':')[0]}" if kind == "say" else kind

"""Fakes everything that survives, in dictionaries; passes the contract suites the SQLite store passes."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from engine.errors import NotPlacedYet, StoreFull, UnknownName
from engine.model import Change, Entry, Phrase
from engine.ports import (
    Admitted,
    Clock,
    Decide,
    Draft,
    Ids,
    Known,
    Memory,
    Placed,
    Placing,
    Promise,
    RawCall,
    Register,
    Sighting,
    Timeline,
    Weave,
)
from engine.sources.changes import ChangeLog
from engine.team import Lesson
from store.chain import START, link, plain, ready
from store.rooms import RAW_LIMIT, Message, Post, Posts, Raw, RoomLog, Seen, Sessions
from store.standing import Standing, marked


class Disk:
    """The disk that all fakes of one store share: `full = True` makes every write raise StoreFull."""

    def __init__(self) -> None:
        self.full = False

    def take(self) -> None:
        if self.full:
            raise StoreFull(Phrase(word="error.store_full", values={"path": "memory"}))


class FakeTimeline:
    """Entries by incident, in lists."""

    def __init__(self, disk: Disk | None = None) -> None:
        self.disk = disk or Disk()
        self.entries: dict[str, list[Entry]] = {}
        self.standings: dict[str, Standing] = {}
        self.alerts: dict[tuple[str, str], tuple[str, str, str]] = {}
        self.changed = asyncio.Condition()

    async def write(self, incident: str, draft: Draft) -> Entry:
        if incident not in self.entries:
            raise UnknownName(Phrase(word="error.no_incident", values={"incident": incident}))
        written = ready(draft)
        if (known := self.get(incident, written.key)) is not None:
            return known
        self.disk.take()
        entry = self.append(incident, draft)
        async with self.changed:
            self.changed.notify_all()
        return entry

    def create(self, incident: str, team: str) -> None:
        self.entries[incident] = []
        self.standings[incident] = Standing(incident=incident, number=len(self.entries), team=team)

    def get(self, incident: str, key: str) -> Entry | None:
        return next((e for e in self.entries.get(incident, ()) if e.key == plain(key)), None)

    def append(self, incident: str, draft: Draft) -> Entry:
        story = self.entries[incident]
        written = ready(draft)
        if (known := self.get(incident, written.key)) is not None:
            return known
        entry = link(incident, len(story) + 1, written, story[-1].digest if story else START)
        story.append(entry)
        self.standings[incident] = self.standings[incident].after(entry)
        if mark := marked(entry):
            identity = (self.standings[incident].team, mark.fingerprint)
            self.alerts[identity] = (incident, mark.status, mark.starts_at)
        return entry

    async def read(self, incident: str, after: int = 0) -> Sequence[Entry]:
        return tuple(self.entries.get(incident, ())[after:])

    async def find(self, incident: str, key: str) -> Entry | None:
        return self.get(incident, key)

    async def wait(self, incident: str, key: str) -> Entry:
        async with self.changed:
            while (entry := self.get(incident, key)) is None:
                await self.changed.wait()
            return entry


class FakeRegister:
    """Places sightings one by one; on an error nothing of the call stays, as in one commit."""

    def __init__(self, timeline: FakeTimeline, posts: Posts, clock: Clock, ids: Ids) -> None:
        self.timeline = timeline
        self.posts = posts
        self.clock = clock
        self.ids = ids
        self.raws: dict[str, Raw] = {}
        self.promised: dict[str, Admitted] = {}
        self.heartbeats: dict[tuple[str, str], datetime] = {}
        self.seen: dict[tuple[str, str], tuple[int, datetime]] = {}

    async def admit(self, sightings: Sequence[Sighting], call: RawCall) -> Sequence[str]:
        self.timeline.disk.take()
        names = [(plain(s.team), plain(s.alert.fingerprint), plain(s.alert.group_key)) for s in sightings]
        alerts, groups = {name[:2] for name in names}, [(n[0], n[2]) for n in names if n[2]]
        if len(alerts) < len(names) or len(set(groups)) < len(groups) or any(self._awaited(*name) for name in names):
            return ()
        if any(self._known(alert) for alert in alerts) or any(self._group(*group) for group in groups):
            return ()
        promises = tuple(Promise(self._free(), *name) for name in names)
        await self.keep_raw(*call)
        self.promised[call.ref] = Admitted(call, self.clock.now(), promises)
        return tuple(promise.incident for promise in promises)

    async def admitted(self, limit: int) -> Sequence[Admitted]:
        return tuple(self.promised.values())[:limit]

    def _awaited(self, team: str, fingerprint: str, group_key: str, but: str = "") -> bool:
        promises = (p for ref, call in self.promised.items() if ref != but for p in call.promises)
        return any(
            p.team == team and (p.fingerprint == fingerprint or (group_key and p.group_key == group_key))
            for p in promises
        )

    async def place(
        self,
        sightings: Sequence[Sighting],
        decide: Decide,
        call: RawCall | None = None,
        admitted: Admitted | None = None,
    ) -> Sequence[Placed]:
        self.timeline.disk.take()
        story = self.timeline
        for s in sightings:
            name = (plain(s.team), plain(s.alert.fingerprint), plain(s.alert.group_key))
            if self._awaited(*name, but=admitted.call.ref if admitted else ""):
                raise NotPlacedYet(Phrase(word="error.not_placed_yet"))
        promised = {p[1:3]: p.incident for p in admitted.promises} if admitted else {}
        before = ({k: list(v) for k, v in story.entries.items()}, dict(story.standings), dict(story.alerts))
        seen = dict(self.seen)
        try:
            placed = [self._place(sighting, decide, promised) for sighting in sightings]
        except BaseException:
            story.entries, story.standings, story.alerts = before
            self.seen = seen
            raise
        for sighting, item in zip(sightings, placed, strict=True):
            for room in sighting.rooms if item.what == "open" else ():
                await self.posts.want(room, item.incident, ["header"])
        if call is not None:
            await self.keep_raw(*call)
        if admitted is not None:
            self.promised.pop(admitted.call.ref, None)
        async with story.changed:
            story.changed.notify_all()
        return placed

    def _place(self, sighting: Sighting, decide: Decide, promised: dict[tuple[str, str], str]) -> Placed:
        identity = (plain(sighting.team), plain(sighting.alert.fingerprint))
        placing = decide(sighting, self._known(identity), self._group(identity[0], plain(sighting.alert.group_key)))
        fingerprint = sighting.alert.fingerprint
        if placing.what == "ignore":
            return Placed(what="ignore", incident=placing.incident, fingerprint=fingerprint)
        opens = placing.what == "open"
        incident = self._draw(identity[0], promised.get(identity, "")) if opens else placing.incident
        self._take(incident, identity, sighting, placing)
        return Placed(what=placing.what, incident=incident, fingerprint=fingerprint)

    def _take(self, incident: str, identity: tuple[str, str], sighting: Sighting, placing: Placing) -> None:
        if incident not in self.timeline.entries:
            raise UnknownName(Phrase(word="error.no_incident", values={"incident": incident}))
        for draft in placing.drafts:
            self.timeline.append(incident, draft)
        if self.timeline.alerts.get(identity, ("",))[0] != incident:
            starts_at = sighting.alert.starts_at.isoformat()
            self.timeline.alerts[identity] = (incident, sighting.alert.status, starts_at)
        count, _ = self.seen.get(identity, (0, None))
        self.seen[identity] = (count + 1, self.clock.now())

    def _known(self, identity: tuple[str, str]) -> Known | None:
        if identity not in self.timeline.alerts:
            return None
        incident, status, starts_at = self.timeline.alerts[identity]
        return self.timeline.standings[incident].known(status, starts_at)

    def _group(self, team: str, group_key: str) -> Known | None:
        if not group_key:
            return None
        standings = self.timeline.standings
        members = [s for s in standings.values() if (s.team, s.group_key) == (team, group_key)]
        there = [(s.number, standings.get(s.merged_into, s)) for s in members]
        living = [item for item in there if item[1].closed_at is None]
        return max(living, key=lambda item: item[0])[1].known() if living else None

    def _draw(self, team: str, promised: str = "") -> str:
        incident = promised or self._free()
        self.timeline.create(incident, team)
        return incident

    def _free(self) -> str:
        taken = {*self.timeline.entries, *(p.incident for call in self.promised.values() for p in call.promises)}
        while (incident := self.ids.draw("inc")) in taken:
            pass
        return incident

    async def open(self, team: str, drafts: Sequence[Draft]) -> str:
        self.timeline.disk.take()
        for draft in drafts:
            ready(draft)
        incident = self._draw(plain(team))
        for draft in drafts:
            self.timeline.append(incident, draft)
        return incident

    async def together(self, incidents: Sequence[str], weave: Weave) -> str:
        self.timeline.disk.take()
        story = self.timeline
        if unknown := [incident for incident in incidents if incident not in story.entries]:
            raise UnknownName(Phrase(word="error.no_incident", values={"incident": unknown[0]}))
        fresh = self._free()
        drafts = weave(fresh, [tuple(story.entries[incident]) for incident in incidents])
        for incident, draft in drafts:
            ready(draft)
            if incident not in (fresh, *story.entries):
                raise UnknownName(Phrase(word="error.no_incident", values={"incident": incident}))
        opened = any(incident == fresh for incident, _ in drafts)
        if opened:
            story.create(fresh, story.standings[incidents[0]].team)
        for incident, draft in drafts:
            story.append(incident, draft)
        async with story.changed:
            story.changed.notify_all()
        return fresh if opened else ""

    async def team_of(self, incident: str) -> str:
        if incident not in self.timeline.standings:
            raise UnknownName(Phrase(word="error.no_incident", values={"incident": incident}))
        return self.timeline.standings[incident].team

    async def living(self) -> Sequence[str]:
        return tuple(s.incident for s in self.timeline.standings.values() if s.closed_at is None)

    async def newest(self, team: str | None = None, limit: int = 50) -> Sequence[str]:
        there = [s.incident for s in self.timeline.standings.values() if team in (None, s.team)]
        return tuple(reversed(there))[:limit]

    async def keep_raw(self, ref: str, source: str, body: bytes, reason: str = "") -> None:
        self.timeline.disk.take()
        known = self.raws.get(ref)
        if known is None:
            self.raws[ref] = Raw(ref=ref, source=source, body=body[:RAW_LIMIT], reason=reason, at=self.clock.now())
        elif reason:
            self.raws[ref] = known.model_copy(update={"reason": reason})

    async def forget_raw(self, before: datetime) -> int:
        self.timeline.disk.take()
        old = [ref for ref, kept in self.raws.items() if kept.at < before and ref not in self.promised]
        for ref in old:
            del self.raws[ref]
        return len(old)

    async def raw(self, ref: str) -> Raw | None:
        return self.raws.get(ref)

    async def sightings(self, team: str, fingerprint: str) -> tuple[int, datetime] | None:
        return self.seen.get((plain(team), plain(fingerprint)))

    async def beat(self, team: str, name: str, at: datetime) -> None:
        self.timeline.disk.take()
        self.heartbeats[team, name] = max(at, self.heartbeats.get((team, name), at))

    async def beats(self) -> Mapping[tuple[str, str], datetime]:
        return dict(self.heartbeats)


class FakeMemory:
    """Lessons by team, in the order they were kept."""

    def __init__(self, disk: Disk | None = None) -> None:
        self.disk = disk or Disk()
        self.lessons: dict[str, dict[str, Lesson]] = defaultdict(dict)

    async def keep(self, team: str, lesson: Lesson) -> None:
        self.disk.take()
        self.lessons[team][lesson.id] = lesson

    async def drop(self, team: str, lesson: str) -> None:
        self.disk.take()
        self.lessons[team].pop(lesson, None)

    async def recall(
        self, team: str, service: str, alert: str = "", category: str = "", limit: int = 6
    ) -> Sequence[Lesson]:
        def fits(lesson: Lesson) -> bool:
            same_alert = bool(alert) and lesson.alert == alert
            same_category = bool(category) and lesson.category == category
            return lesson.service in ("", service) and (same_alert or same_category)

        fitting = [lesson for lesson in await self.kept(team) if fits(lesson)]
        habits = [lesson for lesson in fitting if lesson.kind == "habit"]
        return (*habits, *[lesson for lesson in fitting if lesson.kind != "habit"][:limit])

    async def kept(self, team: str, kind: str = "") -> Sequence[Lesson]:
        there = [lesson for lesson in self.lessons[team].values() if kind in ("", lesson.kind)]
        return tuple(sorted(there, key=lambda lesson: (lesson.at, lesson.id), reverse=True))


class FakeChanges:
    """Changes by team and id."""

    MOST = 5_000

    def __init__(self, disk: Disk | None = None) -> None:
        self.disk = disk or Disk()
        self.kept: dict[str, dict[str, Change]] = defaultdict(dict)

    @property
    def teams(self) -> Collection[str]:
        return frozenset(team for team, changes in self.kept.items() if changes)

    async def note(self, team: str, changes: Sequence[Change]) -> None:
        self.disk.take()
        there = self.kept[team] | {plain(change.id): change for change in changes}
        newest = sorted(there.items(), key=lambda item: (item[1].at, item[0]), reverse=True)
        self.kept[team] = dict(newest[: self.MOST])

    async def noted(self, team: str, service: str, start: datetime, end: datetime, limit: int) -> Sequence[Change]:
        there = [c for c in self.kept[team].values() if c.service == service and start <= c.at <= end]
        return tuple(sorted(there, key=lambda change: (change.at, change.id))[-limit:])

    async def knows(self, team: str, service: str) -> bool:
        return any(change.service == service for change in self.kept[team].values())

    async def forget(self, before: datetime) -> int:
        self.disk.take()
        gone = 0
        for team, changes in self.kept.items():
            left = {id: change for id, change in changes.items() if change.at >= before}
            gone += len(changes) - len(left)
            self.kept[team] = left
        return gone


class FakePosts:
    """Posts by (room, incident, slot), in the order they were first wanted."""

    def __init__(self, disk: Disk | None = None) -> None:
        self.disk = disk or Disk()
        self.posts: dict[tuple[str, str, str], Post] = {}

    async def want(self, room: str, incident: str, slots: Sequence[str]) -> None:
        self.disk.take()
        for slot in slots:
            known = self.posts.get((room, incident, slot))
            wanted = known.wanted + 1 if known else 1
            post = known or Post(room=room, incident=incident, slot=slot)
            self.posts[room, incident, slot] = post.model_copy(update={"wanted": wanted})

    async def due(self, room: str) -> Sequence[Post]:
        return tuple(p for p in self.posts.values() if p.room == room and p.wanted > p.sent)

    async def rooms_due(self) -> Sequence[str]:
        return tuple(sorted({p.room for p in self.posts.values() if p.wanted > p.sent}))

    async def sent(self, post: Post, message: str, shown: str) -> None:
        self.disk.take()
        known = self.posts.get((post.room, post.incident, post.slot))
        if known is None:
            raise UnknownName(Phrase(word="error.no_post", values={"slot": post.slot, "room": post.room}))
        change = {"message": message, "shown": shown, "sent": max(known.sent, post.wanted)}
        self.posts[post.room, post.incident, post.slot] = known.model_copy(update=change)

    async def of(self, incident: str) -> Sequence[Post]:
        return tuple(p for p in self.posts.values() if p.incident == incident)

    async def by_message(self, room: str, message: str) -> Post | None:
        return next((p for p in self.posts.values() if (p.room, p.message) == (room, message) and message), None)


class FakeRoomLog:
    """Messages by id; one counter for all revisions."""

    def __init__(self, disk: Disk | None = None) -> None:
        self.disk = disk or Disk()
        self.messages: dict[int, Message] = {}
        self.revision = 0

    async def post(self, room: str, thread: int, key: str, author: str, body: dict[str, Any], at: datetime) -> Message:
        self.disk.take()
        known = next((m for m in self.messages.values() if (m.room, m.key) == (room, key)), None)
        if known is not None:
            return known
        root = self.messages.get(thread)
        if thread and (root is None or root.room != room or root.thread):
            raise UnknownName(Phrase(word="error.no_thread", values={"thread": thread, "room": room}))
        ready(Draft(key=key, kind="", actor=author, at=at, body=body))
        self.revision += 1
        message = Message(
            id=len(self.messages) + 1,
            room=room,
            thread=thread,
            key=key,
            author=author,
            body=body,
            at=at,
            revision=self.revision,
        )
        self.messages[message.id] = message
        return message

    async def edit(self, id: int, body: dict[str, Any]) -> Message:
        self.disk.take()
        if id not in self.messages:
            raise UnknownName(Phrase(word="error.no_message", values={"message": id}))
        self.revision += 1
        self.messages[id] = self.messages[id].model_copy(update={"body": body, "revision": self.revision})
        return self.messages[id]

    async def read(self, room: str, thread: int | None = None, after: int = 0) -> Sequence[Message]:
        there = [m for m in self.messages.values() if m.room == room and m.revision > after]
        if thread is None:
            return tuple(there)
        return tuple(m for m in there if m.thread == thread or (thread and m.id == thread))

    async def message(self, id: int) -> Message | None:
        return self.messages.get(id)

    async def threads(self, room: str, limit: int = 50) -> Sequence[Message]:
        roots = [m for m in self.messages.values() if m.room == room and not m.thread]
        return tuple(reversed(roots))[:limit]


class FakeSeen:
    """What came in, and when first."""

    def __init__(self, clock: Clock, disk: Disk | None = None) -> None:
        self.disk = disk or Disk()
        self.clock = clock
        self.ids: dict[tuple[str, str], datetime] = {}

    async def first(self, scope: str, id: str) -> bool:
        self.disk.take()
        if (scope, id) in self.ids:
            return False
        self.ids[scope, id] = self.clock.now()
        return True

    async def prune(self, before: datetime) -> int:
        old = [key for key, at in self.ids.items() if at < before]
        for key in old:
            del self.ids[key]
        return len(old)


class FakeSessions:
    """Tokens by digest: (account, until when, one-time)."""

    def __init__(self, clock: Clock, disk: Disk | None = None) -> None:
        self.disk = disk or Disk()
        self.clock = clock
        self.tokens: dict[str, tuple[str, datetime, bool]] = {}

    async def issue(self, token_digest: str, account_json: str, expires_at: datetime, one_time: bool) -> None:
        self.disk.take()
        self.tokens[token_digest] = (account_json, expires_at, one_time)

    async def redeem(self, token_digest: str) -> str | None:
        account, expires_at, one_time = self.tokens.get(token_digest, ("", self.clock.now(), False))
        if one_time:
            self.disk.take()
            del self.tokens[token_digest]
        return account if expires_at > self.clock.now() else None

    async def find(self, token_digest: str) -> str | None:
        account, expires_at, one_time = self.tokens.get(token_digest, ("", self.clock.now(), False))
        return account if expires_at > self.clock.now() and not one_time else None

    async def revoke(self, token_digest: str) -> None:
        self.tokens.pop(token_digest, None)


class FakeStore:
    """All of them as one store; `disk.full = True` makes every write raise StoreFull until it is False again."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self.disk = Disk()
        self.fake_timeline = FakeTimeline(self.disk)
        self.posts: Posts = FakePosts(self.disk)
        self.fake_register = FakeRegister(self.fake_timeline, self.posts, clock, ids)
        self.timeline: Timeline = self.fake_timeline
        self.register: Register = self.fake_register
        self.memory: Memory = FakeMemory(self.disk)
        self.changes: ChangeLog = FakeChanges(self.disk)
        self.room: RoomLog = FakeRoomLog(self.disk)
        self.seen: Seen = FakeSeen(clock, self.disk)
        self.sessions: Sessions = FakeSessions(clock, self.disk)

    async def trouble(self) -> str:
        return "the disk is full" if self.disk.full else ""

    async def raw(self, ref: str) -> Raw | None:
        return await self.fake_register.raw(ref)

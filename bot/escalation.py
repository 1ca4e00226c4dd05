"""Calls people while nobody has taken an incident, and ends what was snoozed: one round over everything that lives."""

import asyncio
import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.desk import ChatDesk
from bot.pager import Pager, Told
from bot.urgent import Urgent
from engine import escalation
from engine.duty import Summons
from engine.errors import UnknownName, WorldError
from engine.escalation import Call
from engine.incident import Incident, fold
from engine.journal import BOT
from engine.model import Phrase
from engine.ports import Clock, Draft, Register, Teams, Timeline
from engine.team import Escalation as Settings
from engine.team import Person, Team

log = logging.getLogger("tocsin.escalation")

TRIES = 3
"""How often the pager is tried; it recognises a repeat by its key."""

BREATH = 100
"""After how many incidents others on the loop have a turn."""

NEWS_EVERY = timedelta(seconds=20)
"""How often a calm incident is looked at: what was written meanwhile can only matter as early as this."""

ENDED_LATELY = 100
"""Of how many incidents a new process makes sure that the pager knows they are over."""

UNSENT = timedelta(minutes=3)
"""How long a message that is to insist is waited for."""

PAUSE = timedelta(seconds=20)
"""Between two tries."""


@dataclass(frozen=True)
class Looked:
    """How an incident was found: up to which entry, by which settings, when there is something to do, and when it is
    looked at for news at the latest."""

    seq: int
    team: Team
    at: datetime | None
    news_at: datetime

    def stands(self, team: Team, now: datetime) -> bool:
        """Whether nothing is to be done as long as there is no news."""
        same = self.team is team or _settings(self.team) == _settings(team)
        return same and (self.at is None or self.at > now)


class Escalation:
    """Every step is an entry under a key of its own, so that it is taken once however many rounds or processes try.

    What is shown is asked for again on the first look of a process: the one that wrote it may have ended in between."""

    def __init__(
        self,
        timeline: Timeline,
        register: Register,
        teams: Teams,
        desk: ChatDesk,
        clock: Clock,
        pager: Pager,
        urgent: Urgent,
    ) -> None:
        self._timeline = timeline
        self._register = register
        self._teams = teams
        self._desk = desk
        self._clock = clock
        self._pager = pager
        self._urgent = urgent
        self._looked: dict[str, Looked] = {}
        self._over: dict[str, int] = {}
        self._begun = False

    async def round(self) -> None:
        """Look at every living incident that has news or something due."""
        living = await self._register.living()
        for gone in self._looked.keys() - set(living):
            del self._looked[gone]
            self._over[gone] = TRIES
        if not self._begun:
            newest = await self._register.newest(limit=ENDED_LATELY)
            self._over |= dict.fromkeys(set(newest) - set(living), TRIES)
            self._begun = True
        await self._end()
        for number, incident in enumerate(living):
            if number % BREATH == 0:
                await asyncio.sleep(0)
            try:
                await self._look(incident)
            except UnknownName as error:
                log.warning("%s is not looked after: %s", incident, error)

    async def _look(self, incident: str) -> None:
        looked, now = self._looked.get(incident), self._clock.now()
        team = self._teams.team(looked.team.id if looked else await self._register.team_of(incident))
        if looked and looked.stands(team, now):
            if now < looked.news_at:
                return
            if not await self._timeline.read(incident, looked.seq):
                self._looked[incident] = replace(looked, team=team, news_at=now + NEWS_EVERY)
                return
        state = fold(await self._timeline.read(incident))
        if looked is None:
            await self._show_again(state)
        while await self._act(state, team):
            state = fold(await self._timeline.read(incident))
        self._looked[incident] = Looked(state.seq, team, _when(state, team), now + NEWS_EVERY)

    async def _act(self, state: Incident, team: Team) -> bool:
        """Take the one step that is due; False where none is."""
        now = self._clock.now()
        if state.snooze is not None and state.snooze.until <= now:
            await self._wake(state)
            return True
        call = escalation.due(state, team)
        if call is not None and call.at <= now:
            await self._call(state, team, call)
            return True
        return await self._page(state, team) or await self._insist(state, team)

    async def _wake(self, state: Incident) -> None:
        assert state.snooze is not None
        say = Phrase(word="notice.snooze_over", values={"incident": state.id})
        body = {"snooze": state.snooze.key, "to": state.snooze.by, "say": say.model_dump(mode="json")}
        await self._write(state, f"awake:{state.snooze.key}", "incident.snooze_ended", body)

    async def _call(self, state: Incident, team: Team, call: Call) -> None:
        waited = (self._clock.now() - state.began_at).total_seconds() if state.began_at else 0.0
        meant = escalation.insisted(state, team) if call.rung == "urgent" else team.on_duty
        names = ", ".join(person.name for person in meant)
        say = escalation.said(state, call, names, waited)
        body = {"rung": call.rung, "to": call.to, "room": call.room, "say": say.model_dump(mode="json")}
        await self._write(state, f"{state.episode}/unacknowledged/{call.rung}", "incident.escalated", body)

    async def _page(self, state: Incident, team: Team) -> bool:
        """Call the pager for a step that says so and has no answer yet; False where there is nothing to call about."""
        if state.status == "closed":
            return False
        if state.acknowledged_by:
            await self._tell(state, team, "acknowledge")
            return False
        step = next((s for s in state.summons if s.rung == "pager" and s.key not in state.paged), None)
        if step is None:
            return False
        try:
            receipt = await self._pager.trigger(state, team)
        except WorldError as error:
            return await self._missed(state, step, error)
        body = {"summons": step.key, "receipt": receipt}
        await self._write(state, f"{step.key}/called", "pager.called", body)
        return True

    async def _insist(self, state: Incident, team: Team) -> bool:
        """Have the message of a step insist that says so, once it is out; False where there is nothing to insist on."""
        if state.status == "closed" or state.acknowledged_by:
            return False
        step = next((s for s in state.summons if s.rung == "urgent" and s.key not in state.paged), None)
        if step is None:
            return False
        people = escalation.insisted(state, team)
        try:
            heard = await self._urgent.call(state.id, f"say:{step.key}", people, team)
            if heard is None and self._clock.now() - step.at < UNSENT:
                return False
            if not heard:
                raise WorldError(Phrase(word="error.urgent_nobody", values={"platform": team.escalation.urgent}))
        except WorldError as error:
            return await self._missed(state, step, error)
        body = {"summons": step.key, "people": list(heard)}
        await self._write(state, f"{step.key}/called", "urgent.called", body)
        return True

    async def _tell(self, state: Incident, team: Team, action: Told) -> bool:
        """Tell the pager of every call it took that somebody has it, or that it is over; once. False where it did not
        listen."""
        if not state.paged:
            return True
        entries = await self._timeline.read(state.id)
        called = {str(e.body["receipt"]) for e in entries if e.kind == "pager.called" and e.body.get("receipt")}
        told = {str(e.body["receipt"]) for e in entries if e.kind == "pager.told" and e.body["action"] == action}
        for receipt in sorted(called - told):
            try:
                await self._pager.tell(action, receipt, team)
            except WorldError as error:
                log.warning("the pager was not told of %s: %s", state.id, error)
                return False
            body = {"action": action, "receipt": receipt}
            await self._write(state, f"pager/{action}/{receipt}", "pager.told", body)
        return True

    async def _end(self) -> None:
        """Tell the pager of what is over; what it does not hear is tried a few rounds more."""
        for incident, tries in list(self._over.items()):
            state = fold(await self._timeline.read(incident))
            known = state.team in {team.id for team in self._teams.all()}
            heard = not known or await self._tell(state, self._teams.team(state.team), "resolve")
            self._over[incident] = 0 if heard else tries - 1
        self._over = {incident: tries for incident, tries in self._over.items() if tries > 0}

    async def _missed(self, state: Incident, step: Summons, error: WorldError) -> bool:
        """Write down that the pager or platform did not take a call; after the last try say so in the thread."""
        key, kind = step.key, f"{step.rung}.failed"
        tried = [e for e in await self._timeline.read(state.id) if e.kind == kind and e.body["step"] == key]
        number = len(tried) + 1
        body = {"step": key, "reason": error.phrase.model_dump(mode="json")}
        draft = Draft(key=f"{key}/failed/{number}", kind=kind, actor=BOT, at=self._clock.now(), body=body)
        await self._timeline.write(state.id, draft)
        if number < TRIES:
            return False
        say = Phrase(word=f"notice.{step.rung}_failed", values={"reason": error.phrase})
        spoken = {"summons": key, "say": say.model_dump(mode="json"), "to": ""}
        await self._write(state, f"{key}/called", f"{step.rung}.called", spoken)
        return True

    async def _write(self, state: Incident, key: str, kind: str, body: dict[str, Any]) -> None:
        draft = Draft(key=key, kind=kind, actor=BOT, at=self._clock.now(), body=body)
        entry = await self._timeline.write(state.id, draft)
        await self._show(state, entry.key, str(entry.body.get("room", "")), "say" in entry.body)

    async def _show(self, state: Incident, key: str, room: str, spoken: bool) -> None:
        if room:
            await self._desk.show_in(room, state.id, "header")
        await self._desk.show(state.id, "header")
        if spoken:
            await self._desk.show(state.id, f"say:{key}")

    async def _show_again(self, state: Incident) -> None:
        for summons in state.summons:
            if summons.by == BOT:
                await self._show(state, summons.key, summons.room, True)


def _settings(team: Team) -> tuple[Settings, tuple[Person, ...]]:
    return team.escalation, team.on_duty


def _when(state: Incident, team: Team) -> datetime | None:
    """When there is something to do, as things stand; None: not before there is news."""
    if state.snooze is not None:
        return state.snooze.until
    paging = any(summons.rung in ("pager", "urgent") and summons.key not in state.paged for summons in state.summons)
    if paging and not state.acknowledged_by:
        return state.updated_at + PAUSE if state.updated_at else None
    call = escalation.due(state, team)
    return call.at if call else None

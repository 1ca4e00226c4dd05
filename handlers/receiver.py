"""Takes alert calls: read, routed to teams, kept and placed in one commit, and every life they touch woken."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime

from engine import intake
from engine.errors import NotPlacedYet, TocsinError, UnreadableAlert
from engine.journal import BOT
from engine.masking import is_plain, mask
from engine.model import Alert, Phrase
from engine.ports import Admitted, Draft, Placed, RawCall, Sighting
from engine.resolution import resolve
from engine.team import Team
from handlers import alerts
from handlers.alerts.batch import Batch
from handlers.deeds import BUSY
from handlers.inbound import AlertReceived, Answer
from handlers.visit import House
from store.rooms import RAW_LIMIT

log = logging.getLogger("tocsin.receiver")

TOGETHER = 64
"""Admitted calls that are placed at a time, in one commit."""

MOST_NAMED = 5
"""Unreadable alerts that are named in a thread; the rest are counted."""


class Receiver:
    """What stands behind `POST /alerts/{format}`, and the watch over heartbeats that stay away."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._placing = asyncio.Lock()
        self._told_silent: set[tuple[str, str, datetime]] = set()

    async def take(self, event: AlertReceived) -> Answer:
        """Take one call in; durable on return. UnreadableAlert, UnknownName and StoreError pass through."""
        house, now = self._house, self._house.clock.now()
        batch = await self._read(event, now)
        if house.crowded() and (promised := await self._admit(event, batch)):
            house.place_later()
            return Answer(incidents=tuple(dict.fromkeys(promised)), accepted=len(batch.alerts))
        call = intake.Call(
            raw_ref=event.id,
            format=event.format,
            at=now,
            truncated=batch.truncated,
            compressed_time=house.compressed_time,
        )
        beats = [(self._team(alert, event), alert) for alert in batch.heartbeats if alert.status == "firing"]
        back = await self._back(beats, now)
        sightings = [*(self._sighting(alert, event) for alert in batch.alerts), *back]
        placed = await self._commit(sightings, call, event, batch)
        for team, alert in beats:
            # Only now: should we stop before, the next beat still knows that this one had stayed away.
            await house.register.beat(team.id, alert.name, now)
        await self._announce(sightings, placed)
        await self._end_silence(placed[len(batch.alerts) :], now)
        await self._name_unreadable(batch, placed, event.id, now)
        incidents = tuple(dict.fromkeys(item.incident for item in placed if item.incident))
        return Answer(incidents=incidents, accepted=len(batch.alerts) + len(batch.heartbeats))

    async def _read(self, event: AlertReceived, now: datetime) -> Batch:
        read = alerts.reader(event.format)
        try:
            return read(event.body, now)
        except UnreadableAlert as error:
            await self._house.register.keep_raw(
                event.id, event.format, without_secrets(event.body), reason=str(error)[:500]
            )
            raise

    async def _commit(
        self, sightings: Sequence[Sighting], call: intake.Call, event: AlertReceived, batch: Batch
    ) -> Sequence[Placed]:
        """What was read, and the call as it came, in one commit."""
        reason = "; ".join(item.reason for item in batch.unreadable)[:2_000]
        raw = RawCall(event.id, event.format, without_secrets(event.body), reason)
        try:
            return await self._house.register.place(sightings, intake.decider(call), raw)
        except NotPlacedYet:
            await self.place_all_admitted()
            return await self._house.register.place(sightings, intake.decider(call), raw)

    # --- a crowd ---

    async def _admit(self, event: AlertReceived, batch: Batch) -> Sequence[str]:
        """The incidents that the alerts of this call will open, once they are placed; durable on return. Empty where
        the call must be placed at once: what is known, what ended, and what could not be read again just as it came."""
        ended = any(alert.status != "firing" for alert in batch.alerts)
        if not batch.alerts or batch.heartbeats or batch.unreadable or ended:
            return ()
        raw = RawCall(event.id, event.format, without_secrets(event.body))
        if raw.body != event.body:
            return ()
        return await self._house.register.admit([self._sighting(alert, event) for alert in batch.alerts], raw)

    async def place_all_admitted(self) -> None:
        """Place every call that was only admitted."""
        while await self.place_admitted(TOGETHER):
            pass

    async def place_admitted(self, most: int) -> int:
        """Place the oldest calls that were only admitted, at most so many; returns how many there were."""
        async with self._placing:
            calls = await self._house.register.admitted(most)
            try:
                async with asyncio.TaskGroup() as group:
                    # They ask in this order, so they are placed in this order, and one commit serves them all.
                    for call in calls:
                        group.create_task(self._place_admitted(call))
            except ExceptionGroup as errors:
                raise errors.exceptions[0] from errors
            return len(calls)

    async def _place_admitted(self, admitted: Admitted) -> None:
        batch, ref = self._read_again(admitted), admitted.call.ref
        call = intake.Call(
            raw_ref=ref,
            format=admitted.call.source,
            at=admitted.at,
            truncated=batch.truncated,
            compressed_time=self._house.compressed_time,
        )
        sightings = [
            self._placed_in(self._house.teams.team(promise.team), alert, ref)
            for promise, alert in zip(admitted.promises, batch.alerts, strict=False)
        ]
        placed = await self._house.register.place(sightings, intake.decider(call), admitted=admitted)
        await self._announce(sightings, placed)

    def _read_again(self, admitted: Admitted) -> Batch:
        try:
            return alerts.reader(admitted.call.source)(admitted.call.body, admitted.at)
        except TocsinError:
            # Only where another version admitted it; the call itself stays kept.
            log.exception("call %s was admitted and cannot be read now", admitted.call.ref)
            return Batch()

    def _sighting(self, alert: Alert, event: AlertReceived) -> Sighting:
        return self._placed_in(self._team(alert, event), alert, event.id)

    def _placed_in(self, team: Team, alert: Alert, ref: str) -> Sighting:
        """The alert as it concerns a team: about one of its services, if one can be found out."""
        found = resolve(alert, team.services)
        known = alert.model_copy(update={"service": found.service}) if found else alert
        reason = found.reason if found else None
        return Sighting(team.id, intake.belonging(known), ref, reason, team.rooms)

    def _team(self, alert: Alert, event: AlertReceived) -> Team:
        if event.team:
            return self._house.teams.team(event.team)
        given = {"alertname": alert.name, "service": alert.service, "environment": alert.environment}
        return self._house.teams.route({name: value for name, value in given.items() if value} | alert.labels)

    async def _announce(self, sightings: Sequence[Sighting], placed: Sequence[Placed]) -> None:
        """Show what an alert opened, start or continue the life of whatever it changed, and show that anew."""
        fresh = {item.incident for item in placed if item.what == "open"}
        for sighting, item in zip(sightings, placed, strict=True):
            for room in sighting.rooms if item.incident in fresh else ():
                self._house.send(room)
        for incident in dict.fromkeys(item.incident for item in placed if item.incident):
            self._house.wake(incident)
            if incident not in fresh:
                await self._house.desk.show(incident, "header")

    async def _name_unreadable(self, batch: Batch, placed: Sequence[Placed], ref: str, now: datetime) -> None:
        """Say in the first thread of the call which alerts of it nobody could read."""
        incident = next((item.incident for item in placed if item.incident), "")
        if not batch.unreadable or not incident:
            return
        names = "; ".join(item.reason[:160] for item in batch.unreadable[:MOST_NAMED])
        values: dict[str, str | int] = {"n": len(batch.unreadable), "names": names, "ref": ref}
        say = Phrase(word="notice.unreadable_alerts", values={**values})
        key = f"notice:unreadable:{ref}"
        body = {"say": say.model_dump(mode="json"), "to": ""}
        await self._house.timeline.write(incident, Draft(key=key, kind="notice.posted", actor=BOT, at=now, body=body))
        await self._house.desk.show(incident, f"say:{key}")

    # --- heartbeats ---

    async def _back(self, beats: Sequence[tuple[Team, Alert]], now: datetime) -> list[Sighting]:
        """Heartbeats that had stayed away too long and are back, each as the end of the alert its absence was."""
        before = await self._house.register.beats() if beats else {}
        back = []
        for team, alert in beats:
            last = before.get((team.id, alert.name))
            if last is not None and intake.is_overdue(last, team.watchdog_minutes, now):
                back.append(intake.silence(team.id, alert.name, last, "resolved", now))
        return back

    async def _end_silence(self, placed: Sequence[Placed], now: datetime) -> None:
        """A heartbeat that is back ends what its absence had opened, without anybody's help."""
        for item in placed:
            state = await self._house.state(item.incident) if item.incident else None
            if state is None or state.status in ("closed", *BUSY):
                continue
            draft = Draft(
                key=f"{state.episode}/closed",
                kind="incident.closed",
                actor=BOT,
                at=now,
                body={"outcome": "recovered"},
            )
            await self._house.timeline.write(item.incident, draft)
            await self._house.desk.show(item.incident, "header")

    async def sight(self, sightings: Sequence[Sighting], source: str) -> tuple[str, ...]:
        """Take in alerts that this process raises itself; durable on return. Returns the incidents they belong to."""
        house, now = self._house, self._house.clock.now()
        ref = f"{source}:{int(now.timestamp() * 1_000)}"
        call = intake.Call(raw_ref=ref, format=source, at=now, compressed_time=house.compressed_time)
        known = [sighting._replace(alert=intake.belonging(sighting.alert)) for sighting in sightings]
        try:
            placed = await house.register.place(known, intake.decider(call))
        except NotPlacedYet:
            await self.place_all_admitted()
            placed = await house.register.place(known, intake.decider(call))
        await self._announce(known, placed)
        return tuple(dict.fromkeys(item.incident for item in placed if item.incident))

    async def look_for_silence(self) -> tuple[str, ...]:
        """Open an incident for each heartbeat that stays away; to be called every so often. Returns the incidents."""
        house, now = self._house, self._house.clock.now()
        silent = intake.overdue(await house.register.beats(), house.teams.all(), now)
        fresh = [s for s in silent if (s.team, s.alert.fingerprint, s.alert.starts_at) not in self._told_silent]
        if not fresh:
            return ()
        call = intake.Call(raw_ref=f"watchdog:{int(now.timestamp())}", format=intake.WATCHDOG, at=now)
        placed = await house.register.place(fresh, intake.decider(call))
        self._told_silent = {(s.team, s.alert.fingerprint, s.alert.starts_at) for s in silent}
        await self._announce(fresh, placed)
        return tuple(item.incident for item in placed if item.incident)


def without_secrets(body: bytes) -> bytes:
    """A receiver call as it is kept: as it came, but for its secrets. What is not UTF-8 stays as it is."""
    text = body[:RAW_LIMIT].decode("utf-8", "surrogateescape")
    return body[:RAW_LIMIT] if is_plain(text) else mask(text).encode("utf-8", "surrogateescape")

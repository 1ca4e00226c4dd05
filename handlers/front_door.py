"""Lets everything in: dedupes, finds out who may do this, writes it down and answers at once."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from engine import intake
from engine.errors import UnreadableAlert
from engine.journal import BOT
from engine.model import Alert, Batch, Phrase
from engine.ports import Draft, Placed, Sighting
from engine.team import Team
from handlers import alerts, buttons, commands, forms, messages, reactions
from handlers.inbound import (
    AlertReceived,
    Answer,
    ButtonPressed,
    CommandTyped,
    FormSent,
    ImageShared,
    Inbound,
    MessageSaid,
    ReactionAdded,
)
from handlers.visit import QUIET, House, Personal, Visit, enter, no
from store.rooms import Seen

MOST_NAMED = 5
"""Unreadable alerts that are named in a thread; the rest are counted."""


class FrontDoor:
    """The one way in, for every platform.

    **Delivered twice.** Every effect is written under a key that the event's id or the decision itself determines, and
    the first write of a key wins; so an event may be worked on again, but has at most one effect. That an event was
    seen is remembered *before* its effect, and a repetition is still let through to decisions and constraints: had the
    process died in between, the word of a person would otherwise be lost. Everything else is answered with silence.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._told_silent: set[tuple[str, str, datetime]] = set()

    async def receive(self, event: Inbound) -> Answer:
        """Take in one event. UnreadableAlert, UnknownName (a format nobody knows) and StoreError pass through."""
        if isinstance(event, AlertReceived):
            return await self._alerts(event)
        visit = await enter(self._house, event)
        if isinstance(visit, Answer):
            return visit
        first = await first_time(self._house.seen, event)
        return await self._personal(Visit(**{**vars(visit), "again": not first}), event)

    async def _personal(self, visit: Visit, event: Personal) -> Answer:
        match event:
            case ButtonPressed():
                return await buttons.press(visit, event.action, event.value)
            case FormSent():
                return await forms.send(visit, event)
            case MessageSaid():
                return await messages.hear(visit, event)
            case CommandTyped():
                return QUIET if visit.again else await commands.obey(visit, event.text, addressed=True)
            case ReactionAdded():
                return await reactions.react(visit, event)
            case ImageShared():
                return no("error.no_images_yet", name=event.name[:80])

    # --- alerts ---

    async def _alerts(self, event: AlertReceived) -> Answer:
        house, now = self._house, self._house.clock.now()
        read = alerts.reader(event.format)
        try:
            batch = read(event.body, now)
        except UnreadableAlert as error:
            await house.register.keep_raw(event.id, event.format, event.body, reason=str(error)[:500])
            raise
        call = intake.Call(
            raw_ref=event.id,
            format=event.format,
            at=now,
            truncated=batch.truncated,
            compressed_time=house.compressed_time,
        )
        sightings = [self._sighting(alert, event) for alert in batch.alerts]
        sightings += await self._beaten(batch, event, now)
        reason = "; ".join(item.reason for item in batch.unreadable)[:2_000]
        # Both writes land in one commit of the store, which groups what is asked of it at the same time.
        async with asyncio.TaskGroup() as group:
            group.create_task(house.register.keep_raw(event.id, event.format, event.body, reason=reason))
            placing = group.create_task(house.register.place(sightings, intake.decider(call)))
        placed = placing.result()
        await self._announce(placed)
        await self._name_unreadable(batch, placed, event.id, now)
        incidents = tuple(dict.fromkeys(item.incident for item in placed if item.incident))
        return Answer(incidents=incidents, accepted=len(batch.alerts) + len(batch.heartbeats))

    def _sighting(self, alert: Alert, event: AlertReceived) -> Sighting:
        team = self._team(alert, event)
        return Sighting(team=team.id, alert=intake.belonging(alert), raw_ref=event.id)

    def _team(self, alert: Alert, event: AlertReceived) -> Team:
        if event.team:
            return self._house.teams.team(event.team)
        given = {"alertname": alert.name, "service": alert.service, "environment": alert.environment}
        return self._house.teams.route({name: value for name, value in given.items() if value} | alert.labels)

    async def _announce(self, placed: Sequence[Placed]) -> None:
        """Start or continue the life of whatever an alert changed, and show it."""
        for incident in dict.fromkeys(item.incident for item in placed if item.incident):
            if any(item.what in ("open", "reopen", "join") for item in placed if item.incident == incident):
                self._house.wake(incident)
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

    async def _beaten(self, batch: Batch, event: AlertReceived, now: datetime) -> list[Sighting]:
        """Note heartbeats; one that had stayed away too long is back, which ends what its absence opened."""
        firing = [alert for alert in batch.heartbeats if alert.status == "firing"]
        if not firing:
            return []
        before = await self._house.register.beats()
        back: list[Sighting] = []
        for alert in firing:
            team = self._team(alert, event)
            last = before.get((team.id, alert.name))
            await self._house.register.beat(team.id, alert.name, now)
            if last is not None and intake.is_overdue(last, team.watchdog_minutes, now):
                back.append(intake.silence(team.id, alert.name, last, "resolved", now))
        return back

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
        await self._announce(placed)
        return tuple(item.incident for item in placed if item.incident)


async def first_time(seen: Seen, event: Personal) -> bool:
    """Whether this event was never delivered before; ids are unique per platform."""
    return await seen.first(event.at.platform, event.id)

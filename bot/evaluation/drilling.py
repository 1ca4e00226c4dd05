"""Plays drills, several at a time: each in a demo world and with a bot of its own, from the alert to the verdict."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import quote_plus

from aiohttp import ClientSession, ClientTimeout

from bot.evaluation.drills import Alarm, Drill, Move, draw
from bot.rehearsal import RehearsalFailed
from bot.showcase import Showcase, Stage, open_showcase
from engine.model import Diagnosis, Entry, Hypothesis, Phrase
from engine.team import Account
from handlers.inbound import ButtonPressed, Place

AT_ONCE = 4
"""Worlds on two cores; each takes about a sixth of one, a surge more, and starting one most."""
ROUNDS = 4
STARVED = 0.2
"""Share of ten seconds that a world may stand still before its machine is what is wrong with it: every service is slow
then, and whoever says so is right."""
OK, ACCEPTED = 200, 202
WITHIN = 200.0
JUDGED_WITHIN = 90.0
PAUSE = 0.3
LOOKS = 3
"""Times an incident is looked at where nothing was concluded, as an operator would."""
LOOK_AGAIN_AFTER = 3.0
OPERATOR = Account(platform="terminal", id="lin", name="Lin")
KINDS = ("incident.created", "evidence.first_look", "hypothesis.generated")


@dataclass(frozen=True)
class Judged:
    """What was said of one incident as its timeline has it: `glimpse` while sources were still asked, `diagnoses` look
    by look."""

    incident: str
    service: str
    alert: str
    glimpse: Diagnosis | None
    diagnoses: tuple[Diagnosis, ...]

    @property
    def causes(self) -> tuple[Hypothesis, ...]:
        """Every cause that was ever named."""
        said = (self.glimpse, *self.diagnoses)
        return tuple(each.cause for each in said if each is not None and each.cause is not None)


@dataclass(frozen=True)
class Played:
    """A drill that was played: what was said of each of its incidents, and for what share of ten seconds its world
    stood still at the worst, because the machine had too much to do."""

    drill: Drill
    judged: tuple[Judged, ...]
    stood_still: float

    @property
    def starved(self) -> bool:
        """Whether the machine was too busy for the drill to count."""
        return self.stood_still > STARVED


async def play_all(
    seed: str, quiet: int, faults: int, told: Callable[[Played], None] = lambda played: None, at_once: int = AT_ONCE
) -> tuple[Played, ...]:
    """Play so many fault-free drills and so many with a fault in worlds that did not starve; those that did are played
    too many and stay in the answer. `told` hears of each as it ends."""
    played: list[Played] = []
    for _ in range(ROUNDS):
        fair = [each for each in played if not each.starved]
        broken = sum(each.drill.fault is not None for each in fair)
        wanted = draw(seed, quiet - (len(fair) - broken), faults - broken, len(played))
        if not wanted:
            break
        played += await play_several(wanted, told, at_once)
    return tuple(played)


async def play_several(drills: Sequence[Drill], told: Callable[[Played], None], at_once: int) -> list[Played]:
    """Play these drills, so many at a time. What goes wrong with one ends all."""
    turn = asyncio.Semaphore(at_once)

    async def one(drill: Drill) -> Played:
        async with turn, asyncio.timeout(WITHIN):
            played = await play(drill)
        told(played)
        return played

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(drill)) for drill in drills]
    return [task.result() for task in tasks]


async def play(drill: Drill) -> Played:
    """Play one drill to the last verdict."""
    async with (
        open_showcase("127.0.0.1", 0, Stage(language="en")) as showcase,
        ClientSession(timeout=ClientTimeout(total=15.0)) as session,
    ):
        return await Player(drill, showcase, session).play()


@dataclass(frozen=True)
class Player:
    """One drill under way."""

    drill: Drill
    showcase: Showcase
    session: ClientSession

    async def play(self) -> Played:
        """Pull every lever and send every alert in its time, and see each incident judged."""
        moves = [self._at(move.at, partial(self._pull, move)) for move in self.drill.moves]
        alarms = [self._at(alarm.at, partial(self._sound, alarm)) for alarm in self.drill.alarms]
        async with asyncio.TaskGroup() as group:
            moving = [group.create_task(each) for each in moves]
            async with asyncio.TaskGroup() as sounding:
                for each in alarms:
                    sounding.create_task(each)
            judged = await self._see_judged()
            stood_still = await self._stood_still()
            for task in moving:
                task.cancel()
        return Played(self.drill, judged, stood_still)

    async def _at(self, seconds: float, deed: Callable[[], Awaitable[None]]) -> None:
        await asyncio.sleep(seconds)
        await deed()

    async def _pull(self, move: Move) -> None:
        url = f"{self.showcase.addresses.control}/control/lever/{move.lever}"
        async with self.session.post(url, json=move.body) as answer:
            if answer.status != OK:
                raise RehearsalFailed(f"the world refused {move.lever}: {await answer.text()}")

    async def _sound(self, alarm: Alarm) -> None:
        url = f"{self.showcase.address}/alerts/alertmanager"
        async with self.session.post(url, json=self._webhook(alarm)) as answer:
            if answer.status != ACCEPTED:
                raise RehearsalFailed(f"the bot refused an alert: {await answer.text()}")

    def _webhook(self, alarm: Alarm) -> dict[str, Any]:
        """The alert as Alertmanager would send it."""
        started = self.showcase.house.tools.clock.now() - timedelta(seconds=alarm.ago)
        labels = {"service": alarm.service, "env": "prod", "severity": alarm.severity}
        labels |= {"alertname": alarm.name} if alarm.name else {}
        alert = {
            "status": "firing",
            "labels": labels,
            "annotations": {"summary": alarm.text, "description": alarm.text},
            "startsAt": started.isoformat(),
            "endsAt": "0001-01-01T00:00:00Z",
        }
        if alarm.expression:
            link = f"{self.showcase.addresses.prometheus}/graph?g0.expr={quote_plus(alarm.expression)}&g0.tab=1"
            alert["generatorURL"] = link
        return {
            "version": "4",
            "status": "firing",
            "receiver": "tocsin",
            "groupKey": f'{{}}:{{alertname="{alarm.name}", at="{alarm.at:.3f}"}}',
            "groupLabels": {},
            "commonLabels": labels,
            "commonAnnotations": {},
            "externalURL": self.showcase.addresses.prometheus,
            "truncatedAlerts": 0,
            "alerts": [alert],
        }

    async def _see_judged(self) -> tuple[Judged, ...]:
        """Wait until every incident is judged as often as it takes; with a fault, until its service has one."""
        register, loop = self.showcase.house.store.register, asyncio.get_running_loop()
        until, due = loop.time() + JUDGED_WITHIN, dict[str, float]()
        while loop.time() < until:
            ids = await register.newest(limit=50)
            judged = [await self._judged(incident) for incident in ids]
            over = [await self._is_over(each, due) for each in judged]
            about = {each.service for each in judged}
            if over and all(over) and (self.drill.fault is None or self.drill.fault.service in about):
                return tuple(judged)
            await asyncio.sleep(PAUSE)
        raise RehearsalFailed(
            Phrase(word="cli.demo_not_ended", values={"incident": self.drill.seed, "seconds": JUDGED_WITHIN})
        )

    async def _judged(self, incident: str) -> Judged:
        entries = await self.showcase.house.store.timeline.read(incident)
        return judged(incident, entries)

    async def _is_over(self, each: Judged, due: dict[str, float]) -> bool:
        """Whether nothing more is to be said of an incident; where it is inconclusive, look again a little later. `due`
        says when, and is kept from one call to the next."""
        if not each.diagnoses:
            return False
        final, looks = each.diagnoses[-1], len(each.diagnoses)
        if final.cause is not None or final.quiet or looks == LOOKS:
            return True
        now, key = asyncio.get_running_loop().time(), f"{each.incident}/{looks}"
        waiting = (await self.showcase.house.desk.state(each.incident)).status == "needs_human"
        if waiting and now >= due.setdefault(key, now + LOOK_AGAIN_AFTER):
            due[key] = math.inf
            place = Place(platform="terminal", room="demo", thread=each.incident, incident=each.incident)
            pressed = ButtonPressed(f"drill-{key}", place, OPERATOR, "look_again", {"incident": each.incident})
            await self.showcase.house.front_door.receive(pressed)
        return False

    async def _stood_still(self) -> float:
        async with self.session.get(f"{self.showcase.addresses.control}/control/status") as answer:
            return float((await answer.json())["starved"])


def judged(incident: str, entries: Sequence[Entry]) -> Judged:
    """What a timeline says of its incident."""
    told = {kind: [entry.body for entry in entries if entry.kind == kind] for kind in KINDS}
    created = next(iter(told["incident.created"]), {})
    return Judged(
        incident=incident,
        service=str(created.get("service", "")),
        alert=str(created.get("title", "")),
        glimpse=next((Diagnosis.model_validate(body["diagnosis"]) for body in told["evidence.first_look"]), None),
        diagnoses=tuple(Diagnosis.model_validate(body) for body in told["hypothesis.generated"]),
    )

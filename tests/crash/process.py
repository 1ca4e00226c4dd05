"""Is the process under test: a real house on a real file, with points at its borders and an operator at its door."""

import asyncio
import json
import logging
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from bot.clock import RandomIds, SystemClock
from bot.run import bind, working
from bot.settings import Execution, Settings
from bot.wiring import House, Parts
from cards.codec import encode
from engine.errors import StoreBusy
from engine.executors.http import HttpExecutor
from engine.incident import Incident
from engine.model import OperationClass
from engine.team import Account
from engine.tempo import Tempo
from handlers.inbound import AlertReceived, ButtonPressed, FormSent, Inbound, MessageSaid, Place
from store.audit import audit_verify
from tests.crash.points import PointedExecutor, PointedPlatform, PointedSource, Points, pointed
from tests.crash.room import NAME, PlatformOverHttp
from tests.crash.world import Releases, Telemetry

OPERATIONS: dict[str, OperationClass] = {"rollback_canary": "rollback"}
TEMPO = Tempo(
    compressed=True,
    lookback=30.0,
    lead=12.0,
    source_timeout=5.0,
    first_look=0.03,
    act_timeout=5.0,
    verify_after=0.12,
    verify_every=0.1,
    verify_tries=10,
    watch=600.0,
)
LOOK = 0.01
"""Seconds between two looks of the operator."""

CLOSED_WITHIN = 20.0
STORE_BUSY = 3
"""The exit code that says that another process holds the store."""

TEAM = """
name: Payments
language: en
match: {env: prod}
rooms: ["room:payments"]
watchdog_minutes: 0
people:
  lin: {name: Lin, roles: [responder, approver], accounts: {room: lin}}
"""
SERVICES = """
payment:
  environment: prod
  dependencies: [store-db]
  objective: {error_ratio: 0.02, latency_p95: 0.5}
  remedies:
    - operation: rollback_canary
      operation_class: rollback
      executor: releases
      against: [deploy_db_regression, bad_release]
      tier: destructive
      arguments: {version: "{previous_version}"}
      undo: restore_state
"""


@dataclass(frozen=True)
class Job:
    """What a process under test is told. `target` and `room` are addresses of this run's own; `alert` is the body of
    the receiver call; `kill` is a point; `sign` what happens there; `typed` approves by text, else by form;
    `all_again`: after a restart the platform delivers everything again, else only what it delivered last."""

    folder: str
    target: str
    room: str
    alert: dict[str, Any]
    kill: tuple[str, int] | None = None
    sign: int = signal.SIGKILL
    in_step: bool = False
    forgetful: bool = False
    typed: bool = True
    all_again: bool = False
    act_timeout: float = TEMPO.act_timeout

    @property
    def path(self) -> Path:
        return Path(self.folder)


def play(job: dict[str, Any]) -> int:
    """Run one process to its end; the exit code."""
    told = Job(**{**job, "kill": tuple(job["kill"]) if job.get("kill") else None})
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    try:
        asyncio.run(_run(told))
    except StoreBusy:
        return STORE_BUSY
    return 0


async def _run(job: Job) -> None:
    points = Points(job.kill, signal.Signals(job.sign))
    _team_files(job.path)
    async with ClientSession() as outside:
        parts = _parts(job, points, outside)
        settings = _settings(job)
        async with working(settings, parts, bind("127.0.0.1", 0)) as house:
            if job.in_step:
                vars(house.store.timeline)["quiet"] = lambda: _all_said(house)
            operator = Operator(house, job)
            async with asyncio.timeout(CLOSED_WITHIN):
                state = await operator.see_through()
                await _at_rest(house, state.id)
            (job.path / "report.json").write_text(json.dumps(await _report(house, state.id, points)))


def _settings(job: Job) -> Settings:
    return Settings(
        data_dir=job.path / "data",
        execution=Execution(enabled=True, allowed_operations=frozenset(OPERATIONS)),
        pace=TEMPO.model_copy(update={"act_timeout": job.act_timeout}),
    )


def _parts(job: Job, points: Points, outside: ClientSession) -> Parts:
    async def mended_at(service: str) -> float:
        async with outside.get(f"{job.target}/counts") as answer:
            return float((await answer.json())["mended_at"])

    executor = HttpExecutor(job.target, "", outside, OPERATIONS)
    return Parts(
        clock=SystemClock(),
        ids=RandomIds(),
        platforms=(PointedPlatform(PlatformOverHttp(job.room.rpartition("/")[0], outside), points),),
        sources=tuple(PointedSource(source, points) for source in (Telemetry(mended_at), Releases(mended_at))),
        executors={"releases": PointedExecutor(executor, points)},
        team_files=job.path / "teams",
        open_store=pointed(points, forgetful=job.forgetful),
    )


def _team_files(folder: Path) -> None:
    team = folder / "teams" / "payments"
    team.mkdir(parents=True, exist_ok=True)
    room = folder.name
    (team / "team.yaml").write_text(TEAM.replace("room:payments", f"{NAME}:{room}"))
    (team / "services.yaml").write_text(SERVICES)


async def _all_said(house: House) -> None:
    """Until every card that is wanted is shown. Real time, for what is waited for happens in another process."""
    while await house.store.posts.rooms_due():
        await house.tools.clock.sleep(0.001)


async def _at_rest(house: House, incident: str) -> None:
    while house.crew.at_work(f"life {incident}") or house.crew.at_work("catching up"):
        await house.tools.clock.sleep(0.001)
    await _all_said(house)


async def _report(house: House, incident: str, points: Points) -> dict[str, Any]:
    timeline = house.store.timeline
    posts = [post for post in await house.store.posts.of(incident) if post.room.startswith(f"{NAME}:")]
    cards = {post.slot: await house.desk.draw(incident, post.slot) for post in posts}
    audit = await audit_verify(house.store.disk, incident, await house.store.disk.head(incident))
    return {
        "incident": incident,
        "incidents": list(await house.store.register.newest()),
        "entries": [entry.model_dump(mode="json") for entry in await timeline.read(incident)],
        "faults": [fault.model_dump() for fault in audit.faults],
        "posts": [post.model_dump() for post in posts],
        "cards": {slot: encode(card) for slot, card in cards.items() if card is not None},
        "kept": [lesson.id for lesson in await house.store.memory.kept("payments")],
        "points": dict(points.reached),
    }


@dataclass
class Operator:
    """A person on call who reads the thread, and a platform that delivers everything again after a restart: what this
    person does has one id for each decision, and is written to a file before it is sent."""

    house: House
    job: Job
    _sent: set[str] = field(default_factory=set)

    async def see_through(self) -> Incident:
        """Let the alert in, answer whatever is asked, and return the closed incident."""
        incident = await self._alert()
        letters = self._letters()
        self._sent.update(letters)
        for known in letters if self.job.all_again else letters[-1:]:
            await self._deliver(incident, known)
        while True:
            state = await self.house.desk.state(incident)
            if state.status == "closed":
                return state
            for decision in self._decisions(state):
                if decision not in self._sent:
                    await self._send(incident, decision)
            await asyncio.sleep(LOOK)

    async def _alert(self) -> str:
        """The incident of the alert; one that was answered is not delivered again."""
        answered = self.job.path / "answered"
        if not answered.exists():
            body = json.dumps(self.job.alert).encode()
            answer = await self.house.front_door.receive(AlertReceived("call-1", "generic", body))
            answered.write_text(answer.incidents[0])
        return answered.read_text()

    def _decisions(self, state: Incident) -> Iterator[str]:
        """What this person would do now, in order; nothing while the engine is at work, so that runs are alike."""
        waiting = [p.request.id for p in state.proposals.values() if p.request and not p.decision]
        if waiting:
            yield "ack"
            yield "hold"
            yield from (f"lift {constraint.id}" for constraint in state.holding)
            if self._sent & {f"lift {constraint.id}" for constraint in state.constraints} and not state.holding:
                yield from (f"approve {approval}" for approval in waiting)
        elif state.status == "recovered" and state.lessons:
            yield "keep_all"
            yield "close recovered"
        elif state.status == "needs_human" and state.turn == 1 and self._handed_over(state):
            yield "close needs_human"

    def _handed_over(self, state: Incident) -> bool:
        return any(p.execution is not None for p in state.proposals.values()) or bool(state.stuck)

    async def _send(self, incident: str, decision: str) -> None:
        if self.job.in_step:
            await _all_said(self.house)
        self._sent.add(decision)
        with (self.job.path / "letters").open("a") as letters:
            letters.write(decision + "\n")
        await self._deliver(incident, decision)

    async def _deliver(self, incident: str, decision: str) -> None:
        event = self._event(incident, decision)
        answer = await self.house.front_door.receive(event)
        if answer.form is not None:
            word = {"word": "CONFIRM_EXECUTE"}
            form = FormSent(
                f"{event.id}-form", self._place(incident), self._account, answer.form.action, answer.form.value, word
            )
            await self.house.front_door.receive(form)

    def _letters(self) -> list[str]:
        letters = self.job.path / "letters"
        return letters.read_text().splitlines() if letters.exists() else []

    def _event(self, incident: str, decision: str) -> Inbound:
        what, _, which = decision.partition(" ")
        id = decision.replace(" ", "-")
        place, account = self._place(incident), self._account
        if what == "hold":
            return MessageSaid(id, place, account, "Do not roll back yet. Was it the release?", mentions_bot=True)
        if what == "approve" and self.job.typed:
            text = f"approve {which} CONFIRM_EXECUTE. dry-run first."
            return MessageSaid(id, place, account, text, mentions_bot=True)
        named = {"lift": "constraint", "approve": "approval", "close": "outcome"}.get(what, "")
        value = {"incident": incident} | ({named: which} if named else {})
        return ButtonPressed(id, place, account, what, value)

    def _place(self, incident: str) -> Place:
        return Place(platform=NAME, room=self.job.path.name, thread=incident, incident=incident)

    @property
    def _account(self) -> Account:
        return Account(platform=NAME, id="lin", name="Lin")

"""Builds a front door over fakes, with two teams, and speaks through it as people do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

from cards.words import Words
from engine.approvals import ask
from engine.errors import UnknownName
from engine.incident import Incident, fold
from engine.model import Checkpoint, DryRun, Entry, Execution, Judgement, Phrase, Plan, Receipt, Request
from engine.policy import Permissions
from engine.ports import Draft
from engine.team import Account, Person, Policy, Remedy, Role, Service, Team
from handlers.front_door import FrontDoor
from handlers.inbound import AlertReceived, Answer, ButtonPressed, CommandTyped, FormSent, MessageSaid, Place
from handlers.visit import House
from tests.fakes.clock import FakeClock, FakeIds
from tests.fakes.store import FakeStore

ROLLBACK = Remedy(
    operation="rollback_canary",
    operation_class="rollback",
    executor="releases",
    against=("deploy_db_regression",),
    arguments={"version": "{previous_version}"},
    undo="restore_state",
)


def person(id: str, *roles: Role) -> Person:
    return Person(id=id, name=id.title(), roles=frozenset(roles), accounts={"console": id, "slack": f"U-{id}"})


def trade(language: str = "en") -> Team:
    return Team(
        id="trade",
        name="Trade",
        language=language,
        match={"team": "trade"},
        rooms=("console:trade",),
        people=(
            person("alice", "responder", "approver"),
            person("bob", "approver"),
            person("rita", "responder"),
            person("vic", "viewer"),
        ),
        services={"payment": Service(name="payment", remedies=(ROLLBACK,))},
        policy=Policy(approval_minutes=30),
        watchdog_minutes=15,
    )


SUPPLY = Team(id="supply", name="Supply", rooms=("console:supply",), people=(person("eve", "responder", "approver"),))


class FakeTeams:
    """Teams in memory, routed by the label `team`."""

    def __init__(self, *teams: Team) -> None:
        self.teams = {team.id: team for team in teams}

    def team(self, id: str) -> Team:
        if id not in self.teams:
            raise UnknownName(Phrase(word="error.unknown_team", values={"team": id}))
        return self.teams[id]

    def route(self, labels: Mapping[str, str]) -> Team:
        return self.teams.get(labels.get("team", ""), self.teams["default"])

    def all(self) -> Sequence[Team]:
        return tuple(self.teams.values())


@dataclass
class RecordingDesk:
    """Remembers what was to be shown."""

    shown: list[tuple[str, str]] = field(default_factory=list)

    async def show(self, incident: str, slot: str) -> None:
        self.shown.append((incident, slot))


class Scene:
    """A front door with everything behind it, and short ways to act as somebody."""

    def __init__(self, language: str = "en") -> None:
        self.clock = FakeClock()
        self.ids = FakeIds()
        self.store = FakeStore(self.clock, self.ids)
        self.desk = RecordingDesk()
        self.woken: list[str] = []
        self.sent: list[str] = []
        self.team = trade(language)
        self.teams = FakeTeams(self.team, SUPPLY, Team(id="default", name="Default", watchdog_minutes=15))
        self.words = Words(language)
        self.house = House(
            register=self.store.register,
            timeline=self.store.timeline,
            memory=self.store.memory,
            changes=self.store.changes,
            teams=self.teams,
            desk=self.desk,
            seen=self.store.seen,
            clock=self.clock,
            ids=self.ids,
            permissions=Permissions(),
            wake=self.woken.append,
            send=self.sent.append,
        )
        self.door = FrontDoor(self.house)
        self._numbers = count(1)

    def id(self) -> str:
        return f"ev-{next(self._numbers)}"

    # --- acting ---

    async def alerts(self, body: bytes, format: str = "alertmanager", id: str = "", team: str = "") -> Answer:
        return await self.door.receive(AlertReceived(id or self.id(), format, body, team))

    async def press(self, who: str, action: str, incident: str, id: str = "", **value: str) -> Answer:
        value = {"incident": incident, **value}
        return await self.door.receive(
            ButtonPressed(id or self.id(), self.place(who, incident), self.account(who), action, value)
        )

    async def send(self, who: str, action: str, value: dict[str, str], id: str = "", **fields: str) -> Answer:
        at = self.place(who, value.get("incident", ""))
        return await self.door.receive(FormSent(id or self.id(), at, self.account(who), action, value, fields))

    async def say(self, who: str, incident: str, text: str, id: str = "", **kind: Any) -> Answer:
        event = MessageSaid(id or self.id(), self.place(who, incident), self.account(who), text, **kind)
        return await self.door.receive(event)

    async def type(self, who: str, incident: str, text: str, id: str = "") -> Answer:
        return await self.door.receive(
            CommandTyped(id or self.id(), self.place(who, incident), self.account(who), text)
        )

    def place(self, who: str, incident: str) -> Place:
        return Place("console", "supply" if who == "eve" else "trade", incident, incident)

    def account(self, who: str) -> Account:
        return Account(platform="console", id=who, name=who.title())

    # --- looking ---

    async def state(self, incident: str) -> Incident:
        return fold(await self.store.timeline.read(incident))

    async def entries(self, incident: str, kind: str = "") -> list[Entry]:
        return [e for e in await self.store.timeline.read(incident) if kind in ("", e.kind)]

    def heard(self, answer: Answer) -> str:
        """What the person reads; no key may be left unsaid."""
        text = self.words.say(answer.phrase) if answer.phrase else ""
        assert "[" not in text, text
        return text

    # --- setting the stage ---

    async def incident(self, team: str = "trade") -> str:
        created = Draft(
            key="created",
            kind="incident.created",
            actor="alertmanager",
            at=self.clock.now(),
            body={"team": team, "title": "PaymentErrors", "service": "payment", "severity": "P1"},
        )
        return await self.store.register.open(team, (created,))

    async def write(self, incident: str, key: str, kind: str, body: dict, actor: str = "tocsin") -> None:
        draft = Draft(key=key, kind=kind, actor=actor, at=self.clock.now(), body=body)
        await self.store.timeline.write(incident, draft)

    async def asked(self, incident: str, requester: str = "", plan_id: str = "") -> Request:
        """Bring an incident to the point where an approval of a rollback waits."""
        now = self.clock.now()
        plan = Plan(
            id=plan_id or self.ids.draw("plan"),
            operation="rollback_canary",
            operation_class="rollback",
            executor="releases",
            target="payment",
            arguments={"version": "v2.3.0"},
            reason=Phrase(word="command.plan_reason", values={"person": "tocsin"}),
            evidence_ids=("ev_metric_1",),
            requester=requester,
        )
        judgement = Judgement(tier="destructive", allowed=True)
        checkpoint = Checkpoint(id="chk_1", target="payment", state={"v": "v2.3.1"}, resource_version="7", at=now)
        request = ask(incident, plan, judgement, checkpoint, DryRun(allowed=True), self.ids, now, 30)
        planned = {"plan": plan.model_dump(mode="json"), "judgement": judgement.model_dump(mode="json")}
        await self.write(incident, f"1/{plan.id}/planned", "action.planned", planned)
        await self.write(incident, f"1/{plan.id}/request/1", "approval.requested", request.model_dump(mode="json"))
        return request

    async def executed(self, incident: str, request: Request) -> None:
        receipt = Receipt(id="rcpt_1", action="rollback_canary", target="payment", at=self.clock.now())
        done = Execution(plan=request.plan.id, result="done", receipt=receipt)
        await self.write(incident, f"1/{request.plan.id}/act/1", "action.executed", done.model_dump(mode="json"))

    async def approve(
        self, who: str, incident: str, request: Request, word: str = "CONFIRM_EXECUTE", id: str = ""
    ) -> Answer:
        value = {"incident": incident, "approval": request.id, "digest": request.digest}
        return await self.send(who, "approve", value, id=id, word=word, reason="")

    async def later(self, minutes: float) -> None:
        await self.clock.advance(timedelta(minutes=minutes).total_seconds())

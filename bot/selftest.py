"""Tries the whole way by itself: an alert, a card, a press, an answer and a refused approval, through the real doors.

Each chat platform gets a test incident of its own, of a hidden team that has no room: no person is called, nothing
is in a list of a team. The card hangs in every room of every team and is edited each time, so that it wakes nobody."""

import asyncio
import json
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from aiohttp import ClientError, ClientSession, ClientTimeout

from bot.board import BOARD, Board
from bot.desk import ChatDesk
from bot.outbox import Outbox
from bot.platforms.contract import Deed, Inbox, Platform, Rehearsing
from cards.model import Card
from cards.views.selftest import Outcome, report
from cards.words import Words
from engine.errors import TocsinError
from engine.incident import Incident
from engine.model import Phrase
from engine.ports import Clock, Teams
from engine.team import Escalation, Person, Team
from handlers.inbound import Answer, Inbound
from store.rooms import Posts

log = logging.getLogger("tocsin.selftest")

TEAM = "tocsin:self-test"
"""No folder of a team can be called so."""
TESTER = "tocsin-self-test"
CARD = "self-test"
WITHIN = 20.0
"""Seconds a step may take, and all cards together."""
LOOK_EVERY = 0.2


PLATFORMS = ("console", "slack", "feishu", "wecom")


def hidden_team() -> Team:
    """The team of test incidents: one tester, who is no account that any platform gives a person."""
    tester = Person(
        id=TESTER,
        name="Tocsin self-test",
        roles=frozenset({"responder"}),
        accounts=dict.fromkeys(PLATFORMS, TESTER),
    )
    return Team(id=TEAM, name="Self-test", people=(tester,), escalation=Escalation(after_minutes=0))


@dataclass(frozen=True)
class Way:
    """What the test goes through."""

    platforms: Mapping[str, Platform]
    posts: Posts
    outbox: Outbox
    board: Board
    desk: ChatDesk
    teams: Teams
    inbox: Inbox
    session: ClientSession
    clock: Clock


@dataclass
class SelfTest:
    """Runs the test, one at a time. `address` is where this process itself serves, "" while it does not; `token` lets
    alerts in for the hidden team. `failed` names what failed the last time."""

    address: str = ""
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    failed: tuple[str, ...] = ()
    _way: Way | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def way(self) -> Way:
        """What `go` was given."""
        assert self._way is not None
        return self._way

    def go(self, way: Way) -> None:
        """Say what the test goes through; the doors in it need somebody who can start the test."""
        self._way = way

    async def run(self) -> Phrase:
        """Run it; what came of it, in a sentence. What failed is said in the rooms of the teams it concerns."""
        async with self._turn:
            at, number = self.way.clock.now(), secrets.token_hex(4)
            outcomes = [outcome for name in self._platforms() for outcome in await self._walk(name, number)]
            outcomes += await self._hang(at, tuple(outcomes))
            await self._tell(at, tuple(outcomes))
        self.failed = tuple(f"{each.where}: {each.step}" for each in outcomes if not each.ok)
        word = "selftest.failed" if self.failed else "selftest.passed"
        return Phrase(word=word, values={"n": len(outcomes), "failed": "; ".join(self.failed)[:500]})

    async def trouble(self) -> str:
        """What failed the last time, for whoever watches the process; "" for nothing."""
        return f"self-test: {', '.join(self.failed)}" if self.failed else ""

    def _platforms(self) -> Sequence[str]:
        return [name for name, platform in self.way.platforms.items() if isinstance(platform, Rehearsing)]

    async def _walk(self, name: str, number: str) -> list[Outcome]:
        """One platform: alert, press, refused approval, answer, as far as it gets."""
        walk = Walk(self.way, self.address, self.token, name, number)
        outcomes = []
        for step, work in walk.steps():
            outcome = await _tried(step, name, work)
            outcomes.append(outcome)
            if not outcome.ok:
                break
        return outcomes

    async def _hang(self, at: datetime, outcomes: tuple[Outcome, ...]) -> list[Outcome]:
        """Whether every room of every team takes a card and its edit."""
        await self._show(at, outcomes)
        wanted = [(team.id, room) for team in self.way.teams.all() for room in team.rooms]
        for _ in range(int(WITHIN / LOOK_EVERY)):
            if all([await self._shown(*place) for place in wanted]):
                break
            await self.way.clock.sleep(LOOK_EVERY)
        failing = self.way.outbox.failing
        return [
            Outcome("card", room, None if await self._shown(team, room) else failing.get(room, _why("not_taken")))
            for team, room in wanted
        ]

    async def _shown(self, team: str, room: str) -> bool:
        posts = await self.way.posts.of(f"{BOARD}{team}/{CARD}")
        return any(post.room == room and post.message and post.sent == post.wanted for post in posts)

    async def _show(self, at: datetime, outcomes: tuple[Outcome, ...]) -> None:
        for team in self.way.teams.all():
            for room in team.rooms:
                await self.way.board.hang(team, room, CARD, _report(team, room, at, outcomes))

    async def _tell(self, at: datetime, outcomes: tuple[Outcome, ...]) -> None:
        """Show the result on every card; what failed is besides a message of its own, in the rooms that still work."""
        await self._show(at, outcomes)
        for outcome in outcomes:
            if outcome.why is not None:
                log.error("self-test: %s failed at %s: %s", outcome.step, outcome.where, Words("en").say(outcome.why))
        for team in self.way.teams.all():
            mine = [each for each in outcomes if not each.ok and _concerns(each.where, team)]
            if mine:
                await self.way.desk.announce(team, _alarm(mine))


@dataclass
class Walk:
    """The way of one test incident on one platform."""

    way: Way
    address: str
    token: str
    platform: str
    number: str
    incident: str = ""

    def steps(self) -> Sequence[tuple[str, Callable[[], Awaitable[Phrase | None]]]]:
        """Each gives why it failed, None where all was well."""
        return (
            ("alert", self._alert),
            ("press", self._press),
            ("approval", self._approve),
            ("answer", self._answer),
        )

    async def _alert(self) -> Phrase | None:
        alert = {
            "id": f"self-test-{self.number}-{self.platform}",
            "name": "TocsinSelfTest",
            "service": TESTER,
            "severity": "P4",
            "summary": f"Self-test of {self.platform}",
        }
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        url, limit = f"{self.address}/alerts/generic", ClientTimeout(total=WITHIN)
        async with self.way.session.post(url, data=json.dumps(alert), headers=headers, timeout=limit) as response:
            answer = await response.json()
        if response.status != 202 or not answer.get("incidents"):
            return _why("status", status=response.status)
        self.incident = str(answer["incidents"][0])
        return None if await self._until(lambda state: state.team == TEAM) else _why("not_opened")

    async def _press(self) -> Phrase | None:
        answer = await self._do(action="ack", value={"incident": self.incident})
        taken = await self._until(lambda state: state.acknowledged_by == TESTER)
        return None if answer.tone != "refused" and taken else _why("no_effect")

    async def _approve(self) -> Phrase | None:
        value = {"incident": self.incident, "approval": f"approval_{self.number}"}
        answer = await self._do(action="approve", value=value)
        return None if answer.tone == "refused" else _why("not_refused")

    async def _answer(self) -> Phrase | None:
        await self._do(text=f"resolve {self.incident}: self-test")
        return None if await self._until(lambda state: state.status == "closed") else _why("no_effect")

    async def _do(self, text: str = "", action: str = "", value: Mapping[str, str] | None = None) -> Answer:
        platform = self.way.platforms[self.platform]
        assert isinstance(platform, Rehearsing)
        overheard = Overheard(self.way.inbox)
        id = f"self-test-{self.number}-{action or 'answer'}"
        await platform.rehearse(Deed(id, self._room(), TESTER, text, action, value or {}), overheard)
        return overheard.answer

    def _room(self) -> str:
        rooms = (room.partition(":") for team in self.way.teams.all() for room in team.rooms)
        return next((name for owner, _, name in rooms if owner == self.platform), TESTER)

    async def _until(self, holds: Callable[[Incident], bool]) -> bool:
        for _ in range(int(WITHIN / LOOK_EVERY)):
            if holds(await self.way.desk.state(self.incident)):
                return True
            await self.way.clock.sleep(LOOK_EVERY)
        return False


class Overheard:
    """The inbox, with the last answer it gave kept."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self.answer = Answer(tone="quiet")

    async def receive(self, event: Inbound) -> Answer:
        """Hand on, and remember what was answered."""
        self.answer = await self._inbox.receive(event)
        return self.answer


async def _tried(step: str, where: str, work: Callable[[], Awaitable[Phrase | None]]) -> Outcome:
    try:
        async with asyncio.timeout(2 * WITHIN):
            return Outcome(step, where, await work())
    except TimeoutError:
        return Outcome(step, where, _why("too_long"))
    except TocsinError as error:
        return Outcome(step, where, error.phrase)
    except (ClientError, OSError, ValueError) as error:
        said = str(error)[:200] or type(error).__name__
        return Outcome(step, where, Phrase(word="error.plain", values={"text": said}))


def _why(word: str, **values: str | int) -> Phrase:
    return Phrase(word=f"selftest.why.{word}", values={**values})


def _report(team: Team, room: str, at: datetime, outcomes: Sequence[Outcome]) -> Card:
    """The card of one team in one of its rooms: another team's rooms are nothing to it."""
    words = Words(team.language_of(room), team.zone)
    return report(at, [each for each in outcomes if _concerns(each.where, team)], words)


def _concerns(where: str, team: Team) -> bool:
    """Whether what failed there (a room, or a platform) is anything to this team: its own rooms, and nobody else's."""
    return any(where in (room, room.partition(":")[0]) for room in team.rooms)


def _alarm(failed: Sequence[Outcome]) -> Phrase:
    """What failed, and why the first of it did; why the rest did stands on the card."""
    steps = "; ".join(f"{each.where}: {each.step}" for each in failed)
    return Phrase(word="selftest.alarm", values={"failed": steps[:800], "why": failed[0].why or ""})

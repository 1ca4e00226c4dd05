"""Holds one thing a person did: who, where, in which team and incident, and the ways to answer."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from cards.views.doctor import Health
from cards.words import Filling, Words
from engine.errors import UnknownName
from engine.incident import Incident, fold
from engine.masking import mask
from engine.model import Entry, Phrase
from engine.policy import Permissions
from engine.ports import Clock, Desk, Draft, Ids, Memory, Register, Silencer, Teams, Timeline
from engine.sources.changes import ChangeLog
from engine.sources.hosts import Hosts
from engine.team import Account, Person, Role, Team
from handlers.board import Board
from handlers.inbound import (
    Answer,
    ButtonPressed,
    CommandTyped,
    FormSent,
    ImageShared,
    MessageSaid,
    Place,
    ReactionAdded,
)
from handlers.refusals import Refusals
from handlers.telemetry import Telemetry
from store.rooms import Seen

Personal = ButtonPressed | CommandTyped | FormSent | ImageShared | MessageSaid | ReactionAdded
"""Everything a person does; alerts come from machines."""

RANK: dict[Role, int] = {"viewer": 0, "responder": 1, "approver": 2}
"""Whoever may do more may do less."""

SAID = 4_000
"""Characters of a message that are kept."""


async def _nothing_to_learn() -> None:
    """Where no process adds to the teams' files."""


async def _nowhere(room: str, message: str) -> str:
    """No card at all."""
    return ""


@dataclass(frozen=True)
class House:
    """What handling needs. `wake` starts or continues the life of an incident and `send` has sent what is wanted in a
    room; both return at once. `crowded` says that alerts crowd in, so that they are admitted first, and `place_later`
    has them placed when there is room. `demo` plays a scenario, `doctor` looks at the set-up as far as it concerns a
    team; None where the process has none. `relearn` takes up dependencies that people added. `rooms`: by platform,
    where it listens beside the teams' own rooms and direct chats; everywhere where a platform is not named. `slot_at`
    tells which card a message of a room shows, "" for none."""

    register: Register
    timeline: Timeline
    memory: Memory
    changes: ChangeLog
    teams: Teams
    desk: Desk
    seen: Seen
    clock: Clock
    ids: Ids
    permissions: Permissions
    wake: Callable[[str], None]
    send: Callable[[str], None] = lambda room: None
    crowded: Callable[[], bool] = lambda: False
    place_later: Callable[[], None] = lambda: None
    demo: Callable[[str], Awaitable[Phrase]] | None = None
    doctor: Callable[[Team], Awaitable[Health]] | None = None
    selftest: Callable[[], Awaitable[Phrase]] | None = None
    compressed_time: bool = False
    telemetry: Callable[[Team], Telemetry] = lambda team: Telemetry()
    hosts: Hosts = field(default_factory=lambda: Hosts({}))
    relearn: Callable[[], Awaitable[None]] = _nothing_to_learn
    slot_at: Callable[[str, str], Awaitable[str]] = _nowhere
    board: Board | None = None
    silencer: Silencer | None = None
    keep_fresh: Callable[[Team, str, str], datetime | None] = lambda team, room, service: None
    rooms: Mapping[str, frozenset[str]] = field(default_factory=dict)
    refusals: Refusals = field(default_factory=Refusals)

    def listens(self, at: Place) -> bool:
        """Whether people may speak to it in this room."""
        allowed = self.rooms.get(at.platform)
        if not allowed or not at.room or at.direct or at.room in allowed:
            return True
        return any(_room(at) in team.places for team in self.teams.all())

    async def state(self, incident: str) -> Incident:
        """The incident as its timeline stands now."""
        return fold(await self.timeline.read(incident))


@dataclass(frozen=True)
class Visit:
    """One event of one person. `incident.id` is "" outside incidents; `person` is None for an account nobody linked;
    `again` says that the platform delivered this event before."""

    house: House
    id: str
    at: Place
    account: Account
    team: Team
    person: Person | None
    incident: Incident
    again: bool = False

    @property
    def telemetry(self) -> Telemetry:
        """The sources of the team."""
        return self.house.telemetry(self.team)

    @property
    def actor(self) -> str:
        """The person's id, or platform:account for an account that is not linked."""
        return self.person.id if self.person else f"{self.account.platform}:{self.account.id}"

    @property
    def words(self) -> Words:
        """The words of the language they read there, else of the one chosen for the room, the person's, the team's."""
        own = self.person.language if self.person else ""
        chosen = self.team.languages.get(_room(self.at), "")
        return Words(self.at.language or chosen or own or self.team.language, self.team.zone)

    def may(self, role: Role) -> bool:
        """Whether the person has this role, or one that may more."""
        return self.person is not None and max((RANK[held] for held in self.person.roles), default=-1) >= RANK[role]

    def name(self, actor: str) -> str:
        """How an actor is called in this team."""
        member = self.team.member(actor)
        return member.name if member else actor

    def addressed(self, answer: Answer) -> Answer:
        """The answer, for the person alone where the room is none of the team it tells about."""
        foreign = self.at.room and not self.at.direct and _room(self.at) not in self.team.places
        return replace(answer, alone=True) if foreign and answer.tone != "quiet" else answer

    def key(self, name: str) -> str:
        """The key of a step of this episode."""
        return f"{self.incident.episode}/{name}"

    async def write(self, key: str, kind: str, body: dict[str, Any] | None = None) -> Entry:
        """Write into the incident's timeline as this person; what stands under the key already is returned."""
        draft = Draft(key=key, kind=kind, actor=self.actor, at=self.house.clock.now(), body=body or {})
        return await self.house.timeline.write(self.incident.id, draft)

    async def had_effect(self) -> bool:
        """Whether this event, delivered before, was also worked on: the process may have ended in between."""
        entries = await self.house.timeline.read(self.incident.id)
        return any(entry.body.get("inbound") == self.id for entry in entries)

    async def show(self, *slots: str) -> None:
        """Show parts of the incident anew."""
        for slot in slots:
            await self.house.desk.show(self.incident.id, slot)

    async def post(self, key: str, phrase: Phrase) -> None:
        """Say something to this person in the thread, for everybody to read."""
        say = phrase.model_dump(mode="json")
        await self.write(key, "notice.posted", {"say": say, "to": self.actor})
        await self.show(f"say:{key}")

    async def refuse(self, word: str, attempt: str, **values: Filling) -> Answer:
        """Refuse with a clear word; inside an incident the attempt is written down, or counted where they are many."""
        phrase = Phrase(word=word, values={**values})
        if self.incident.id and self.house.refusals.admits(self.incident.id, self.actor, self.house.clock.now()):
            body = {"say": phrase.model_dump(mode="json"), "to": self.actor, "attempt": mask(attempt[:SAID])}
            await self.write(f"refused:{self.id}", "request.refused", body)
        return Answer(tone="refused", phrase=phrase)


def ok(word: str, **values: Filling) -> Answer:
    """A short yes."""
    return Answer(phrase=Phrase(word=word, values={**values}))


def no(word: str, **values: Filling) -> Answer:
    """A short no that needs no audit: what was asked for makes no sense, whoever asks."""
    return Answer(tone="refused", phrase=Phrase(word=word, values={**values}))


QUIET = Answer(tone="quiet")


async def enter(house: House, event: Personal) -> Visit | Answer:
    """Find out who is there and what it is about; an answer where the person has no business here.

    A team is a wall: to somebody who is neither a member nor in one of its rooms, its incidents do not exist."""
    if not house.listens(event.at):
        talk = (isinstance(event, MessageSaid) and not event.mentions_bot) or isinstance(event, ReactionAdded)
        return QUIET if talk else no("error.room_not_allowed", room=_room(event.at)[:80])
    wanted = _incident_of(event)
    if not wanted:
        team = _team_at(house.teams, event.at, event.account)
        if team is None:
            return no("error.nobody", account=event.account.name or event.account.id)
        return Visit(house, event.id, event.at, event.account, team, team.person(event.account), Incident())
    try:
        team = house.teams.team(await house.register.team_of(wanted))
    except UnknownName:
        return no("error.no_such_incident", incident=wanted[:40])
    person = team.person(event.account)
    known = await house.state(wanted)
    visit = Visit(house, event.id, event.at, event.account, team, person, known)
    if person is None and _room(event.at) not in team.places:
        await visit.refuse("error.no_such_incident", _attempt(event), incident=wanted)
        return no("error.no_such_incident", incident=wanted)
    return visit


async def elsewhere(visit: Visit, incident: str) -> Visit | Answer:
    """The same visit at another incident, which must be of a team the person belongs to."""
    if incident == visit.incident.id:
        return visit
    place = replace(visit.at, incident=incident)
    return await enter(visit.house, CommandTyped(visit.id, place, visit.account, ""))


def _incident_of(event: Personal) -> str:
    """The incident it is about; "" too under a card that hangs in a room for itself: no incident's id has a slash."""
    match event:
        case ButtonPressed() | FormSent():
            named = event.value.get("incident") or event.at.incident
        case _:
            named = event.at.incident
    return "" if "/" in named else named


def _attempt(event: Personal) -> str:
    match event:
        case ButtonPressed() | FormSent():
            return f"{event.action} {event.value}"
        case MessageSaid() | CommandTyped():
            return event.text
        case _:
            return type(event).__name__


def _team_at(teams: Teams, at: Place, account: Account) -> Team | None:
    """The team whose room this is and who knows the account, else any of both; None where there is neither."""
    here = [team for team in teams.all() if _room(at) in team.places]
    own = [team for team in teams.all() if team.person(account)]
    both = [team for team in here if team in own]
    return next(iter((*both, *here, *own)), None)


def _room(at: Place) -> str:
    return f"{at.platform}:{at.room}"

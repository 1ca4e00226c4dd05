"""Says what a chat platform must be able to do, and what it may hand in; one contract suite holds all of them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from aiohttp import ClientSession, web

from bot.crew import Crew
from bot.platforms.seal import Seal
from cards.model import Card
from engine.model import Phrase
from engine.ports import Clock, Teams
from handlers.inbound import Answer, Inbound


@dataclass(frozen=True)
class Pace:
    """The platform's published limit: messages per second into one room. What else it limits (a method over all rooms,
    calls for one person) the platform keeps itself, and says PlatformBusy."""

    per_second: float


class Inbox(Protocol):
    """Where a platform hands in what people did, after it verified who they are."""

    async def receive(self, event: Inbound) -> Answer: ...


@dataclass(frozen=True)
class News:
    """What a platform tells the house besides what people did. `regrouped`: who is in this user group (its id; "" for
    any of them) may have changed. `lost`: this room ("": every room) takes nothing from us any more, and why."""

    regrouped: Callable[[str], None] = lambda group: None
    lost: Callable[[str, Phrase], None] = lambda room, why: None


@dataclass(frozen=True)
class Kit:
    """What the house lends a platform. `incident_at` tells which incident a thread shows, by room (without the
    platform's name) and the reference of its first message; "" for none. `draw` makes the card of one slot of an
    incident in a language. `seal` makes what buttons carry tamper-proof. `app` takes the routes of HTTP callbacks."""

    session: ClientSession
    clock: Clock
    crew: Crew
    teams: Teams
    seal: Seal
    app: web.Application
    incident_at: Callable[[str, str], Awaitable[str]]
    draw: Callable[[str, str, str], Awaitable[Card | None]]
    public_url: str
    news: News = News()

    def language_of(self, room: str) -> str:
        """What is spoken in a room ("platform:room"); "" where it is no team's."""
        return next((team.language_of(room) for team in self.teams.all() if room in team.places), "")

    def chosen_for(self, room: str) -> str:
        """The language a team chose for this room of its own; "" where it chose none."""
        return next((team.languages[room] for team in self.teams.all() if room in team.languages), "")


class Platform(Protocol):
    """One chat platform. A message reference is an opaque string of its own making."""

    @property
    def name(self) -> str: ...

    @property
    def pace(self) -> Pace: ...

    async def post(self, room: str, thread: str, card: Card, key: str) -> str:
        """Post a card; `thread` is "" for a new thread, else the reference of its first message. Posting again with the
        same key gives the same message where the platform can recognise a repeat. PlatformRefused where this card will
        never be taken, PlatformBusy where it may be later, PlatformError where somebody has to mend something first."""
        ...

    async def edit(self, room: str, message: str, card: Card) -> str:
        """Show this card where that message stands. Returns the reference of the message that shows it from now on:
        the same one, or another where the platform edits that one no longer and the card had to be posted again.
        Errors as for `post`."""
        ...

    async def run(self, inbox: Inbox) -> None:
        """Listen until cancelled, handing everything to the inbox."""
        ...


@runtime_checkable
class Grouped(Protocol):
    """A platform that has user groups."""

    async def members(self, group: str) -> frozenset[str]:
        """The accounts in the user group of this id, now. PlatformError where the platform does not say."""
        ...


@runtime_checkable
class Insistent(Protocol):
    """A platform that can have a message insist until the people meant have seen it."""

    async def insist(self, room: str, message: str, accounts: Sequence[str]) -> frozenset[str]:
        """Have this message of ours insist for these accounts; those it does not reach. PlatformError."""
        ...


@dataclass(frozen=True)
class Deed:
    """What a tester does in a room: words to the bot, or the press of a button that carries an action and a value."""

    id: str
    room: str
    person: str
    text: str = ""
    action: str = ""
    value: Mapping[str, str] = field(default_factory=dict)


@runtime_checkable
class Rehearsing(Protocol):
    """A platform that can be tried out without a person: it makes the delivery its vendor would send for a deed."""

    async def rehearse(self, deed: Deed, inbox: Inbox) -> None:
        """Read the delivery as any other, and hand what it means to this inbox. PlatformError."""
        ...

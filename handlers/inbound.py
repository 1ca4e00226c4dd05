"""Names what comes in, the same for every platform; signatures and sign-ins were checked before."""

from dataclasses import dataclass, field
from typing import Literal

from cards.model import Ask, Card
from engine.model import Phrase
from engine.team import Account


@dataclass(frozen=True)
class AlertReceived:
    """The body of one alert receiver call, as it came."""

    id: str
    format: str
    body: bytes
    team: str = ""


@dataclass(frozen=True)
class Place:
    """Where in a platform something was said. `incident` is "" where the thread belongs to none; `language` is the one
    the person reads there, "" where the platform does not know and the team's is meant; `direct` says that nobody but
    this person reads along."""

    platform: str
    room: str
    thread: str = ""
    incident: str = ""
    language: str = ""
    direct: bool = False


@dataclass(frozen=True)
class CommandTyped:
    """`/incident ack`, or `@bot ack` in a thread: the words after the mention."""

    id: str
    at: Place
    account: Account
    text: str


@dataclass(frozen=True)
class ButtonPressed:
    """A button of one of our cards; `value` holds the ids the card gave it."""

    id: str
    at: Place
    account: Account
    action: str
    value: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FormSent:
    """A form of ours; `fields` are what the person typed, untouched."""

    id: str
    at: Place
    account: Account
    action: str
    value: dict[str, str] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class MessageSaid:
    """Free text in a room or thread. `edited`, `forwarded` and `quoted` matter for the typed word."""

    id: str
    at: Place
    account: Account
    text: str
    quoted: str = ""
    edited: bool = False
    forwarded: bool = False
    mentions_bot: bool = False


@dataclass(frozen=True)
class ReactionAdded:
    """An emoji put under one of our messages, or taken away again; `moment` is when, by the platform's clock (unix
    seconds)."""

    id: str
    at: Place
    account: Account
    message: str
    name: str
    taken_back: bool = False
    moment: float = 0.0


@dataclass(frozen=True)
class ImageShared:
    """A picture dropped into a thread."""

    id: str
    at: Place
    account: Account
    name: str
    content: bytes


Inbound = AlertReceived | CommandTyped | ButtonPressed | FormSent | MessageSaid | ReactionAdded | ImageShared


@dataclass(frozen=True)
class Answer:
    """What the platform shows to the person at once: a short word, a form to fill, or a card only they need. `alone`:
    others who read there may not see it, for the room is none of the team's."""

    tone: Literal["ok", "refused", "quiet"] = "ok"
    phrase: Phrase | None = None
    form: Ask | None = None
    card: Card | None = None
    incidents: tuple[str, ...] = ()
    accepted: int = 0
    alone: bool = False

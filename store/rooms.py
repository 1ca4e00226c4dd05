"""Names what the process itself keeps besides the engine's ports: posts, the browser room, what was seen, sessions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from engine.model import Value
from engine.ports import Memory, Register, Timeline
from engine.sources.changes import ChangeLog


class Post(Value):
    """One part of an incident's thread in one room. `wanted` counts how often it was asked for, `sent` up to which
    asking it is shown; `message` is the platform's reference ("" = not posted yet), `shown` the digest of what is."""

    room: str
    incident: str
    slot: str
    message: str = ""
    wanted: int = 1
    sent: int = 0
    shown: str = ""


class Posts(Protocol):
    """What is to be shown where, and what is shown already. Durable on return."""

    async def want(self, room: str, incident: str, slots: Sequence[str]) -> None:
        """Ask for these parts to show the newest state in this room."""
        ...

    async def due(self, room: str) -> Sequence[Post]:
        """What was asked for and is not shown yet, in the order it was first asked for."""
        ...

    async def rooms_due(self) -> Sequence[str]:
        """The rooms in which something is due."""
        ...

    async def sent(self, post: Post, message: str, shown: str) -> None:
        """This post is shown as of its `wanted`; what was asked for since stays due. UnknownName."""
        ...

    async def of(self, incident: str) -> Sequence[Post]:
        """All posts of an incident, in the order they were first asked for."""
        ...

    async def by_message(self, room: str, message: str) -> Post | None:
        """The post that is shown as this message of the room."""
        ...


class Message(Value):
    """A message of the browser room. `thread` is the id of the thread's first message, 0 for such a first message;
    `revision` comes from one counter that every post and edit raises, so "what changed since" is one number."""

    id: int
    room: str
    thread: int
    key: str
    author: str
    body: dict[str, Any]
    at: datetime
    revision: int


class RoomLog(Protocol):
    """The log of the browser room."""

    async def post(self, room: str, thread: int, key: str, author: str, body: dict[str, Any], at: datetime) -> Message:
        """Keep a message; the first one under (room, key) stands and is returned. UnknownName for a thread that is
        not a first message of this room."""
        ...

    async def edit(self, id: int, body: dict[str, Any]) -> Message:
        """Replace a message's body. UnknownName."""
        ...

    async def read(self, room: str, thread: int | None = None, after: int = 0) -> Sequence[Message]:
        """Messages with revision > after, by id. `thread`: None = the whole room, 0 = first messages alone, else one
        thread with its first message."""
        ...

    async def message(self, id: int) -> Message | None: ...

    async def threads(self, room: str, limit: int = 50) -> Sequence[Message]:
        """The newest first messages of a room, newest first."""
        ...


class Seen(Protocol):
    """Remembers what came in, so that what a platform delivers twice is worked on once."""

    async def first(self, scope: str, id: str) -> bool:
        """True for the first caller ever with this (scope, id), False for all others. Durable on return."""
        ...

    async def prune(self, before: datetime) -> int:
        """Forget what was first seen before this; returns how many."""
        ...


class Sessions(Protocol):
    """Who is signed in to the browser room. Tokens are known by their digest alone."""

    async def issue(self, token_digest: str, account_json: str, expires_at: datetime, one_time: bool) -> None:
        """Let this token stand for this account until then; a one-time token can only be redeemed, once."""
        ...

    async def redeem(self, token_digest: str) -> str | None:
        """The account of a token that has not expired; a one-time token is gone afterwards."""
        ...

    async def find(self, token_digest: str) -> str | None:
        """The account of a lasting token that has not expired; one-time tokens are never found."""
        ...

    async def revoke(self, token_digest: str) -> None:
        """Forget a token (signing out)."""
        ...


class Raw(Value):
    """One receiver call as it came (cut to 1,000,000 bytes); `reason` names why (part of) it could not be read."""

    ref: str
    source: str
    body: bytes
    reason: str
    at: datetime


RAW_LIMIT = 1_000_000
"""How many bytes of a receiver call are kept."""


class Store(Protocol):
    """Everything that survives, opened once per process."""

    @property
    def timeline(self) -> Timeline: ...

    @property
    def register(self) -> Register: ...

    @property
    def memory(self) -> Memory: ...

    @property
    def changes(self) -> ChangeLog: ...

    @property
    def posts(self) -> Posts: ...

    @property
    def room(self) -> RoomLog: ...

    @property
    def seen(self) -> Seen: ...

    @property
    def sessions(self) -> Sessions: ...

    async def raw(self, ref: str) -> Raw | None:
        """A receiver call kept by `register.keep_raw`."""
        ...

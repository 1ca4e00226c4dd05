"""Knows who is calling a page: the session behind the cookie, the teams and rooms the person may see, the language."""

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from aiohttp import web
from pydantic import ValidationError

from bot.platforms.console import NAME, TOKEN_BYTES, ConsolePlatform, digest
from bot.platforms.contract import Inbox
from cards.words import Words
from engine.errors import UnknownName
from engine.model import Phrase
from engine.ports import Clock, Register, Teams, Timeline
from engine.team import Account, Person, Team
from store.rooms import Message, Sessions

SESSION = "tocsin_session"
VISIT = "tocsin_visit"
LANGUAGE = "tocsin_language"
LANGUAGES = ("zh", "en")
MOST_FLASHES = 1_000

Tone = Literal["ok", "refused", "quiet"]


class Flashes:
    """What is to be said on a person's next page, for browsers without script; the oldest are forgotten."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[Tone, str]] = OrderedDict()

    def keep(self, visit: str, tone: Tone, text: str) -> None:
        """Say this on the next page of this visit."""
        self._kept[digest(visit)] = (tone, text)
        while len(self._kept) > MOST_FLASHES:
            self._kept.popitem(last=False)

    def take(self, visit: str) -> tuple[Tone, str] | None:
        """What is to be said now, once."""
        return self._kept.pop(digest(visit), None)


@dataclass(frozen=True)
class Pages:
    """What the pages need. `personas` opens the room of a demo: looking needs no session, and whoever sits at this
    machine may choose who to be."""

    console: ConsolePlatform
    sessions: Sessions
    teams: Teams
    timeline: Timeline
    register: Register
    front_door: Inbox
    clock: Clock
    public_url: str
    personas: bool = False
    flashes: Flashes = field(default_factory=Flashes)

    @property
    def secure(self) -> bool:
        """Whether cookies may travel over HTTPS alone."""
        return self.public_url.startswith("https://")


@dataclass(frozen=True)
class Room:
    """A browser room and the team it belongs to."""

    id: str
    team: Team


@dataclass(frozen=True)
class Call:
    """One request of one visitor. `account` is None for somebody who is not signed in; `secret` is the cookie that
    form tokens are derived from; `fresh` says that it is new and must be set."""

    request: web.Request
    pages: Pages
    account: Account | None
    secret: str
    fresh: bool
    language: str

    @property
    def words(self) -> Words:
        """The words of the visitor's language."""
        return Words(self.language)

    def text(self, word: str, **values: str | int) -> str:
        """A sentence in the visitor's language."""
        return self.words.text(word, **values)

    @property
    def wants_json(self) -> bool:
        """Whether the caller is a program: the script of our pages, or `tocsin chat`."""
        return "application/json" in self.request.headers.get("Accept", "")

    @property
    def csrf(self) -> str:
        """The token every form of this visit carries."""
        return hmac.new(self.secret.encode("utf-8", "surrogateescape"), b"form", hashlib.sha256).hexdigest()

    @property
    def teams(self) -> tuple[Team, ...]:
        """The teams whose rooms this visitor may see."""
        everybody = tuple(self.pages.teams.all())
        if self.account is None:
            return everybody if self.pages.personas else ()
        return tuple(team for team in everybody if team.person(self.account) is not None)

    @property
    def person(self) -> Person | None:
        """Who is signed in, as the first team knows them."""
        return next((found for team in self.teams if self.account and (found := team.person(self.account))), None)

    @property
    def name(self) -> str:
        """How the visitor is called."""
        return self.person.name if self.person else self.account.id if self.account else ""

    @property
    def rooms(self) -> tuple[Room, ...]:
        """The browser rooms this visitor may see, each once."""
        found: dict[str, Room] = {}
        for team in self.teams:
            for full in team.places:
                platform, _, room = full.partition(":")
                if platform == NAME:
                    found.setdefault(room, Room(room, team))
        return tuple(found.values())

    def room(self, name: str) -> Room:
        """One of the visitor's rooms. UnknownName for any other: rooms of other teams do not exist."""
        known = next((room for room in self.rooms if room.id == name), None)
        if known is None:
            raise UnknownName(Phrase(word="web.no_room", values={"room": name[:60]}))
        return known

    async def thread(self, room: Room, reference: str) -> Message:
        """The first message of a thread of this room. UnknownName."""
        number = int(reference) if reference.isascii() and reference.isdigit() and len(reference) < 16 else 0
        root = await self.pages.console.log.message(number)
        if root is None or root.room != room.id or root.thread:
            raise UnknownName(Phrase(word="error.no_thread", values={"thread": reference[:40], "room": room.id}))
        return root

    def sees(self, team: str) -> Team:
        """The team of this id, where the visitor may see its incidents. UnknownName."""
        shared = {f"{NAME}:{room.id}" for room in self.rooms}
        for known in self.pages.teams.all():
            if known.id == team and (known in self.teams or shared & set(known.places)):
                return known
        raise UnknownName(Phrase(word="web.not_yours"))


async def recognise(request: web.Request, pages: Pages) -> Call:
    """Who calls, from the cookies alone."""
    token = request.cookies.get(SESSION, "")
    account = await account_of(pages.sessions, token)
    visit = request.cookies.get(VISIT, "")
    fresh = account is None and not visit
    secret = token if account else visit or secrets.token_urlsafe(TOKEN_BYTES)
    call = Call(request, pages, account, secret, fresh, "en")
    if account is not None and call.person is not None:
        call = replace(call, account=account.model_copy(update={"name": call.name}))
    return replace(call, language=_language(call, request.cookies, request.headers.get("Accept-Language", "")))


async def account_of(sessions: Sessions, token: str) -> Account | None:
    """The account a session token stands for; None for no token, an unknown one and an expired one."""
    found = await sessions.find(digest(token)) if token else None
    try:
        return Account.model_validate_json(found) if found else None
    except ValidationError:
        return None


def _language(call: Call, cookies: Mapping[str, str], accepted: str) -> str:
    """What the visitor chose, else the person's, else the browser's own, else the team's."""
    if (chosen := cookies.get(LANGUAGE, "")) in LANGUAGES:
        return chosen
    if call.person and call.person.language in LANGUAGES:
        return call.person.language
    for part in accepted.split(","):
        if (spoken := part.strip()[:2].lower()) in LANGUAGES:
            return spoken
    return next((team.language for team in call.teams if team.language in LANGUAGES), "en")

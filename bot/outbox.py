"""Sends what is to be shown: per room in order, only the newest state, paced, tried again, never lost."""

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from bot.crew import Crew
from bot.plainer import Manner, manners
from bot.platforms.contract import Platform
from bot.stand_in import Elsewhere, StandIn, nowhere
from bot.turns import Turns
from cards.codec import encode
from cards.model import Card
from cards.words import Words
from engine.errors import PlatformBusy, PlatformError, PlatformRefused, StoreError
from engine.model import Phrase
from engine.ports import Clock
from store.rooms import Post, Posts

log = logging.getLogger("tocsin.outbox")

Draw = Callable[[str, str, str], Awaitable[Card | None]]
"""(incident, slot, room) → the card as it stands now, in the language that is spoken in the room."""

SEND_TIMEOUT = 20.0
FIRST_RETRY = 1.0
LONGEST_RETRY = 60.0
SETTLE_STEP = 0.1
SERVES = "outbox "
STALE_AFTER = 0.05
"""Seconds a card may have waited for its turn; after more it is drawn again, for the newest state is what counts."""
ASIDE = timedelta(hours=1)
"""How long a card that cannot be shown is not tried again, unless it is wanted again before."""
MOST_REFUSED = 200
OUTAGE = 10
"""How many threads in a row may fail before the platform counts as away."""

UNKNOWN = ""
"""The fingerprint of a card that may have come through or not."""

Part = tuple[str, str, str]
"""Room, incident, slot."""
Wish = tuple[str, str, str, int]
"""The same, and how often it was wanted."""


class Outbox:
    """What is wanted stands in the store as (room, incident, slot); the card is drawn when it is sent, so that many
    wishes become one edit. A post that was sent but not recorded is recognised by its key. What a room that is away
    should show, another one shows meanwhile (see `bot/stand_in.py`). What a platform refuses for good is said more
    plainly (see `bot/plainer.py`); `refused` tells of it until the card is taken whole."""

    def __init__(
        self,
        posts: Posts,
        platforms: Mapping[str, Platform],
        draw: Draw,
        crew: Crew,
        clock: Clock,
        elsewhere: Elsewhere = nowhere,
    ) -> None:
        self._posts = posts
        self._platforms = platforms
        self._draw = draw
        self._crew = crew
        self._clock = clock
        self._turns = Turns(clock)
        self._stand_in = StandIn(posts, elsewhere, clock)
        self._bells: dict[str, asyncio.Event] = {}
        self._in_hand: dict[str, Post] = {}
        self._aside: dict[Wish, datetime] = {}
        self._attempts: dict[Part, str] = {}
        self._resumed = False
        self.failing: dict[str, Phrase] = {}
        self.refused: dict[Part, Phrase] = {}

    async def resume(self) -> None:
        """Take up what was wanted before a restart. What was under way then may have come through."""
        for room in await self._posts.rooms_due():
            if not self._resumed:
                self._attempts |= {_part(post): UNKNOWN for post in await self._posts.due(room) if not post.message}
            self.ring(room)
        self._resumed = True

    async def want(self, room: str, incident: str, slots: tuple[str, ...]) -> None:
        """See to it, durably, that these parts of an incident show their newest state in this room."""
        await self._posts.want(room, incident, slots)
        self.ring(room)
        # People wait for the card, the caller only thinks it has something better to do: the room goes first.
        await asyncio.sleep(0)

    async def knows(self, room: str, incident: str) -> bool:
        """Whether anything of this incident was ever wanted in this room."""
        return any(post.room == room for post in await self._posts.of(incident))

    async def catch_up(self, room: str, incident: str, cards: Mapping[str, Card | None]) -> None:
        """Want those of these cards, by slot, that the room does not show as they are."""
        shown = {post.slot: post.shown for post in await self._posts.of(incident) if post.room == room}
        stale = [slot for slot, card in cards.items() if card is not None and shown.get(slot) != fingerprint(card)]
        if stale:
            await self.want(room, incident, tuple(stale))

    def lost(self, room: str, why: Phrase) -> None:
        """The platform says that a room takes nothing any more: what is due there another one shows at once."""
        self.failing[room] = why
        self._stand_in.lost(room, why)
        self.ring(room)

    def explained(self, slot: str, card: Card) -> Card:
        """A card that stands in for another room, with why that one takes nothing; every other card as it is."""
        return self._stand_in.explained(slot, card)

    async def announce(self, rooms: tuple[str, ...], card: Card, key: str = "") -> None:
        """Post a card that belongs to no incident, as far as the rooms take it now; a repetition (of the key, or where
        there is none of the card) is one message."""
        for room in rooms:
            name = room.partition(":")[0]
            if name not in self._platforms:
                continue
            post = Post(room=room, incident="announced", slot=key or fingerprint(card)[:16])
            await self._turns.take(room, self._platforms[name].pace)
            try:
                await self._deliver(self._platforms[name], post, "", card)
            except (PlatformError, TimeoutError) as error:
                log.warning("%s does not take an announcement: %s", room, error)

    async def settle(self, seconds: float) -> None:
        """Wait, at most this long, until everything wanted is shown."""
        for _ in range(int(seconds / SETTLE_STEP)):
            if not await self._posts.rooms_due():
                return
            await self._clock.sleep(SETTLE_STEP)

    def ring(self, room: str) -> None:
        """Send what is wanted in this room, as soon as it is its turn."""
        if (platform := room.partition(":")[0]) not in self._platforms:
            self.failing[room] = Phrase(word="outbox.no_platform", values={"platform": platform})
            return
        bell = self._bells.setdefault(room, asyncio.Event())
        bell.set()
        self._crew.start(f"{SERVES}{room}", lambda: self._serve(room, bell), self._broke)

    async def _serve(self, room: str, bell: asyncio.Event) -> None:
        while True:
            await bell.wait()
            bell.clear()
            await self._empty(room, bell)

    async def _empty(self, room: str, bell: asyncio.Event) -> None:
        retry = FIRST_RETRY
        while due := [post for post in await self._posts.due(room) if not self._is_aside(post)]:
            trouble = await self._round(room, due)
            if trouble is None:
                retry = FIRST_RETRY
                continue
            pause = trouble.retry_after if isinstance(trouble, PlatformBusy) else retry
            log.warning("%s does not take messages, trying again in %.0f s: %s", room, pause, trouble)
            retry = min(LONGEST_RETRY, retry * 2)
            await self._pause(room, pause, None if is_outage(trouble) else bell)

    async def _round(self, room: str, due: Sequence[Post]) -> PlatformError | TimeoutError | None:
        """Send everything that is due; what went wrong, if anything did. One card that is not taken holds up its own
        thread alone; where the platform is away, nothing more is tried."""
        held: dict[str, PlatformError | TimeoutError] = {}
        for post in due:
            if post.incident in held:
                continue
            self._in_hand[room] = post
            try:
                await self._send(room, post)
            except PlatformRefused:
                self._set_aside(post)
                continue
            except (PlatformError, TimeoutError) as error:
                why = error.phrase if isinstance(error, PlatformError) else None
                self.failing[room] = why or Phrase(word="outbox.timed_out")
                self._stand_in.refused(room, why)
                held[post.incident] = error
                if is_outage(error) or len(held) >= OUTAGE:
                    return error
                continue
            if not held:
                self.failing.pop(room, None)
        return next(iter(held.values()), None)

    async def _pause(self, room: str, seconds: float, bell: asyncio.Event | None) -> None:
        """Wait before the next try; where a bell is given, news shortens the wait (never to nothing). A room that stays
        away is stood in for."""
        seconds = max(seconds, SETTLE_STEP)
        while seconds > 0:
            for there, incident, slots in await self._stand_in.wishes(room):
                log.warning("%s is away, so %s shows %s meanwhile", room, there, incident)
                await self.want(there, incident, slots)
            await self._clock.sleep(min(seconds, 1.0))
            seconds -= 1.0
            if bell is not None and bell.is_set():
                bell.clear()
                return

    async def _broke(self, name: str, error: Exception) -> None:
        """Set aside what cannot even be drawn until it is wanted again: it must not darken the room for all others."""
        room = name.removeprefix(SERVES)
        self.failing[room] = Phrase(word="outbox.broke", values={"error": type(error).__name__})
        if (post := self._in_hand.get(room)) is not None and not isinstance(error, StoreError):
            self._set_aside(post)

    def _set_aside(self, post: Post) -> None:
        self._aside = {wish: until for wish, until in self._aside.items() if wish[:3] != _part(post)}
        self._aside[_wish(post)] = self._clock.now() + ASIDE

    def _is_aside(self, post: Post) -> bool:
        return self._aside.get(_wish(post), self._clock.now()) > self._clock.now()

    async def _send(self, room: str, post: Post) -> None:
        """Show a part as it stands now, if it is not shown so already, and record that."""
        card = await self._draw(post.incident, post.slot, room)
        shown = fingerprint(card) if card else ""
        if card is None or post.shown == shown == self._attempts.get(_part(post), post.shown):
            await self._posts.sent(post, post.message, post.shown)
            return
        platform = self._platforms[room.partition(":")[0]]
        thread = "" if post.message or post.slot == "header" else await self._thread(room, post.incident)
        if await self._turns.take(room, platform.pace) > STALE_AFTER:
            card = await self._draw(post.incident, post.slot, room) or card
            shown = fingerprint(card)
        certain = self._attempted(post, shown) or bool(post.message)
        try:
            message = await self._deliver(platform, post, thread, card)
        except PlatformRefused:
            # Perhaps it is not the card: somebody may have deleted the message that its thread hangs on.
            anew = await self._thread_anew(room, post.incident) if thread else ""
            if anew in ("", thread):
                raise
            message = await self._deliver(platform, post, anew, card)
        self._attempts.pop(_part(post), None)
        self._stand_in.took(room)
        if certain:
            await self._posts.sent(post, message, shown)
        else:
            # The platform may have recognised an attempt whose answer was lost, and show that one's card: so it is
            # known which message to edit, and still due what that is to show.
            await self._posts.sent(post.model_copy(update={"wanted": post.sent}), message, UNKNOWN)

    def _attempted(self, post: Post, shown: str) -> bool:
        """Note that this part is sent as this card; whether no other card of it can have come through unheard."""
        certain = self._attempts.get(_part(post), shown) == shown
        self._attempts[_part(post)] = shown if certain else UNKNOWN
        return certain

    async def _deliver(self, platform: Platform, post: Post, thread: str, card: Card) -> str:
        """Hand a card over, more plainly where it is refused for good; PlatformRefused where nothing of it is taken."""
        refused: PlatformRefused | None = None
        for manner, said in manners(card):
            if refused is not None:
                await self._turns.take(post.room, platform.pace)
            try:
                async with asyncio.timeout(SEND_TIMEOUT):
                    message = await self._handed_over(platform, post, thread, said)
            except PlatformRefused as error:
                refused = refused or error
                continue
            self._note(post, manner, refused)
            return message
        assert refused is not None
        self._note(post, "refused", refused)
        raise refused

    async def _handed_over(self, platform: Platform, post: Post, thread: str, card: Card) -> str:
        channel = post.room.partition(":")[2]
        if post.message:
            return await platform.edit(channel, post.message, card)
        return await platform.post(channel, thread, card, f"{post.incident}/{post.slot}")

    def _note(self, post: Post, manner: Manner | Literal["refused"], refused: PlatformRefused | None) -> None:
        """Keep, for whoever asks how the bot does, what became of a card."""
        self.refused.pop(_part(post), None)
        if refused is None:
            return
        about = {"room": post.room, "incident": post.incident, "part": post.slot}
        self.refused[_part(post)] = why = Phrase(word=f"doctor.card_{manner}", values={**about, "why": refused.phrase})
        while len(self.refused) > MOST_REFUSED:
            self.refused.pop(next(iter(self.refused)))
        log.warning("%s", Words("en").say(why))

    async def _thread(self, room: str, incident: str) -> str:
        """The thread of an incident, which begins with its header: that goes first, whatever was asked for first. Where
        a header is refused for good, what follows stands by itself."""
        header = await self._header(room, incident)
        if header is not None and (header.message or self._is_aside(header)):
            return header.message
        await self.want(room, incident, ("header",))
        if (due := await self._header(room, incident)) is not None:
            try:
                await self._send(room, due)
            except PlatformRefused:
                self._set_aside(due)
            header = await self._header(room, incident)
        return header.message if header else ""

    async def _thread_anew(self, room: str, incident: str) -> str:
        """The thread once its header was sent again, which a platform that finds it gone posts anew; "" for none."""
        header = await self._header(room, incident)
        if header is None or not header.message:
            return ""
        await self._send(room, header.model_copy(update={"shown": UNKNOWN}))
        header = await self._header(room, incident)
        return header.message if header else ""

    async def _header(self, room: str, incident: str) -> Post | None:
        posts = await self._posts.of(incident)
        return next((post for post in posts if post.room == room and post.slot == "header"), None)


def fingerprint(card: Card) -> str:
    """A digest of what a card shows; equal cards need no edit."""
    return hashlib.sha256(json.dumps(encode(card), sort_keys=True, default=str).encode()).hexdigest()


def is_outage(error: PlatformError | TimeoutError) -> bool:
    """Whether the platform as a whole takes nothing, and not just this card."""
    return isinstance(error, PlatformBusy | TimeoutError)


def _part(post: Post) -> Part:
    return post.room, post.incident, post.slot


def _wish(post: Post) -> Wish:
    return *_part(post), post.wanted

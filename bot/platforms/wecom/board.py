"""Shows cards in WeCom chats: posts them, and decides what of a change is worth another message."""

import asyncio
import logging
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from bot.platforms.contract import Kit
from bot.platforms.wecom import carrier, pictures
from bot.platforms.wecom.carrier import Body, Carrier
from bot.platforms.wecom.progress import Progress
from bot.platforms.wecom.references import Reference, notable, read
from bot.platforms.wecom.rooms import Rooms
from cards.model import Card
from cards.render.wecom import LONGEST_MARKDOWN, Drawn, Stage, render
from engine.errors import PlatformBusy, PlatformError
from engine.model import Phrase

log = logging.getLogger("tocsin.wecom")

SLOT = "@slot"
"""In what a button carries: which card of the incident it stands on. Taken out again before anybody else sees it."""
MOST_KEPT = 2_000
CLICK_LASTS = 5.0
"""Seconds within which WeCom lets the card that was pressed be replaced."""

Place = tuple[str, str]
"""Room and key."""


class Board:
    """**The noise rule.** WeCom edits a card only within five seconds of a press on it, so showing a change means
    another message, and a chat takes thirty a minute. A change is shown when people would want to know of it: another
    title, summary or tone, or approvals that came, went or changed. Everything else (one more step done, a fact filled
    in) waits for the next such change and stands on the incident's page meanwhile, and in an answer that still grows.
    The first card of an incident comes again in short: one card that says how things stand now.

    What was last shown is carried in the reference of a message, so the rule holds across restarts. A post repeated
    under the same key is recognised only by the process that made it; WeCom itself recognises none.
    """

    def __init__(self, kit: Kit, rooms: Rooms, carry: Callable[[str], tuple[Carrier, str]], progress: Progress) -> None:
        self._kit = kit
        self._progress = progress
        self._rooms = rooms
        self._carry = carry
        self._posted: OrderedDict[Place, str] = OrderedDict()
        self._sent: OrderedDict[tuple[str, str, str], int] = OrderedDict()
        self._replaced: OrderedDict[Place, str] = OrderedDict()
        self._presses: dict[Place, asyncio.Event] = {}

    async def post(self, room: str, thread: str, card: Card, key: str) -> str:
        """Post a card. There are no threads: a thread's reference is checked and the card goes below the others."""
        if thread:
            above = read(thread, self._kit.seal)
            if above is None or above.room != room or not above.first:
                raise PlatformError(Phrase(word="wecom.no_thread", values={"room": room[:80]}))
        if (known := self._posted.get((room, key))) is not None:
            return known
        await self._show(room, key, card, compact=False)
        reference = Reference(room, key, "" if thread else "1", notable(card)).sealed(self._kit.seal)
        _keep(self._posted, (room, key), reference)
        return reference

    async def edit(self, room: str, message: str, card: Card) -> str:
        """Show what has changed where people would want to know; the reference that says what they saw last."""
        shown = read(message, self._kit.seal)
        if shown is None or shown.room != room:
            raise PlatformError(Phrase(word="wecom.no_message", values={"room": room[:80]}))
        place = (room, shown.key)
        if (press := self._presses.get(place)) is not None:
            await self._await(press)
        if shown.first:
            await self._progress.moved(room, card)
        now = notable(card)
        seen = self._replaced.get(place, shown.shown)
        if now != seen:
            await self._show(room, shown.key, card, compact=shown.first != "")
            self._replaced.pop(place, None)
        reference = Reference(room, shown.key, shown.first, now).sealed(self._kit.seal)
        if place in self._posted:
            self._posted[place] = reference
        return reference

    def pressing(self, room: str, key: str) -> Callable[[], None]:
        """Say that the answer to a press may replace this card; to be called back once that is settled."""
        settled = asyncio.Event()
        self._presses[(room, key)] = settled

        def done() -> None:
            settled.set()
            if self._presses.get((room, key)) is settled:
                del self._presses[(room, key)]

        return done

    def replaced(self, room: str, key: str, card: Card) -> None:
        """Remember that everybody sees this card now where that one stood."""
        _keep(self._replaced, (room, key), notable(card))

    def draw(
        self, card: Card, key: str, notice: str = "", longest: int = LONGEST_MARKDOWN, *, mentions: bool = False
    ) -> Drawn:
        """The card with its buttons sealed, its text within so many bytes."""
        slot = key.removeprefix(f"{card.incident}/") if card.incident else ""

        def close(action: str, value: Mapping[str, str]) -> str:
            return self._kit.seal.close(action, {**value, SLOT: slot} if slot else dict(value))

        return render(card, Stage(close, self._kit.public_url, secrets.token_hex(5), notice, longest, mentions))

    async def _show(self, room: str, key: str, card: Card, *, compact: bool) -> None:
        """Send what makes up a card, each message once, also where a later one was not taken and all is tried again."""
        way, target = self._carry(room)
        # Alone with the bot nobody needs to be mentioned to be told.
        mentions = way.mentions and all(person.accounts.get("wecom") != target for person in card.to)
        drawn = self.draw(card, key, longest=way.longest, mentions=mentions)
        bodies = [carrier.card(each) for each in drawn.compact] if compact and not card.plain else _messages(drawn)
        place = (room, key, notable(card))
        # People answer what they see while the rest of it is still on its way.
        self._rooms.showed(room, card)
        for number, body in enumerate(bodies):
            if number >= self._sent.get(place, 0):
                await way.send(target, body)
                _keep(self._sent, place, number + 1)
        self._sent.pop(place, None)
        if not compact:
            await self._illustrate(way, target, card, drawn)

    async def _illustrate(self, way: Carrier, target: str, card: Card, drawn: Drawn) -> None:
        """The pictures. One that cannot be sent is not tried again: the text says what it shows."""
        for number, chart in enumerate(drawn.charts):
            try:
                content = await pictures.drawn(chart, card.language)
                if content:
                    await way.picture(target, content, f"{card.incident or 'chart'}-{number}.png")
            except PlatformError as error:
                log.warning("a chart of %s was not taken: %s", card.incident, error)
                return

    async def _await(self, press: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(CLICK_LASTS):
                await press.wait()
        except TimeoutError:
            raise PlatformBusy(Phrase(word="wecom.no_answer", values={"command": "press"}), 1.0) from None


def _messages(drawn: Drawn) -> list[Body]:
    return [carrier.text(drawn.markdown), *(carrier.card(each) for each in drawn.templates)]


def _keep(kept: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > MOST_KEPT:
        kept.popitem(last=False)

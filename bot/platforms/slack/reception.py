"""Receives verified deliveries: who may speak here, one answer in time, and late work that goes on behind it."""

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass, replace
from itertools import count

from bot.platforms.contract import Inbox, Kit
from bot.platforms.slack.answers import ALONE, Answers
from bot.platforms.slack.api import Api
from bot.platforms.slack.arrival import AGAIN, TAKEN, Arrival, Doorstep, Reply
from bot.platforms.slack.declaring import declaration
from bot.platforms.slack.drawing import Easel
from bot.platforms.slack.inbound import Translator
from bot.platforms.slack.payload import Json, part, parts, text
from bot.settings import Slack
from engine.errors import PlatformError, StoreError
from engine.model import Phrase
from handlers.inbound import AlertReceived, Answer, CommandTyped, Inbound

log = logging.getLogger("tocsin.slack")

DEADLINE = 2.5
"""Seconds after which a delivery is answered, done or not; Slack waits 3 and then tells the person it failed."""
MOST_STRANGERS = 1_000
REMEMBERED = 2_000
"""Deliveries whose reply is remembered: a repetition gets the same one, without any work."""

PRESSES = ("block_actions", "message_action")

Waiting = asyncio.Future[Reply]


@dataclass(frozen=True)
class Desk:
    """What a reception works with."""

    translator: Translator
    answers: Answers
    easel: Easel
    api: Api


class Reception:
    """Takes each delivery to the inbox. What is not answered in time goes on, and is answered in the thread."""

    def __init__(self, settings: Slack, kit: Kit, desk: Desk) -> None:
        self._settings = settings
        self._kit = kit
        self._desk = desk
        self._numbers = count(1)
        self._replies: OrderedDict[str, Waiting] = OrderedDict()
        self._strangers: set[str] = set()
        self.refused = 0
        self.inbox: Inbox | None = None

    async def take(self, body: Json) -> Reply:
        """Answer a delivery within 2.5 s. What is none of our business is taken as well, or it would come again."""
        if self.inbox is None:
            return AGAIN
        if not self._welcome(body):
            return TAKEN
        ready: Waiting = asyncio.get_running_loop().create_future()
        work = _Work(self, body, self.inbox, ready)
        self._kit.crew.start(f"slack delivery {next(self._numbers)}", work.do, work.failed)
        if text(body, "type") in PRESSES:
            # The acknowledgement of a press says nothing, and its form has three seconds for everything.
            _set(ready, TAKEN)
        await asyncio.wait({ready}, timeout=DEADLINE)
        if ready.done():
            return ready.result()
        ready.cancel()  # whoever worked on it sees that nobody waits any more
        # An event comes again and is then known; nobody else repeats what a person pressed.
        return AGAIN if text(body, "type") == "event_callback" else TAKEN

    async def work(self, body: Json, inbox: Inbox, ready: Waiting) -> None:
        """Translate, hand in, answer; then do what the answer asks for besides."""
        arrival = await self._desk.translator.read(body)
        if arrival is None or not arrival.id:
            _set(ready, TAKEN)
            return
        if (before := self._replies.get(arrival.id)) is not None:
            await asyncio.wait({before})
            _set(ready, AGAIN if before.cancelled() else before.result())
            return
        done: Waiting = asyncio.get_running_loop().create_future()
        self._remember(arrival.id, done)
        try:
            await self._let_in(arrival, inbox, ready, done)
        finally:
            if not done.done():
                # It broke off: a repetition is worked on again.
                done.cancel()
                self._replies.pop(arrival.id, None)

    async def broke(self, body: Json, ready: Waiting) -> None:
        """Answer a delivery whose work broke off: it comes again, or the person is told and can press again."""
        if not _set(ready, AGAIN) and (url := text(body, "response_url")):
            words = self._desk.easel.say(Phrase(word="slack.broke"), "")
            await self._desk.api.respond(url, {**ALONE, **self._desk.easel.word(words)})

    async def _let_in(self, arrival: Arrival, inbox: Inbox, ready: Waiting, done: Waiting) -> None:
        step = arrival.doorstep
        if arrival.stale:
            await self._refuse(step, Phrase(word="slack.stale"), ready, done)
            return
        if arrival.declare:
            _set(ready, TAKEN)
            _set(done, TAKEN)
            view = declaration(self._desk.easel, step, self._desk.answers.language(step))
            if not await self._desk.answers.open(step, view):
                await self._tell(step, Answer(phrase=Phrase(word="slack.too_late")))
            return
        for event in arrival.events:
            try:
                answer = await inbox.receive(event)
            except StoreError as error:
                if step.kind == "event":
                    _set(ready, AGAIN)
                else:
                    await self._refuse(step, error.phrase, ready)
                return
            await self._answer(step, answer, ready, done)
            await self._home_again(arrival, answer, inbox)
        _set(ready, TAKEN)
        _set(done, TAKEN)
        await self._look_at_images(arrival, inbox)

    async def _home_again(self, arrival: Arrival, answer: Answer, inbox: Inbox) -> None:
        """Show the home tab anew to whoever did something there that was taken: it shows what was before."""
        step = arrival.doorstep
        settled = answer.tone == "ok" and answer.form is None and answer.card is None
        if step.room or step.kind not in ("press", "form") or not settled:
            return
        event = arrival.events[0]
        if not isinstance(event, AlertReceived):
            asked = CommandTyped(f"{arrival.id}:home", event.at, event.account, "home")
            await self._tell(replace(step, kind="home"), await inbox.receive(asked))

    async def _look_at_images(self, arrival: Arrival, inbox: Inbox) -> None:
        for image, url in arrival.images:
            try:
                event: Inbound = replace(image, content=await self._desk.api.download(url))
            except PlatformError as error:
                log.warning("a picture could not be fetched from Slack: %s", error)
                continue
            await self._tell(arrival.doorstep, await inbox.receive(event))

    async def _answer(self, step: Doorstep, answer: Answer, ready: Waiting, done: Waiting) -> None:
        """The delivery itself is answered as far as that goes, the rest behind it."""
        reply = await self._desk.answers.at_once(step, answer)
        _set(done, reply or TAKEN)
        in_time = _set(ready, reply or TAKEN)
        if reply is None or not in_time:
            await self._tell(step, answer)

    async def _refuse(self, step: Doorstep, phrase: Phrase, ready: Waiting, done: Waiting | None = None) -> None:
        answer = Answer(tone="refused", phrase=phrase)
        await self._answer(step, answer, ready, done or asyncio.get_running_loop().create_future())

    async def _tell(self, step: Doorstep, answer: Answer) -> None:
        try:
            await self._desk.answers.give(step, answer)
        except PlatformError as error:
            log.warning("an answer could not be given in Slack: %s", error)

    def _remember(self, id: str, done: Waiting) -> None:
        self._replies[id] = done
        if len(self._replies) > REMEMBERED:
            self._replies.popitem(last=False)

    def _welcome(self, body: Json) -> bool:
        allowed = self._settings.workspaces
        teams = _teams(body)
        if not allowed or (teams and teams <= allowed):
            return True
        self.refused += 1
        for team in teams - allowed - self._strangers:
            log.warning("workspace %s is not in TOCSIN_SLACK__WORKSPACES; what it sends is left", team[:40])
            if len(self._strangers) < MOST_STRANGERS:
                self._strangers.add(team)
        return False


class _Work:
    """One delivery being worked on, as the crew wants it."""

    def __init__(self, reception: Reception, body: Json, inbox: Inbox, ready: Waiting) -> None:
        self._reception = reception
        self._body = body
        self._inbox = inbox
        self._ready = ready

    async def do(self) -> None:
        await self._reception.work(self._body, self._inbox, self._ready)

    async def failed(self, name: str, error: Exception) -> None:
        await self._reception.broke(self._body, self._ready)


def _set(ready: Waiting, reply: Reply) -> bool:
    """Give the reply; whether somebody still waited for it."""
    if ready.done():
        return False
    ready.set_result(reply)
    return True


def _teams(body: Json) -> frozenset[str]:
    """The workspaces a delivery speaks of: where it happened, and where the person is from."""
    event, user = part(body, "event"), part(body, "user")
    named = (
        text(body, "team_id"),
        text(body, "team", "id"),
        text(user, "team_id"),
        text(event, "user_team"),
        *(text(each, "team_id") for each in parts(body, "authorizations")[:1]),
    )
    return frozenset(name for name in named if name)

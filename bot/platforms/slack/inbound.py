"""Translates what Slack delivers into what the house understands; who may do what is decided there."""

import re

from bot.platforms.contract import Kit
from bot.platforms.slack import groups, losses
from bot.platforms.slack.arrival import Arrival, Doorstep, Kind
from bot.platforms.slack.drawing import Easel
from bot.platforms.slack.payload import NOTHING, Json, part, parts, text
from bot.platforms.slack.people import People
from bot.platforms.slack.recall import TS
from bot.platforms.slack.spoken import plain, spoken
from cards.render import slack
from engine.team import Account
from handlers.inbound import (
    ButtonPressed,
    CommandTyped,
    FormSent,
    ImageShared,
    Inbound,
    MessageSaid,
    Place,
    ReactionAdded,
)

NAME = "slack"
ACK, DECLARE = "tocsin_ack", "tocsin_declare"
"""callback_ids of the message shortcuts; the manifest has the same."""
PEOPLE_SAID = ("", "file_share", "thread_broadcast", "me_message")
"""Subtypes of a message that a person wrote."""
SKIN = re.compile(r"::skin-tone-\d$")
QUOTED_TITLE = 150


class Translator:
    """Deliveries → events. `bot` is the bot's own user id."""

    def __init__(self, kit: Kit, people: People, easel: Easel) -> None:
        self._kit = kit
        self._people = people
        self._easel = easel
        self.bot = ""

    async def read(self, body: Json) -> Arrival | None:
        """What a delivery means; None for what is none of our business."""
        if text(body, "command"):
            return await self._command(body)
        match text(body, "type"):
            case "block_actions":
                return await self._press(body)
            case "view_submission":
                return await self._form(body)
            case "message_action":
                return await self._shortcut(body)
            case "event_callback":
                return await self._event(text(body, "event_id"), part(body, "event"))
            case _:
                return None

    async def _event(self, id: str, event: Json) -> Arrival | None:
        match text(event, "type"):
            case "message" | "app_mention":
                return await self._message(event)
            case "reaction_added" | "reaction_removed":
                return await self._reaction(id, event)
            case kind if kind in losses.WORDS:
                if (loss := losses.lost(event, self.bot)) is not None:
                    self._kit.news.lost(*loss)
                return None
            case kind if kind in groups.EVENTS:
                self._kit.news.regrouped(groups.changed(event))
                return None
            case "app_home_opened" if text(event, "tab") == "home":
                step = await self._doorstep("home", "", "", text(event, "user"))
                return Arrival(id, step, (CommandTyped(id, self._here(step), await self._account(step), "home"),))
            case _:
                return None

    async def _command(self, body: Json) -> Arrival:
        step = await self._doorstep("command", text(body, "channel_id"), "", text(body, "user_id"), body)
        said = plain(text(body, "text"), keep=True).strip() or "help"
        event = CommandTyped(step.trigger, self._here(step), await self._account(step), said)
        return Arrival(step.trigger, step, (event,))

    async def _press(self, body: Json) -> Arrival | None:
        held, message = part(body, "container"), part(body, "message")
        thread = text(held, "thread_ts") or text(message, "thread_ts") or text(held, "message_ts")
        room = text(body, "channel", "id") or text(held, "channel_id")
        step = await self._doorstep("press", room, thread, text(body, "user", "id"), body)
        sealed = next((found for action in parts(body, "actions") if (found := _sealed(action))), None)
        if sealed is None:
            return None
        opened = self._kit.seal.open(sealed)
        if opened is None:
            return Arrival(step.trigger, step, stale=True)
        account = await self._account(step)
        pressed = ButtonPressed(step.trigger, await self._at(step), account, opened[0], opened[1])
        return Arrival(step.trigger, step, (pressed,))

    async def _form(self, body: Json) -> Arrival | None:
        view = part(body, "view")
        if text(view, "callback_id") == DECLARE:
            return await self._declared(body, view)
        if text(view, "callback_id") != slack.FORM:
            return None
        opened = self._easel.opened(view)
        action, value, room, thread = opened or ("", {}, "", "")
        step = await self._doorstep("form", room, thread, text(body, "user", "id"), body, view)
        # One view may be sent several times, after a mistake in it, and its id and hash stay the same.
        id = step.trigger or f"{text(view, 'id')}:{text(view, 'hash')}:{sorted(slack.typed(view).items())}"[:500]
        if opened is None:
            return Arrival(id, step, stale=True)
        at = await self._at(step)
        sent = FormSent(id, at, await self._account(step), action, value, slack.typed(view))
        return Arrival(id, step, (sent,))

    async def _declared(self, body: Json, view: Json) -> Arrival:
        opened = self._easel.opened(view)
        room, thread = (opened[2], opened[3]) if opened else ("", "")
        step = await self._doorstep("form", room, thread, text(body, "user", "id"), body, view)
        if opened is None:
            return Arrival(step.trigger, step, stale=True)
        typed = slack.typed(view)
        said = " ".join(" ".join((typed.get("service", ""), typed.get("what", ""))).split())
        place = Place(NAME, room, "", "", step.language)
        event = CommandTyped(step.trigger, place, await self._account(step), f"open: {said}")
        return Arrival(step.trigger, step, (event,))

    async def _shortcut(self, body: Json) -> Arrival | None:
        message = part(body, "message")
        thread = text(message, "thread_ts") or text(message, "ts") or text(body, "message_ts")
        room = text(body, "channel", "id")
        step = await self._doorstep("press", room, thread, text(body, "user", "id"), body)
        match named := text(body, "callback_id"):
            case _ if named == ACK:
                event = CommandTyped(step.trigger, await self._at(step), await self._account(step), "ack")
                return Arrival(step.trigger, step, (event,))
            case _ if named == DECLARE:
                said = plain(text(message, "text"))[:QUOTED_TITLE]
                view = {"said": " ".join(said.split())}
                return Arrival(step.trigger, _with_view(step, view), declare=True)
            case _:
                return None

    async def _message(self, event: Json) -> Arrival | None:
        edited = text(event, "subtype") == "message_changed"
        message = part(event, "message") if edited else event
        if not self._is_said(message) or (edited and not _was_edited(event)):
            return None
        room, ts = text(event, "channel"), text(message, "ts")
        said = spoken(message, self.bot)
        thread = text(message, "thread_ts") if text(message, "thread_ts") != ts else ""
        direct = text(event, "channel_type") == "im" or room.startswith("D")
        step = await self._doorstep("event", room, thread or (ts if direct else ""), text(message, "user"))
        at = await self._at(step, thread)
        addressed = said.mentions_bot or direct
        if not at.incident and not addressed:
            return None
        account = await self._account(step)
        # The message and the mention in it come as two events; their place and time are the same.
        id = f"{room}:{ts}" + (f":{text(message, 'edited', 'ts')}" if edited else "")
        images = () if edited else tuple(self._images(id, at, account, message))
        events: tuple[Inbound, ...] = ()
        if said.text.strip() or said.quoted or not images:
            heard = MessageSaid(id, at, account, said.text, said.quoted, edited, said.forwarded, addressed)
            events = (heard,)
        return Arrival(id, step, events, images)

    async def _reaction(self, id: str, event: Json) -> Arrival | None:
        item = part(event, "item")
        room, message, person = text(item, "channel"), text(item, "ts"), text(event, "user")
        if text(item, "type") != "message" or not person or person == self.bot:
            return None
        # The message may be any of a thread, and only a thread's first one takes answers.
        step = await self._doorstep("event", room, "", person)
        at = await self._at(step, message)
        if not at.incident:
            return None
        name = SKIN.sub("", text(event, "reaction"))
        taken_back, moment = text(event, "type") == "reaction_removed", _moment(text(event, "event_ts"))
        reaction = ReactionAdded(id, at, await self._account(step), message, name, taken_back, moment)
        return Arrival(id, step, (reaction,))

    def _is_said(self, message: Json) -> bool:
        """Whether a person wrote this: nothing of ours, of other bots, or of Slack itself."""
        by_bot = text(message, "bot_id") or text(message, "user") in ("", self.bot, "USLACKBOT")
        return not by_bot and text(message, "subtype") in PEOPLE_SAID

    def _images(self, id: str, at: Place, account: Account, message: Json) -> list[tuple[ImageShared, str]]:
        pictures = [file for file in parts(message, "files") if text(file, "mimetype").startswith("image/")]
        return [
            (
                ImageShared(f"{id}:{text(file, 'id')}", at, account, text(file, "name")[:200], b""),
                text(file, "url_private"),
            )
            for file in pictures[:5]
        ]

    async def _doorstep(
        self, kind: Kind, room: str, thread: str, person: str, body: Json = NOTHING, view: Json | None = None
    ) -> Doorstep:
        known = await self._people.person(person)
        trigger, respond = text(body, "trigger_id"), text(body, "response_url")
        language = self._kit.chosen_for(f"{NAME}:{room}") or known.language
        return Doorstep(kind, room, thread, person, language, trigger, respond, view)

    async def _account(self, step: Doorstep) -> Account:
        return Account(platform=NAME, id=step.person, name=(await self._people.person(step.person)).name)

    def _here(self, step: Doorstep) -> Place:
        return Place(NAME, step.room, "", "", step.language, direct=step.room.startswith("D"))

    async def _at(self, step: Doorstep, thread: str | None = None) -> Place:
        """The place of a doorstep; `thread` where the conversation is another than where answers go."""
        where = step.thread if thread is None else thread
        incident = await self._kit.incident_at(step.room, where) if step.room and where else ""
        return Place(NAME, step.room, where, incident, step.language, direct=step.room.startswith("D"))


def _moment(ts: str) -> float:
    """Unix seconds of Slack's own time; 0 for what is none."""
    return float(ts) if TS.fullmatch(ts) else 0.0


def _with_view(step: Doorstep, view: Json) -> Doorstep:
    return Doorstep(**{**vars(step), "view": view})


def _sealed(action: Json) -> str:
    """What a pressed button, or the chosen line of a menu, carries; "" for links."""
    kind = text(action, "action_id").partition(".")[0]
    match kind:
        case slack.PRESS:
            return text(action, "value") or "-"
        case slack.MORE:
            chosen = text(action, "selected_option", "value")
            return "" if chosen == slack.OPEN else chosen or "-"
        case _:
            return ""


def _was_edited(event: Json) -> bool:
    """Whether a person changed the words: Slack tells of unfurled links in the same way."""
    now, before = part(event, "message"), part(event, "previous_message")
    at = text(now, "edited", "ts")
    return bool(at) and at != text(before, "edited", "ts") and text(now, "text") != text(before, "text")

"""Takes what people do in WeCom to the inbox, and brings the answer: beside their words, or on the pressed card."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from bot.platforms.contract import Inbox, Kit
from bot.platforms.wecom import carrier, codes, pictures
from bot.platforms.wecom.board import CLICK_LASTS, SLOT, Board
from bot.platforms.wecom.carrier import Body, Carrier, Reply
from bot.platforms.wecom.codes import Code, Codes, Typed, Wrong
from bot.platforms.wecom.progress import Progress
from bot.platforms.wecom.reading import Entered, Pressed, Said, Shared
from bot.platforms.wecom.rooms import Rooms
from cards.model import Ask, Card
from cards.render.wecom.markdown import colored
from cards.render.wecom.safe import line, plain
from cards.words import Words
from engine.consent import WORD, parse_typed
from engine.errors import PlatformError, TocsinError
from engine.model import Phrase
from engine.team import Account
from handlers.inbound import Answer, ButtonPressed, CommandTyped, FormSent, ImageShared, MessageSaid, Place

log = logging.getLogger("tocsin.wecom")

NAME = "wecom"
PICTURE = "image.png"
"""What a picture is called; WeCom gives no name."""
TYPED_WORD = "word"
"""The field of a form that takes the word."""
MOST_ANSWERED = 4_000
IN_TIME = CLICK_LASTS - 0.5
"""Seconds after a press until which replacing the card is tried."""


@dataclass(frozen=True)
class Press:
    """A press under way: when it came in, and what the button said, opened."""

    what: Pressed
    at: datetime
    action: str
    value: dict[str, str]
    key: str
    place: Place


class Conversation:
    """Between people in WeCom and the inbox."""

    def __init__(
        self,
        kit: Kit,
        board: Board,
        rooms: Rooms,
        carry: Callable[[str], tuple[Carrier, str]],
        progress: Progress,
    ) -> None:
        self._kit = kit
        self._board = board
        self._progress = progress
        self._rooms = rooms
        self._carry = carry
        self._codes = Codes()
        self._named: set[str] = set()
        self._answered: OrderedDict[str, None] = OrderedDict()

    def words(self, room: str) -> Words:
        """The words that are spoken in this room; Chinese in a chat that is no team's."""
        return Words(self._kit.language_of(f"{NAME}:{room}") or "zh")

    async def said(self, inbox: Inbox, said: Said, reply: Reply) -> None:
        """Words: an answer to a form, a command, or talk."""
        self._name(said.room)
        incident = self._rooms.incident(said.room, said.text, said.quoted)
        place = Place(NAME, said.room, incident=incident, direct=not said.in_group)
        typed = codes.read(said.text)
        if typed is not None:
            answer = await self._coded(inbox, said, place, typed)
        else:
            answer = await inbox.receive(_event(said, place))
        with self._once(said.id, answer) as first:
            if first:
                await self._answer(said, place, answer, reply)

    async def pressed(self, inbox: Inbox, what: Pressed, reply: Reply) -> None:
        """A button. The card is redrawn with the answer on it; where that is too late, the answer is a message."""
        opened = self._kit.seal.open(what.key)
        if opened is None:
            log.warning("a press in %s carried a value nobody here gave out", what.room)
            await self._tell(what.room, what.user, self.words(what.room).text("wecom.unknown_button"))
            return
        action, value = opened
        slot = value.pop(SLOT, "")
        incident = value.get("incident") or self._rooms.incident(what.room, what.task.partition("@")[0], "")
        key = f"{incident}/{slot}" if slot else ""
        direct = _alone(what.room, what.user)
        place = Place(NAME, what.room, incident=incident, direct=direct)
        press = Press(what, self._kit.clock.now(), action, value, key, place)
        settled = self._board.pressing(what.room, key)
        try:
            answer = await inbox.receive(ButtonPressed(what.id, press.place, _account(what.user), action, value))
            with self._once(what.id, answer) as first:
                if first:
                    await self._redraw(press, answer, reply)
        finally:
            settled()

    async def hand_in(self, inbox: Inbox, what: Said | Pressed) -> None:
        """Hand in what somebody said or pressed who is to get no answer. PlatformError for a button of nobody's."""
        if isinstance(what, Said):
            place = Place(NAME, what.room, incident=self._rooms.incident(what.room, what.text, what.quoted))
            await inbox.receive(_event(what, place))
            return
        opened = self._kit.seal.open(what.key)
        if opened is None:
            raise PlatformError(Phrase(word="wecom.unknown_button"))
        action, value = opened
        place = Place(NAME, what.room, incident=value.get("incident", ""))
        await inbox.receive(ButtonPressed(what.id, place, _account(what.user), action, value))

    async def shared(self, inbox: Inbox, shared: Shared, reply: Reply) -> None:
        """A picture, fetched and opened."""
        incident = self._rooms.incident(shared.room, "", shared.quoted)
        place = Place(NAME, shared.room, incident=incident, direct=_alone(shared.room, shared.user))
        content = await pictures.fetched(self._kit.session, shared.url, shared.aes_key)
        if content is None:
            await self._tell(shared.room, shared.user, self.words(shared.room).text("wecom.no_picture"))
            return
        answer = await inbox.receive(ImageShared(shared.id, place, _account(shared.user), PICTURE, content))
        with self._once(shared.id, answer) as first:
            if first:
                await self._answer(Said(shared.id, shared.user, shared.room, ""), place, answer, reply)

    async def apologise(self, room: str, user: str, error: TocsinError) -> None:
        """Say that what somebody did had no effect, and why."""
        await self._tell(room, user, self.words(room).say(error.phrase))

    async def entered(self, what: Entered, reply: Reply) -> None:
        """Somebody opened the chat with the bot: they are greeted, however often WeCom tells of it."""
        greeting = Phrase(word="wecom.welcome")
        with self._once(what.id, Answer(phrase=greeting)) as first:
            if first:
                await reply.say(carrier.streamed(self.words(what.user).say(greeting)))

    def _name(self, room: str) -> None:
        """Say once how a room is written that is no team's: nobody can see the id of a chat in WeCom itself."""
        if room not in self._named and not any(f"{NAME}:{room}" in team.places for team in self._kit.teams.all()):
            self._named.add(room)
            log.info("somebody spoke in %s:%s, which is no team's room; name it under rooms in a team.yaml", NAME, room)

    # --- forms, answered by a code ---

    async def _coded(self, inbox: Inbox, said: Said, place: Place, typed: Typed) -> Answer:
        found = self._codes.redeem(typed, said.user, said.room, said.id, self._kit.clock.now())
        if isinstance(found, Wrong):
            return await self._refuse(inbox, said, place, found)
        return await inbox.receive(_form(said, found, typed, place))

    async def _refuse(self, inbox: Inbox, said: Said, place: Place, wrong: Wrong) -> Answer:
        """Say why a code does not count. That somebody tried another person's code is handed in as words, which count
        for nothing, so that the incident's timeline has it."""
        words = self.words(said.room)
        known = wrong.code
        if wrong.why == "person" and known is not None and known.room == said.room:
            about = Place(NAME, said.room, incident=known.ask.value.get("incident", place.incident))
            await inbox.receive(MessageSaid(said.id, about, _account(said.user), said.text, mentions_bot=True))
        verb = words.text(f"wecom.verb.{codes.verb_action(known.ask.action)}") if known else ""
        card = Card(
            title=words.text("wecom.code.refused"),
            summary=words.text(f"wecom.code.{wrong.why}", verb=verb),
            tone="warning",
            language=words.language,
        )
        return Answer(tone="refused", card=card)

    def _instruction(self, ask: Ask, user: str, room: str, words: Words, *, in_group: bool) -> str:
        """What to write to answer a form, with a new code for it."""
        code = self._codes.issue(user, room, ask, self._kit.clock.now())
        first = ask.fields[0] if ask.fields else None
        rest = ""
        if first is not None:
            rest = WORD if first.name == TYPED_WORD else words.text("wecom.code.blank", label=first.label)
        verb = words.text(f"wecom.verb.{codes.verb_action(ask.action)}")
        sentence = " ".join(part for part in (verb, code.code, rest) if part)
        minutes = max(1, round((code.until - self._kit.clock.now()).total_seconds() / 60))
        return words.text("wecom.code.say" if in_group else "wecom.code.say_alone", sentence=sentence, n=minutes)

    # --- answers ---

    @contextmanager
    def _once(self, id: str, answer: Answer) -> Iterator[bool]:
        """Whether this delivery is to be answered: there is something to say, and no earlier delivery of the same was
        answered. What could not be sent may be tried with the next one."""
        empty = answer.phrase is None and answer.form is None and answer.card is None
        if id in self._answered or (empty and answer.tone == "quiet"):
            yield False
            return
        self._answered[id] = None
        while len(self._answered) > MOST_ANSWERED:
            self._answered.popitem(last=False)
        try:
            yield True
        except PlatformError:
            self._answered.pop(id, None)
            raise

    async def _answer(self, said: Said, place: Place, answer: Answer, reply: Reply) -> None:
        if answer.alone:
            content = await self._aside(said, answer)
            await self._say(said, "", plain(content), [], reply)
            return
        parts, bodies = self._composed(said, answer)
        if not parts:
            return
        # What was set going is worth watching: the answer shows how it goes on, as long as WeCom lets it grow.
        grows = answer.tone == "ok" and answer.form is None and answer.card is None and place.incident
        if place.incident and not grows and place.incident not in "".join(parts):
            parts.append(colored(line(place.incident), "comment"))
        first, *more = packed(parts, self._carry(said.room)[0].longest)
        await self._say(said, place.incident if grows else "", first, [*map(carrier.text, more), *bodies], reply)

    async def _aside(self, said: Said, answer: Answer) -> str:
        """Give an answer to the person alone, not to this group; returns what the group may read. WeCom
        lets the bot write to people who spoke with it before, and to nobody else."""
        room = f"app:{said.user}" if said.room.startswith("app:") else said.user
        alone = replace(said, room=room, in_group=False)
        parts, bodies = self._composed(alone, answer)
        way, target = self._carry(room)
        words = self.words(said.room)
        try:
            for body in [*map(carrier.text, packed(parts, way.longest)), *bodies]:
                await way.send(target, body, answer=True)
        except PlatformError as error:
            log.info("an answer for %s alone did not get there: %s", said.user, error)
            return words.text("wecom.speak_to_me")
        return words.text("command.answered_alone")

    def _composed(self, said: Said, answer: Answer) -> tuple[list[str], list[Body]]:
        """What an answer says, part by part, and the cards that go with it."""
        words = self.words(said.room)
        parts = []
        if answer.phrase is not None:
            parts.append(plain(words.say(answer.phrase)))
        if answer.form is not None:
            told = self._instruction(answer.form, said.user, said.room, words, in_group=said.in_group)
            parts += [plain(answer.form.question), plain(told)]
        bodies: list[Body] = []
        if answer.card is not None:
            drawn = self._board.draw(answer.card, "", longest=self._carry(said.room)[0].longest)
            refused = answer.tone == "refused" and not answer.card.blocks
            parts.append(plain(answer.card.summary) if refused else drawn.markdown)
            bodies = [carrier.card(each) for each in drawn.templates]
        return parts, bodies

    async def _say(self, said: Said, incident: str, content: str, more: list[Body], reply: Reply) -> None:
        """Beside the message that asked; where WeCom takes that no longer, as a message that names the person."""
        room, user = said.room, said.user
        try:
            await self._progress.answer(reply, room, incident, content)
        except PlatformError as error:
            log.warning("an answer in %s comes as a message of its own: %s", room, error)
            await self._tell(room, user, content, escaped=True)
        way, target = self._carry(room)
        for body in more:
            await way.send(target, body, answer=True)

    async def _redraw(self, press: Press, answer: Answer, reply: Reply) -> None:
        words = self.words(press.what.room)
        room, user = press.what.room, press.what.user
        if answer.alone:
            await self._tell(room, user, await self._aside(Said(press.what.id, user, room, ""), answer))
            return
        notice = words.say(answer.phrase) if answer.phrase is not None else ""
        if answer.form is not None:
            in_group = not _alone(room, user)
            notice = self._instruction(answer.form, user, room, words, in_group=in_group)
        alone = answer.form is not None or answer.tone == "refused"
        if not await self._replace(press, notice, (user,) if alone else (), reply) and notice:
            await self._tell(room, user, notice)
        if answer.card is not None:
            way, target = self._carry(room)
            drawn = self._board.draw(answer.card, "", longest=way.longest)
            for body in (carrier.text(drawn.markdown), *map(carrier.card, drawn.templates)):
                await way.send(target, body, answer=True)

    async def _replace(self, press: Press, notice: str, users: tuple[str, ...], reply: Reply) -> bool:
        """Draw the card anew where it stands; False where that cannot be."""
        slot = press.key.partition("/")[2]
        language = self.words(press.what.room).language
        card = await self._kit.draw(press.place.incident, slot, language) if slot else None
        late = (self._kit.clock.now() - press.at).total_seconds() > IN_TIME
        if card is None or late:
            return False
        drawn = self._board.draw(card, press.key, notice)
        shown = next((each for each in drawn.compact if _holds(each, press.what.key)), drawn.compact[0])
        try:
            await reply.redraw({**shown, "task_id": press.what.task}, users)
        except PlatformError as error:
            log.warning("a card in %s stays as it is: %s", press.what.room, error)
            return False
        if not users:
            self._board.replaced(press.what.room, press.key, card)
        return True

    async def _tell(self, room: str, user: str, content: str, *, escaped: bool = False) -> None:
        way, target = self._carry(room)
        told = content if escaped else plain(content)
        named = "" if target == user else carrier.mention(user)
        await way.send(target, carrier.text(f"{named}{told}"), answer=True)


def _event(said: Said, place: Place) -> MessageSaid | CommandTyped:
    if said.text.startswith("/"):
        return CommandTyped(said.id, place, _account(said.user), said.text)
    return MessageSaid(said.id, place, _account(said.user), said.text, said.quoted, mentions_bot=True)


def _form(said: Said, code: Code, typed: Typed, place: Place) -> FormSent | MessageSaid:
    """The form a code stands for, filled with exactly what was typed. A consent that wants the dry-run once more is no
    form: it is handed on as the sentence it is, the approval's id in the place of the code."""
    ask = code.ask
    incident = ask.value.get("incident") or place.incident
    about = Place(NAME, said.room, incident=incident)
    sentence = f"approve {ask.value.get('approval', '')} {typed.rest}"
    consent = parse_typed(sentence) if ask.action == "approve" else None
    if consent is not None and consent.dry_run_first:
        return MessageSaid(said.id, about, _account(said.user), sentence, said.quoted, mentions_bot=True)
    return FormSent(said.id, about, _account(said.user), ask.action, ask.value, codes.fields(ask, typed.rest))


def packed(parts: list[str], longest: int) -> list[str]:
    """As few texts as hold all parts, each within what one message takes."""
    texts: list[str] = []
    for part in parts:
        if texts and len(f"{texts[-1]}\n{part}".encode()) <= longest:
            texts[-1] += f"\n{part}"
        else:
            texts.append(part)
    return texts


def _alone(room: str, user: str) -> bool:
    """Whether a room is this person's own chat with the bot."""
    return room.removeprefix("app:") == user


def _account(user: str) -> Account:
    return Account(platform=NAME, id=user)


def _holds(card: Body, key: str) -> bool:
    return any(row.get("key") == key for row in card.get("button_list", ()))

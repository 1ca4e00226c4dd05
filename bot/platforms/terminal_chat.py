"""Chats with a running bot from a terminal, over the same pages and the same stream as the browser room."""

import asyncio
import json
import re
import sys
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any, TextIO
from urllib.parse import parse_qs, urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout, CookieJar

from bot.platforms.transcript import Transcript
from cards.render.drawing import visible
from cards.words import Words
from engine.errors import InputError, WorldError
from engine.model import Phrase
from handlers.hosts import MOST_SECONDS

JSON = {"Accept": "application/json"}
ANSWER_WITHIN = 20.0
DONE_WITHIN = MOST_SECONDS + ANSWER_WITHIN
"""What is sent may be a command for a host, which is answered once it has ended."""
SILENT_FOR = 45.0
RETRY = 3.0
LONGEST_LINE = 4 * 1024 * 1024
LONGEST_ID = 40
INCIDENT = re.compile(r"inc_\w{1,36}")


@dataclass
class Thread:
    """The thread a person is in, and up to which revision it was printed."""

    incident: str
    room: str
    thread: str
    after: int = 0


@dataclass
class Blank:
    """A form somebody is filling in: what it is, where it belongs, and what was typed so far."""

    form: dict[str, Any]
    place: dict[str, str]
    filled: dict[str, str] = field(default_factory=dict)

    @property
    def field(self) -> dict[str, Any] | None:
        """What is asked for next; None where everything was."""
        fields: list[dict[str, Any]] = self.form["fields"]
        return fields[len(self.filled)] if len(self.filled) < len(fields) else None

    def typed(self, line: str) -> str:
        """A line as the value of the field asked for: the value of a choice that was typed by number or by its words,
        anything else to the letter."""
        about = self.field
        choices: list[list[str]] = about["choices"] if about else []
        said = line.strip()
        named = {str(n): value for n, (value, _) in enumerate(choices, start=1)}
        named |= {text.casefold(): value for value, text in choices}
        return named.get(said.casefold(), said) if choices else line


@dataclass
class Talk:
    """One person at a terminal, signed in to one bot."""

    session: ClientSession
    url: str
    words: Words
    out: TextIO
    group: asyncio.TaskGroup
    csrf: str = ""
    here: Thread | None = None
    lobby: str = ""
    blank: Blank | None = None
    transcript: Transcript = field(default_factory=Transcript)
    following: asyncio.Task[None] | None = None

    async def sign_in(self, link: str) -> str:
        """Redeem a one-time link; returns the person's name. InputError, WorldError."""
        token = parse_qs(urlsplit(link).query).get("token", [""])[0]
        if not token:
            word = "chat.bad_link" if link else "chat.needs_link"
            raise InputError(Phrase(word=word, values={"url": self.url}))
        self.csrf = str((await self.ask("/sign-in"))["csrf"])
        told = await self.ask("/sign-in", {"token": token})
        self.csrf = str((await self.ask("/sign-in"))["csrf"])
        await self.ask("/language", {"language": self.words.language})
        return str(told["name"])

    async def ask(self, path: str, form: dict[str, str] | None = None) -> dict[str, Any]:
        """Ask the bot for JSON, or send it a form. WorldError with its own sentence where it refuses."""
        method = "GET" if form is None else "POST"
        data = None if form is None else form | {"csrf": self.csrf}
        try:
            async with (
                asyncio.timeout(ANSWER_WITHIN if form is None else DONE_WITHIN),
                self.session.request(method, self.url + path, data=data, headers=JSON) as answer,
            ):
                told = await answer.json(content_type=None)
        except (ClientError, TimeoutError, ValueError) as error:
            raise WorldError(Phrase(word="chat.unreachable", values={"url": self.url})) from error
        if answer.status >= 400 or not isinstance(told, dict):
            reason = str(told.get("text") or told.get("error") or answer.status) if isinstance(told, dict) else "?"
            raise WorldError(Phrase(word="chat.refused", values={"reason": visible(reason)}))
        return told

    async def obey(self, line: str) -> bool:
        """Do what was typed; False to leave."""
        command, _, rest = line.strip().partition(" ")
        if command in ("/quit", "/exit"):
            return False
        if self.blank is not None:
            await self.fill(self.blank, line.rstrip("\r\n"))
        elif command == "/list" and not rest:
            await self.list_open()
        elif command == "/leave":
            self.leave()
            self.here = None
            self.tell("chat.left")
        elif command == "/open" and INCIDENT.fullmatch(rest.strip()):
            await self.enter(rest.strip())
        elif command:
            await self.say(line.strip())
        return True

    async def list_open(self) -> None:
        """Print the incidents that are not closed, and find out where one may speak."""
        told = await self.ask("/")
        self.lobby = next(iter(told["rooms"]), "")
        incidents = [item for item in told["incidents"] if not item["closed"]]
        for item in incidents:
            shown = "  ".join(visible(str(item[name])) for name in ("id", "severity", "status", "title"))
            self.print(shown)
        if not incidents:
            self.tell("chat.none_open")

    async def enter(self, incident: str) -> None:
        """Enter the thread of an incident."""
        known = next((item for item in (await self.ask("/"))["incidents"] if item["id"] == incident), None)
        if known is None or not known["thread"]:
            self.tell("chat.no_thread", incident=visible(incident[:LONGEST_ID]))
            return
        self.here = Thread(incident, known["room"], known["thread"])
        self.tell("chat.opened", incident=incident)
        self.leave()
        self.following = self.group.create_task(self.follow(self.here))

    def leave(self) -> None:
        """Stop printing what happens in the thread."""
        if self.following is not None:
            self.following.cancel()

    async def say(self, text: str) -> None:
        """Say something in the thread, outside of one in the team's room, and print the answer."""
        if self.here is None and not self.lobby:
            self.tell("chat.open_first")
            return
        place = (
            {"room": self.here.room, "thread": self.here.thread} if self.here else {"room": self.lobby, "thread": ""}
        )
        self.show(await self.ask("/say", {"id": token_hex(12), "text": text} | place), place)

    def show(self, answer: dict[str, Any], place: dict[str, str]) -> None:
        """Print an answer; where it is a form, begin to ask for what it needs."""
        if answer.get("plain"):
            self.print(str(answer["plain"]))
        if answer.get("text") and not answer.get("plain"):
            self.print(("✕ " if answer["tone"] == "refused" else "✓ ") + visible(str(answer["text"])))
        if answer.get("form"):
            self.blank = Blank(answer["form"], place)
            self.print(f"? {visible(str(answer['form']['question']))} ({visible(str(answer['form']['who']))})")
            self.tell("chat.form")
            self.prompt(self.blank)

    def prompt(self, blank: Blank) -> None:
        """Print what is asked for next."""
        about = blank.field
        if about is None:
            return
        parts = [str(about[name]) for name in ("label", "hint") if about[name]]
        optional = "" if about["required"] else f" {self.words.text('chat.optional')}"
        self.print(f"  {visible(' · '.join(parts))}{optional}")
        for number, (_, text) in enumerate(about["choices"], start=1):
            self.print(f"    {number}  {visible(str(text))}")

    async def fill(self, blank: Blank, line: str) -> None:
        """Take a line as the next field, and send the form once it is full."""
        about = blank.field
        if line.strip() == "/cancel":
            self.blank = None
            self.tell("chat.cancelled")
            return
        if about is None and line.strip():
            # Nothing was asked for, so these are other words.
            self.blank = None
            await self.obey(line)
            return
        if about is not None and not line.strip() and about["required"]:
            self.prompt(blank)
            return
        if about is not None:
            blank.filled[str(about["name"])] = blank.typed(line)
        if blank.field is not None:
            self.prompt(blank)
            return
        self.blank = None
        form = {"id": token_hex(12), "event": "form", "action": str(blank.form["action"])} | blank.place
        form |= {f"value.{name}": str(value) for name, value in blank.form["value"].items()}
        form |= {f"field.{name}": value for name, value in blank.filled.items()}
        self.show(await self.ask("/send", form), blank.place)

    async def follow(self, here: Thread) -> None:
        """Print what happens in the thread, for ever; a lost connection is taken up again."""
        while True:
            try:
                await self._stream(here)
            except (ClientError, TimeoutError, ValueError):
                self.tell("chat.lost", seconds=int(RETRY))
            await asyncio.sleep(RETRY)

    async def _stream(self, here: Thread) -> None:
        path = f"{self.url}/rooms/{here.room}/stream?thread={here.thread}&after={here.after}"
        async with self.session.get(path, headers=JSON, timeout=ClientTimeout(sock_read=SILENT_FOR)) as stream:
            stream.raise_for_status()
            async for line in stream.content:
                if line.strip():
                    self._happened(here, json.loads(line))

    def _happened(self, here: Thread, told: dict[str, Any]) -> None:
        here.after = max(here.after, int(told["revision"]))
        if told["card"]:
            lines = self.transcript.news(str(told["id"]), str(told["text"]))
        else:
            lines = self.transcript.news(str(told["id"]), f"› {visible(told['author'])}: {visible(told['text'])}")
        if lines:
            self.print("\n".join(lines) + "\n")

    def tell(self, word: str, **values: str | int) -> None:
        """Print a sentence of ours."""
        self.print(self.words.text(word, **values))

    def print(self, text: str) -> None:
        """Print a line at once."""
        self.out.write(text.rstrip("\n") + "\n")
        self.out.flush()


async def chat(
    url: str, sign_in_link: str, language: str, typed: AsyncIterator[str] | None = None, out: TextIO | None = None
) -> int:
    """`tocsin chat`: sign in, list what is open, then do what is typed until /quit or the end of input; returns 0.
    InputError for a link that is none, WorldError where the bot cannot be reached or refuses the link."""
    jar = CookieJar(unsafe=True)
    async with ClientSession(cookie_jar=jar, read_bufsize=LONGEST_LINE) as session:
        group = asyncio.TaskGroup()
        talk = Talk(session, url.rstrip("/"), Words(language), out or sys.stdout, group)
        name = await talk.sign_in(sign_in_link)
        talk.tell("chat.welcome", name=name, url=talk.url)
        await talk.list_open()
        async with group:
            await _converse(talk, typed or lines_of(sys.stdin))
            talk.leave()
    return 0


async def _converse(talk: Talk, typed: AsyncIterator[str]) -> None:
    async for line in typed:
        try:
            if not await talk.obey(line):
                return
        except WorldError as error:
            talk.print(talk.words.say(error.phrase))


async def lines_of(source: TextIO) -> AsyncIterator[str]:
    """Lines as they are typed. The reader is a daemon thread, so that a pending read never keeps the process alive."""
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str] = asyncio.Queue()

    def read() -> None:
        for line in iter(source.readline, ""):
            loop.call_soon_threadsafe(lines.put_nowait, line)
        loop.call_soon_threadsafe(lines.put_nowait, "")

    threading.Thread(target=read, daemon=True, name="typed").start()
    while line := await lines.get():
        yield line

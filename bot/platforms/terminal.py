"""Prints a room into a terminal, as a story one can read from top to bottom; the running text of a headless demo."""

import asyncio
from itertools import count
from typing import TextIO

from bot.platforms.contract import Inbox, Pace
from bot.platforms.terminal_chat import chat
from bot.platforms.transcript import Transcript
from cards.model import Card
from cards.render.drawing import visible
from cards.render.text import FOLDED, WIDTH, render
from engine.errors import PlatformError
from engine.model import Phrase

__all__ = ["TerminalPlatform", "chat"]

NAME = "terminal"


class TerminalPlatform:
    """A terminal as a chat platform. An edit prints the title and what is new; nothing is printed twice."""

    def __init__(self, out: TextIO, width: int = WIDTH, color: bool = False) -> None:
        self._out = out
        self._width = width
        self._color = color
        self._transcript = Transcript()
        self._numbers = count(1)
        self._known: dict[tuple[str, str], str] = {}
        self._rooms: dict[str, str] = {}
        self._roots: set[tuple[str, str]] = set()
        self._inbox: Inbox | None = None

    @property
    def name(self) -> str:
        return NAME

    @property
    def pace(self) -> Pace:
        return Pace(per_second=1000.0)

    @property
    def inbox(self) -> Inbox | None:
        """Where what people type is handed in; None until `run` was called."""
        return self._inbox

    async def post(self, room: str, thread: str, card: Card, key: str) -> str:
        """Print a card; a key that was printed before gives the same message."""
        if (known := self._known.get((room, key))) is not None:
            return known
        if thread and (room, thread) not in self._roots:
            raise PlatformError(Phrase(word="error.no_thread", values={"thread": thread[:40], "room": room}))
        message = f"t{next(self._numbers)}"
        self._known[room, key] = message
        self._rooms[message] = room
        if not thread:
            self._roots.add((room, message))
        self._print(message, card)
        return message

    async def edit(self, room: str, message: str, card: Card) -> str:
        """Print what is new about a card. PlatformError for a message of another room, or none of ours."""
        if self._rooms.get(message) != room:
            raise PlatformError(Phrase(word="error.no_message", values={"message": message[:40]}))
        self._print(message, card)
        return message

    async def run(self, inbox: Inbox) -> None:
        """Keep the inbox and wait; who drives the terminal hands in what is typed."""
        self._inbox = inbox
        await asyncio.Event().wait()

    def echo(self, name: str, text: str) -> None:
        """Print what a person said."""
        lines = visible(text).strip().split("\n")
        self._write([f"› {visible(name)}: {lines[0]}", *(f"  {line}" for line in lines[1:])])

    def _print(self, message: str, card: Card) -> None:
        drawing = render(card, self._width, color=self._color, folded=FOLDED).body
        if news := self._transcript.news(message, drawing):
            self._write(news)

    def _write(self, lines: list[str]) -> None:
        self._out.write("\n".join(lines) + "\n\n")
        self._out.flush()

"""Says what a command is: its words in both languages, who may use it, and what it does."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from engine.team import Role
from handlers.inbound import Answer
from handlers.visit import Visit

Follows = Literal["anything", "nothing", "object", "words"]


@dataclass(frozen=True)
class Command:
    """One command. `words` are what people type for it (lower case, Chinese and English; the first of each is shown).

    `role` None leaves the judging to what it calls. `about` says that it needs an incident;
    `other` that an incident named beside it is another one than the incident it is about.

    `follows` says how strictly it is read, for people talk with the same words. Looking takes "anything"; whatever
    acts is never run by a question, and takes "nothing" but ids, and a reason after a colon or comma; an "object" that
    `run` itself checks; or a person's own "words". `asked` is what a question gets instead of the usual line;
    `objects` are those that Chinese writes right behind the word."""

    name: str
    words: tuple[str, ...]
    run: Callable[[Visit, str], Awaitable[Answer]]
    role: Role | None = "responder"
    about: bool = True
    other: bool = False
    follows: Follows = "anything"
    asked: Callable[[Visit, str], Awaitable[Answer]] | None = None
    objects: tuple[str, ...] = ()

    def word(self, language: str) -> str:
        """The word to type in this language; the first one where it has none of its own."""
        chinese = next((word for word in self.words if not word.isascii()), "")
        return chinese if language == "zh" and chinese else self.words[0]

"""Says what a command is: its words in both languages, who may use it, and what it does."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from engine.team import Role
from handlers.inbound import Answer
from handlers.visit import Visit


@dataclass(frozen=True)
class Command:
    """One command. `words` are what people type for it (lower case, Chinese and English; the first is shown in help).

    `role` None leaves the judging to what it calls. `about` says that it needs an incident;
    `other` that an incident named beside it is another one than the incident it is about."""

    name: str
    words: tuple[str, ...]
    run: Callable[[Visit, str], Awaitable[Answer]]
    role: Role | None = "responder"
    about: bool = True
    other: bool = False

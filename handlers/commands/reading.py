"""Reads what was typed: which command it begins with, what follows, and whether a person wishes it at all.

People talk with the words of commands: "resolved?", "误报率很高", "close to the limit". Looking may be read widely, for
nothing comes of it; whatever acts is read narrowly, and what is doubtful is answered and not done."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from handlers.commands.command import Command

Doubt = Literal["", "question", "talk"]

ID = re.compile(r"(?:inc|approval|plan|cst|les)_[0-9a-f]{8}(?![0-9A-Za-z_])[ \t]*")
POLITE = re.compile(r"^(?:(?:please|pls)[ ,]+|(?:请|麻烦你?|帮我|帮忙)[ ,，]*)(?=\S)", re.IGNORECASE)
FILLERS = re.compile(
    r"(?:(?:please|pls|now|it|this|that|one|the|incident|alert|thanks|last|change|hold)\b"
    r"|吧|一下|这个|本次|该|它|事件|告警|谢谢|[ \t])+",
    re.IGNORECASE,
)
"""What may stand beside a word without meaning anything more."""
ENDINGS = re.compile(r"(?:e?s|e?d|ing)(?![0-9A-Za-z_-])")
BETWEEN = " \t\n:：,，。.!！;；-—"
APART = re.compile(r"[ \t]*[:：,，。.!！;；\n—]|[ \t]+[-–]")
"""What sets a reason off from the word it is the reason of."""
QUOTED = re.compile(r"“[^”]*”|「[^」]*」|『[^』]*』|\"[^\"]*\"|`[^`]*`")
COLON = re.compile(r"[:：](?!//)")
MARK = re.compile(r"？|\?(?![0-9A-Za-z=&])")
"""A question mark, but not the one inside a web address."""
PARTICLE = re.compile(r"(?:吗|呢|么)[。.!！~～\s]*$")
WHETHER = re.compile(r"(?:没有?|不)[。.!！~～\s]*$")
ASKING = re.compile(
    r"什么|怎么|怎样|如何|为何|为啥|谁|哪|几[点时]|多久|多少|何时|是否|是不是|能不能|要不要|有没有|可不可以"
)
FIRST = re.compile(
    rf"^\s*(?:(?:who|whom|what|when|where|why|how|which|whether|or|yet)\b|{ASKING.pattern})", re.IGNORECASE
)
DENIAL = re.compile(
    r"^\s*(?:no|not(?: yet| now| really| needed| necessary)?|no need|never(?: mind)?|nope"
    r"|不要?|不用|不需要|不必|不行|不了|不是|别|没有?|没必要|还没有?|并没有|未|暂不|先不要?)[\s。.!！]*$",
    re.IGNORECASE,
)
"""Words that take back all that stands before them."""


@dataclass(frozen=True)
class Read:
    """A command with what follows it; `doubt` says why it is not to be run."""

    command: Command
    rest: str
    doubt: Doubt = ""


def read(
    said: str, commands: Sequence[Command], *, exact: bool = False, explicit: bool = False, names: Sequence[str] = ()
) -> Read | None:
    """The command a text begins with. `exact`: it must be nothing but the command and ids, said among people;
    `explicit`: it was typed as a command, so that plain words after it are its reason; `names`: of people."""
    text = said if exact else POLITE.sub("", said, count=1)
    found = _longest(text, commands, names)
    if found is None:
        return None if exact else _asked(text, commands)
    command, tail = found[0], text[len(found[1]) :]
    rest = tail.strip(" \t\n:：,，。.!！")
    if exact:
        return None if ID.sub("", rest) else Read(command, rest)
    if command.follows == "anything":
        return Read(command, rest)
    if _asks(text, command, tail):
        return Read(command, rest, "question")
    if DENIAL.match(tail.lstrip(BETWEEN)):
        return Read(command, rest, "talk")
    return _bare(command, tail, explicit) if command.follows == "nothing" else Read(command, rest)


def _longest(text: str, commands: Sequence[Command], names: Sequence[str]) -> tuple[Command, str] | None:
    """The command with the longest word that the text starts with and that ends there."""
    lower = text.casefold()
    fitting = (
        (command, word)
        for command in commands
        for word in command.words
        if lower.startswith(word) and _ends(command, word, lower[len(word) :], names)
    )
    return max(fitting, key=lambda each: len(each[1]), default=None)


def _ends(command: Command, word: str, after: str, names: Sequence[str]) -> bool:
    """Whether the word ends where it ends. Chinese writes no spaces: what looks on may go on, what acts may not."""
    if not (after[:1].isalnum() or after[:1] in ("-", "_")):
        return True
    if word.isascii():
        return False
    if command.follows == "anything" or (command.follows != "nothing" and after[0].isascii()):
        return True
    if after.startswith(command.objects) or (command.follows == "object" and after.startswith(tuple(names))):
        return True
    filler = FILLERS.match(after)
    beyond = after[filler.end() :] if filler else after
    return bool(ID.match(beyond)) or not beyond[:1].isalnum()


def _asked(text: str, commands: Sequence[Command]) -> Read | None:
    """The command a question is about that does no more than begin with its word: "已恢复了吗", "closed?"."""
    lower = text.casefold()
    near = [
        (command, word)
        for command in commands
        for word in command.words
        if lower.startswith(word) and (not word.isascii() or ENDINGS.match(lower, len(word)))
    ]
    if not near:
        return None
    command, word = max(near, key=lambda each: len(each[1]))
    asks = MARK.search(text) or PARTICLE.search(text) or WHETHER.search(text) or ASKING.search(text[len(word) :])
    return Read(command, "", "question") if asks else None


def _asks(text: str, command: Command, tail: str) -> bool:
    """Whether it is a question. What a person is quoted with, and what follows a colon where words of their own may
    follow, may ask something without being a question to us."""
    strict = command.follows == "nothing"
    own = QUOTED.sub(" “” ", text)
    own = own if strict else COLON.split(own, maxsplit=1)[0]
    if MARK.search(own) or PARTICLE.search(own):
        return True
    head = APART.split(tail, maxsplit=1)[0]
    return bool(FIRST.search(head) or (strict and ASKING.search(head)))


def _bare(command: Command, tail: str, explicit: bool) -> Read:
    """A command that takes nothing but ids, and a reason set off from it."""
    named = " ".join(id.strip() for id in ID.findall(tail))
    left = ID.sub("", tail)
    filler = FILLERS.match(left)
    left = left[len(filler[0].rstrip()) :] if filler else left
    reason = left.strip(BETWEEN)
    if reason and not (APART.match(left) or named or explicit):
        return Read(command, reason, "talk")
    return Read(command, f"{named} {reason}".strip())
